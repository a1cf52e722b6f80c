import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEvents } from '../../cli/sse.ts';

async function eventsOf(...chunks: readonly (string | Uint8Array)[]) {
  const bytes = chunks.map((chunk) => (typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk));
  const events = [];
  for await (const event of readEvents(asyncOf(bytes))) events.push(event);
  return events;
}

async function* asyncOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

const event = (id: string, name: string, data: string) => ({ kind: 'event', id, event: name, data });

test('events are the same wherever their bytes are cut', async () => {
  const bytes = new TextEncoder().encode(
    '\ufeffretry: 2000\n\n: still here\n\nid: 1\r\nevent: replied\r\ndata: 72 €\r\n\r\nid: 2\rdata: a\rdata:b\r\rdata\n\n',
  );
  const expected = [
    { kind: 'retry', retryMs: 2_000 },
    event('1', 'replied', '72 €'),
    event('2', 'message', 'a\nb'),
    event('2', 'message', ''),
  ];
  for (let cut = 0; cut <= bytes.length; cut++) {
    assert.deepEqual(await eventsOf(bytes.slice(0, cut), bytes.slice(cut)), expected, `cut at ${cut}`);
  }
  assert.deepEqual(await eventsOf(...Array.from(bytes, (byte) => Uint8Array.of(byte))), expected);
});

test('an event that the end of the stream cuts off is none', async () => {
  assert.deepEqual(await eventsOf('id: 1\ndata: whole\n\nid: 2\ndata: half\n'), [event('1', 'message', 'whole')]);
});

test('unknown fields, ids with NUL and wishes that are no number are left out', async () => {
  assert.deepEqual(await eventsOf('id: 7\0\nretry: soon\ncolor: red\ndata:  two blanks\n\n'), [
    event('', 'message', ' two blanks'),
  ]);
});

test('an event without end is refused before it fills the memory', async () => {
  const piece = 'x'.repeat(600_000);
  await assert.rejects(eventsOf('data: ', piece, piece), /longer than 1048576 characters/);
  await assert.rejects(eventsOf(`data: ${piece}\n`, `data: ${piece}\n`), /longer than 1048576 characters/);
});
