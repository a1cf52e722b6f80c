// Histories that are fetched ahead of their replay: what cannot be fetched ends it with an error, and keeps nobody waiting.
import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { readFileSync } from 'node:fs';
import { workflowBundle } from '../../workers/bundle.ts';
import { KEPT } from '../support/kept.ts';
import { ROOT } from '../support/sources.ts';
import { replayedPatiently } from '../../workers/rebuild/patiently.ts';
import { fetchedAhead } from '../../workers/rebuild/replay.ts';

const bundle = workflowBundle(KEPT);
const kept = JSON.parse(readFileSync(join(ROOT, 'test/replay/histories/0.9.0-inline-reads-and-writes.json'), 'utf8'));

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

test('who ends a replay early has its Worker shut down, and what it read from closed', async () => {
  let isClosed = false;
  const runs = async function* () {
    try {
      for (;;) yield { workflowId: 'c', history: kept };
    } finally {
      isClosed = true;
    }
  };
  let replayed = 0;
  for await (const { error } of replayedPatiently({ workflowBundle: await bundle }, runs())) {
    equal(error, undefined);
    replayed += 1;
    if (replayed === 2) break;
  }
  equal(isClosed, true);
});

test('a history that is not replayed in time ends it with a sentence that names it', async () => {
  const runs = async function* () {
    yield { workflowId: 'conversation/slow', history: kept };
  };
  const replays = replayedPatiently({ workflowBundle: await bundle }, runs(), 0);
  await rejects(replays.next(), /the history of conversation\/slow was not replayed within 0 s/);
});
