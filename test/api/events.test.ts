import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '../../domain/entry.ts';
import { problem } from './support/answers.ts';
import { NOW_MS, type Served, serve } from './support/served.ts';

/** Read events until `count` have come or the stream ends. */
async function events(
  served: Served,
  path: string,
  count: number,
  {
    headers = {},
    onFirst = async () => undefined,
  }: { headers?: Record<string, string>; onFirst?: () => Promise<void> } = {},
) {
  const leave = new AbortController();
  const response = await fetch(served.server.url + path, {
    headers: { authorization: `Bearer ${served.keys.customer}`, ...headers },
    signal: leave.signal,
  });
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  const got: { id: string; event: string; data: Record<string, unknown> }[] = [];
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString();
    const parts = text.split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts.filter((one) => one.startsWith('id: '))) {
      const [id = '', event = '', data = ''] = part.split('\n').map((line) => line.slice(line.indexOf(': ') + 2));
      got.push({ id, event, data: JSON.parse(data) });
      if (got.length === 1) await onFirst();
    }
    if (got.length >= count) break;
  }
  leave.abort();
  return got;
}

const phase = (conversationId: string, to: 'paused' | 'open' | 'closed', step: string): Entry => ({
  subject: conversationId,
  step,
  conversationId,
  atMs: NOW_MS,
  fact: { kind: 'phase', phase: to, by: 'operator', reason: 'test' },
});

test('what is recorded comes as events, old and new, and a client that comes back misses nothing', async (t) => {
  const served = await serve(t);
  const id = await served.open();
  const path = `/v1/conversations/${id}/events`;
  const first = await events(served, path, 2, { onFirst: () => served.store.record([phase(id, 'paused', 'p1')]) });
  assert.deepEqual(
    first.map((one) => one.event),
    ['conversation_opened', 'phase'],
  );
  await served.store.record([phase(id, 'open', 'p2')]);
  const resumed = await events(served, path, 1, { headers: { 'last-event-id': first.at(-1)?.id ?? '' } });
  assert.deepEqual(
    resumed.map((one) => one.data.phase),
    ['open'],
  );
  assert.deepEqual(
    (await events(served, `${path}?after=1`, 2)).map((one) => one.data.phase),
    ['paused', 'open'],
  );
});

test('events carry words and summaries, but no arguments, evidence or signatures', async (t) => {
  const served = await serve(t);
  const { conversationId, summary } = await served.ask();
  const from = { id: 'customer', name: 'Cleo', tenant: 'default' };
  const message = {
    key: 'message:m',
    conversationId,
    turn: 1,
    trust: 'principal',
    body: { kind: 'message', text: 'hi', from },
  } as const;
  await served.store.items.append([message], ([item]) => [
    {
      subject: conversationId,
      step: 'm',
      conversationId,
      atMs: NOW_MS,
      fact: {
        kind: 'message',
        turn: 1,
        messageId: 'm',
        itemId: item?.id ?? '',
        itemDigest: '',
        principal: from,
        signed: '',
      },
    },
  ]);
  const got = await events(served, `/v1/conversations/${conversationId}/events`, 3);
  assert.deepEqual(got[1]?.data.summary, summary);
  assert.deepEqual([got[2]?.data.text, got[2]?.data.from], ['hi', 'Cleo']);
  assert.doesNotMatch(JSON.stringify(got), /"args"|"evidence"|"signed"|"digest"/);
});

test('a stream ends when its conversation does', async (t) => {
  const served = await serve(t);
  const id = await served.open();
  const onFirst = () => served.store.record([phase(id, 'closed', 'end')]);
  const all = await events(served, `/v1/conversations/${id}/events`, Number.POSITIVE_INFINITY, { onFirst });
  assert.equal(all.at(-1)?.data.phase, 'closed');
});

test('open streams are bounded per key, and a closed one makes room', async (t) => {
  const served = await serve(t, { streamsPerKey: 1 });
  const id = await served.open();
  const path = `/v1/conversations/${id}/events`;
  const leave = new AbortController();
  const authorization = `Bearer ${served.keys.customer}`;
  const first = await fetch(served.server.url + path, { headers: { authorization }, signal: leave.signal });
  assert.equal(first.status, 200);
  const refused = await served.call('customer', 'GET', path);
  assert.equal(problem(refused), '429 too_many_streams');
  leave.abort();
  let status = 429;
  for (let look = 0; status === 429 && look < 200; look++) {
    const next = new AbortController();
    status = (await fetch(served.server.url + path, { headers: { authorization }, signal: next.signal })).status;
    next.abort();
  }
  assert.equal(status, 200);
});
