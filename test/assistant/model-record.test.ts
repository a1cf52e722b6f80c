// What goes on record of a model call.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markOf } from '../../trust/digest.ts';
import { ANSWER, aDesk } from './desk.ts';
import { anAgent } from './support.ts';

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

test('a call costs what the agent says that the model costs, by the name under which it was tried', async () => {
  const prices = { m1: { currency: 'EUR', promptPerMillion: 2, completionPerMillion: 8 } };
  const desk = aDesk({ m1: () => ANSWER }, {}, { ...anAgent(), prices });
  await desk.run();
  const [called] = desk.entries;
  assert.deepEqual(called?.fact.kind === 'model_call' && called.fact.cost, { currency: 'EUR', micros: 54 });
});
