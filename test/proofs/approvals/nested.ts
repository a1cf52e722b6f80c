// What no model has called for, and needs leave all the same: the question whether something happened, what is proposed
// anew when it did not, and what an approver has written instead. (Steps of procedures are in steps.ts.)
import { waitFor } from '../support.ts';
import { handleIn, type Platform, versionsOn } from '../rig/channels/cards.ts';
import {
  type Bench,
  type Track,
  counts,
  effectsOf,
  endingOf,
  endOf,
  genuine,
  neverRan,
  refusedAs,
  tooLateOn,
  untouched,
} from './bench.ts';
import { refusedByHand, signedOnly } from './forged-words.ts';
import type { ByHand } from './signals.ts';
import { approvalsOf, argsOf, type Asked, askFor, handleOn, nextIn, type Stage } from './stage.ts';
import { NOT_ASKED, SURFACES, sayOn, type SurfaceName, type Word } from './surfaces.ts';

const NESTED = 'nested';
const EDITED = 'edited';

export const nested = (bench: Bench, stage: Stage): readonly Track[] =>
  bench.some(SURFACES, 1).map((surface) => () => questioned(bench, stage, surface));

/** It may have happened, so its owner is asked, and nobody else may say; what is then wanted again is asked about anew. */
async function questioned(bench: Bench, stage: Stage, surface: SurfaceName): Promise<void> {
  const first = await askFor(stage, { tool: 'fumble' });
  const old = await handleOn(stage, first, 'slack');
  await bench.attempt(NESTED, `something is approved that ends as unknown (${surface})`, async () => {
    const heard = counts(await sayOn(stage, 'http', first, { by: 'dora', word: 'approve', event: stage.next() }));
    const kind = await endingOf(stage, first.approval.actionId);
    return [heard ?? [], kind === 'unknown' ? [] : `it ended as ${kind}`].flat();
  });
  const question = await nextIn(stage, first.conversationId, [first.approval]);
  const handle = surface === 'http' ? '' : await questionHandle(stage, first, surface);
  const target = { ...question, handle };
  const refusals: readonly [string, 'dora' | 'otto' | 'nora', Word, [number, string], RegExp][] = [
    ['the approver of the action', 'dora', 'happened', [404, 'not_found'], NOT_ASKED],
    ['somebody of no group', 'nora', 'did_not_happen', [404, 'not_found'], NOT_ASKED],
    ['the owner, by giving leave', 'otto', 'approve', [400, 'bad_request'], /answer "happened" or/],
  ];
  for (const [who, by, word, [status, type], words] of refusals)
    await bench.attempt(NESTED, `a question on ${surface}, answered by ${who}`, async () => {
      const heard = await sayOn(stage, surface, target, { by, word, event: stage.next() });
      return surface === 'http' ? refusedAs(heard, status, type) : refusedAs(heard, 200, words);
    });
  await bench.attempt(NESTED, `the question, after all of them (${surface})`, () => isOpen(stage, question));
  await bench.attempt(NESTED, `the control: the owner answers on ${surface}`, async () =>
    counts(await sayOn(stage, surface, target, { by: 'otto', word: 'did_not_happen', event: stage.next() })),
  );
  const anew = await nextIn(stage, first.conversationId, [first.approval, question.approval]);
  await bench.attempt(NESTED, `proposed anew: it waits, whatever was approved before (${surface})`, async () => {
    const heard = await sayOn(
      stage,
      surface,
      { ...first, handle: old },
      { by: 'emil', word: 'approve', event: stage.next() },
    );
    const problems = [refusedAs(heard, ...tooLateOn(surface)), await untouched(stage, anew)];
    const times = effectsOf(stage, first.approval.actionId).length;
    return [...problems.flat().flatMap((one) => one ?? []), ...(times === 1 ? [] : [`it happened ${times} times`])];
  });
  await bench.attempt(NESTED, `proposed anew: it may be denied (${surface})`, async () => {
    const heard = await sayOn(stage, 'http', anew, { by: 'emil', word: 'deny', event: stage.next() });
    return [counts(heard) ?? [], ...(await neverRan(stage, anew.approval.actionId))].flat();
  });
}

async function isOpen(stage: Stage, { approval }: Asked) {
  const [now] = (await approvalsOf(stage, approval.conversationId)).filter(({ id }) => id === approval.id);
  return now?.end === 'open' && now.decisions.length === 0 ? undefined : `it must be open, and is ${now?.end}`;
}

const questionHandle = (stage: Stage, { args }: Asked, channel: Platform): Promise<string> =>
  waitFor('the card of a question', 60_000, () => {
    const cards = versionsOn(stage.emulators, channel).filter(({ code }) => code.includes(String(args['to'])));
    return cards.flatMap((card) => handleIn(card, 'did_not_happen') ?? [])[0];
  });

export const edited = (bench: Bench, stage: Stage, byHand: ByHand): readonly Track[] => [
  ...bench.some(SURFACES, 1).map((surface) => () => afterEdit(bench, stage, byHand, surface)),
  () => noEdit(bench, stage),
];

/** Other arguments are another action: what was said of the first counts for nothing, and its writer has no say. */
async function afterEdit(bench: Bench, stage: Stage, byHand: ByHand, surface: SurfaceName): Promise<void> {
  const first = await askFor(stage, { tool: 'transfer' });
  const handle = await handleOn(stage, first, 'slack');
  const kept = await signedOnly(stage, first);
  const args = { ...argsOf(stage), memo: 'edited' };
  const edit = { by: 'dora', word: 'edit', event: stage.next(), args } as const;
  await bench.attempt(EDITED, 'an approver edits it', async () => counts(await sayOn(stage, 'http', first, edit)));
  const second = await nextIn(stage, first.conversationId, [first.approval]);
  const old = { ...first, handle };
  const settled: [number, string] = [409, 'approval_settled'];
  const tooLate: [number, RegExp] = [200, /^Too late: it is already superseded/];
  const attempts: readonly [string, () => Promise<ReturnType<typeof refusedAs>>][] = [
    [
      `the old card, clicked on ${surface}`,
      async () =>
        refusedAs(
          await sayOn(stage, surface, old, { by: 'emil', word: 'approve', event: stage.next() }),
          ...told(surface, settled, tooLate),
        ),
    ],
    [
      `the new card, clicked on ${surface} by who wrote it`,
      async () =>
        refusedAs(
          await sayOn(stage, surface, second, { by: 'dora', word: 'approve', event: stage.next() }),
          ...told(surface, [403, 'not_a_member'], [200, /or whose words it rests on, cannot decide/]),
        ),
    ],
    [
      'a kept approval of the original',
      async () => {
        const handed = await byHand.update(first, kept);
        return handed.kind === 'receipt' && !handed.counted ? undefined : refusedByHand(handed, /./);
      },
    ],
  ];
  for (const [what, work] of attempts) await bench.attempt(EDITED, what, work);
  await bench.attempt(EDITED, 'after all of them', async () =>
    [await untouched(stage, second), await neverRan(stage, first.approval.actionId)].flat().flatMap((one) => one ?? []),
  );
  const original = await askFor(stage, { tool: 'transfer', args: first.args, in: first.conversationId });
  await bench.attempt(EDITED, 'the original, called for again: it waits', () => untouched(stage, original));
  await bench.attempt(EDITED, `the control: another approves the edit on ${surface}`, () =>
    genuine(stage, surface, second, { by: 'emil' }),
  );
  await bench.attempt(EDITED, 'the original, after the edit ran', async () =>
    [await untouched(stage, original), await neverRan(stage, first.approval.actionId)]
      .flat()
      .flatMap((one) => one ?? []),
  );
  const ended = await endOf(stage, first.approval.id);
  if (ended !== 'superseded') bench.violations.push(`${first.approval.id} must be superseded, and is ${ended}`);
}

/** Edits that are none, or are not theirs to make. */
async function noEdit(bench: Bench, stage: Stage): Promise<void> {
  const [asked, own] = await Promise.all([
    askFor(stage, { tool: 'transfer' }),
    askFor(stage, { tool: 'transfer', by: 'paul' }),
  ]);
  const { args } = asked;
  const edits: readonly [string, 'dora' | 'gus' | 'paul', Asked, Record<string, unknown>, number, string][] = [
    ['that changes nothing', 'dora', asked, { ...args }, 403, 'decision_refused'],
    ['that writes the same in another order', 'dora', asked, reversed(args), 403, 'decision_refused'],
    ['into arguments of another tool', 'dora', asked, { order: 7 }, 403, 'decision_refused'],
    ['that adds an argument', 'dora', asked, { ...args, tool: 'get_report' }, 403, 'decision_refused'],
    ['that claims an approval', 'dora', asked, { ...args, approved: true }, 403, 'decision_refused'],
    ['of the wrong kind', 'dora', asked, { ...args, cents: '100' }, 403, 'decision_refused'],
    ['by somebody of another group', 'gus', asked, { ...args, cents: 1 }, 404, 'not_found'],
    ['by who asked for it', 'paul', own, { ...own.args, cents: 1 }, 403, 'not_a_member'],
  ];
  for (const [what, by, of, changed, status, type] of edits)
    await bench.attempt(EDITED, `an edit ${what}`, async () =>
      refusedAs(await sayOn(stage, 'http', of, { by, word: 'edit', event: stage.next(), args: changed }), status, type),
    );
  await bench.attempt(EDITED, 'edits that are none, after all of them', () => untouched(stage, asked));
  await bench.attempt(EDITED, 'an edit of what has been approved', async () => {
    const problem = await genuine(stage, 'http', asked);
    const late = { by: 'emil', word: 'edit', event: stage.next(), args: { ...args, cents: 1 } } as const;
    return [problem ?? [], refusedAs(await sayOn(stage, 'http', asked, late), 409, 'approval_settled') ?? []].flat();
  });
}

const reversed = (args: Readonly<Record<string, unknown>>) => Object.fromEntries(Object.entries(args).toReversed());

/** How it is refused over HTTP, and how on a channel. */
const told = (surface: SurfaceName, http: [number, string], channel: [number, RegExp]): [number, string | RegExp] =>
  surface === 'http' ? http : channel;
