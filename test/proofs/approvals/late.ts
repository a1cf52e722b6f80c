// Words that come too late or too soon: after it was approved, denied, taken back, expired, stopped or ended with its
// conversation, and before the group may decide that is asked next. On every surface, and by a decision that was signed in
// time and kept.
import { createPatient } from '../crash/journey.ts';
import { waitFor } from '../support.ts';
import {
  type Bench,
  type Track,
  counts,
  denied,
  endingOf,
  endOf,
  genuine,
  neverRan,
  type Problem,
  ranOnce,
  refusedAs,
  tooLateOn,
  untouched,
} from './bench.ts';
import { cardNow, cardOf } from './stage.ts';
import { refusedByHand, signedOnly } from './forged-words.ts';
import type { ByHand } from './signals.ts';
import { approvalNow, type Asked, askFor, handleOn, type Stage } from './stage.ts';
import { NOT_ASKED, type Heard, type Saying, SURFACES, sayOn, type SurfaceName } from './surfaces.ts';

const PART = 'late, stale';
/** How something ends, and how whoever comes late is told so. */
const ENDS = {
  denied: { tool: 'transfer', type: 'approval_settled', status: 409 },
  expired: { tool: 'transfer_soon', type: 'approval_expired', status: 410 },
  stopped: { tool: 'transfer', type: 'approval_settled', status: 409 },
  closed: { tool: 'transfer', type: 'approval_settled', status: 409 },
} as const;
type End = keyof typeof ENDS;

export const late = (bench: Bench, stage: Stage, byHand: ByHand): readonly Track[] => [
  () => tooSoon(bench, stage),
  ...bench.some(Object.keys(ENDS) as End[], 2).map((end) => () => afterEnd(bench, stage, byHand, end)),
  ...bench.some(SURFACES, 1).map((surface) => () => takenBackOn(bench, stage, surface)),
  ...bench.some(SURFACES, 1).map((surface) => () => overAndOver(bench, stage, surface)),
  () => bench.attempt(PART, 'a group with nobody in it is asked: it is denied', () => denied(stage, 'transfer_nobody')),
];

async function afterEnd(bench: Bench, stage: Stage, byHand: ByHand, end: End): Promise<void> {
  const { tool, type, status } = ENDS[end];
  const asked = await askFor(stage, { tool });
  // What people have in hand by then: a signed word, and the buttons of both cards.
  const kept = await signedOnly(stage, asked);
  const cards = await Promise.all((['slack', 'telegram'] as const).map((channel) => cardOf(stage, asked, channel)));
  const handle = await handleOn(stage, asked, 'slack');
  await bench.attempt(PART, `${end}: it does end`, () => endBy(stage, asked, end));
  for (const surface of SURFACES) {
    await bench.attempt(PART, `${end}, then approved on ${surface}`, async () => {
      const heard = await sayOn(stage, surface, { ...asked, handle }, saying(stage, 'emil'));
      return surface === 'http' ? refusedAs(heard, status, type) : refusedAs(heard, 200, /^Too late|^Your? /i);
    });
    await bench.attempt(PART, `${end}, then denied on ${surface}`, async () => {
      const heard = await sayOn(stage, surface, { ...asked, handle }, { ...saying(stage, 'emil'), word: 'deny' });
      return surface === 'http' ? refusedAs(heard, status, type) : refusedAs(heard, 200, /^Too late/i);
    });
  }
  await bench.attempt(PART, `${end}, then a kept decision by Update`, async () =>
    refusedOrLate(await byHand.update(asked, kept)),
  );
  for (const card of cards)
    await bench.attempt(PART, `${end}: the card on ${card.channel} has no button any more`, () =>
      waitFor('the card without buttons', 60_000, () => cardNow(stage, card)?.buttons.length === 0).then(
        () => undefined,
      ),
    );
  await bench.attempt(PART, `${end}, after all of them`, () => neverRan(stage, asked.approval.actionId));
}

const saying = (stage: Stage, by: Saying['by']): Saying => ({ by, word: 'approve', event: stage.next() });

/** A receipt that says it came too late is as good as a refusal. */
const refusedOrLate = (handed: Awaited<ReturnType<ByHand['update']>>): Problem =>
  handed.kind === 'receipt' && !handed.counted ? undefined : refusedByHand(handed, /./);

async function endBy(stage: Stage, asked: Asked, end: End): Promise<Problem> {
  const { conversationId, approval } = asked;
  const url = `/v1/conversations/${conversationId}`;
  switch (end) {
    case 'denied':
      return counts(await sayOn(stage, 'http', asked, { by: 'dora', word: 'deny', event: stage.next() }));
    case 'expired':
      break;
    case 'stopped':
      await createPatient(stage.as.watcher).post(`${url}/stop`, {});
      break;
    case 'closed':
      await remove(stage, url);
      break;
    default:
      return end satisfies never;
  }
  const ended = await endOf(stage, approval.id);
  const due = end === 'expired' ? 'expired' : 'cancelled';
  const outcome = await endingOf(stage, approval.actionId);
  return ended === due && outcome === due ? undefined : `it must be ${due}, and is ${ended}; the action ${outcome}`;
}

async function remove(stage: Stage, url: string): Promise<void> {
  const { status } = await stage.as.watcher.remove(url);
  if (status >= 300) throw new Error(`${url} could not be ended: ${status}`);
}

/** Whoever has taken an approval back has not approved, however often the old click comes again. */
async function takenBackOn(bench: Bench, stage: Stage, surface: SurfaceName): Promise<void> {
  const asked = await askFor(stage, { tool: 'transfer_two' });
  const first = saying(stage, 'dora');
  await bench.attempt(PART, `taken back: one of two on ${surface}`, async () =>
    counts(await sayOn(stage, surface, asked, first)),
  );
  await bench.attempt(PART, 'taken back: by the same person', async () =>
    counts(await sayOn(stage, 'http', asked, { by: 'dora', word: 'withdraw', event: stage.next() })),
  );
  await bench.attempt(PART, `taken back: the same word again on ${surface}`, async () => {
    // The same word gets its first receipt again; that it counts no more says the record below.
    const { status } = await sayOn(stage, surface, asked, first);
    return status === 200 || status === 409 ? undefined : `it was answered ${status}`;
  });
  await bench.attempt(PART, `taken back: another approves on ${surface}`, async () =>
    counts(await sayOn(stage, surface, asked, saying(stage, 'emil'))),
  );
  await bench.attempt(PART, 'taken back: one is not enough', async () => {
    const { end, decisions } = await approvalNow(stage, asked.approval.id);
    const by = decisions.map(({ personId }) => personId).join();
    const problem = end === 'open' && by === 'emil' ? [] : [`it is ${end}, with ${by}`];
    return [...problem, ...(await neverRan(stage, asked.approval.actionId))];
  });
  await bench.attempt(PART, `taken back, the control: she approves anew on ${surface}`, () =>
    genuine(stage, surface, asked),
  );
}

/** The lead may decide once the desk has not for a while, and no sooner. */
async function tooSoon(bench: Bench, stage: Stage): Promise<void> {
  const asked = await askFor(stage, { tool: 'transfer_up' });
  const tried: readonly [SurfaceName, number, string | RegExp][] = [
    ['http', 404, 'not_found'],
    ['slack', 200, NOT_ASKED],
    ['telegram', 200, NOT_ASKED],
  ];
  const before = (heard: Heard, status: number, how: string | RegExp): Problem => {
    const { askedMs, escalation = [] } = asked.approval;
    if (Date.now() > (escalation[0]?.fromMs ?? askedMs)) return 'it came too late to be too soon';
    return refusedAs(heard, status, how);
  };
  await Promise.all(
    tried.map(([surface, status, how]) =>
      bench.attempt(PART, `before it is the lead’s turn on ${surface}`, async () =>
        before(await sayOn(stage, surface, asked, saying(stage, 'gus')), status, how),
      ),
    ),
  );
  await bench.attempt(PART, 'before it is the lead’s turn, after all of them', () => untouched(stage, asked));
  await bench.attempt(PART, 'the control: once it is the lead’s turn', async () => {
    const isUp = () => Date.now() > (asked.approval.escalation?.[0]?.fromMs ?? 0) + 500;
    await waitFor('the escalation', 60_000, isUp);
    return genuine(stage, 'slack', asked, { by: 'gus' });
  });
}

/** The same click five times at once, then by another surface, by another person, and later again: it runs once. */
async function overAndOver(bench: Bench, stage: Stage, surface: SurfaceName): Promise<void> {
  const asked = await askFor(stage, { tool: 'transfer' });
  const handle = await handleOn(stage, asked, 'telegram');
  const first = saying(stage, 'dora');
  await Promise.all(
    [1, 2, 3, 4, 5].map((time) =>
      bench.attempt(PART, `the same click on ${surface}, ${time} of 5 at once`, async () =>
        counts(await sayOn(stage, surface, { ...asked, handle }, first)),
      ),
    ),
  );
  for (const other of SURFACES)
    await bench.attempt(PART, `clicked on ${surface}, then by another person on ${other}`, async () =>
      refusedAs(await sayOn(stage, other, { ...asked, handle }, saying(stage, 'emil')), ...tooLateOn(other)),
    );
  await bench.attempt(PART, `the same click on ${surface} once more: the same receipt`, async () =>
    counts(await sayOn(stage, surface, { ...asked, handle }, first)),
  );
  await bench.attempt(PART, `the same click on ${surface}: it ran once`, () => ranOnce(stage, asked));
}
