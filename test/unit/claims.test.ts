// What the proofs make of the store's claims and the far sides' records.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Booked, effectProblems, receiptProblems } from '../proofs/rig/claims.ts';

const booked = (claimed: Booked['claimed'], settled: Booked['settled'] = claimed ?? null): readonly Booked[] => [
  { actionId: 'c:1:0', claimed, settled },
];
const happened = (times: number) => new Map(times === 0 ? [] : [['c:1:0', times]]);

test('a claim without a receipt, or with another end than its action, is found', () => {
  assert.deepEqual(receiptProblems(booked('succeeded')), []);
  assert.deepEqual(receiptProblems(booked(null)), ['the claim of c:1:0 has no receipt']);
  assert.equal(receiptProblems(booked('succeeded', 'failed')).length, 1);
  assert.equal(receiptProblems(booked('succeeded', null)).length, 1);
});

test('who was never claimed may be denied, and cannot have happened', () => {
  assert.deepEqual(receiptProblems(booked(undefined, 'denied')), []);
  assert.deepEqual(receiptProblems(booked(undefined, null)), []);
  assert.equal(receiptProblems(booked(undefined, 'succeeded')).length, 1);
  assert.equal(effectProblems(booked(undefined, 'denied'), happened(1)).length, 1);
});

test('what succeeded happened once, what is unknown at most once, all else never', () => {
  const fine = (kind: string, times: number): boolean => effectProblems(booked(kind), happened(times)).length === 0;
  assert.deepEqual(
    [0, 1, 2].map((times) => fine('succeeded', times)),
    [false, true, false],
  );
  assert.deepEqual(
    [0, 1, 2].map((times) => fine('unknown', times)),
    [true, true, false],
  );
  for (const kind of ['failed', 'expired', 'cancelled']) {
    assert.deepEqual(
      [0, 1].map((times) => fine(kind, times)),
      [true, false],
      kind,
    );
  }
});

test('an effect that belongs to nothing in the store is found', () => {
  assert.deepEqual(effectProblems([], happened(1)), ['the effect c:1:0 has neither claim nor action']);
});
