// The far side: the system of record of the proofs. It keeps every request that it was sent. Under /effects it honours
// idempotency keys: the same key has one effect; under /repeats it does what it is told as often as it is told, and under
// /breaks too, and then answers 500. It lives in the proof's process, so what it saw is what really happened.
import { serve } from './serve.ts';

interface Sent {
  readonly tool: string;
  readonly key: string;
  readonly body: string;
  readonly atMs: number;
}

export interface FarSide {
  readonly url: string;
  /** Every effect that happened, in order. */
  readonly effects: readonly Sent[];
  /** Every request for an effect, repeated ones among them. */
  readonly requests: readonly Sent[];
  /** What stands in the record of an order, where a proof wrote something there. */
  readonly states: Map<number, string>;
  /** How often a record was read. */
  reads: number;
  /** How many requests for an effect were answered late, as a proof had it. */
  answeredLate: number;
  /** How long from the effect to the answer, ms; a proof may lengthen it, to do something in between. */
  answersAfterMs: number;
  stop(): Promise<void>;
}

const FOLDERS: readonly string[] = ['effects', 'repeats', 'breaks'];

export async function startFarSide(): Promise<FarSide> {
  const effects: Sent[] = [];
  const requests: Sent[] = [];
  const states = new Map<number, string>();
  const served = await serve(async ({ method, path, headers, body }) => {
    const [, folder = '', name = ''] = path.split('/').map(decodeURIComponent);
    if (method === 'GET' && folder === 'records') {
      far.reads += 1;
      return ok({ order: Number(name), state: states.get(Number(name)) ?? 'delivered' });
    }
    if (!FOLDERS.includes(folder)) return { status: 404, body: {} };
    if (method === 'GET') {
      const found = effects.find(({ key }) => key === name);
      return found === undefined ? { status: 404, body: {} } : ok(found);
    }
    const key = headers['idempotency-key'];
    if (typeof key !== 'string') return { status: 400, body: { error: 'an effect needs an Idempotency-Key' } };
    const sent = { tool: name, key, body: JSON.stringify(body), atMs: Date.now() };
    requests.push(sent);
    const known = folder !== 'effects' ? undefined : effects.find((one) => one.key === key);
    if (known === undefined) effects.push(sent);
    else if (known.body !== sent.body || known.tool !== name) return { status: 409, body: { error: 'another effect' } };
    if (far.answersAfterMs > 0) {
      await new Promise((resume) => setTimeout(resume, far.answersAfterMs));
      far.answeredLate += 1;
    }
    return folder === 'breaks' ? { status: 500, body: {} } : ok({ done: true });
  });
  const counts = { reads: 0, answeredLate: 0, answersAfterMs: 0 };
  const far: FarSide = { url: served.url, effects, requests, states, ...counts, stop: () => served.stop() };
  return far;
}

const ok = (body: unknown) => ({ status: 200, body });
