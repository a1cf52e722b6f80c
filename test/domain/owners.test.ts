// Who answers for what: nothing starts without an owner who is here.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { defineAgent, ownersIn, problemsOf } from '../../domain/agent.ts';
import { defineDirectory } from '../../domain/principal.ts';
import { allow, ownedBy, rule } from '../../domain/rule.ts';
import { defineTool } from '../../domain/tool.ts';

const directory = defineDirectory({ people: [{ id: 'olga', name: 'Olga' }], groups: { desk: ['olga'] } });
const look = (owner?: string) =>
  defineTool({
    ...{ name: 'look', version: '1', description: 'look', input: z.object({}), effect: 'read', idempotent: true },
    ...{ egress: false, critical: [], scopes: [], ...(owner === undefined ? {} : { owner }) },
    execute: async () => null,
  });
const always = rule('always', () => allow());
const desk = (over: Partial<Parameters<typeof defineAgent>[0]> = {}) =>
  defineAgent({
    ...{ name: 'desk', owner: 'olga', team: 'desk', purpose: 'p', instructions: 'i', tools: [look()], rules: [always] },
    ...over,
  });

test('rules and tools are their agent’s owner’s, unless they name another', () => {
  assert.deepEqual(ownersIn(desk({ rules: ownedBy('finn', always) })), [
    { what: 'rule', name: 'always', owner: 'finn' },
    { what: 'tool', name: 'look', owner: 'olga' },
  ]);
});

test('an owner of an agent, a rule or a tool who is not in the directory keeps the agent from starting', () => {
  assert.deepEqual(problemsOf([desk()], directory), []);
  assert.match(problemsOf([desk({ owner: 'gone' })], directory).join(), /its owner "gone" is not a person/);
  assert.match(problemsOf([desk({ tools: [look('gone')] })], directory).join(), /"gone" of the tool "look" is not/);
  const rules = ownedBy('gone', always);
  assert.match(problemsOf([desk({ rules })], directory).join(), /"gone" of the rule "always" is not a person/);
});

test('a price needs a currency and figures', () => {
  const price = { currency: 'EUR', promptPerMillion: 2, completionPerMillion: 8 };
  assert.deepEqual(desk({ prices: { m: price } }).prices, { m: price });
  for (const wrong of [{ currency: 'euro' }, { promptPerMillion: -1 }, { completionPerMillion: Number.NaN }]) {
    assert.throws(() => desk({ prices: { m: { ...price, ...wrong } } }), /the price of "m" needs a currency/);
  }
});
