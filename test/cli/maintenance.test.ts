import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anApi, at, run } from './support.ts';

const found = {
  nowMs: Date.parse('2026-11-28T00:00:00Z'),
  tasks: [
    {
      ...{ task: 'close_idle', what: 'closes what is idle', count: 1_000, isCut: true },
      ...{ oldestDueMs: Date.parse('2026-11-01T12:00:00Z'), ids: ['c-1', 'c-2'] },
    },
    { task: 'delete_texts', what: 'deletes texts', count: 0, isCut: false, oldestDueMs: null, ids: [] },
  ],
};

test('maintenance is a table: how much is due of each task, since when, and some of it; --json is what the API says', async (t) => {
  const api = await anApi(t, { 'GET /v1/maintenance': () => ({ body: JSON.stringify(found) }) });
  const { code, output } = await run(t, ['maintenance'], at(api.url));
  assert.equal(code, 0, output);
  const [head, close, texts, what] = output.split('\n');
  assert.match(head ?? '', /^TASK +DUE +OLDEST DUE SINCE +SOME OF IT$/);
  assert.match(close ?? '', /^close_idle +more than 1000 +2026-11-01 12:00 UTC +c-1 c-2$/);
  assert.match(texts ?? '', /^delete_texts +0 +– +–$/);
  assert.equal(what, 'close_idle: closes what is idle');
  assert.match(output, /Nothing was changed\.\n$/);
  assert.deepEqual(JSON.parse((await run(t, ['maintenance', '--json'], at(api.url))).output), found);
});
