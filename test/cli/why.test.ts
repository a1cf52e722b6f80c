import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anApi, at, run } from './support.ts';

const WHY = 'GET /v1/actions/c1:1:0/why';
const story = {
  action: {
    ...{ id: 'c1:1:0', conversationId: 'c1', agent: 'desk', tool: 'refund', effect: 'irreversible' },
    ...{ summary: 'refund order 1042', digest: 'd', outcome: 'succeeded' },
  },
  lines: [
    {
      ...{ part: 'asked', seq: 3, atMs: 0, text: 'Ada asked: “refund\n1042\u001b[2J”', coverage: 'enforced' },
      ...{ because: 'the API signed it', details: null },
    },
    {
      ...{ part: 'ran', seq: null, atMs: null, text: 'there is no entry “attempted”', coverage: 'unknown' },
      ...{ because: 'the ledger has nothing of it', details: null },
    },
  ],
  coverage: { enforced: 1, attributed: 0, unknown: 1 },
  links: [{ workflowId: 'conversation/c1', url: 'http://ui/workflows/conversation%2Fc1' }],
};

test('why an action happened is told line by line, each with its entry and what it proves, and nothing written moves the cursor', async (t) => {
  const api = await anApi(t, { [WHY]: () => ({ body: JSON.stringify(story) }) });
  const { code, output } = await run(t, ['why', 'c1:1:0'], at(api.url));
  assert.equal(code, 0, output);
  assert.match(output, /^c1:1:0 +refund order 1042: succeeded\n/);
  assert.match(output, /✓ asked +Ada asked: “refund 1042<U\+001B>\[2J”\n +.*entry 3; enforced: the API signed it\n/);
  assert.match(output, /\? ran +there is no entry “attempted”\n +no entry; unknown: the ledger has nothing of it\n/);
  assert.match(output, /1 lines enforced \(✓\), 0 attributed \(·\), 1 unknown \(\?\)\nhttp:\/\/ui\/workflows/);
});

test('the same is there as JSON', async (t) => {
  const api = await anApi(t, { [WHY]: () => ({ body: JSON.stringify(story) }) });
  const { code, output } = await run(t, ['why', '--json', 'c1:1:0'], at(api.url));
  assert.equal(code, 0, output);
  assert.deepEqual(JSON.parse(output), story);
});
