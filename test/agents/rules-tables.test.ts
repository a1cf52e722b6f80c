// The tables of the reference agents, run as `countersign rules check --strict ./agents` runs them; each row is a test.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkRules } from '../../workers/rules/check.ts';

const checked = await checkRules(fileURLToPath(new URL('../../agents', import.meta.url)));

for (const { name, rows, gaps, hasTable } of checked) {
  for (const [at, { call, problem }] of rows.entries()) {
    test(`${name}, row ${at + 1}: ${call}`, () => assert.equal(problem, undefined));
  }

  test(`the table of ${name} hits every rule and calls every tool, no write is without a rule, and no limit`, () => {
    assert.equal(hasTable, true);
    assert.deepEqual(gaps, { neverHit: [], neverCalled: [], withoutRule: [], neverAsked: [] });
  });
}

test('every agent of this repository is checked', () => {
  assert.deepEqual(
    checked.map(({ name }) => name),
    ['on-call', 'support-desk'],
  );
});
