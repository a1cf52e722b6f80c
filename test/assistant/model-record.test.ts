// What goes on record of a model call.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markOf } from '../../trust/digest.ts';
import { CancelledFailure } from '@temporalio/common';
import type { Entry } from '../../domain/entry.ts';
import { StoreUnavailable } from '../../store/unavailable.ts';
import { ANSWER, aDesk, anEnvironment } from './desk.ts';
import { anAgent, noFacts } from './support.ts';

test('what was shown to models that gave no answer is on record all the same, under their attempt', async () => {
  const down = () => {
    throw new Error('the connection broke');
  };
  const desk = aDesk({ m1: down, m2: down });
  await assert.rejects(desk.run(), /m1: .* · m2: /);
  const [failed] = desk.entries;
  assert.equal(failed?.step, 'model:1:0:failed:1');
  assert.deepEqual(failed?.fact.kind === 'model_call_failed' && failed.fact.shown, [markOf(desk.items[0]!)]);
  assert.deepEqual(failed?.fact.kind === 'model_call_failed' && failed.fact.models, ['m1', 'm2']);
});

test('a model that was shown the transcript before another answered is on record, with the answer', async () => {
  const desk = aDesk({
    m1: () => {
      throw new Error('the connection broke');
    },
    m2: () => ANSWER,
  });
  await desk.run();
  assert.deepEqual(
    desk.entries.map(({ step }) => step),
    ['model:1:0:failed:1', 'model:1:0', 'replied:1'],
  );
  const [failed] = desk.entries;
  assert.ok(failed?.fact.kind === 'model_call_failed');
  assert.deepEqual([failed.fact.models, failed.fact.shown], [['m1'], [markOf(desk.items[0]!)]]);
  assert.match(failed.fact.reason, /^m1: the connection broke/);
});

test('a call that is stopped while a model is asked is on record as one in vain', async () => {
  const environment = anEnvironment();
  const stopped = () => {
    environment.cancel();
    throw new Error('aborted');
  };
  const desk = aDesk({ m1: stopped, m2: () => ANSWER });
  await assert.rejects(desk.run({}, environment), CancelledFailure);
  const [failed, ...more] = desk.entries;
  assert.deepEqual(more, []);
  assert.ok(failed?.fact.kind === 'model_call_failed');
  assert.deepEqual([failed.fact.models, failed.fact.reason], [['m1'], 'm1: it was stopped before it had answered']);
});

test('a failure that cannot be recorded is no end of the call: the store is waited for, else the next attempt asks', async () => {
  const down = () => {
    throw new Error('the connection broke');
  };
  for (const times of [1, Infinity]) {
    let calls = 0;
    const desk = aDesk({ m1: down });
    const record = async (entries: readonly Entry[]) => {
      calls += 1;
      if (calls <= times) throw new StoreUnavailable('the database is not available now');
      await desk.record(entries);
    };
    // -4.5 s: half a second is left until what cannot be kept is lost.
    const away = aDesk({ m1: down }, { attemptLimitMs: -4_500, store: { items: desk.port, facts: noFacts, record } });
    await assert.rejects(away.run(), times === 1 ? /m1: the connection broke/ : StoreUnavailable);
    assert.equal(desk.entries.length, times === 1 ? 1 : 0);
  }
});

test('a call costs what the agent says that the model costs, by the name under which it was tried', async () => {
  const prices = { m1: { currency: 'EUR', promptPerMillion: 2, completionPerMillion: 8 } };
  const desk = aDesk({ m1: () => ANSWER }, {}, { ...anAgent(), prices });
  await desk.run();
  const [called] = desk.entries;
  assert.deepEqual(called?.fact.kind === 'model_call' && called.fact.cost, { currency: 'EUR', micros: 54 });
});
