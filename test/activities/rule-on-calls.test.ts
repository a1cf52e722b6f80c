// The calls of one answer, ruled on and on record in one step: all of them, or none.
import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { createRuleOnCalls } from '../../activities/workflows/rule-on-calls.ts';
import type { RuledAction } from '../../domain/action.ts';
import { recordOfCases, type Written } from '../../domain/action-record.ts';
import type { Proposed } from '../../domain/proposing.ts';
import type { Entry } from '../../domain/entry.ts';
import { ALLOW, aProposal } from '../domain/builders.ts';

const of = { conversationId: 'c', agent: 'tester', tenant: 'default', turn: 1 };
const input = { of, itemId: 'i', firstIndex: 0, principal: 'signed', atMs: 7 } as const;
const NO = { kind: 'deny', ruleId: 'never', ruleVersion: 'v1', reason: 'too much' } as const;

const ruled = (actionId: string, verdict: RuledAction['verdict']) => {
  const action = { proposal: aProposal({ actionId }), verdict, evidence: null, signed: `of ${actionId}` };
  return { kind: 'ruled', action } as const;
};

/** What it answers, and what it has written. */
async function ruling(proposed: readonly Proposed[], before: readonly Entry[] = [], isRepeated = false) {
  const written: Written[] = [];
  const ruleOnCalls = createRuleOnCalls({
    propose: async () => proposed,
    async record(one) {
      written.push(one);
      return one.items.map(({ key }) => ({ id: key, kind: 'tool_result' }));
    },
    ledger: {
      ofSubject: async (id) =>
        before.flatMap((entry, seq) => (entry.subject === id ? [{ ...entry, seq, seal: 'none' as const }] : [])),
    },
    isRepeated: () => isRepeated,
  });
  return { answer: await ruleOnCalls(input), written };
}

test('what is clear is on record at once, rulings and refusals, and the model is told of what is refused', async () => {
  const invalid = { kind: 'invalid', actionId: 'c:1:2', callId: 'k', tool: 't', reason: 'no such tool' } as const;
  const cases = [ruled('c:1:0', ALLOW), ruled('c:1:1', NO), invalid];
  const { answer, written } = await ruling(cases);
  deepEqual(written, [recordOfCases(of, cases, input.atMs)]);
  const [{ entries, items }] = written as [Written];
  deepEqual(
    entries.map(({ subject, fact: { kind }, atMs }) => [subject, kind, atMs]),
    [
      ['c:1:0', 'proposed', 7],
      ['c:1:0', 'ruled', 7],
      ['c:1:1', 'proposed', 7],
      ['c:1:1', 'ruled', 7],
      ['c:1:1', 'settled', 7],
    ],
  );
  deepEqual(
    items.map(({ body }) => (body.kind === 'tool_result' ? body.text : body.kind)),
    ['Not done. denied: too much', 'Not done. denied: no such tool'],
  );
  deepEqual(answer, { kind: 'on_record', cases, told: items.map(({ key }) => ({ id: key, kind: 'tool_result' })) });
});

test('where evidence has to be read for one of them, nothing is on record yet', async () => {
  const proposed: readonly Proposed[] = [ruled('c:1:0', ALLOW), { kind: 'to_inspect', proposal: aProposal() }];
  deepEqual(await ruling(proposed), { answer: { kind: 'to_inspect', proposed }, written: [] });
});

test('an attempt after the first keeps to what an earlier one has put on record: a deny stays a deny', async () => {
  const first = recordOfCases(of, [ruled('c:1:0', NO)], 5);
  const again = [ruled('c:1:0', ALLOW), ruled('c:1:1', ALLOW)];
  const { answer, written } = await ruling(again, first.entries, true);
  deepEqual(written, [recordOfCases(of, [ruled('c:1:0', NO), ruled('c:1:1', ALLOW)], input.atMs)]);
  deepEqual(answer.kind === 'on_record' && answer.cases.map((one) => one.kind === 'ruled' && one.action.verdict.kind), [
    'deny',
    'allow',
  ]);
});
