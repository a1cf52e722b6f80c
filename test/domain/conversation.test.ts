import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { endingOfApproval, inSteps, splitAtFirstAsk } from '../../domain/batch.ts';
import {
  enqueue,
  enqueueReport,
  hasWork,
  MAX_INBOX,
  MAX_INBOX_BYTES,
  MAX_MESSAGES_PER_TURN,
  MAX_REPORT_CHARS,
  MAX_REPORTS,
  openConversation,
  refusalOf,
  settleBatch,
  takeNext,
} from '../../domain/conversation.ts';
import { enterPhase } from '../../domain/phase.ts';
import { MAX_RECENT, MAX_TURN_ITEMS, remember } from '../../domain/recent.ts';
import { isBehind, noteSaid } from '../../domain/delivering.ts';
import { cutToBytes, cutToJson } from '../../domain/text.ts';
import { actionId, approvalId, conversationOfAction, isConversationId, parseApprovalId } from '../../domain/ids.ts';
import { ALLOW, aMessage, anApproval, aRuledAction, ASK, DENY } from './builders.ts';

const fresh = () => openConversation({ conversationId: 'c1', agent: 'support-desk', tenant: 'default' });

test('a message id is queued once, also when it comes again after its turn', () => {
  const state = fresh();
  equal(enqueue(state, aMessage('m1')).duplicate, false);
  equal(enqueue(state, aMessage('m1')).duplicate, true);
  takeNext(state);
  equal(enqueue(state, aMessage('m1')).duplicate, true);
  equal(takeNext(state), undefined);
});

test('the ids that were seen survive a renewal of the history', () => {
  const state = fresh();
  enqueue(state, aMessage('m1'));
  const renewed = openConversation({ conversationId: 'c1', agent: 'support-desk', tenant: 'default', state });
  equal(enqueue(renewed, aMessage('m1')).duplicate, true);
  equal(renewed.inbox.length, 1);
});

test('what was said and not delivered survives a renewal; where there is no channel nothing is counted', () => {
  const input = { conversationId: 'c1', agent: 'support-desk', tenant: 'default', inChannel: true } as const;
  const state = openConversation(input);
  equal(isBehind(state), false);
  noteSaid(state);
  equal(isBehind(openConversation({ ...input, state })), true);
  const without = fresh();
  noteSaid(without);
  deepEqual([without.delivery, isBehind(without)], [undefined, false]);
});

test('a turn takes the messages of one sender, in order, and leaves the others queued', () => {
  const state = fresh();
  for (const [id, who] of [
    ['m1', 'ada'],
    ['m2', 'bob'],
    ['m3', 'ada'],
  ] as const)
    enqueue(state, aMessage(id, who));
  const work = takeNext(state);
  deepEqual(work?.kind === 'messages' && work.messages.map((message) => message.id), ['m1', 'm3']);
  deepEqual(
    state.inbox.map((message) => message.id),
    ['m2'],
  );
});

test('a turn takes no more messages than its bound', () => {
  const state = fresh();
  for (let n = 0; n < MAX_MESSAGES_PER_TURN + 3; n++) enqueue(state, aMessage(`m${n}`));
  const work = takeNext(state);
  equal(work?.kind === 'messages' && work.messages.length, MAX_MESSAGES_PER_TURN);
  equal(state.inbox.length, 3);
});

test('a report counts once, and only for a batch that is waiting', () => {
  const state = fresh();
  const report = { batchId: 'c1:1:0', signed: 's' };
  enqueueReport(state, report);
  equal(takeNext(state), undefined);
  state.waiting.push({ batchId: 'c1:1:0', principal: 'p', summaries: [], group: 'finance', deadlineMs: 1 });
  enqueueReport(state, report);
  enqueueReport(state, report);
  equal(takeNext(state)?.kind, 'report');
  settleBatch(state, 'c1:1:0');
  equal(takeNext(state), undefined);
  deepEqual(state.waiting, []);
});

test('a report that did not verify leaves its batch waiting for the true one', () => {
  const state = fresh();
  state.waiting.push({ batchId: 'c1:1:0', principal: 'p', summaries: [], group: 'finance', deadlineMs: 1 });
  enqueueReport(state, { batchId: 'c1:1:0', signed: 'forged' });
  enqueueReport(state, { batchId: 'c1:1:0', signed: 'true' });
  takeNext(state); // refused: nothing is settled
  const work = takeNext(state);
  equal(work?.kind === 'report' && work.report.signed, 'true');
});

test('a text is cut by bytes and never in the middle of a character', () => {
  equal(cutToBytes('72.00 €', 8), '72.00 ');
  equal(cutToBytes('72.00 €', 9), '72.00 €');
  equal(cutToBytes('😀😀', 7), '😀');
});

test('a stopped conversation refuses messages, a paused one queues them, a closed one is final', () => {
  const state = fresh();
  enqueue(state, aMessage('m1'));
  state.phase = 'paused';
  equal(refusalOf(state, aMessage('m2')), undefined);
  equal(hasWork(state), false);
  equal(refusalOf(state, { id: 'm1', text: 'another text' }), 'MessageRejected');
  state.phase = 'stopped';
  equal(refusalOf(state, aMessage('m2')), 'ConversationStopped');
  equal(refusalOf(state, aMessage('m1')), undefined);
  state.phase = 'closed';
  equal(refusalOf(state, aMessage('m1')), 'ConversationClosed');
});

test('a handover while somebody holds the conversation only says where resume leads', () => {
  const state = fresh();
  enterPhase(state, 'pause');
  enterPhase(state, 'handover');
  deepEqual([state.phase, state.changes], ['paused', ['paused']]);
  enterPhase(state, 'resume');
  equal(state.phase, 'handed_over');
});

test('a report that is too long or one too many is not ours, and is not queued', () => {
  const state = fresh();
  state.waiting.push({ batchId: 'c1:1:0', principal: 'p', summaries: [], group: 'finance', deadlineMs: 1 });
  equal(enqueueReport(state, { batchId: 'c1:1:0', signed: 'x'.repeat(MAX_REPORT_CHARS + 1) }), false);
  equal(enqueueReport(state, { batchId: 'c1:9:9', signed: 'x' }), false);
  for (let at = 0; at < MAX_REPORTS; at++) equal(enqueueReport(state, { batchId: 'c1:1:0', signed: 'x' }), true);
  equal(enqueueReport(state, { batchId: 'c1:1:0', signed: 'x' }), false);
  equal(state.reports.length, MAX_REPORTS);
});

test('a phase that was not told before the history was renewed is told after it', () => {
  const before = { ...fresh(), phase: 'paused' as const, changes: [] };
  deepEqual(openConversation({ conversationId: 'c1', agent: 'a', tenant: 'default', state: before }).changes, [
    'paused',
  ]);
});

test('the answer to a question is kept until the report that names it, and is no work until then', () => {
  const state = fresh();
  const batch = { principal: 'p', summaries: [], group: 'finance', deadlineMs: 1 };
  state.waiting.push({ ...batch, batchId: 'c1:1:0' });
  const answer = { batchId: 'c1:1:0.question', signed: 'answer' };
  enqueueReport(state, answer);
  equal(hasWork(state), false);
  equal(takeNext(state), undefined);
  state.waiting.push({ ...batch, batchId: answer.batchId });
  equal(hasWork(state), true);
  const work = takeNext(state);
  deepEqual(work?.kind === 'report' && work.report, answer);
  // Nothing waits any more that could name it.
  state.waiting = [];
  enqueueReport(state, answer);
  takeNext(state);
  deepEqual(state.reports, []);
});

test('a text is cut by the bytes that it has as JSON', () => {
  equal(cutToJson('a\u0001"b', 2 + 1 + 6 + 2), 'a\u0001"');
  equal(cutToJson('€€', 2 + 3), '€');
  equal(cutToJson('plain', 100), 'plain');
});

test('a full queue refuses instead of dropping', () => {
  const state = fresh();
  for (let n = 0; n < MAX_INBOX; n++) enqueue(state, aMessage(`m${n}`));
  equal(refusalOf(state, aMessage('one-more')), 'InboxFull');
});

test('a queue that would not fit into a new run refuses, however few its messages', () => {
  const state = fresh();
  const wide = (id: string) => ({ ...aMessage(id), text: '漢'.repeat(16_000) });
  let taken = 0;
  for (; refusalOf(state, wide(`m${taken}`)) === undefined; taken++) enqueue(state, wide(`m${taken}`));
  equal(taken < MAX_INBOX, true);
  const bytes = Buffer.byteLength(JSON.stringify(state.inbox));
  equal(bytes <= MAX_INBOX_BYTES && bytes > MAX_INBOX_BYTES - 3 * 16_000 - 100, true);
  equal(refusalOf(state, wide('one-more')), 'InboxFull');
  equal(refusalOf(state, wide('m0')), undefined);
  takeNext(state);
  equal(refusalOf(state, wide('one-more')), undefined);
});

test('a duplicate learns whether its message stands in the queue still', () => {
  const state = fresh();
  equal(enqueue(state, aMessage('m1')).queued, undefined);
  equal(enqueue(state, aMessage('m1')).queued, true);
  takeNext(state);
  equal(enqueue(state, aMessage('m1')).queued, false);
});

test('the question of a turn is shown to its end, however much the turn reads', () => {
  for (const kind of ['message', 'report'] as const) {
    const state = fresh();
    remember(state, [
      { id: 'old', kind: 'message' },
      { id: 'reply', kind: 'reply' },
    ]);
    remember(state, [{ id: 'question', kind }]);
    for (let call = 0; call < 4; call++) {
      remember(state, [{ id: `c${call}`, kind: 'calls' }]);
      for (let read = 0; read < 16; read++) remember(state, [{ id: `r${call}.${read}`, kind: 'tool_result' }]);
    }
    const expected = [1 + 4 + 64, 'question', 'r3.15'];
    deepEqual([state.recent.length, state.recent[0]?.id, state.recent.at(-1)?.id], expected);
    remember(state, [{ id: 'answer', kind: 'reply' }]);
    remember(state, [{ id: 'next', kind: 'message' }]);
    deepEqual(
      state.recent.map(({ id }) => id),
      ['question', 'answer', 'next'],
      'its words stay where the whole does not fit',
    );
    for (let n = 0; n < MAX_TURN_ITEMS; n++) remember(state, [{ id: `n${n}`, kind: 'tool_result' }]);
    deepEqual([state.recent.length, state.recent[0]?.id], [MAX_TURN_ITEMS, 'next']);
  }
});

test('what a model call may show is bounded and never starts in the middle of an exchange', () => {
  const state = fresh();
  for (let n = 0; n < 40; n++) {
    remember(state, [
      { id: `m${n}`, kind: 'message' },
      { id: `c${n}`, kind: 'calls' },
      { id: `r${n}`, kind: 'tool_result' },
    ]);
  }
  equal(state.recent.length <= MAX_RECENT, true);
  equal(state.recent[0]?.kind, 'message');
  equal(state.recent.at(-1)?.id, 'r39');
});

test('what is denied joins nothing; from the first ask on, the allowed rest waits with it', () => {
  const cases = [
    { kind: 'ruled', action: aRuledAction(ALLOW, { actionId: 'c1:1:0' }) },
    { kind: 'ruled', action: aRuledAction(DENY, { actionId: 'c1:1:1' }) },
    { kind: 'ruled', action: aRuledAction(ASK, { actionId: 'c1:1:2' }) },
    { kind: 'invalid', actionId: 'c1:1:3', callId: 'x', tool: 'nope', reason: 'there is no such tool' },
    { kind: 'ruled', action: aRuledAction(ALLOW, { actionId: 'c1:1:4' }) },
  ] as const;
  const { refused, runNow, waiting } = splitAtFirstAsk(cases);
  deepEqual(
    refused.map((one) => one.reason),
    ['never', 'there is no such tool'],
  );
  deepEqual(
    runNow.map((one) => one.proposal.actionId),
    ['c1:1:0'],
  );
  deepEqual(
    waiting.map((one) => one.proposal.actionId),
    ['c1:1:2', 'c1:1:4'],
  );
});

test('neighbouring reads run side by side, each write alone and in its place', () => {
  const of = (...effects: ('read' | 'write')[]) => effects.map((effect) => aRuledAction(ALLOW, { effect }));
  const sizes = inSteps(of('read', 'read', 'write', 'write', 'read')).map((step) => step.length);
  deepEqual(sizes, [2, 1, 1, 1]);
});

test('an approval that was not given ends its action as what it was', () => {
  const by = { decisionId: 'd', personId: 'finn', answer: 'deny', reason: 'too much', atMs: 1, signed: 's' } as const;
  deepEqual(endingOfApproval(anApproval({ end: 'denied', decisions: [by] })), {
    kind: 'denied',
    reason: 'finn denied it: too much',
  });
  equal(endingOfApproval(anApproval({ end: 'expired' })).kind, 'expired');
  equal(endingOfApproval(anApproval({ end: 'cancelled' })).kind, 'cancelled');
});

test('an approval id carries its batch, and nothing else parses as one', () => {
  const id = approvalId(actionId('c-1', 12, 3), 2, 1);
  deepEqual(parseApprovalId(id), { batchId: 'c-1:12:3', index: 2, round: 1 });
  for (const bad of ['', 'c-1:12:3', `${id}.4`, 'a b:1:1.0.0', '../x:1:1.0.0']) equal(parseApprovalId(bad), undefined);
  equal(conversationOfAction('c-1:12:3'), 'c-1');
  equal(isConversationId('a/b'), false);
});
