import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { allow, ask, decideByRules, deny, type Rule, type RuleFacts, rule } from '../../domain/rule.ts';
import { ADA, anEvidence } from './builders.ts';

const aCase = (over: Partial<RuleFacts> = {}): RuleFacts => ({
  actionId: 'c1:1:0',
  tool: 'refund',
  effect: 'irreversible',
  egress: false,
  input: {},
  evidence: null,
  principal: ADA,
  groups: [],
  nowMs: 0,
  ...over,
});
const decide = (rules: readonly Rule[], over: Partial<RuleFacts> = {}) => decideByRules(rules, 'v1', aCase(over));

test('the first rule that answers wins', () => {
  const rules = [rule('silent', () => undefined), rule('no', () => deny('first')), rule('yes', () => allow())];
  deepEqual(decide(rules), { kind: 'deny', ruleId: 'no', ruleVersion: 'v1', reason: 'first' });
});

test('without a rule a write is denied, and so is a read of somebody else', () => {
  equal(decide([]).kind, 'deny');
  equal(decide([], { effect: 'read' }).kind, 'deny');
  equal(decide([], { effect: 'read', evidence: { ...anEvidence(), subject: 'customer-bob' } }).kind, 'deny');
});

test("without a rule a read of the principal's own data runs", () => {
  const verdict = decide([], { effect: 'read', evidence: anEvidence() });
  deepEqual([verdict.kind, verdict.ruleId], ['allow', 'default']);
});

test('a rule that throws denies, and later rules are not asked', () => {
  const broken = rule('broken', () => {
    throw new Error('boom');
  });
  const verdict = decide([broken, rule('yes', () => allow())]);
  deepEqual([verdict.kind, verdict.ruleId, verdict.reason], ['deny', 'broken', 'the rule threw: boom']);
});

test('an ask for nobody, for no time or for a month and more is a deny', () => {
  for (const who of [{ quorum: 0 }, { quorum: 1.5 }, { withinMs: 0 }, { withinMs: 31 * 24 * 3_600_000 }]) {
    equal(decide([rule('ask', () => ask({ group: 'finance', ...who }))]).kind, 'deny');
  }
});

test('a rule that answers nonsense denies: what is no answer must not run', () => {
  const nonsense = [
    null,
    true,
    'allow',
    {},
    { kind: 'denied', reason: 'no' },
    { kind: 'allow' },
    Promise.resolve(allow()),
  ];
  for (const answer of [...nonsense, { kind: 'ask', reason: '', quorum: 1, withinMs: 1 }]) {
    equal(decide([rule('nonsense', () => answer as never)]).kind, 'deny', JSON.stringify(answer));
  }
});

test('a rule about one tool is not asked about another', () => {
  const other = rule('other', { name: 'send_mail' } as never, () => allow());
  equal(decide([other]).ruleId, 'default');
});
