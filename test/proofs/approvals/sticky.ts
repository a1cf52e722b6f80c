// Leave for one action is leave for nothing else: not for the same again, not for the same tool later, in another
// conversation, in another agent or for another tenant. What was in hand for the first must do nothing for the second.
import { versionsOn } from '../rig/channels/cards.ts';
import { handleOf } from '../rig/channels/platforms.ts';
import { wordsForCalls } from '../rig/model.ts';
import {
  type Bench,
  type Track,
  counts,
  endingOf,
  genuine,
  neverRan,
  ranOnce,
  refusedAs,
  tooLateOn,
  untouched,
} from './bench.ts';
import { refusedByHand, signedOnly } from './forged-words.ts';
import type { ByHand } from './signals.ts';
import { approvalsOf, type Asked, askFor, handleOn, nextIn, say, type Stage, untilReplied } from './stage.ts';
import { NOT_ASKED, SURFACES, sayOn, type Saying, type SurfaceName } from './surfaces.ts';

const STICKY = 'sticky';
const CROSSED = 'crossed';

export const sticky = (bench: Bench, stage: Stage, byHand: ByHand): readonly Track[] =>
  bench.some(SURFACES, 1).map((surface) => () => again(bench, stage, byHand, surface));

/** Approved and done; then the same is wanted again, here and there. */
async function again(bench: Bench, stage: Stage, byHand: ByHand, surface: SurfaceName): Promise<void> {
  const first = await askFor(stage, { tool: 'transfer' });
  const handle = await handleOn(stage, first, 'slack');
  const kept = await signedOnly(stage, first);
  await bench.attempt(STICKY, `while it waits, the same again is no second card (${surface})`, () =>
    sameWhileItWaits(stage, first),
  );
  const click: Saying = { by: 'dora', word: 'approve', event: stage.next() };
  await bench.attempt(STICKY, `the first is approved on ${surface}`, async () =>
    [counts(await sayOn(stage, surface, { ...first, handle }, click)), ...(await ranOnce(stage, first))].flatMap(
      (one) => one ?? [],
    ),
  );
  const { conversationId: here, args } = first;
  const wishes = {
    'the very same in the same conversation': { tool: 'transfer', args, in: here },
    'the same tool in the same conversation': { tool: 'transfer', in: here },
    'the very same in another conversation': { tool: 'transfer', args },
    'the very same with another tool': { tool: 'transfer_two', args },
    'a tool of that name in another agent': { tool: 'transfer', args, agent: 'imitator' },
    'the very same for another tenant': { tool: 'transfer', args, by: 'other' },
  } as const;
  for (const [what, wish] of bench.some(Object.entries(wishes), 3)) {
    const second = await askFor(stage, wish);
    await bench.attempt(STICKY, `${what}: it waits`, () => untouched(stage, second));
    await bench.attempt(STICKY, `${what}: the first click again on ${surface}`, async () => {
      counts(await sayOn(stage, surface, { ...first, handle }, click));
      return untouched(stage, second);
    });
    await bench.attempt(STICKY, `${what}: a new click on the first card on ${surface}`, async () => {
      const heard = await sayOn(stage, surface, { ...first, handle }, { ...click, by: 'emil', event: stage.next() });
      return [refusedAs(heard, ...tooLateOn(surface)), await untouched(stage, second)]
        .flat()
        .flatMap((one) => one ?? []);
    });
    await bench.attempt(STICKY, `${what}: the kept decision on the first`, async () =>
      refusedByHand(await byHand.update(second, kept), /not asked for here|has ended|digest/),
    );
    await bench.attempt(STICKY, `${what}: after all of them`, () => untouched(stage, second));
  }
  await bench.attempt(STICKY, `the first ran once (${surface})`, () => ranOnce(stage, first));
}

async function sameWhileItWaits(stage: Stage, { conversationId, args, approval }: Asked) {
  const calls = [['transfer', JSON.stringify(args)]] as const;
  const { messageId } = await say(stage, { in: conversationId }, (id) => wordsForCalls(id, calls));
  await untilReplied(stage, conversationId, messageId);
  const all = await approvalsOf(stage, conversationId);
  return all.length === 1 && all[0]?.id === approval.id ? undefined : `there are ${all.length} approvals`;
}

/** Two on one card, two on two cards, two tenants: a word on the one is none on the other. */
export const crossed = (bench: Bench, stage: Stage, byHand: ByHand): readonly Track[] => [
  ...bench.some(SURFACES, 1).map((surface) => () => twoCards(bench, stage, byHand, surface)),
  ...bench.some(SURFACES, 1).map((surface) => () => oneCard(bench, stage, surface)),
  () => otherTenant(bench, stage),
];

async function twoCards(bench: Bench, stage: Stage, byHand: ByHand, surface: SurfaceName): Promise<void> {
  const [one, other] = await Promise.all([askFor(stage, { tool: 'transfer' }), askFor(stage, { tool: 'transfer' })]);
  const signed = await signedOnly(stage, one);
  await bench.attempt(CROSSED, `the decision on one, handed to the other (${surface})`, async () =>
    refusedByHand(await byHand.update(other, signed), /not asked for here/),
  );
  await bench.attempt(CROSSED, `the one is approved on ${surface}`, () => genuine(stage, surface, one));
  await bench.attempt(CROSSED, `the other is not (${surface})`, () => untouched(stage, other));
  await bench.attempt(CROSSED, `the control: the other is approved on ${surface}`, () =>
    genuine(stage, surface, other, { by: 'emil' }),
  );
}

/** Both of one message, on one card or two: the second waits for the first, and is nothing without it. */
async function oneCard(bench: Bench, stage: Stage, surface: SurfaceName): Promise<void> {
  const args = [1, 2].map(() => ({ to: `account-${stage.next()}`, cents: 5, memo: 'both' }));
  const calls = args.map((one) => ['transfer', JSON.stringify(one)] as const);
  const { id } = await say(stage, {}, (of) => wordsForCalls(of, calls));
  const first = await nextIn(stage, id, []);
  const second = await nextIn(stage, id, [first.approval]);
  const [one, other] = first.approval.id.endsWith('.0.0') ? [first, second] : [second, first];
  await bench.attempt(CROSSED, `the second of two is approved on ${surface}`, async () =>
    counts(await sayOn(stage, surface, other, { by: 'dora', word: 'approve', event: stage.next() })),
  );
  await bench.attempt(CROSSED, 'the first of two is not', async () =>
    [await untouched(stage, one), await neverRan(stage, other.approval.actionId)].flat().flatMap((each) => each ?? []),
  );
  await bench.attempt(CROSSED, `the first of two is denied on ${surface}: neither runs`, async () => {
    const heard = await sayOn(stage, surface, one, { by: 'emil', word: 'deny', event: stage.next() });
    const ends = [await endingOf(stage, one.approval.actionId), await endingOf(stage, other.approval.actionId)];
    const ran = [one, other].map(({ approval }) => neverRan(stage, approval.actionId));
    const asDue = ends.join() === 'denied,cancelled' ? [] : [`they ended as ${ends.join()}`];
    return [counts(heard) ?? [], asDue, await Promise.all(ran)].flat(2);
  });
}

async function otherTenant(bench: Bench, stage: Stage): Promise<void> {
  const asked = await askFor(stage, { tool: 'transfer', by: 'other' });
  // It has no card here: what its button would carry is made by hand.
  const target = { ...asked, handle: handleOf(asked.approval) };
  const tried: readonly [SurfaceName, number, string | RegExp][] = [
    ['http', 404, 'not_found'],
    ['slack', 200, NOT_ASKED],
    ['telegram', 200, NOT_ASKED],
  ];
  for (const [surface, status, how] of tried)
    await bench.attempt(CROSSED, `what another tenant asks for, on ${surface}`, async () =>
      refusedAs(await sayOn(stage, surface, target, { by: 'dora', word: 'approve', event: stage.next() }), status, how),
    );
  await bench.attempt(CROSSED, 'another tenant, after all of them', () => untouched(stage, asked));
  await bench.attempt(CROSSED, 'another tenant, in channels', async () => {
    const shown = (['slack', 'telegram'] as const).flatMap((channel) => versionsOn(stage.emulators, channel));
    const isAbout = shown.some(({ code }) => code.split('\n').includes(String(asked.args['to'])));
    return isAbout ? 'a card of it was shown to people of the house' : undefined;
  });
}
