// The proof `drift`: models that leave facts out, misquote, rescale, paraphrase, swap, invent, break the form or do not
// answer move no conversation to a lower priority and none away from a person; and judgements that a model adds move
// nothing. Real processes, a real model server, and where each conversation belongs is written by hand in the corpus.
import { startRig } from '../rig/rig.ts';
import type { Proof, ProofContext, ProofResult } from '../support.ts';
import { secondsOf } from '../support.ts';
import type { Conversation } from './conversation.ts';
import { HURT, LAW } from './corpus-hurt.ts';
import { MONEY } from './corpus-money.ts';
import { ORDERS } from './corpus-orders.ts';
import { type Drift, DRIFTS } from './drifts.ts';
import { judge, type Judged, tableOf } from './judge.ts';
import { type Case, type Desk, openDesk, standing } from './live.ts';

export const drift: Proof = { name: 'drift', run: prove };

export const CORPUS: readonly Conversation[] = [...HURT, ...LAW, ...MONEY, ...ORDERS];
// 8 at once: as many as keep two processors busy; more would only wait for one another.
const AT_ONCE = 8;
// 1 of 5 quickly: each asks back until a person takes over, which is up to five turns more.
const ANSWERED_OF_QUICK = 5;
// 1 quickly, by the seed, so that each comes up a few times; all of them at full length.
const DRIFTS_OF_QUICK = 1;

// 10: a case takes its own seed, and the next ones for its later turns, of which there are fewer.
const SEED_STEP = 10;

async function prove(context: ProofContext): Promise<ProofResult> {
  const { log, quick } = context;
  const rig = await startRig(context);
  try {
    const cases = casesOf(context);
    const desk = await openDesk(rig);
    const begunMs = Date.now();
    const judged = await judgeAll(desk, cases, quick);
    const seconds = secondsOf(Date.now() - begunMs);
    const drifted = judged.filter(({ lived }) => lived.of.drift !== undefined);
    for (const line of tableOf(judged)) log(line);
    log(
      'unheard: in words that none of the owner’s phrases has, and the model does not point at them (docs/intake.md)',
    );
    log(`${CORPUS.length} conversations, ${drifted.length} with a model that drifts, in ${seconds} s`);
    const violations = [
      ...judged.flatMap(({ problems }) => problems),
      ...(await desk.unreached()),
      ...withoutChance(judged),
      ...rig.roles.surprises,
    ];
    return { cases: cases.length, violations };
  } finally {
    await rig.stop();
  }
}

/** Every conversation with a model that reads with care, and with some that do not. */
function casesOf({ seed, quick, random }: ProofContext): readonly Case[] {
  const first = random.between(0, DRIFTS.length - 1);
  const inTurn = [...DRIFTS.slice(first), ...DRIFTS.slice(0, first)];
  const uses = new Map<Drift, number>();
  const planned = CORPUS.flatMap((conversation) => {
    const whole = standing(conversation.form, conversation.says);
    const usable = inTurn.filter((one) => one.apply(whole, conversation.says, random) !== undefined);
    // What has come up least comes first: some drifts have little that they could spoil.
    const rarest = usable.toSorted((one, other) => (uses.get(one) ?? 0) - (uses.get(other) ?? 0));
    const some = quick ? rarest.slice(0, DRIFTS_OF_QUICK) : usable;
    for (const one of some) uses.set(one, (uses.get(one) ?? 0) + 1);
    return [undefined, ...some].map((one) => ({ conversation, ...(one && { drift: one }) }));
  });
  return planned.map((one, at) => ({ ...one, id: `d${at}`, seed: seed + at * SEED_STEP }));
}

async function judgeAll(desk: Desk, cases: readonly Case[], quick: boolean): Promise<readonly Judged[]> {
  const judged: Judged[] = [];
  const left = [...cases.entries()];
  const work = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [at, one] = next;
      judged.push(await judge(desk, one, !quick || at % ANSWERED_OF_QUICK === 0));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return judged;
}

/** What must have come up for the proof to say anything of it. */
function withoutChance(judged: readonly Judged[]): readonly string[] {
  const seen = new Set(judged.map(({ lived }) => lived.of.drift?.name));
  const places = new Set(judged.map(({ lived }) => lived.first.next));
  return [
    ...DRIFTS.filter(({ name }) => !seen.has(name)).map(({ name }) => `no model ${name}`),
    ...(['goes_on', 'asks', 'person'] as const)
      .filter((one) => !places.has(one))
      .map((one) => `nothing came to ${one}`),
  ];
}
