// The proof `soak`: conversations planned by a seed, some at a time, while processes and servers are killed and frozen at
// random. Afterwards each must be as the reference model says, seen from outside.
import { inspect } from 'node:util';
import { z } from 'zod';
import { createPatient } from '../crash/journey.ts';
import { readHistories } from '../crash/histories.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import { createHttp, createRandom, type Proof, type ProofContext } from '../support.ts';
import { unexplained, type Found } from './expect.ts';
import { startFaults } from './faults.ts';
import { live } from './live.ts';
import { type Life, planFaults, planLife } from './plan.ts';
import { createTruth, type Truth } from './truth.ts';

export const soak: Proof = { name: 'soak', run: prove };

// Quickly 4 conversations within 45 s, among them the start of everything and some seconds of a question to people.
const SIZES = {
  quick: { lives: 4, atOnce: 4, beginUntilMs: 30_000, gapMs: [1_500, 3_000], faults: 4 },
  // 100 in at most 15 minutes; five at a time keep two cores busy and below what the API allows a key.
  full: { lives: 100, atOnce: 5, beginUntilMs: 15 * 60_000, gapMs: [2_000, 5_000], faults: 400 },
} as const;

async function prove(context: ProofContext) {
  const { seed, quick, log, random } = context;
  const size = quick ? SIZES.quick : SIZES.full;
  const lives = Array.from({ length: size.lives }, (_, at) =>
    planLife(`soak-${at + 1}`, createRandom(random.next() * 2 ** 32)),
  );
  const faults = planFaults(size.faults, size.gapMs, random);
  const startedMs = Date.now();
  const rig = await startRig(context);
  const histories = await readHistories(rig.temporal.address);
  const faulting = startFaults(rig, faults, log);
  const violations: string[] = [];
  const outcomes = new Map<string, number>();
  let begun = 0;
  try {
    const truth = createTruth(rig);
    const pending = [...lives];
    const one = async (): Promise<void> => {
      for (let life = pending.shift(); life !== undefined; life = pending.shift()) {
        if (Date.now() > startedMs + size.beginUntilMs) return;
        begun += 1;
        const problems = await problemsOf(rig, truth, life, outcomes);
        violations.push(...problems.map((problem) => `${life.id} (seed ${seed}): ${problem}`));
        for (const problem of problems) log(`${life.id}: ${problem}`);
      }
    };
    await Promise.all(Array.from({ length: size.atOnce }, one));
    await faulting.stop();
    await rig.roles.untilUp();
    if (begun < lives.length) violations.push(`${lives.length - begun} conversations were not begun in time`);
    if (faulting.happened.size === 0) violations.push('no fault happened');
    violations.push(...faulting.failed, ...(await histories.badEnds()));
    log(`conversations: ${begun}; outcomes: ${counted(outcomes)}`);
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

async function problemsOf(
  rig: Rig,
  truth: Truth,
  life: Life,
  outcomes: Map<string, number>,
): Promise<readonly string[]> {
  try {
    const { said } = await live(rig, truth, life);
    const found = await lookAt(rig, truth, life.id);
    for (const { outcome } of found.actions) {
      const kind = outcome ?? 'waiting';
      outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
    }
    return unexplained(life, said, found);
  } catch (error) {
    return [`it did not come to its end: ${inspect(error)}`];
  }
}

const Detail = z.object({
  phase: z.string(),
  items: z.array(z.object({ kind: z.string(), text: z.string() })),
  actions: z.array(
    z.object({
      id: z.string(),
      tool: z.string(),
      args: z.object({ cents: z.number() }),
      outcome: z.object({ kind: z.string() }).nullable(),
    }),
  ),
});
const Approvals = z.object({
  rows: z.array(z.object({ id: z.string(), actionId: z.string(), end: z.string(), question: z.string().nullable() })),
});

/** The whole conversation as its staff and its far sides see it. */
async function lookAt(rig: Rig, truth: Truth, id: string): Promise<Found> {
  const approver = createPatient(createHttp(rig.apiUrl, rig.keys.approver));
  const { phase, items, actions } = Detail.parse((await approver.get(`/v1/conversations/${id}?limit=100`)).body);
  const { rows } = Approvals.parse((await approver.get(`/v1/approvals?end=all&limit=100&conversationId=${id}`)).body);
  const asked = new Set(rows.flatMap(({ question, actionId }) => (question === null ? [] : [actionId])));
  return {
    phase,
    messages: items.flatMap(({ kind, text }) => (kind === 'message' ? [text] : [])),
    actions: actions.map(({ id: actionId, tool, args, outcome }) => ({
      id: actionId,
      tool,
      cents: args.cents,
      outcome: outcome?.kind ?? null,
      wasUnknown: asked.has(actionId),
    })),
    approvals: rows,
    effects: await truth.effectsOf(id),
  };
}
