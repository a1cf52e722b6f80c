import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { chainOf } from '../../bench/measures/step-chain.ts';
import { ROOT } from '../support/sources.ts';

const FILE = join(ROOT, 'test/replay/histories/0.10.0-inline-reads-and-writes.json');
const events = historyFromJSON(JSON.parse(readFileSync(FILE, 'utf8'))).events ?? [];
const [created, answered] = ['2026-11-28T22:39:16.840Z', '2026-11-28T22:39:17.430Z'].map((text) => Date.parse(text));

test('the steps of a turn follow each other without a gap, and are as long together as the turn', () => {
  const [sentMs, repliedMs] = [created!, answered!];
  const chain = chainOf(events, { sentMs: sentMs + 5, repliedMs });
  assert.deepEqual(
    chain.map(({ name, ms }) => [name, Math.round(ms)]),
    [
      ['message until Workflow Task', 6],
      ['Workflow Task', 167],
      ['openTurn', 293],
      ['until callModel', 19],
      ['callModel until reply', 100],
    ],
  );
  const sum = chain.reduce((total, { ms }) => total + ms, 0);
  assert.ok(Math.abs(sum - (repliedMs - sentMs - 5)) < 0.001, `${sum} ms`);
});

test('an Activity that ends before the reply is a step, and what follows waits for a Workflow Task', () => {
  const second = { sentMs: Date.parse('2026-11-28T22:39:17.479Z'), repliedMs: Date.parse('2026-11-28T22:39:18.500Z') };
  const names = chainOf(events, second).map(({ name }) => name);
  const at = names.indexOf('callModel');
  assert.deepEqual(names.slice(at - 1, at + 3), [
    'until callModel',
    'callModel',
    'until Workflow Task',
    'Workflow Task',
  ]);
});
