// What callers are told meanwhile: new messages go in all the time, and readiness is asked. While something is away each
// message must be refused for now, with Retry-After, as a problem: 503, or 429 once so many may have been taken that nobody
// knows of yet; what was answered 2xx must stand in the transcript.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createPatient } from '../crash/journey.ts';
import type { Rig } from '../rig/rig.ts';
import { type Answer, createHttp, waitFor } from '../support.ts';

export interface Told {
  readonly text: string;
  readonly sentMs: number;
  readonly answeredMs: number;
  readonly status: number;
  readonly isProblem: boolean;
}

export interface Readiness {
  readonly atMs: number;
  readonly status: number;
  readonly missing: readonly string[];
}

export interface Probes {
  readonly told: readonly Told[];
  readonly readiness: readonly Readiness[];
  /** Send no more; resolves once all is answered. */
  end(): Promise<void>;
}

// 500 ms: two callers a second, and never more than 20 who wait for their 10 s.
const PROBE_MS = 500;

const Ready = z.object({ missing: z.array(z.string()) });
const Problem = z.union([
  z.object({ type: z.literal('unavailable'), title: z.string(), status: z.literal(503) }),
  z.object({ type: z.literal('overloaded'), title: z.string(), status: z.literal(429) }),
]);

/** Open the conversation that the messages go into. */
export async function openProbed(rig: Rig, key: string, id: string): Promise<void> {
  await createPatient(createHttp(rig.apiUrl, key)).post('/v1/conversations', { agent: 'prover', id });
}

/** Send messages into a conversation of their own until told to end. */
export function startProbes(rig: Rig, key: string, id: string): Probes {
  const http = createHttp(rig.apiUrl, key);
  const told: Told[] = [];
  const readiness: Readiness[] = [];
  const underWay: Promise<void>[] = [];
  const ending = new AbortController();

  async function say(number: number): Promise<void> {
    const text = `word ${number} of [${id}]`;
    const sentMs = Date.now();
    const once = { 'idempotency-key': `${id}-${number}` };
    const answer = await http.post(`/v1/conversations/${id}/messages`, { text }, once);
    told.push({ text, sentMs, answeredMs: Date.now(), status: answer.status, isProblem: isOutage(answer) });
  }
  async function ask(): Promise<void> {
    const atMs = Date.now();
    const { status, body } = await http.get('/readyz');
    readiness.push({ atMs, status, missing: Ready.parse(body).missing });
  }
  async function speak(): Promise<void> {
    for (let number = 1; !ending.signal.aborted; number++) {
      underWay.push(say(number), ask());
      await sleep(PROBE_MS);
    }
  }
  const speaking = speak();
  return {
    told,
    readiness,
    async end() {
      ending.abort();
      await speaking;
      await Promise.all(underWay);
    },
  };
}

function isOutage({ status, headers, body }: Answer): boolean {
  const isTyped = headers.get('content-type')?.startsWith('application/problem+json') ?? false;
  const { data: problem } = Problem.safeParse(body);
  return isTyped && Number(headers.get('retry-after')) > 0 && problem?.status === status;
}

// 2 s: readiness waits for Temporal for 1.5; a look that is asked later may be answered by the server that is back.
const LOOK_MS = 2_000;

/** From when it was gone to when it began to come back. */
export interface Span {
  readonly awayMs: number;
  readonly backMs: number;
}

// 4 s: readiness looks again after 1 s, and gives PostgreSQL 2 and Temporal 1.5 s to answer.
const NOTICE_MS = 4_000;

/** What callers were told, and must not have been, as sentences. `missing`: what readiness has to name. */
export function problemsOfTold({ told, readiness }: Probes, { awayMs, backMs }: Span, missing: readonly RegExp[]) {
  const within = told.filter(({ sentMs, answeredMs }) => sentMs >= awayMs && answeredMs <= backMs);
  const wrong = within.filter(({ isProblem }) => !isProblem);
  const problems = wrong.map(({ status, text }) => `while it was away "${text}" was answered ${status}`);
  if (within.length === 0) problems.push('no message was answered while it was away');
  const looks = readiness.filter(({ atMs }) => atMs >= awayMs + NOTICE_MS && atMs < backMs - LOOK_MS);
  const silent = looks.filter(
    (look) => look.status !== 503 || !missing.every((one) => look.missing.some((m) => one.test(m))),
  );
  if (looks.length === 0) problems.push('readiness was not asked while it was away');
  problems.push(...silent.map((look) => `readiness says ${look.status}: ${look.missing.join('; ')}`));
  return { problems, answered: within.length };
}

const Page = z.object({
  items: z.array(z.object({ kind: z.string(), text: z.string() })),
  nextAfter: z.number().nullable(),
});

// 60 s: what was taken is in a queue, and a message stands in the transcript once its turn has come.
const TURNS_LIMIT_MS = 60_000;

/** What was answered 2xx stands once in the transcript, and what was not, once at most. */
export async function problemsOfTaken(
  rig: Rig,
  key: string,
  id: string,
  told: readonly Told[],
): Promise<readonly string[]> {
  const http = createPatient(createHttp(rig.apiUrl, key));
  const isTaken = ({ status }: Told) => status >= 200 && status < 300;
  let texts: readonly string[] = [];
  const isWhole = async () => {
    texts = await messagesOf(http, id);
    return told.every((one) => !isTaken(one) || texts.includes(one.text));
  };
  // What is still missing then is told below, one by one.
  await waitFor('what was taken', TURNS_LIMIT_MS, isWhole).catch(() => undefined);
  return told.flatMap((one) => {
    const times = texts.filter((text) => text === one.text).length;
    if (times === 1 || (times === 0 && !isTaken(one))) return [];
    return [`"${one.text}", answered ${one.status}, stands ${times} times in the transcript`];
  });
}

async function messagesOf(http: ReturnType<typeof createPatient>, id: string): Promise<readonly string[]> {
  const texts: string[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const { body } = await http.get(`/v1/conversations/${id}?limit=100&after=${after}`);
    const page = Page.parse(body);
    texts.push(...page.items.flatMap((item) => (item.kind === 'message' ? [item.text] : [])));
    after = page.nextAfter;
  }
  return texts;
}
