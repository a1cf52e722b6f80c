import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { chainOf } from '../../bench/measures/step-chain.ts';
import { ROOT } from '../support/sources.ts';

const FILE = join(ROOT, 'test/replay/histories/0.10.0-inline-reads-and-writes.json');
const events = historyFromJSON(JSON.parse(readFileSync(FILE, 'utf8'))).events ?? [];
const at = (text: string): number => Date.parse(`2026-11-28T22:39:${text}Z`);

test('the steps of a turn follow each other without a gap, and are as long together as the turn', () => {
  const times = { sentMs: at('16.845'), repliedMs: at('17.430'), heardMs: at('17.441') };
  const chain = chainOf(events, times);
  assert.deepEqual(
    chain.map(({ name, ms }) => [name, Math.round(ms)]),
    [
      ['message until Workflow Task', 6],
      ['Workflow Task', 167],
      ['openTurn', 293],
      ['until callModel', 19],
      ['callModel until reply', 100],
      ['reply on record and read', 11],
    ],
  );
  const sum = chain.reduce((total, { ms }) => total + ms, 0);
  assert.ok(Math.abs(sum - (times.heardMs - times.sentMs)) < 0.001, `${sum} ms`);
});

test('an Activity that ends before the reply is a step, and what follows waits for a Workflow Task', () => {
  const times = { sentMs: at('17.479'), repliedMs: at('18.500'), heardMs: at('18.510') };
  const names = chainOf(events, times).map(({ name }) => name);
  const first = names.indexOf('callModel');
  assert.deepEqual(names.slice(first - 1, first + 3), [
    'until callModel',
    'callModel',
    'until Workflow Task',
    'Workflow Task',
  ]);
});
