// Steps of procedures: code proposes them, and people are asked about them as about what a model called for. Leave for one
// is none for the next, for what undoes it, or for the same in another run; who asked for the procedure has no say in it.
import { createPatient } from '../crash/journey.ts';
import { wordsForCalls } from '../rig/model.ts';
import {
  actionsOf,
  type Bench,
  type Track,
  counts,
  endingOf,
  endOf,
  genuine,
  neverRan,
  type Problem,
  refusedAs,
  tooLateOn,
  untouched,
} from './bench.ts';
import { forgedOnSlack, forgedOnTelegram } from './forged-webhooks.ts';
import { forgedByHand, forgedOverHttp, refusedByHand, signedOnly } from './forged-words.ts';
import type { ByHand } from './signals.ts';
import { argsOf, type Asked, askFor, handleOn, nextIn, type Stage, type Wish } from './stage.ts';
import { NOT_ASKED, SURFACES, sayOn, type SurfaceName } from './surfaces.ts';

const PART = 'steps of procedures';

export const stepwise = (bench: Bench, stage: Stage, byHand: ByHand): readonly Track[] => [
  ...bench.some(FORGERIES, 1).map((how) => () => forgedSteps(bench, stage, byHand, how)),
  ...bench.some(SURFACES, 1).map((surface) => () => nextStep(bench, stage, byHand, surface)),
  ...bench.some(ENDS, 1).map((end) => () => undoneAfter(bench, stage, end)),
  () => editedStep(bench, stage),
  () => strangers(bench, stage),
];

type Move = Readonly<Record<string, unknown>>;

const moveOf = (stage: Stage, tool = 'transfer'): Move => argsOf(stage, { tool });

/** Have a procedure started, and wait until people are asked about its first step. */
const settle = (stage: Stage, moves: readonly Move[], more: Pick<Wish, 'by' | 'in'> = {}): Promise<Asked> =>
  askFor(stage, { tool: 'settle', args: { moves }, ...more });

const startOf = ({ approval }: Asked): string => approval.actionId.split('/', 1).join('');

const all = (...problems: readonly Problem[]): readonly string[] => problems.flat().flatMap((one) => one ?? []);

async function endsAs(stage: Stage, asked: Asked, due: string): Promise<Problem> {
  const ended = await endingOf(stage, startOf(asked));
  return ended === due ? undefined : `${startOf(asked)} must have ${due}, and has ended as ${ended}`;
}

const FORGERIES = ['http', 'slack', 'telegram', 'by hand'] as const;

/** What is tried against a call is tried against a step; who asked for the start is the requester of its steps. */
async function forgedSteps(bench: Bench, stage: Stage, byHand: ByHand, how: (typeof FORGERIES)[number]): Promise<void> {
  const [victim, own] = await Promise.all([
    settle(stage, [moveOf(stage)]),
    settle(stage, [moveOf(stage)], how === 'http' ? { by: 'paul' } : {}),
  ]);
  await bench.attempt(PART, `a step says of which procedure it is (${how})`, async () => {
    const { procedure } = victim.approval;
    return procedure === 'settle' ? undefined : `its approval says ${procedure}`;
  });
  if (how === 'http') await forgedOverHttp(bench, stage, victim, own);
  else if (how === 'slack') await forgedOnSlack(bench, stage, victim);
  else if (how === 'telegram') await forgedOnTelegram(bench, stage, victim);
  else await forgedByHand(bench, stage, byHand, victim, own);
  await bench.attempt(PART, `the control, after all that was forged (${how})`, async () =>
    all(await genuine(stage, how === 'by hand' ? 'http' : how, victim), await endsAs(stage, victim, 'succeeded')),
  );
  await bench.attempt(PART, `the step of another run, after that (${how})`, () => untouched(stage, own));
}

/** The very same as the next step: whatever was in hand for the first does nothing for it. */
async function nextStep(bench: Bench, stage: Stage, byHand: ByHand, surface: SurfaceName): Promise<void> {
  const move = moveOf(stage);
  const first = await settle(stage, [move, move]);
  const handle = await handleOn(stage, first, 'slack');
  const old = { ...first, handle };
  const kept = await signedOnly(stage, first);
  const { conversationId } = first;
  await bench.attempt(PART, `while a step waits, the same by a call is no second card (${surface})`, () =>
    sameByCall(stage, first),
  );
  const click = { by: 'dora', word: 'approve', event: stage.next() } as const;
  await bench.attempt(PART, `the first step is approved on ${surface}`, () => genuine(stage, surface, old, click));
  const second = await nextIn(stage, conversationId, [first.approval]);
  await bench.attempt(PART, 'the same as the next step: it waits', () => untouched(stage, second));
  await bench.attempt(PART, `the next step: the first click again on ${surface}`, async () => {
    await sayOn(stage, surface, old, click);
    return untouched(stage, second);
  });
  await bench.attempt(PART, `the next step: a new click on the first card on ${surface}`, async () => {
    const heard = await sayOn(stage, surface, old, { ...click, by: 'emil', event: stage.next() });
    return all(refusedAs(heard, ...tooLateOn(surface)), await untouched(stage, second));
  });
  await bench.attempt(PART, 'the next step: the kept decision on the first', async () =>
    refusedByHand(await byHand.update(second, kept), /not asked for here/),
  );
  // Both cards say the very same.
  const onCard = surface === 'http' ? second : { ...second, handle: await handleOn(stage, second, surface, handle) };
  await bench.attempt(PART, `the control: the next step is approved on ${surface}`, async () =>
    all(await genuine(stage, surface, onCard, { by: 'emil' }), await endsAs(stage, first, 'succeeded')),
  );
  const again = await settle(stage, [move, move], { in: conversationId });
  await bench.attempt(PART, 'the same procedure again: its first step waits', () => untouched(stage, again));
}

async function sameByCall(stage: Stage, { conversationId, args, approval }: Asked): Promise<Problem> {
  const speaker = createPatient(stage.as.ada);
  const text = wordsForCalls(conversationId, [['transfer', JSON.stringify(args)]]);
  await speaker.post(`/v1/conversations/${conversationId}/messages?wait=reply`, { text });
  const open = (await actionsOf(stage, conversationId)).filter(
    ({ kind, tool }) => kind === null && tool === 'transfer',
  );
  return open.length === 1 && open[0]?.id === approval.actionId ? undefined : `${open.length} of it are open`;
}

const ENDS = ['denied', 'stopped', 'closed'] as const;

/** What was done is moved back, and people are asked about that as about all else. */
async function undoneAfter(bench: Bench, stage: Stage, end: (typeof ENDS)[number]): Promise<void> {
  const first = await settle(stage, [moveOf(stage), moveOf(stage, 'transfer_two'), moveOf(stage)]);
  const { conversationId } = first;
  await bench.attempt(PART, `${end}: its first step is approved`, () => genuine(stage, 'http', first));
  const second = await nextIn(stage, conversationId, [first.approval]);
  await bench.attempt(PART, `${end}: its second step ends so`, async () => {
    const url = `/v1/conversations/${conversationId}`;
    if (end === 'denied') await sayOn(stage, 'http', second, { by: 'emil', word: 'deny', event: stage.next() });
    if (end === 'stopped') await createPatient(stage.as.watcher).post(`${url}/stop`, {});
    if (end === 'closed') await stage.as.watcher.remove(url);
    const ended = await endOf(stage, second.approval.id);
    return ended === (end === 'denied' ? 'denied' : 'cancelled') ? undefined : `it is ${ended}`;
  });
  const back = await nextIn(stage, conversationId, [first.approval, second.approval]);
  await bench.attempt(PART, `${end}: what undoes the first waits for people`, () => untouched(stage, back));
  for (const by of ['nora', 'gus'] as const)
    await bench.attempt(PART, `${end}: what undoes it, approved by ${by}`, async () =>
      refusedAs(await sayOn(stage, 'http', back, { by, word: 'approve', event: stage.next() }), 404, 'not_found'),
    );
  await bench.attempt(PART, `${end}: a late word on its second step`, async () => {
    const heard = await sayOn(stage, 'http', second, { by: 'dora', word: 'approve', event: stage.next() });
    return all(refusedAs(heard, 409, 'approval_settled'), await untouched(stage, back));
  });
  await bench.attempt(PART, `${end}, the control: what undoes it is approved, and happens once`, async () =>
    all(
      await genuine(stage, 'http', back, { by: 'paul' }),
      await endsAs(stage, first, end === 'denied' ? 'failed' : 'cancelled'),
      await neverRan(stage, second.approval.actionId),
    ),
  );
}

/** Who writes other arguments decides neither on them nor on a step after them. */
async function editedStep(bench: Bench, stage: Stage): Promise<void> {
  const first = await settle(stage, [moveOf(stage), moveOf(stage)]);
  const { conversationId } = first;
  const edit = { by: 'dora', word: 'edit', event: stage.next(), args: argsOf(stage, { memo: 'edited' }) } as const;
  await bench.attempt(PART, 'a step is edited', async () => counts(await sayOn(stage, 'http', first, edit)));
  const written = await nextIn(stage, conversationId, [first.approval]);
  const yes = (asked: Asked) => sayOn(stage, 'http', asked, { by: 'dora', word: 'approve', event: stage.next() });
  await bench.attempt(PART, 'a step, approved by who wrote it', async () =>
    all(refusedAs(await yes(written), 403, 'not_a_member'), await untouched(stage, written)),
  );
  await bench.attempt(PART, 'the control: another approves what was written', async () =>
    all(await genuine(stage, 'slack', written, { by: 'emil' }), await neverRan(stage, first.approval.actionId)),
  );
  const next = await nextIn(stage, conversationId, [first.approval, written.approval]);
  await bench.attempt(PART, 'the step after it, approved by who wrote that one', async () =>
    all(refusedAs(await yes(next), 403, 'not_a_member'), await untouched(stage, next)),
  );
  await bench.attempt(PART, 'the control: another approves the step after it', async () =>
    all(await genuine(stage, 'telegram', next, { by: 'paul' }), await endsAs(stage, first, 'succeeded')),
  );
}

/** Nobody else has a procedure started in somebody's conversation, nor with words that only code may say. */
async function strangers(bench: Bench, stage: Stage): Promise<void> {
  const first = await settle(stage, [moveOf(stage)]);
  const { conversationId } = first;
  const before = await actionsOf(stage, conversationId);
  const wants = (input: object) => wordsForCalls(conversationId, [['settle', JSON.stringify(input)]]);
  const unchanged = async (): Promise<Problem> => {
    const now = await actionsOf(stage, conversationId);
    return now.length === before.length ? undefined : `${now.length - before.length} actions came of it`;
  };
  const url = `/v1/conversations/${conversationId}/messages`;
  for (const by of ['paul', 'other', 'nobody'] as const)
    await bench.attempt(PART, `a procedure, started in the conversation of another by ${by}`, async () => {
      const { status } = await stage.as[by].post(url, { text: wants({ moves: [moveOf(stage)] }) });
      return all(status === 404 || status === 401 ? undefined : `it was answered ${status}`, await unchanged());
    });
  const inputs = {
    'names an action': { moves: [moveOf(stage)], actionId: first.approval.actionId },
    'names who wants it': { moves: [moveOf(stage)], proposedBy: { procedure: 'settle', actionId: startOf(first) } },
    'says that it was approved': { moves: [{ ...moveOf(stage), approved: true }] },
    'names a tool that it has not': { moves: [moveOf(stage, 'get_report')] },
  };
  for (const [what, input] of Object.entries(inputs))
    await bench.attempt(PART, `a procedure whose input ${what}`, async () => {
      await createPatient(stage.as.ada).post(`${url}?wait=reply`, { text: wants(input) });
      return unchanged();
    });
  for (const surface of SURFACES)
    await bench.attempt(PART, `a step, by somebody who is not asked, on ${surface}`, async () => {
      const heard = await sayOn(stage, surface, first, { by: 'nora', word: 'approve', event: stage.next() });
      return surface === 'http' ? refusedAs(heard, 404, 'not_found') : refusedAs(heard, 200, NOT_ASKED);
    });
  await bench.attempt(PART, 'strangers, after all of them', () => untouched(stage, first));
}
