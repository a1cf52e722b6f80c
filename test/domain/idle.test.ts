import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { openConversation } from '../../domain/conversation.ts';
import { isAtRest } from '../../domain/idle.ts';

const fresh = () => openConversation({ conversationId: 'c', agent: 'desk', tenant: 'default' });
const message = { id: 'm', text: 'hello', principalId: 'ada', signed: 's' } as const;
const batch = { batchId: 'c:1:0', principal: 's', summaries: [], group: 'finance', deadlineMs: 1 } as const;

test('a conversation may end by itself once nothing is waited for and nobody waits for an answer, if no person holds it', () => {
  equal(isAtRest(fresh()), true);
  equal(isAtRest({ ...fresh(), inbox: [message] }), false);
  equal(isAtRest({ ...fresh(), waiting: [batch] }), false);
  for (const phase of ['paused', 'handed_over', 'closed'] as const)
    equal(isAtRest({ ...fresh(), phase }), false, phase);
  // It waits for a budget, which nobody may ever open.
  const whose = { questionId: 'q', budgetId: 'b', openings: 0, principalId: '', untilMs: null };
  const shut = { ...whose, measure: 'modelCalls', scope: 'conversation' } as const;
  equal(isAtRest({ ...fresh(), inbox: [message], shut: [shut] }), true);
  equal(isAtRest({ ...fresh(), inbox: [message], shut: [shut], waiting: [batch] }), false);
  equal(isAtRest({ ...fresh(), inbox: [message], shut: [{ ...shut, principalId: 'bob' }] }), false);
  // What was queued when it was stopped is put on record as it ends; a report that nothing waits for is nobody's.
  equal(isAtRest({ ...fresh(), phase: 'stopped', inbox: [message] }), true);
  equal(isAtRest({ ...fresh(), phase: 'stopped', waiting: [batch] }), false);
  equal(isAtRest({ ...fresh(), reports: [{ batchId: 'c:9:0', signed: 's' }] }), true);
});
