// How many rounds whoever waited for a local Activity lets the others go first: as many as one message can set going.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSource, sourceFiles } from '../support/sources.ts';

const IN_TURN = 'workflows/in-turn.ts';

test('there is a round for each wait in the Workflows, so that none has a chain of them that is longer', () => {
  const files = sourceFiles().filter((path) => path.startsWith('workflows/'));
  const waits = files.flatMap((path) => [...readSource(path).matchAll(/\bcondition\((?!\))/g)]).length;
  const [, rounds = '0'] = /\bMOST_ROUNDS = (\d+);/.exec(readSource(IN_TURN)) ?? [];
  assert.ok(waits > 10, `${waits} waits were found`);
  assert.ok(Number(rounds) >= waits, `${rounds} rounds for ${waits} waits: make MOST_ROUNDS in ${IN_TURN} as many`);
});
