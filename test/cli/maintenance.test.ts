import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anApi, at, run } from './support.ts';

const OLD_MS = Date.parse('2026-11-01T12:00:00Z');
const found = {
  nowMs: Date.parse('2026-11-28T00:00:00Z'),
  tasks: [
    {
      ...{ task: 'close_idle', what: 'closes what is idle', count: 1_000, isCut: true, oldestDueMs: OLD_MS },
      ...{ ids: ['c-1', 'c-2'], isBehind: true, lastMs: OLD_MS, done: 12 },
    },
    {
      ...{ task: 'delete_texts', what: 'deletes texts', count: 0, isCut: false, oldestDueMs: null },
      ...{ ids: [], isBehind: false, lastMs: null, done: 0 },
    },
  ],
};
const ran = {
  nowMs: found.nowMs,
  dryRun: false,
  tasks: [
    { task: 'close_idle', done: 0, ids: [], asked: ['c-1', 'c-2'] },
    { task: 'delete_texts', done: 1, ids: ['c-3'], asked: [] },
  ],
};

test('maintenance --dry-run is a table: how much is due of each task, since when, what was done, and what is behind', async (t) => {
  const api = await anApi(t, { 'GET /v1/maintenance': () => ({ body: JSON.stringify(found) }) });
  const { code, output } = await run(t, ['maintenance', '--dry-run'], at(api.url));
  assert.equal(code, 0, output);
  const [head, close, texts, what] = output.split('\n');
  assert.match(head ?? '', /^TASK +DUE +SINCE +DONE SO FAR +LAST RUN +SOME OF IT$/);
  assert.match(close ?? '', /^close_idle +more than 1000 +2026-11-01 12:00 UTC +12 +2026-11-01 12:00 UTC +c-1 c-2$/);
  assert.match(texts ?? '', /^delete_texts +0 +– +0 +never yet +–$/);
  assert.equal(what, 'close_idle: closes what is idle');
  assert.match(output, /^close_idle is behind: something has been due for more than a day\.$/m);
  assert.match(output, /^No more than 1000 of each task are counted, and a few named\.\nNothing was changed\.\n$/m);
  assert.deepEqual(JSON.parse((await run(t, ['maintenance', '--dry-run', '--json'], at(api.url))).output), found);
});

test('maintenance does what is due, and says what it did; what failed is named, and the code says so', async (t) => {
  let answer: object = ran;
  let status = 200;
  const api = await anApi(t, { 'POST /v1/maintenance': () => ({ status, body: JSON.stringify(answer) }) });
  const { code, output } = await run(t, ['maintenance'], at(api.url));
  assert.equal(code, 0, output);
  assert.match(output, /^TASK +DONE +ASKED TO END\nclose_idle +0 +2\ndelete_texts +1 +0\n$/);
  answer = { ...ran, tasks: [{ task: 'delete_texts', done: 0, ids: [], asked: [], failed: 'permission denied' }] };
  const failed = await run(t, ['maintenance'], at(api.url));
  assert.equal(failed.code, 1);
  assert.match(failed.output, /^delete_texts failed: permission denied$/m);
  [status, answer] = [202, { nowMs: 1, workflowId: 'maintenance-by-hand' }];
  const under = await run(t, ['maintenance'], at(api.url));
  assert.equal(under.code, 0);
  assert.match(under.output, /It goes on; how far it is, the Workflow maintenance-by-hand shows in Temporal\./);
});
