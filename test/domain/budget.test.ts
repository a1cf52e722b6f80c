import { deepEqual, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import type { Case } from '../../domain/action.ts';
import { limitsOf } from '../../domain/agent.ts';
import {
  beginUse,
  countCalls,
  DEFAULT_OF_A_TURN,
  MOST_OF_A_TURN,
  noteEnding,
  onlyModelCalls,
  reachedBefore,
  type TurnLimits,
} from '../../domain/budget.ts';
import { wordsOfLimit } from '../../domain/words.ts';
import { createFarSide, createTestAgent } from '../support/far-side.ts';
import { defineAgent } from 'countersign';

const budget = (low: Partial<TurnLimits> = {}) => ({ limits: { ...MOST_OF_A_TURN, ...low }, use: beginUse(0) });

const call = (tool: string, args: string, kind: 'allow' | 'deny' = 'allow') =>
  ({ kind: 'ruled', action: { proposal: { tool, args }, verdict: { kind } } }) as unknown as Case;
const unread = { kind: 'invalid', actionId: '', callId: '', tool: 'x', reason: '' } as const;

test('a call is the same where tool and canonical arguments are', () => {
  const turn = budget({ sameCallsPerTurn: 1 });
  equal(countCalls(turn, [call('look', '{"a":1}'), call('look', '{"a":2}'), call('read', '{"a":1}')]), undefined);
  deepEqual(countCalls(turn, [call('look', '{"a":2}')]), { limit: 'identical_calls', most: 1 });
});

test('one answer alone may go past every limit of calls', () => {
  const many = Array.from({ length: 4 }, () => call('look', '{}'));
  deepEqual(countCalls(budget({ sameCallsPerTurn: 3 }), many), { limit: 'identical_calls', most: 3 });
  deepEqual(countCalls(budget({ toolCallsPerTurn: 3 }), many), { limit: 'tool_calls', most: 3 });
});

test('an answer leads nowhere where all its calls are denied, unreadable or made before, and one that does begins anew', () => {
  const turn = budget({ vainAnswersPerTurn: 2 });
  const known = call('look', '{}');
  countCalls(turn, [known]);
  countCalls(turn, [known, unread, call('pay', '{}', 'deny')]);
  equal(reachedBefore(turn, 0), undefined);
  countCalls(turn, [known, call('look', '{"new":1}')]);
  equal(turn.use.vainAnswers, 0);
  countCalls(turn, [unread]);
  countCalls(turn, [call('pay', '{"again":1}', 'deny')]);
  deepEqual(reachedBefore(turn, 0), { limit: 'no_progress', most: 2 });
});

test('time and tokens end a turn once they are used up', () => {
  const turn = budget({ workMsPerTurn: 10, tokensPerTurn: 5 });
  equal(reachedBefore(turn, 9), undefined);
  deepEqual(reachedBefore(turn, 10), { limit: 'work_time', most: 10 });
  turn.use.tokens = 5;
  deepEqual(reachedBefore(turn, 0), { limit: 'turn_tokens', most: 5 });
});

test('a turn that was opened without limits is bound by none of them', () => {
  const turn = { limits: onlyModelCalls(12), use: beginUse(0) };
  for (let at = 0; at < 1_000; at++) equal(countCalls(turn, [call('look', '{}')]), undefined);
  equal(reachedBefore(turn, 1e12), undefined);
});

test('every limit has a default, and no agent sets one above the most or below one', () => {
  for (const limit of Object.keys(DEFAULT_OF_A_TURN) as (keyof TurnLimits)[]) {
    equal(limitsOf()[limit], DEFAULT_OF_A_TURN[limit]);
    for (const value of [MOST_OF_A_TURN[limit] + 1, 0, 1.5]) {
      const agent = () => defineAgent({ ...createTestAgent(createFarSide()), limits: { [limit]: value } });
      throws(agent, new RegExp(`limits\\.${limit} must be a whole number from 1 to ${MOST_OF_A_TURN[limit]}`));
    }
  }
  equal(limitsOf({ callsPerModelCall: 100 }).toolCallsPerTurn, 100);
});

test('the words at a limit say which, what was done, what may have been done, and what was not', () => {
  const { use } = budget();
  noteEnding(use, 'note 7', { kind: 'succeeded', reason: '' });
  noteEnding(use, 'pay 72', { kind: 'unknown', reason: 'lost' });
  noteEnding(use, 'wide', { kind: 'failed', reason: 'no' });
  const said = wordsOfLimit({ limit: 'work_time', most: 600_000 }, { ...use, waiting: 'pay 9: waits for finance.' });
  equal(
    said,
    'I stopped here: one turn may work for 10 minutes. Done: note 7; pay 72 (it may have happened). Not done: wide. ' +
      'pay 9: waits for finance. Write again to have me go on.',
  );
  const long = Array.from({ length: 100 }, (_, at) => `step ${at}`);
  const many = wordsOfLimit({ limit: 'tool_calls', most: 1 }, { done: [], notDone: long, waiting: '' });
  equal(many.includes('step 59; and 40 more.'), true);
});
