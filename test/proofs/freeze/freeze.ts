// The proof `freeze`: the actor is frozen (SIGSTOP) before and after everything by which it changes anything, for a tool of
// each kind of far side. Another takes over and ends the action; then the first wakes up (SIGCONT) and does what it will.
// What is said of the action must be what happened, and the conversation must go on.
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { inTurns, momentsOf } from '../crash/plan.ts';
import { claimProblems, receiptsOnly } from '../rig/claims.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import type { Left, Target } from '../rig/roles.ts';
import { type Proof, type ProofContext, waitFor } from '../support.ts';
import { isStatedWindow, type Looks, openLooks, problemsOf } from './checks.ts';
import { live, say } from './journey.ts';

export const freeze: Proof = { name: 'freeze', run: prove };

/** One for each kind of far side: honours keys, is a PostgreSQL, honours keys and can be asked, only asked, neither. */
const TOOLS = ['note', 'book', 'pay', 'send', 'shout'];
// 28 s since the start: a run takes up to 12 s, and stopping takes 2.
const QUICK_UNTIL_MS = 28_000;
// 15 minutes: what is left untried then is said to be; the limit of a full proof is 30.
const FULL_UNTIL_MS = 15 * 60_000;
// 1: however slow the machine is.
const LEAST_FREEZES = 1;
// 2 undisturbed runs of each tool: what runs side by side comes in different orders.
const COUNTING_RUNS = 2;
// A moment that depends on what was quicker is there in one run of two: 3 tries while there is little time, and 8 in a
// full run, where a moment that no run reached has not been tried, and counts against the proof.
const TRIES = { quick: 3, full: 8 } as const;
// 1 s without a moment: the woken process has done what it had to.
const QUIET_MS = 1_000;
const QUIET_LIMIT_MS = 30_000;
// 2 minutes: longer than any conversation lives; the wait for a freeze ends with it.
const FREEZE_LIMIT_MS = 120_000;
const STATE_LIMIT_MS = 5_000;
const PROGRESS_RUNS = 10;

interface Freeze {
  readonly tool: string;
  readonly moment: Target;
}

async function prove(context: ProofContext) {
  const startedMs = Date.now();
  const { quick, random, log } = context;
  const rig = await startRig(context);
  const looks = await openLooks(rig);
  try {
    const bench = createBench(context, rig, looks);
    const plan: (readonly Freeze[])[] = [];
    // Under --quick there is time for one tool.
    for (const tool of quick ? [random.pick(TOOLS)] : TOOLS)
      plan.push(await bench.count(tool, quick ? 1 : COUNTING_RUNS));
    log(`points: ${plan.flat().length} (${plan.map((own) => `${own[0]?.tool} ${own.length}`).join(', ')})`);
    const freezes = inTurns(plan, random);
    const untilMs = startedMs + (quick ? QUICK_UNTIL_MS : FULL_UNTIL_MS);
    let tried = 0;
    for (; tried < freezes.length && (tried < LEAST_FREEZES || Date.now() < untilMs); tried++) {
      await bench.insist(freezes[tried]!);
    }
    if (!quick && tried < freezes.length) bench.violations.push(`${freezes.length - tried} were not tried in time`);
    if (bench.frozen() === 0) bench.violations.push('no process was frozen');
    bench.violations.push(...rig.roles.surprises);
    log(`tried: ${tried} of ${freezes.length}`);
    bench.summarize();
    return { cases: tried, violations: bench.violations };
  } finally {
    await looks.close();
    await rig.stop();
  }
}

function createBench({ seed, quick, log }: ProofContext, rig: Rig, looks: Looks) {
  const violations: string[] = [];
  const neverReached: string[] = [];
  const windows: string[] = [];
  const ends = new Map<string, number>();
  const frozenMs: number[] = [];
  let runs = 0;

  /** One conversation; frozen at the moment, if there is one. True when it really was. */
  async function run(tool: string, moment: Target | undefined): Promise<boolean> {
    runs += 1;
    const id = `freeze-${runs}`;
    await rig.roles.untilUp();
    await rig.roles.arm(id, moment === undefined ? [] : [{ ...moment, signal: 'SIGSTOP' }]);
    const { left, problems, tookMs } = await throughFreeze(rig, id, tool);
    const found = await looks.found(id, tool);
    const where = moment === undefined ? 'nowhere' : `${moment.name} #${moment.at}`;
    const isWindow = moment !== undefined && isStatedWindow(tool, moment.name, found);
    if (isWindow) windows.push(`${tool} at ${where}`);
    else problems.push(...problemsOf(tool, found));
    problems.push(...(isWindow ? await receiptsOnly(rig, id) : await claimProblems(rig, id)));
    await say(rig, id, 'afterwards', `And now? [${id}]`).catch((error: unknown) => {
      problems.push(`the conversation does not go on: ${inspect(error)}`);
    });
    await rig.roles.disarm();
    await left?.kill();
    const end = `${tool}: ${found.outcomes.join()}, ${found.effects} effects`;
    if (left !== undefined) {
      ends.set(end, (ends.get(end) ?? 0) + 1);
      frozenMs.push(tookMs);
    }
    const isReached = moment === undefined || left !== undefined;
    const about = `${id}, ${tool} frozen at ${where}${isReached ? '' : ', which was not reached'}`;
    violations.push(...problems.map((one) => `${about} (seed ${seed}): ${one}`));
    if (problems.length > 0) log(`${about}: ${problems.join('; ')}`);
    if (runs % PROGRESS_RUNS === 0) log(`${runs} runs, ${violations.length} violations`);
    return isReached;
  }

  return {
    violations,
    /** How often a process was really frozen. */
    frozen: () => frozenMs.length,
    /** The moments of the actor in undisturbed runs with the tool. */
    async count(tool: string, times: number): Promise<readonly Freeze[]> {
      const counted = [];
      for (let again = 0; again < times; again++) {
        await run(tool, undefined);
        counted.push(rig.roles.reached(`freeze-${runs}`).filter(({ role }) => role === 'actor'));
      }
      return momentsOf(counted).map((moment) => ({ tool, moment }));
    },
    async insist({ tool, moment }: Freeze): Promise<void> {
      const mostTries = TRIES[quick ? 'quick' : 'full'];
      for (let tries = 0; tries < mostTries; tries++) if (await run(tool, moment)) return;
      const one = `${tool} at ${moment.name} #${moment.at}`;
      neverReached.push(one);
      if (!quick) violations.push(`never reached, and so not tried: ${one} (seed ${seed})`);
    },
    summarize: () => summarize(log, { violations, neverReached, windows, ends, frozenMs }),
  };
}

interface Came {
  readonly violations: readonly string[];
  readonly neverReached: readonly string[];
  /** Runs in the window that is stated. */
  readonly windows: readonly string[];
  /** How often an action ended so. */
  readonly ends: ReadonlyMap<string, number>;
  readonly frozenMs: readonly number[];
}

function summarize(log: ProofContext['log'], { violations, neverReached, windows, ends, frozenMs }: Came): void {
  for (const [end, times] of [...ends].toSorted(([one], [other]) => one.localeCompare(other)))
    log(`${end.padEnd(36)} ${times} times`);
  log(`from the freeze to the end of the conversation: ${spreadOf(frozenMs)}`);
  log(`in the stated window: ${windows.length}`);
  for (const one of windows) log(`  ${one}`);
  log(`never reached: ${neverReached.length}`);
  for (const one of neverReached) log(`  ${one}`);
  log(`violations: ${violations.length}`);
}

function spreadOf(times: readonly number[]): string {
  const sorted = times.toSorted((one, other) => one - other);
  const at = (share: number) => ((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) / 1_000).toFixed(1);
  return `p50 ${at(0.5)} s, p95 ${at(0.95)} s, longest ${at(1)} s, a new process among it`;
}

/** Live a conversation through the freeze that is armed. `left` is the process that was frozen, awake again. */
async function throughFreeze(rig: Rig, id: string, tool: string) {
  const problems: string[] = [];
  const living = live(rig, id, tool).catch((error: unknown) => {
    problems.push(`it did not come to its end: ${inspect(error)}`);
  });
  const isStruck = (): boolean => rig.roles.reached(id).some(({ struck }) => struck);
  let isAwaited = true;
  const struck = waitFor('the freeze', FREEZE_LIMIT_MS, () => isStruck() || !isAwaited);
  await Promise.race([living, struck.catch(() => undefined)]);
  isAwaited = false;
  if (!isStruck()) await quietOf(rig, id); // the last moments come after the reply
  if (!isStruck()) {
    await living;
    return { left: undefined, problems, tookMs: 0 };
  }
  const struckMs = Date.now();
  const left = await rig.roles.replace('actor');
  await stateOf(left, true);
  await living;
  const tookMs = Date.now() - struckMs;
  left.thaw();
  await stateOf(left, false);
  await quietOf(rig, id);
  return { left, problems, tookMs };
}

/** Wait until the kernel says so. */
async function stateOf(left: Left, stopped: boolean): Promise<void> {
  const what = `the process to be ${stopped ? 'stopped' : 'awake'}`;
  await waitFor(what, STATE_LIMIT_MS, () => left.isStopped() === stopped);
}

/** Wait until no moment was reached for a while. */
async function quietOf(rig: Rig, id: string): Promise<void> {
  let before = -1;
  await waitFor('quiet', QUIET_LIMIT_MS, async () => {
    const reached = rig.roles.reached(id).length;
    const isQuiet = reached === before;
    before = reached;
    if (!isQuiet) await sleep(QUIET_MS);
    return isQuiet;
  });
}
