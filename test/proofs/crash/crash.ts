// The proof `crash`: each role is killed before and after everything by which it changes anything outside itself, once
// per run, and in pairs; in conversations over HTTP, and in such that are held on Slack and decided on Telegram. After each
// run the conversation must be whole, seen from outside.
import { type Proof, type ProofContext, secondsOf, spreadOf } from '../support.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import { type Reached, type Role, ROLES, type Target } from '../rig/roles.ts';
import { type Ordeal, problemsOf } from './checks.ts';
import { type Histories, readHistories } from './histories.ts';
import { type Emulators, startEmulators } from '../rig/channels/emulators.ts';
import { settingsOf } from '../rig/channels/platforms.ts';
import { type Lived, liveOn, liveOut } from './journey.ts';
import { shownProblems, travelOverChannels } from './over-channels.ts';
import { easier, inWords, isSure, momentsOf, pairs, sampled, type Trial, trialsOf, type Way } from './plan.ts';

export const crash: Proof = { name: 'crash', run: prove };

// 32 s since the start: the last run begins by then, takes up to 8 s, and stopping takes 2.
const QUICK_UNTIL_MS = 32_000;
// 40 minutes: what is left untried then is said to be; the limit of a full proof is 45.
const FULL_UNTIL_MS = 40 * 60_000;
// 5: one kill of each role over HTTP, and one over channels, however slow the machine is.
const LEAST_KILLS = 5;
const PAIRS = 20;
// 20 more to draw from: after some first kills a role has nothing left to do, and so cannot be killed doing it.
const SPARE_PAIRS = 20;
// 3 undisturbed runs: what runs side by side comes in different orders, and in different steps.
const COUNTING_RUNS = 3;
// A moment that depends on what was quicker is there in one run of two: 3 tries while there is little time, and 8 in a
// full run. One that every undisturbed run had, and that no try has reached, was not tried, and counts against the proof.
const TRIES = { quick: 3, full: 8 } as const;
// 5 s after the killed role is up again: what the design promises.
const REPLY_BOUND_MS = 5_000;
const PROGRESS_RUNS = 20;

async function prove(context: ProofContext) {
  const startedMs = Date.now();
  const { quick, random, log } = context;
  const emulators = await startEmulators();
  const more = (role: Role) => settingsOf(role, emulators.urls, 'prover');
  const rig = await startRig(context, { more }).catch(async (error: unknown) => {
    await emulators.stop();
    throw error;
  });
  const histories = await readHistories(rig.temporal.address);
  try {
    const bench = createBench(context, { rig, emulators, histories });
    const { overHttp, overChannels, isSurely } = await countMoments(bench, quick ? 1 : COUNTING_RUNS);
    const kills = trialsOf(sampled('HTTP', overHttp, random), sampled('channels', overChannels, random));
    for (const [way, moments] of [['over HTTP', overHttp] as const, ['more over channels', overChannels] as const]) {
      const perRole = ROLES.map((role) => `${role} ${moments.filter((one) => one.role === role).length}`);
      log(`points ${way}: ${moments.length} (${perRole.join(', ')})`);
    }

    const untilMs = startedMs + (quick ? QUICK_UNTIL_MS : FULL_UNTIL_MS);
    let tried = 0;
    for (; tried < kills.length && (tried < LEAST_KILLS || Date.now() < untilMs); tried++) {
      if (!(await bench.insist(kills[tried]!))) bench.missed(kills[tried]!, isSurely);
    }
    if (!quick && tried < kills.length) bench.violations.push(`${kills.length - tried} points were not tried in time`);
    if (!quick) await killTwice(context, bench, overHttp, untilMs);
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
    await emulators.stop();
  }
}

/** What undisturbed runs reach: over HTTP, and what there is besides over channels. */
async function countMoments(bench: Bench, times: number) {
  const counted: Record<Way, (readonly Reached[])[]> = { HTTP: [], channels: [] };
  for (let run = 0; run < times; run++) {
    for (const way of ['HTTP', 'channels'] as const) counted[way].push((await bench.run({ way, kills: [] })).reached);
  }
  const overHttp = momentsOf(counted.HTTP);
  const isKnown = ({ name, at }: Target) => overHttp.some((one) => one.name === name && one.at === at);
  const overChannels = momentsOf(counted.channels).filter((one) => !isKnown(one));
  const isSurely = ({ way, kills }: Trial): boolean => kills.every((one) => isSure(counted[way], one));
  return { overHttp, overChannels, isSurely };
}

/** Kills a role, and then one that recovers from it, in as many runs as there must be. */
async function killTwice({ random, log }: ProofContext, bench: Bench, moments: readonly Target[], untilMs: number) {
  let twice = 0;
  let drawn = 0;
  for (const kills of pairs(moments, PAIRS + SPARE_PAIRS, random)) {
    if (twice === PAIRS || Date.now() > untilMs) break;
    drawn += 1;
    if (await bench.insist({ way: 'HTTP', kills })) twice += 1;
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

interface Parts {
  readonly rig: Rig;
  readonly emulators: Emulators;
  readonly histories: Histories;
}

/** Runs conversations one after the other and keeps what came of them. */
function createBench({ seed, quick, log }: ProofContext, parts: Parts) {
  const { rig, histories } = parts;
  const violations: string[] = [];
  const neverReached: string[] = [];
  const waits = createWaits();
  let runs = 0;
  let killed = 0;

  async function run({ way, kills }: Trial): Promise<Ran> {
    const nth = (runs += 1);
    const id = `crash-${nth}`;
    const startedMs = Date.now();
    await rig.roles.untilUp();
    await rig.roles.arm(id, kills);
    const found = await (way === 'HTTP'
      ? liveOn(rig, histories, id)
      : liveOut(histories, () => travelOverChannels(parts, id, nth)));
    const reached = rig.roles.reached(id);
    await rig.roles.disarm();
    await rig.roles.untilUp();
    const died = reached.filter((one) => one.struck).length;
    killed += died;
    const deaths = rig.roles.deaths.filter((death) => death.atMs >= startedMs);
    const problems = await problemsAfter(parts, { way, id, nth, ordeal: ordealOf(reached) }, found);
    if (found.journey !== undefined) problems.push(...waits.add(found.journey.repliesMs, deaths));
    violations.push(...problems.map((problem) => `${id}, killed at ${inWords(kills)} (seed ${seed}): ${problem}`));
    for (const problem of problems) log(`${id}, killed at ${inWords(kills)}: ${problem}`);
    if (runs % PROGRESS_RUNS === 0) log(`${runs} runs, ${killed} kills, ${violations.length} violations`);
    return { reached, died };
  }

  return {
    run,
    violations,
    runs: () => runs,
    killed: () => killed,
    /** Run until every kill of the run really happened, a bounded number of times; false when it never did. */
    async insist({ way, kills }: Trial): Promise<boolean> {
      let attempt = kills;
      for (let tries = 0; tries < TRIES[quick ? 'quick' : 'full']; tries++) {
        if ((await run({ way, kills: attempt })).died === kills.length) return true;
        attempt = easier(attempt);
      }
      return false;
    },
    missed(trial: Trial, isSurely: (trial: Trial) => boolean): void {
      const words = `${inWords(trial.kills)} (over ${trial.way})`;
      neverReached.push(words);
      if (!quick && isSurely(trial)) violations.push(`never reached, and so not tried: ${words} (seed ${seed})`);
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

/** What does not hold of a run that is over. */
async function problemsAfter(
  parts: Parts,
  { way, id, nth, ordeal }: { way: Way; id: string; nth: number; ordeal: Ordeal },
  { journey, problems }: Lived,
): Promise<string[]> {
  const { rig, histories } = parts;
  if (journey === undefined) return [...problems];
  return [
    ...problems,
    ...(await problemsOf(rig, id, journey, ordeal)),
    ...(await histories.problems(journey.conversationId, journey.approvalId)),
    ...(await histories.chains(rig, journey.conversationId)),
    ...(way === 'channels' ? await shownProblems(parts, journey, nth, ordeal.repeats) : []),
  ];
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
