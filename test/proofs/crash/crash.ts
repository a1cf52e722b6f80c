// The proof `crash`: each role is killed before and after everything by which it changes anything outside itself, once
// per run, and in pairs. After each run the conversation must be whole, seen from outside.
import { type Proof, type ProofContext, secondsOf, spreadOf } from '../support.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import { type Reached, ROLES, type Target } from '../rig/roles.ts';
import { type Ordeal, problemsOf } from './checks.ts';
import { type Histories, readHistories } from './histories.ts';
import { liveOn } from './journey.ts';
import { easier, inWords, type Kills, momentsOf, pairs, sampled } from './plan.ts';

export const crash: Proof = { name: 'crash', run: prove };

// 32 s since the start: the last run begins by then, takes up to 8 s, and stopping takes 2.
const QUICK_UNTIL_MS = 32_000;
// 25 minutes: what is left untried then is said to be; the limit of a full proof is 30.
const FULL_UNTIL_MS = 25 * 60_000;
// 4: one kill of each role, however slow the machine is.
const LEAST_KILLS = 4;
const PAIRS = 20;
// 20 more to draw from: after some first kills a role has nothing left to do, and so cannot be killed doing it.
const SPARE_PAIRS = 20;
// 2 undisturbed runs: what runs side by side comes in different orders, and in different steps.
const COUNTING_RUNS = 2;
// A moment that depends on what was quicker is there in one run of two: 3 tries while there is little time, and 8 in a
// full run, where a moment that no run reached has not been tried, and counts against the proof.
const TRIES = { quick: 3, full: 8 } as const;
// 5 s after the killed role is up again: what the design promises.
const REPLY_BOUND_MS = 5_000;
const PROGRESS_RUNS = 20;

async function prove(context: ProofContext) {
  const startedMs = Date.now();
  const { quick, random, log } = context;
  const rig = await startRig(context);
  const histories = await readHistories(rig.temporal.address);
  try {
    const bench = createBench(context, rig, histories);
    const counted: (readonly Reached[])[] = [];
    for (let run = 0; run < (quick ? 1 : COUNTING_RUNS); run++) counted.push((await bench.run([])).reached);
    const moments = momentsOf(counted);
    const kills = sampled(moments, random);
    const perRole = ROLES.map((role) => `${role} ${moments.filter((one) => one.role === role).length}`);
    log(`points: ${moments.length} (${perRole.join(', ')})`);

    const untilMs = startedMs + (quick ? QUICK_UNTIL_MS : FULL_UNTIL_MS);
    let tried = 0;
    for (; tried < kills.length && (tried < LEAST_KILLS || Date.now() < untilMs); tried++) {
      if (!(await bench.insist(kills[tried]!))) bench.missed(kills[tried]!);
    }
    if (!quick && tried < kills.length) bench.violations.push(`${kills.length - tried} points were not tried in time`);
    if (!quick) await killTwice(context, bench, moments, untilMs);
    if (bench.killed() === 0) bench.violations.push('no process was killed');
    const deaths = rig.roles.deaths.length;
    if (deaths !== bench.killed())
      bench.violations.push(`${deaths} processes died, ${bench.killed()} of them by the proof`);
    bench.violations.push(...rig.roles.surprises, ...(await histories.badEnds()), ...(await histories.unreplayable()));
    log(`tried: ${tried} of ${kills.length} points${quick ? ' (a sample)' : ''}`);
    log(`actions whose chain is the same in the ledger and in Temporal: ${histories.compared()}`);
    if (histories.compared() === 0) bench.violations.push('no chain was compared');
    bench.summarize();
    return { cases: bench.runs(), violations: bench.violations };
  } finally {
    await histories.close();
    await rig.stop();
  }
}

/** Kills a role, and then one that recovers from it, in as many runs as there must be. */
async function killTwice({ random, log }: ProofContext, bench: Bench, moments: readonly Target[], untilMs: number) {
  let twice = 0;
  let drawn = 0;
  for (const kills of pairs(moments, PAIRS + SPARE_PAIRS, random)) {
    if (twice === PAIRS || Date.now() > untilMs) break;
    drawn += 1;
    if (await bench.insist(kills)) twice += 1;
  }
  log(`pairs: ${twice} runs with two kills; in ${drawn - twice} more nothing was left to kill after the first`);
  if (twice < PAIRS) bench.violations.push(`only ${twice} of ${PAIRS} pairs of kills happened`);
}

/** Whoever takes a booking over knows for certain whether it happened: where the actor died before, it did not. */
function ordealOf(reached: readonly Reached[]): Ordeal {
  const struck = reached.filter((one) => one.struck);
  const mayHaveFailed = struck.some(({ role }) => role === 'actor') ? (['book'] as const) : [];
  return { repeats: struck.length, mayBeUnknown: [], mayHaveFailed };
}

interface Ran {
  readonly reached: readonly Reached[];
  /** Targets at which a process died. */
  readonly died: number;
}

type Bench = ReturnType<typeof createBench>;

/** Runs conversations one after the other and keeps what came of them. */
function createBench({ seed, quick, log }: ProofContext, rig: Rig, histories: Histories) {
  const violations: string[] = [];
  const neverReached: string[] = [];
  const waits = createWaits();
  let runs = 0;
  let killed = 0;

  async function run(kills: Kills): Promise<Ran> {
    runs += 1;
    const id = `crash-${runs}`;
    const startedMs = Date.now();
    await rig.roles.untilUp();
    await rig.roles.arm(id, kills);
    const found = await liveOn(rig, histories, id);
    const reached = rig.roles.reached(id);
    await rig.roles.disarm();
    await rig.roles.untilUp();
    const died = reached.filter((one) => one.struck).length;
    killed += died;
    const problems = [...found.problems];
    if (found.journey !== undefined) {
      problems.push(...(await problemsOf(rig, id, found.journey, ordealOf(reached))));
      problems.push(...(await histories.problems(id, found.journey.approvalId)));
      problems.push(...(await histories.chains(rig, id)));
      const deaths = rig.roles.deaths.filter((death) => death.atMs >= startedMs);
      problems.push(...waits.add(found.journey.repliesMs, deaths));
    }
    violations.push(...problems.map((problem) => `${id}, killed at ${inWords(kills)} (seed ${seed}): ${problem}`));
    if (problems.length > 0) log(`${id}, killed at ${inWords(kills)}: ${problems.length} violations`);
    if (runs % PROGRESS_RUNS === 0) log(`${runs} runs, ${killed} kills, ${violations.length} violations`);
    return { reached, died };
  }

  return {
    run,
    violations,
    runs: () => runs,
    killed: () => killed,
    /** Run until every kill of the run really happened, a bounded number of times; false when it never did. */
    async insist(kills: Kills): Promise<boolean> {
      let attempt = kills;
      for (let tries = 0; tries < TRIES[quick ? 'quick' : 'full']; tries++) {
        if ((await run(attempt)).died === kills.length) return true;
        attempt = easier(attempt);
      }
      return false;
    },
    missed(kills: Kills): void {
      neverReached.push(inWords(kills));
      if (!quick) violations.push(`never reached, and so not tried: ${inWords(kills)} (seed ${seed})`);
    },
    summarize(): void {
      log(`runs: ${runs}, in which ${killed} processes were killed`);
      log(`never reached: ${neverReached.length}`);
      for (const one of neverReached) log(`  ${one}`);
      for (const line of waits.inWords()) log(line);
      log(`violations: ${violations.length}`);
    },
  };
}

/** How long replies waited after deaths. */
function createWaits() {
  const fromKillMs: number[] = [];
  const fromUpMs: number[] = [];
  return {
    /** Those that came too late, as sentences. */
    add(repliesMs: readonly number[], deaths: Rig['roles']['deaths']): readonly string[] {
      const problems: string[] = [];
      for (const { atMs, upMs } of deaths) {
        const replyMs = repliesMs.find((one) => one >= atMs);
        if (replyMs === undefined) continue; // nothing was left to say
        // Where another role died before the reply, the reply waited for that one, and is measured from there.
        if (deaths.some((other) => other.atMs > atMs && other.atMs <= replyMs)) continue;
        fromKillMs.push(replyMs - atMs);
        fromUpMs.push(Math.max(0, replyMs - upMs));
        if (replyMs - upMs <= REPLY_BOUND_MS) continue;
        problems.push(
          `the reply came ${secondsOf(replyMs - atMs)} s after the kill, ${secondsOf(upMs - atMs)} s of it down`,
        );
      }
      return problems;
    },
    inWords: () => [
      `from the kill to the reply: ${spreadOf(fromKillMs)}`,
      `from the killed role's return to the reply: ${spreadOf(fromUpMs)}`,
    ],
  };
}
