import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { isDeclared } from '../../domain/tool.ts';
import { createFarSide, createTestAgent } from '../support/far-side.ts';
import { aProposal } from './builders.ts';

test('a proposal counts under the declaration it was made under; time limit and summary may change', () => {
  const pay = createTestAgent(createFarSide()).tools.find(({ name }) => name === 'pay')!;
  const proposal = aProposal({ toolVersion: '1', effect: 'irreversible', inspects: true, preconditions: ['state'] });
  equal(isDeclared(pay, 'd', proposal), true);
  equal(isDeclared(pay, 'd', { ...proposal, ...{ timeoutMs: 1, summary: 'other words' } }), true);
  const altered = { toolVersion: '2', effect: 'read', inspects: false, preconditions: [], then: 'handover' } as const;
  const under = { ...proposal, declarationSha256: 'd' };
  for (const whole of [proposal, under]) {
    const counted = Object.entries(altered).filter(([key, value]) => isDeclared(pay, 'd', { ...whole, [key]: value }));
    deepEqual(counted, []);
  }
  deepEqual(
    [isDeclared(pay, 'd', under), isDeclared(pay, 'e', under), isDeclared(pay, undefined, under)],
    [true, false, false],
  );
});
