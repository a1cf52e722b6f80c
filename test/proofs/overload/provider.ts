// What stands before the model of the rig, as a provider does: it thinks for a while, notes when it was asked, and turns
// some calls away with 429 and how long to wait.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { serve } from '../rig/serve.ts';
import type { Random } from '../support.ts';

export interface Provider {
  /** `host:port` */
  readonly address: string;
  /** When it was asked, of performance.now(), in order. */
  readonly askedMs: readonly number[];
  /** Calls that it turned away. */
  readonly turnedAway: readonly TurnedAway[];
  stop(): Promise<void>;
}

export interface TurnedAway {
  readonly call: string;
  /** How long after that the same call came again; undefined while it has not. */
  againMs: number | undefined;
}

export interface ProviderInput {
  /** `host:port` of who answers. */
  readonly behind: string;
  readonly thinksMs: number;
  /** Of so many calls it turns one away, once each. */
  readonly turnsAwayOneOf: number;
  readonly retryAfterS: number;
  readonly random: Random;
}

const Asked = z.object({ messages: z.array(z.object({ role: z.string(), content: z.string().nullish() })) });
const ABOUT = /\[([\w-]+)\]$/m;

export async function startProvider(input: ProviderInput): Promise<Provider> {
  const { behind, thinksMs, turnsAwayOneOf, retryAfterS, random } = input;
  const askedMs: number[] = [];
  const known = new Map<string, { readonly atMs: number; readonly away: TurnedAway } | undefined>();
  const served = await serve(async ({ path, body }) => {
    const nowMs = performance.now();
    askedMs.push(nowMs);
    const call = callOf(body);
    const before = known.get(call);
    if (before !== undefined) before.away.againMs ??= nowMs - before.atMs;
    if (!known.has(call)) {
      const isAway = random.between(1, turnsAwayOneOf) === 1;
      known.set(call, isAway ? { atMs: nowMs, away: { call, againMs: undefined } } : undefined);
      if (isAway) {
        const error = { message: 'too many requests', type: 'rate_limit_error' };
        return { status: 429, body: { error }, headers: { 'retry-after': String(retryAfterS) } };
      }
    }
    await sleep(thinksMs);
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const answer = await fetch(`http://${behind}${path}`, init);
    return { status: answer.status, body: await answer.json() };
  });
  return {
    address: new URL(served.url).host,
    askedMs,
    get turnedAway() {
      return [...known.values()].flatMap((one) => (one === undefined ? [] : [one.away]));
    },
    stop: () => served.stop(),
  };
}

/** Which call of which conversation it is: by how many answers it is shown. */
function callOf(body: unknown): string {
  const { messages } = Asked.parse(body);
  const about = messages.flatMap(({ content }) => ABOUT.exec(content ?? '')?.[1] ?? [])[0] ?? '';
  return `${about} ${messages.filter(({ role }) => role === 'assistant').length}`;
}

/** The most calls that began within any stretch of `ms`. */
export function mostWithin(timesMs: readonly number[], ms: number): number {
  let from = 0;
  return timesMs.reduce((most, atMs, at) => {
    while ((timesMs[from] ?? atMs) <= atMs - ms) from += 1;
    return Math.max(most, at - from + 1);
  }, 0);
}
