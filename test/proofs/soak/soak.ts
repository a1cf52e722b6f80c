// The proof `soak`: conversations planned by a seed, some at a time, while processes and servers are killed and frozen at
// random. Afterwards each must be as the reference model says, seen from outside.
import { inspect } from 'node:util';
import { waitingWorkflowId } from '../../../domain/ids.ts';
import { readHistories } from '../crash/histories.ts';
import { claimProblems, openClaims } from '../rig/claims.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import { createTruth } from '../rig/truth.ts';
import { createRandom, type Proof, type ProofContext, waitFor } from '../support.ts';
import { shareOf, unexplained } from './expect.ts';
import { type Faulting, startFaults } from './faults.ts';
import { live, type World } from './live.ts';
import { breaksActs, isOutage, type Life, planFaults, planLife, type Timed } from './plan.ts';
import { batchesOf } from './transcript.ts';

export const soak: Proof = { name: 'soak', run: prove };

// Quickly 4 conversations within 45 s, among them the start of everything and some seconds of a question to people. They
// begin together, however slow the start is.
const SIZES = {
  quick: { lives: 4, atOnce: 4, beginUntilMs: 30_000, gapMs: [1_500, 3_000], faults: 4 },
  // 100 in at most 15 minutes since all roles are up; five at a time keep two cores busy, and below what the API
  // allows a key.
  full: { lives: 100, atOnce: 5, beginUntilMs: 15 * 60_000, gapMs: [2_000, 5_000], faults: 400 },
} as const;
// 60 % of what should have been done: a system that gives everything up, with an honest word, does not pass.
const LEAST_SHARE = 0.6;
// 30 s: what is still being written when the last conversation has settled.
const REST_LIMIT_MS = 30_000;

/** What the lives came to, all together. */
interface Tally {
  readonly outcomes: Map<string, number>;
  due: number;
  done: number;
  /** Calls of the model that were made again. */
  repeats: number;
  /** Workflows that wait for what people leave undecided. */
  readonly mayWait: Set<string>;
}

async function prove(context: ProofContext) {
  const { seed, quick, log, random } = context;
  const size = quick ? SIZES.quick : SIZES.full;
  const lives = Array.from({ length: size.lives }, (_, at) =>
    planLife(`soak-${at + 1}`, createRandom(random.next() * 2 ** 32)),
  );
  const plan = planFaults(size.faults, size.gapMs, random);
  const rig = await startRig(context);
  const startedMs = Date.now();
  const histories = await readHistories(rig.temporal.address);
  const faulting = startFaults(rig, plan, log);
  const violations: string[] = [];
  const tally: Tally = { outcomes: new Map(), due: 0, done: 0, repeats: 0, mayWait: new Set() };
  let begun = 0;
  try {
    const world = { rig, histories, truth: createTruth(rig) };
    const pending = [...lives];
    const one = async (): Promise<void> => {
      for (let life = pending.shift(); life !== undefined; life = pending.shift()) {
        if (Date.now() > startedMs + size.beginUntilMs) return;
        begun += 1;
        const problems = await problemsOf(world, faulting, life, tally);
        violations.push(...problems.map((problem) => `${life.id} (seed ${seed}): ${problem}`));
        for (const problem of problems) log(`${life.id}: ${problem}`);
      }
    };
    await Promise.all(Array.from({ length: size.atOnce }, one));
    await faulting.stop();
    await rig.roles.untilUp();
    if (begun < lives.length) violations.push(`${lives.length - begun} conversations were not begun in time`);
    violations.push(...(await leftUnderWay(world, tally)), ...ofRoles(rig, faulting), ...ofTally(tally, faulting));
    violations.push(...ofFaults(faulting, quick ? [] : plan), ...(await histories.badEnds()));
    violations.push(...(await histories.unreplayable()));
    log(`actions whose chain is the same in the ledger and in Temporal: ${histories.compared()}`);
    if (histories.compared() === 0) violations.push('no chain was compared');
    log(`conversations: ${begun}; outcomes: ${counted(tally.outcomes)}`);
    log(`done of what was due: ${tally.done} of ${tally.due}; model calls made again: ${tally.repeats}`);
    log(`faults: ${counted(faulting.happened)}; processes that died: ${rig.roles.deaths.length}`);
    for (const surprise of rig.roles.surprises) log(`ended by itself: ${surprise.slice(0, 200)}`);
    return { cases: begun, violations };
  } finally {
    await faulting.stop();
    await histories.close();
    await rig.stop();
  }
}

const counted = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([what, times]) => `${what} ${times}`).join(', ') || 'none';

async function problemsOf(world: World, faulting: Faulting, life: Life, tally: Tally): Promise<readonly string[]> {
  try {
    const { said, seen } = await live(world, life);
    for (const { outcome } of seen.actions) {
      const kind = outcome ?? 'waiting';
      tally.outcomes.set(kind, (tally.outcomes.get(kind) ?? 0) + 1);
    }
    const { due, done } = shareOf(life, seen);
    tally.due += due;
    tally.done += done;
    for (const times of world.rig.model.asked(life.id).values()) tally.repeats += times - 1;
    const left = seen.approvals.filter(({ end }) => end === 'open');
    for (const batchId of batchesOf(left)) tally.mayWait.add(waitingWorkflowId(batchId));
    const broken = faulting.felt().filter(({ fault }) => breaksActs(fault));
    const chains = await world.histories.chains(world.rig, life.id);
    return [...unexplained(life, said, seen, broken), ...(await claimProblems(world.rig, life.id)), ...chains];
  } catch (error) {
    return [`it did not come to its end: ${inspect(error)}`];
  }
}

/** Once all have settled: no claim without a receipt, and no Workflow but those that wait for people. */
async function leftUnderWay({ rig, histories }: World, { mayWait }: Tally): Promise<readonly string[]> {
  let left: readonly string[] = ['nobody knows what is left under way'];
  const isAtRest = async (): Promise<boolean> => {
    left = [...(await openClaims(rig)), ...(await histories.restless(mayWait))];
    return left.length === 0;
  };
  await waitFor('rest', REST_LIMIT_MS, isAtRest).catch(() => undefined);
  return left;
}

/** A role may end by itself only where it was started while Temporal or PostgreSQL was away. */
function ofRoles({ roles }: Rig, faulting: Faulting): readonly string[] {
  const outages = faulting.felt().filter(({ fault }) => isOutage(fault));
  const deaths = roles.deaths.filter(({ surprise }) => surprise !== null);
  const excused = deaths.filter(({ atMs }) => outages.some(({ fromMs, toMs }) => fromMs <= atMs && atMs <= toMs));
  return roles.surprises.filter((said) => !excused.some(({ surprise }) => surprise === said));
}

function ofTally({ due, done, repeats }: Tally, { happened }: Faulting): readonly string[] {
  const problems: string[] = [];
  if (done < due * LEAST_SHARE) problems.push(`only ${done} of ${due} actions that were due were done`);
  const strikes = [...happened].reduce((sum, [kind, times]) => (kind === 'slow far side' ? sum : sum + times), 0);
  if (repeats > strikes) problems.push(`${repeats} model calls were made again; ${strikes} faults explain one each`);
  return problems;
}

/** Each did what it should, and in a full run each kind that was planned happened. */
function ofFaults({ happened, failed }: Faulting, plan: readonly Timed[]): readonly string[] {
  const never = [...new Set(plan.map(({ fault }) => fault.kind))].filter((kind) => !happened.has(kind));
  const none = happened.size === 0 ? ['no fault happened'] : [];
  return [...none, ...failed, ...never.map((kind) => `the fault "${kind}" never happened`)];
}
