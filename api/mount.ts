// Puts routes on an express app: key, rate, scope, body, schemas, handler, answer, in this order. A body is read only
// once the caller is known, and only on routes that declare one, so that a webhook can have its raw bytes.
// May import express and the API's own files.
import { isUtf8 } from 'node:buffer';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import type { Store } from '../store/ports.ts';
import { plainJson } from '../trust/export-lines.ts';
import { authenticate, type Caller, requireScope } from './auth.ts';
import { faultOf } from './faults.ts';
import { wantOwnForm } from './forms.ts';
import { inTime } from './in-time.ts';
import {
  EXPORT_STALL_MS,
  FORM_BYTES,
  FORM_FIELDS,
  JSON_BYTES,
  REQUEST_MS,
  RETRY_AFTER_OUTAGE_S,
  WEBHOOK_BYTES,
} from './limits.ts';
import { Problem } from './problem.ts';
import type { Answer, ResponseSpec, Route } from './route.ts';

export interface Mounting {
  readonly store: Pick<Store, 'apiKeys'>;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
  /** Counts before anything costs us something. */
  readonly limitByAddress: RequestHandler;
  /** Counts once `res.locals.caller` is known. */
  readonly limitByKey: RequestHandler;
}

/** What the middleware leaves for those behind it. */
export interface Locals {
  requestId: string;
  caller?: Caller;
  /** The route's path as declared, for metrics and logs. */
  route?: string;
  /** True where people look at the answer in a browser. */
  isPage?: boolean;
}

// Not `strict`: that calls a JSON `null` no JSON. Whether it is an object is looked at with the schema.
const readJson = express.json({ limit: JSON_BYTES, strict: false, verify: requireUtf8 });
// Not inflated: what is verified must be what came.
const readRaw = express.raw({ type: () => true, limit: WEBHOOK_BYTES, inflate: false });
const NOTHING = new Uint8Array();
const readForm = express.urlencoded({
  extended: false,
  limit: FORM_BYTES,
  parameterLimit: FORM_FIELDS,
  verify: requireUtf8,
});
const NOBODY: Caller = { keyId: '', principal: { id: '', name: '', tenant: '' }, scopes: [] };

export function mount(app: Express, routes: readonly Route[], mounting: Mounting): void {
  for (const path of new Set(routes.map((route) => route.path))) {
    const ofPath = routes.filter((route) => route.path === path);
    const pattern = path.replaceAll('{', ':').replaceAll('}', '');
    for (const route of ofPath) app[route.method](pattern, ...chain(route, mounting));
    const allowed = ofPath.map((route) => route.method.toUpperCase()).join(', ');
    app.all(pattern, (req) => {
      throw new Problem('method_not_allowed', `${req.method} is not allowed here; use ${allowed}.`, {
        headers: { Allow: allowed },
      });
    });
  }
}

function chain(route: Route, { store, closing, limitByAddress, limitByKey }: Mounting): RequestHandler[] {
  const { scope } = route;
  const name: RequestHandler = (_req, res, next) => {
    Object.assign(localsOf(res), { route: route.path, isPage: isPage(route) });
    next();
  };
  const know: RequestHandler = async (req, res, next) => {
    const { params, query } = req;
    const key = req.get('authorization');
    const entered = await route.enter?.({ params, query, cookies: req.get('cookie') ?? '', hasKey: key !== undefined });
    localsOf(res).caller = entered ?? (await authenticate(store, key, isPage(route)));
    next();
  };
  const allow: RequestHandler = (_req, res, next) => {
    if (scope !== 'public') requireScope(localsOf(res).caller ?? NOBODY, scope);
    next();
  };
  const wantJson: RequestHandler = (req, _res, next) => {
    if (req.is('application/json') === false || req.get('content-type') === undefined) {
      throw new Problem('unsupported_media_type', 'Send a body of JSON with "Content-Type: application/json".');
    }
    next();
  };
  return [
    name,
    ...(scope === 'public' ? [] : [limitByAddress, know, limitByKey, allow]),
    ...(route.body === undefined ? [] : route.bodyAs === 'form' ? [wantOwnForm, readForm] : [wantJson, readJson]),
    ...(route.takesRaw === true ? [limitByAddress, readRaw] : []),
    (req, res) => handle(route, req, res, closing),
  ];
}

/** What a browser shows, or sends, by itself. */
const isPage = ({ responses, bodyAs }: Route): boolean =>
  bodyAs === 'form' || Object.values(responses).includes('text/html');

async function handle(route: Route, req: Request, res: Response, closing: AbortSignal): Promise<void> {
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  const signal = AbortSignal.any([gone.signal, closing]);
  const asked = {
    params: parsePath(route, req),
    query: parse('query', route.query, req.query),
    headers: parse('headers', route.headers, req.headers),
    body: parseBody(route, req),
    raw: route.takesRaw === true && Buffer.isBuffer(req.body) ? req.body : NOTHING,
    caller: localsOf(res).caller ?? NOBODY,
    signal,
  };
  const answer = await inTime(REQUEST_MS, route.handler(asked), tooLate);
  res.set(answer.headers ?? {});
  await send(res.status(answer.status), answer, route.responses[answer.status] ?? null);
}

/** No request stays open for ever: what takes longer than we ever promise is an outage. */
function tooLate(): Problem {
  const detail = 'This took too long; it may still happen. Look, then try again.';
  return new Problem('unavailable', detail, { retryAfterS: RETRY_AFTER_OUTAGE_S });
}

async function send(res: Response, { body }: Answer<Record<number, ResponseSpec>>, spec: ResponseSpec): Promise<void> {
  if (spec === null || res.req.method === 'HEAD') return void res.end();
  if (spec === 'text/plain' || spec === 'text/html') {
    if (res.get('content-type') === undefined) res.type(spec);
    return void res.send(body);
  }
  if (spec === 'application/x-ndjson') return sendLines(res, body as AsyncIterable<string>);
  // Plain to the eye: what people and models wrote must not turn text around or end a line in whoever reads this.
  if (spec !== 'text/event-stream') return void res.type('json').send(plainJson(body));
  // no-transform: a proxy that compresses would hold events back. X-Accel-Buffering: nginx would, too.
  res
    .set({ 'Content-Type': spec, 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' })
    .flushHeaders();
  // A client that leaves is no error; whatever else breaks a stream shows as its end, and the client comes back.
  await pipeline(Readable.from(body as AsyncIterable<string>, { objectMode: false }), res).catch(() => res.destroy());
}

/** Only as fast as the client takes them. What breaks off is cut, so that it does not look like an end. */
async function sendLines(res: Response, lines: AsyncIterable<string>): Promise<void> {
  res.set({ 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store, no-transform' });
  cutWhenStalled(res);
  await pipeline(Readable.from(lines, { objectMode: false }), res).catch(() => res.destroy());
}

type Answering = Pick<Response, 'setTimeout' | 'writableNeedDrain' | 'writableEnded' | 'destroy'>;

/** Of who takes nothing of what waits for them. While nothing waits it is us who are late: a large ledger is read first. */
export function cutWhenStalled(res: Answering): void {
  res.setTimeout(EXPORT_STALL_MS, () => {
    if (res.writableNeedDrain || res.writableEnded) res.destroy();
  });
}

/** Decoded loosely, wrong bytes would become U+FFFD: other words than those that were sent, under the sender's name. */
function requireUtf8(_req: unknown, _res: unknown, body: Buffer, charset: string): void {
  if (charset !== 'utf-8' && charset !== 'utf8') throw new BodyEncodingWrong('charset.unsupported', 415);
  if (!isUtf8(body)) throw new BodyEncodingWrong('entity.not.utf8', 400);
}

/** With the members that the body parser's own errors have: it passes them on. */
class BodyEncodingWrong extends Error {
  override readonly name = 'BodyEncodingWrong';
  readonly type: string;
  readonly status: number;

  constructor(type: string, status: number) {
    super(type);
    this.type = type;
    this.status = status;
  }
}

/** What the schema of the body would say of `null` or a list, in words for a person. */
function parseBody(route: Route, req: Request): unknown {
  const body: unknown = route.takesRaw === true ? undefined : req.body;
  if (route.body !== undefined && (typeof body !== 'object' || body === null || Array.isArray(body))) {
    throw new Problem('bad_request', 'The body must be a JSON object: names and values within { and }.');
  }
  return parse('body', route.body, body);
}

/** A path that cannot name anything names nothing. */
function parsePath(route: Route, req: Request): unknown {
  const parsed = (route.params ?? z.object({})).safeParse(req.params);
  if (!parsed.success)
    throw new Problem(
      'not_found',
      'No such id can exist: it is empty, too long, or has a sign that no id has; copy it whole.',
    );
  return parsed.data;
}

function parse(where: string, schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value, { error: faultOf });
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => ({ path: [where, ...path].join('.'), message }));
  const first = issues[0] ?? { path: where, message: 'is not right' };
  const others = issues.length > 1 ? `; and ${issues.length - 1} more, in "issues"` : '';
  throw new Problem('bad_request', `${first.path}: ${first.message}${others}`, { members: { issues } });
}

export function localsOf(res: Response): Locals {
  return res.locals as Locals;
}
