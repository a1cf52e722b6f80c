// How long conversations and texts are kept: what may be declared, and of whom something is due at all.
import { deepEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { defineAgent } from '../../domain/agent.ts';
import { dueAfter, type Retention } from '../../domain/retention.ts';

const agent = (retention?: Retention) =>
  defineAgent({
    ...{ name: 'a', owner: 'olga', team: 'team', purpose: 'tests', instructions: 'none', rules: [], tools: [] },
    ...(retention && { retention }),
  });

test('an agent keeps for ever what it does not say', () => {
  deepEqual(dueAfter('closeIdleAfterDays', [agent(), agent({ deleteTextsAfterDays: 7 })]), []);
  deepEqual(dueAfter('deleteTextsAfterDays', [agent(), agent({ deleteTextsAfterDays: 7 })]), [
    { agent: 'a', afterMs: 7 * 86_400_000 },
  ]);
});

test('a span is a whole number of days, of a name that exists', () => {
  for (const days of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 36_501]) {
    throws(() => agent({ closeIdleAfterDays: days }), /agent "a": retention.closeIdleAfterDays must be a whole number/);
  }
  throws(() => agent({ closeAfterDays: 7 } as Retention), /retention.closeAfterDays is unknown; there are archiveIdle/);
  agent({ closeIdleAfterDays: 1, deleteTextsAfterDays: 36_500 });
});

test('what is inherited is no word of the agent: it is refused, and nothing is due by it', () => {
  const inherits = Object.create({ deleteTextsAfterDays: 0 }) as Retention;
  throws(() => agent(inherits), /retention.deleteTextsAfterDays is inherited; say it in the object itself/);
  deepEqual(dueAfter('deleteTextsAfterDays', [{ name: 'a', retention: inherits }]), []);
});
