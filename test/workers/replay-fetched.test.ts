// Histories that are fetched ahead of their replay: what cannot be fetched ends it with an error, and keeps nobody waiting.
import { deepEqual, ok, rejects } from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { workflowBundle } from '../../workers/bundle.ts';
import { replayedPatiently } from '../../workers/rebuild/patiently.ts';
import { fetchedAhead } from '../../workers/rebuild/replay.ts';

async function* upTo(count: number): AsyncGenerator<number> {
  for (let n = 1; n <= count; n++) yield n;
}

async function read(fetch: (one: number) => Promise<number>, until = Infinity): Promise<readonly number[]> {
  const all: number[] = [];
  for await (const one of fetchedAhead(upTo(30), fetch)) {
    all.push(one);
    if (one === until) break;
  }
  return all;
}

test('all come, in order, and no more than a few are fetched ahead', async () => {
  let most = 0;
  let underWay = 0;
  const all = await read(async (one) => {
    most = Math.max(most, ++underWay);
    await new Promise((resume) => setTimeout(resume, one % 3));
    underWay -= 1;
    return one;
  });
  deepEqual(
    all,
    Array.from({ length: 30 }, (_, at) => at + 1),
  );
  ok(most > 1 && most <= 9, `${most} at once`);
});

test('one that cannot be fetched is an error, whatever is fetched beside it', async () => {
  const fetch = async (one: number): Promise<number> => {
    if (one >= 12) throw new Error(`no history ${one}`);
    return one;
  };
  await rejects(read(fetch), /no history 12/);
});

test('who ends early hears nothing of what then cannot be fetched', async () => {
  let fail: (error: Error) => void = () => undefined;
  const gone = new Promise<number>((_, reject) => (fail = reject));
  const all = await read((one) => (one < 4 ? Promise.resolve(one) : gone), 3);
  fail(new Error('the connection is closed'));
  await new Promise((resume) => setTimeout(resume, 20));
  deepEqual(all, [1, 2, 3]);
});

test('one that never comes ends the replay with a sentence, in the place of a wait without end', async () => {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const next = async () => {
    await ended;
    return { done: true, value: undefined } as const;
  };
  const late = { [Symbol.asyncIterator]: () => ({ next }) };
  const bundle = await workflowBundle(join(tmpdir(), 'countersign-test-bundles'));
  const replays = replayedPatiently({ workflowBundle: bundle }, late, 300);
  await rejects(replays.next(), /no history was replayed for 0.3 s: none was there/);
  end();
});
