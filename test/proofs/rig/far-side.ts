// The far side: the system of record of the proofs. It keeps every request that it was sent, and honours idempotency
// keys: the same key has one effect. It lives in the proof's process, so what it saw is what really happened.
import { serve } from './serve.ts';

interface Sent {
  readonly tool: string;
  readonly key: string;
  readonly body: string;
}

export interface FarSide {
  readonly url: string;
  /** Every effect that happened, in order. */
  readonly effects: readonly Sent[];
  /** Every request for an effect, repeated ones among them. */
  readonly requests: readonly Sent[];
  stop(): Promise<void>;
}

export async function startFarSide(): Promise<FarSide> {
  const effects: Sent[] = [];
  const requests: Sent[] = [];
  const served = await serve(({ method, path, headers, body }) => {
    const [, folder = '', name = ''] = path.split('/').map(decodeURIComponent);
    if (method === 'GET' && folder === 'records') return ok({ order: Number(name), state: 'delivered' });
    if (folder !== 'effects') return { status: 404, body: {} };
    if (method === 'GET') {
      const found = effects.find(({ key }) => key === name);
      return found === undefined ? { status: 404, body: {} } : ok(found);
    }
    const key = headers['idempotency-key'];
    if (typeof key !== 'string') return { status: 400, body: { error: 'an effect needs an Idempotency-Key' } };
    const sent = { tool: name, key, body: JSON.stringify(body) };
    requests.push(sent);
    const known = effects.find((one) => one.key === key);
    if (known === undefined) effects.push(sent);
    else if (known.body !== sent.body || known.tool !== name) return { status: 409, body: { error: 'another effect' } };
    return ok({ done: true });
  });
  return { url: served.url, effects, requests, stop: () => served.stop() };
}

const ok = (body: unknown) => ({ status: 200, body });
