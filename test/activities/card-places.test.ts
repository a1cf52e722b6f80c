import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import { haveCards } from '../../activities/workflows/cards.ts';
import { type Directory, defineDirectory, onlyPerson } from '../../domain/principal.ts';
import { questionId } from '../../domain/ids.ts';
import { anEntry, proposed, requested, ruled } from '../store/builders.ts';
import { createPigeon, type Pigeon } from '../support/pigeon.ts';
import { cardsOf, deliverStage, directory } from './deliver-stage.ts';

const stage = deliverStage();
const { delivering, asked, settle } = stage;

const show = (pigeon: Pigeon, batchId: string, by: Directory) =>
  new MockActivityEnvironment().run(stage.activities({ directory: by, senders: [pigeon] }).showCards, { batchId });

test('a card that stands where it is no longer asked loses its values and its buttons, and gets them back', async () => {
  const pigeon = createPigeon();
  const approval = await asked('finance');
  const { batchId } = approval;
  await show(pigeon, batchId, directory);
  const without = defineDirectory({ ...directory, groups: { ...directory.groups, finance: ['per_finn'] } });
  for (let time = 0; time < 2; time++) await show(pigeon, batchId, without);
  deepEqual(pigeon.calls, ['post FINN', 'post OLGA', 'edit m2']);
  const { message } = pigeon.standing.get('m2') ?? {};
  match(message?.kind === 'text' ? message.text : '', /no longer asked of you/);
  await show(pigeon, batchId, directory);
  equal(cardsOf(pigeon).length, 2);
  await settle(approval, 'denied');
  await show(pigeon, batchId, without);
  deepEqual(pigeon.calls.slice(3), ['edit m2', 'edit m1', 'edit m2']);
  equal(pigeon.standing.get('m2')?.message.kind, 'text', 'nor is it told there how it ended');
});

test('an approval stands once on a card, though two of its groups have one address', async () => {
  const pigeon = createPigeon();
  const addresses = { treasury: { pigeon: 'C-ALL' }, finance: { pigeon: 'C-ALL' } };
  const { batchId } = await asked('treasury', { escalation: [{ group: 'finance', fromMs: 0 }] });
  await show(pigeon, batchId, defineDirectory({ ...directory, addresses }));
  equal(cardsOf(pigeon)[0]?.asks.length, 1);
});

test('all that runs with it is shown, however much the conversation has done since', async () => {
  const pigeon = createPigeon();
  const { conversationId, batchId } = await asked('treasury');
  const allow = { kind: 'allow', ruleId: 'r', ruleVersion: 'v', reason: '' } as const;
  const also = proposed(conversationId, 1);
  await stage.store.record([also, { ...ruled(conversationId, allow), subject: also.subject }]);
  const later = Array.from({ length: 120 }, (_, at) => {
    const entry = { ...proposed(conversationId, 1), subject: `${conversationId}:2:${at}`, atMs: 9_000_000 };
    return entry;
  });
  await stage.store.record(later);
  await delivering(pigeon)('showCards', { batchId });
  equal(cardsOf(pigeon)[0]?.alsoRuns.length, 1);
});

test('once people have said whether it happened, the card on which it was approved says so too', async () => {
  const pigeon = createPigeon();
  const approval = await asked('treasury');
  const { batchId, actionId, conversationId } = approval;
  const deliver = delivering(pigeon);
  await deliver('showCards', { batchId });
  await settle(approval, 'approved');
  const outcome = { kind: 'unknown', reason: 'the connection broke' } as const;
  await stage.store.record([anEntry(conversationId, actionId, 'settled', { kind: 'settled', outcome })]);
  await deliver('showCards', { batchId });
  const question = questionId(actionId);
  const asksIt = { ...approval, id: `${question}.0.0`, batchId: question, question: 'unknown' as const };
  await stage.store.record([requested(conversationId, asksIt)]);
  await deliver('showCards', { batchId: question });
  const happened = { kind: 'succeeded', result: 'a person says so' } as const;
  await settle(asksIt, 'happened');
  await stage.store.record([anEntry(conversationId, actionId, 'corrected', { kind: 'settled', outcome: happened })]);
  await deliver('showCards', { batchId: question });
  const ofBatch = cardsOf(pigeon).find(({ id }) => id === batchId);
  match(ofBatch?.asks[0]?.outcome?.text ?? '', /^Done/);
});

test('a question is shown in channels also where only its action was: the answer changes that card', async () => {
  const approval = await asked('treasury');
  const { actionId, conversationId } = approval;
  const question = {
    ...approval,
    id: `${questionId(actionId)}.0.0`,
    group: onlyPerson('per_tom'),
    question: 'unknown' as const,
  };
  const fact = requested(conversationId, question).fact;
  const asks = (by: Directory) => haveCards({ store: stage.store, directory: by }, [{ fact }]);
  equal(await asks(directory), true);
  equal(await asks(defineDirectory({ ...directory, people: [], groups: { treasury: [] }, addresses: {} })), false);
});
