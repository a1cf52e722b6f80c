import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anApi, at, run } from './support.ts';

const found = {
  ...{ owner: 'olga', fromMs: 1_793_491_200_000, toMs: 1_796_083_200_000 },
  ...{ outcomes: { succeeded: 7, denied: 2, unknown: 1 }, asks: 4, questions: 1 },
  ...{ modelCalls: 20, promptTokens: 900, completionTokens: 80 },
  ...{ cost: [{ currency: 'EUR', micros: 1_234_000 }], unpriced: 3 },
};

test('a report says what was done, what people were asked, and what it cost', async (t) => {
  const api = await anApi(t, { 'GET /v1/report': () => ({ body: JSON.stringify(found) }) });
  const { code, output } = await run(t, ['report', '--owner', 'olga', '--from', '2026-11-01'], at(api.url));
  assert.equal(code, 0, output);
  assert.deepEqual([api.asked[0]?.query.get('owner'), api.asked[0]?.query.get('from')], ['olga', '2026-11-01']);
  assert.match(output, /actions +denied 2, succeeded 7, unknown 1\n/);
  assert.match(output, /people asked +4 for leave, 1 whether it happened\n/);
  assert.match(output, /cost +1\.23 EUR, 3 calls without a declared price\n/);
});
