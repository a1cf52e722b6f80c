// What the story of an action says of the intake of its turn.
import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import type { Fact, RecordedEntry } from '../../domain/entry.ts';
import { tellWhy } from '../../domain/why.ts';

const nothingElse = { items: new Map(), digestNow: 'd1', questionDigest: '', proofs: new Map(), isCut: false };
const intake = {
  ...{ kind: 'intake', turn: 3, version: 'v1', priority: 2, queue: 'desk', open: ['amount'], next: 'hands_over' },
  ...{ itemId: 'i1', values: {}, asked: {}, called: [] },
  facts: [{ name: 'amount', state: 'unverified', why: 'it is said, and no model quoted it', quotes: [] }],
} as const satisfies Fact;

const told = (fact: Fact) => {
  const entry: RecordedEntry = {
    ...{ seq: 1, subject: 'c1', step: 'intake:3', conversationId: 'c1', atMs: 1, fact, seal: 'fits' },
  };
  return tellWhy([entry], nothingElse).flatMap(({ text }) => (text.startsWith('the intake') ? [text] : []));
};
const BEGIN =
  'the intake put the conversation at priority 2, queue desk: amount unverified (it is said, and no model quoted it)';

test('where no model has looked, and for what a person was called in this turn, is told', () => {
  deepEqual(told(intake), [BEGIN]);
  const called = [
    { why: 'route', turn: 1 },
    { why: 'no model looked', turn: 3 },
  ];
  deepEqual(told({ ...intake, called, unlooked: true }), [
    `${BEGIN}; no model has looked through what was written; a person is called (no model looked)`,
  ]);
  deepEqual(told({ ...intake, called: [{ why: 'route failed', turn: 3 }] }), [
    `${BEGIN}; a person is called (route failed)`,
  ]);
});
