// One route, said once: its schemas validate what comes in and make the OpenAPI document. May import auth and keys.
import type { z } from 'zod';
import type { Caller } from './auth.ts';
import type { Scope } from './keys.ts';

type Shape = z.ZodObject;
/** A schema of JSON, null for no body, or a media type: text, a page for people, or a stream of text. */
export type ResponseSpec = z.ZodType | null | 'text/plain' | 'text/html' | Streamed;
/** Text that comes bit by bit: events until the client goes, or lines of JSON to an end that must be reached. */
export type Streamed = 'text/event-stream' | 'application/x-ndjson';

type BodyOf<R> = R extends z.ZodType
  ? z.input<R>
  : R extends null
    ? null
    : R extends Streamed
      ? AsyncIterable<string>
      : string;

/** What a handler answers: one of its declared statuses, with the body declared for it. */
export type Answer<Responses extends Record<number, ResponseSpec>> = {
  [Status in keyof Responses & number]: {
    readonly status: Status;
    readonly body: BodyOf<Responses[Status]>;
    readonly headers?: Readonly<Record<string, string>>;
  };
}[keyof Responses & number];

export interface Asked<Params, Query, Headers, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly headers: Headers;
  readonly body: Body;
  /** The bytes of the body as they came; empty unless the route asks for them. */
  readonly raw: Uint8Array;
  readonly caller: Caller;
  /** Aborted when the client goes away and when the server closes. */
  readonly signal: AbortSignal;
}

/** What a request brings beside a key. */
export interface Entering {
  readonly params: Readonly<Record<string, string | readonly string[]>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly cookies: string;
  /** Whether a key comes with it; nobody has looked at it yet. */
  readonly hasKey: boolean;
}

interface Spec<
  P extends Shape,
  Q extends Shape,
  H extends Shape,
  B extends z.ZodType,
  R extends Record<number, ResponseSpec>,
> {
  readonly method: 'get' | 'post' | 'delete';
  /** As OpenAPI writes it: `/v1/conversations/{id}`. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  /** Any of these is enough; `public` needs no key. */
  readonly scope: readonly Scope[] | 'public';
  readonly params?: P;
  readonly query?: Q;
  readonly headers?: H;
  readonly body?: B;
  /** Instead of a body: its bytes, unparsed, for whoever must verify them first. */
  readonly takesRaw?: true;
  /** How the body is sent; a form is taken from our own pages only. JSON unless said otherwise. */
  readonly bodyAs?: 'form';
  /** Another way in than by key, tried first; undefined where the request does not bring what it takes. */
  readonly enter?: (request: Entering) => Promise<Caller | undefined>;
  readonly responses: R;
  readonly handler: (asked: Asked<z.output<P>, z.output<Q>, z.output<H>, z.output<B>>) => Promise<Answer<NoInfer<R>>>;
}

/** A route whose types have done their work: what the app mounts and the document lists. */
export interface Route extends Omit<Spec<Shape, Shape, Shape, z.ZodType, Record<number, ResponseSpec>>, 'handler'> {
  readonly handler: (asked: Asked<unknown, unknown, unknown, unknown>) => Promise<Answer<Record<number, ResponseSpec>>>;
}

/** Declare a route. */
export function route<
  const R extends Record<number, ResponseSpec>,
  P extends Shape = Shape,
  Q extends Shape = Shape,
  H extends Shape = Shape,
  B extends z.ZodType = z.ZodUndefined,
>(spec: Spec<P, Q, H, B, R>): Route {
  // Sound: `mount` hands over only what these very schemas have parsed.
  return spec as unknown as Route;
}
