// One HTTP request and its limit in time, under the client. Not by `fetch`: on Node 20 the signal of a fetch can be
// collected as garbage while the request waits, and then nothing ends it any more. Follows no redirect, so that a key
// goes where it was meant to go. Node built-ins only.
import { type IncomingMessage, request as requestPlainly } from 'node:http';
import { request as requestOverTls } from 'node:https';
import { text } from 'node:stream/consumers';

export interface Asked {
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The answer once its headers are there. The signal ends the request, and the reading of its body. */
export function request(url: URL, { method, headers, body }: Asked, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? requestOverTls : requestPlainly;
    const sent = send(url, { method, headers, signal }, resolve);
    sent.once('error', reject);
    sent.end(body);
  });
}

export const isSuccess = ({ statusCode = 0 }: IncomingMessage): boolean => statusCode >= 200 && statusCode < 300;

/** The body as JSON; undefined when it is none. Rejects when it breaks off. */
export async function jsonOf(response: IncomingMessage): Promise<unknown> {
  const body = await text(response);
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Body chunks, telling of each. */
export async function* heard(body: AsyncIterable<Uint8Array>, onChunk: () => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    onChunk();
    yield chunk;
  }
}

export interface Limit {
  readonly signal: AbortSignal;
  /** The time begins anew. */
  renew(): void;
  /** Nothing fires from now on. */
  end(): void;
}

/** A signal that fires with another one, or when the time is over. */
export function limitedBy(outer: AbortSignal | undefined, limitMs: number): Limit {
  const own = new AbortController();
  const abort = (): void => own.abort(outer?.reason);
  const timer = setTimeout(() => own.abort(new Error(`nothing for ${limitMs / 1_000} s`)), limitMs);
  if (outer?.aborted === true) abort();
  outer?.addEventListener('abort', abort, { once: true });
  return {
    signal: own.signal,
    renew: (): void => void timer.refresh(),
    end: (): void => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', abort);
    },
  };
}
