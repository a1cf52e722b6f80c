import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { type Switch, stoppedBy } from '../../domain/switch.ts';

const action = { tenant: 'acme', agent: 'support-desk', tool: 'refund' };

const thrown = (scope: Switch['scope'], name: string): Switch => ({
  scope,
  name,
  setBy: 'olga',
  reason: 'it pays twice',
  setMs: 1,
});

const TABLE: readonly (readonly [rule: string, one: Switch, stops: boolean])[] = [
  ['the switch for all stops every action', thrown('all', ''), true],
  ['a tenant’s switch stops its actions', thrown('tenant', 'acme'), true],
  ['a tenant’s switch stops no action of another tenant', thrown('tenant', 'default'), false],
  ['an agent’s switch stops its actions', thrown('agent', 'support-desk'), true],
  ['an agent’s switch stops no action of another agent', thrown('agent', 'on-call'), false],
  ['a tool’s switch stops its actions', thrown('tool', 'refund'), true],
  ['a tool’s switch stops no action of another tool', thrown('tool', 'send_mail'), false],
  ['a name counts within its own scope only', thrown('agent', 'refund'), false],
  ['a name is compared whole and as it is written', thrown('tool', 'Refund'), false],
  ['an empty name stops nothing but where the scope is all', thrown('tool', ''), false],
];

for (const [rule, one, stops] of TABLE) {
  test(rule, () => equal(stoppedBy([one], action), stops ? one : undefined));
}

test('without a switch nothing is stopped, and of several the first that fits is named', () => {
  equal(stoppedBy([], action), undefined);
  const [other, agent, tool] = [thrown('tool', 'send_mail'), thrown('agent', 'support-desk'), thrown('tool', 'refund')];
  deepEqual(stoppedBy([other, agent, tool], action), agent);
});
