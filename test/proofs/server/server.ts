// The proof `server`: Temporal, PostgreSQL, both, or every connection of PostgreSQL go away in the middle of conversations
// in every phase, for up to a minute. Meanwhile callers are told so and nothing is taken that is then lost; afterwards
// every conversation goes on, and the processes are those of before.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ordeal } from '../crash/checks.ts';
import { type Histories, readHistories } from '../crash/histories.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import { type Proof, type ProofContext, secondsOf, spreadOf, waitFor } from '../support.ts';
import { PHASES, startCast } from './cast.ts';
import { TAKE, type What } from './outage.ts';
import { openProbed, problemsOfTaken, problemsOfTold, startProbes, type Span } from './probes.ts';

export const server: Proof = { name: 'server', run: prove };

interface Outage {
  readonly what: What;
  readonly downMs: number;
}

// 11 s: a caller is told that Temporal does not answer after 10. 8 s: readiness notices within 4, and is
// asked until 2 before the end.
const QUICK: readonly Outage[] = [
  { what: 'temporal', downMs: 11_000 },
  { what: 'postgres', downMs: 8_000 },
];
const FULL: readonly Outage[] = [
  ...QUICK,
  { what: 'connections', downMs: 8_000 },
  { what: 'temporal', downMs: 60_000 },
  { what: 'postgres', downMs: 60_000 },
  { what: 'both', downMs: 60_000 },
  { what: 'temporal', downMs: 25_000 },
  { what: 'postgres', downMs: 15_000 },
  { what: 'both', downMs: 15_000 },
];

/** What readiness must name. */
const MISSING: Readonly<Record<What, readonly RegExp[]>> = {
  temporal: [/^Temporal does not answer/],
  postgres: [/^the store does not answer/],
  both: [/^Temporal does not answer/, /^the store does not answer/],
  connections: [/^the store does not answer/],
};
// 1 and 2: an Activity whose end could not be told is done again, once for each server that went away.
const REPEATS: Readonly<Record<What, number>> = { temporal: 1, postgres: 1, both: 2, connections: 1 };
/** A booking that lost its connection in the middle is unknown; one that another attempt took over is known. */
const EXCUSES: Readonly<Record<What, Omit<Ordeal, 'repeats'>>> = {
  temporal: { mayBeUnknown: [], mayHaveFailed: ['book'] },
  postgres: { mayBeUnknown: ['book'], mayHaveFailed: ['book'] },
  both: { mayBeUnknown: ['book'], mayHaveFailed: ['book'] },
  connections: { mayBeUnknown: ['book'], mayHaveFailed: ['book'] },
};
// 600 ms: the seed chooses the moment within what the model and the far side hold their answers for.
const MOMENT_MS = 600;
// 20 s from the return to the reply: the longest pause between tries of a role is 5 s, and a turn has several steps.
const REPLY_BOUND_MS = 20_000;
// 15 s: Temporal has taken up its queues by then, and the API has noticed.
const READY_LIMIT_MS = 15_000;

async function prove(context: ProofContext) {
  // Encrypted, as in production: what a Worker says, and that it failed, needs keys of the store that is away.
  const rig = await startRig(context, { encrypts: true });
  const histories = await readHistories(rig.temporal.address);
  const prober = await rig.addKey('pru', 'conversations:write,conversations:read');
  const violations: string[] = [];
  const fromBackMs = new Map<string, number[]>();
  const met = new Set<string>();
  let cases = 0;
  try {
    for (const [index, outage] of (context.quick ? QUICK : FULL).entries()) {
      const came = await live({ context, rig, histories, prober }, outage, `server-${index + 1}`);
      const about = `${outage.what} away for ${outage.downMs / 1_000} s`;
      violations.push(...came.problems.map((problem) => `${about} (seed ${context.seed}): ${problem}`));
      fromBackMs.set(outage.what, [...(fromBackMs.get(outage.what) ?? []), ...came.fromBackMs]);
      for (const { phase } of came.fates) met.add(phase);
      cases += came.fates.length;
      context.log(`${about}: ${came.said}; from its return to the reply: ${spreadOf(came.fromBackMs)}`);
      for (const problem of came.problems) context.log(`  ${problem.slice(0, 600)}`);
    }
    // A slow machine may miss a moment of the two that a quick run has, hardly one of nine.
    const never = PHASES.filter((phase) => !met.has(phase)).map((phase) => `no outage met the phase: ${phase}`);
    if (context.quick) for (const one of never) context.log(one);
    else violations.push(...never);
    violations.push(...rig.roles.surprises, ...(await histories.badEnds()));
    context.log(`processes that ended: ${rig.roles.deaths.length}`);
    for (const [what, times] of fromBackMs) context.log(`from the return of ${what} to the reply: ${spreadOf(times)}`);
    return { cases, violations };
  } finally {
    await histories.close();
    await rig.stop();
  }
}

interface Scene {
  readonly context: ProofContext;
  readonly rig: Rig;
  readonly histories: Histories;
  readonly prober: string;
}

/** One outage, with a conversation in each phase. */
async function live({ context, rig, histories, prober }: Scene, { what, downMs }: Outage, name: string) {
  const probed = `probes-of-${name}`;
  await openProbed(rig, prober, probed);
  const cast = startCast(rig, histories, name);
  await cast.placed;
  await sleep(context.random.between(0, MOMENT_MS));
  const taken = await TAKE[what](rig);
  const awayMs = Date.now();
  cast.begun(awayMs);
  const problems: string[] = [];
  const probes = startProbes(rig, prober, probed);
  await sleep(awayMs + downMs - Date.now());
  // At the end: it was away all the time.
  await taken.seenAway().catch((error: unknown) => problems.push(`it was not away: ${String(error)}`));
  const span: Span = { awayMs, backMs: Date.now() };
  await taken.giveBack();
  const backMs = Date.now();
  const fates = await cast.ended(span, { repeats: REPEATS[what], ...EXCUSES[what] });
  await probes.end();
  await waitFor('readiness', READY_LIMIT_MS, async () => (await fetch(new URL('/readyz', rig.apiUrl))).ok).catch(
    (error: unknown) => problems.push(String(error)),
  );
  const told = problemsOfTold(probes, span, MISSING[what]);
  problems.push(...told.problems, ...(await problemsOfTaken(rig, prober, probed, probes.told)));
  const fromBackMs: number[] = [];
  for (const { phase, problems: found, repliesMs } of fates) {
    problems.push(...found.map((problem) => `${phase}: ${problem}`));
    const replyMs = repliesMs.find((one) => one >= backMs);
    if (replyMs === undefined) continue; // it was over before
    fromBackMs.push(replyMs - backMs);
    if (replyMs - backMs > REPLY_BOUND_MS)
      problems.push(`${phase}: the reply came ${secondsOf(replyMs - backMs)} s after the return`);
  }
  const phases = fates.map(({ phase }) => phase).join(', ');
  const said = `${phases}; ${told.answered} messages refused meanwhile, ${probes.told.length} sent in all`;
  return { problems, fromBackMs, fates, said };
}
