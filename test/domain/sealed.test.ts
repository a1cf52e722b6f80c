// What the ledger seals, and what it writes down.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fact } from '../../domain/entry.ts';
import type { JsonObject } from '../../domain/json.ts';
import { joinFact, PARTS, splitFact } from '../../domain/sealed.ts';
import { anApproval, aProposal } from './builders.ts';

const json = (fact: Fact): JsonObject => JSON.parse(JSON.stringify(fact)) as JsonObject;

test('arguments, their salt, what they are called and who asked by name are sealed; ids and digests are written', () => {
  const people = { forWhom: 'customer Ada', howMuch: '72.00 EUR' };
  const proposal = aProposal(people);
  const { open, sealed } = splitFact('proposed', json({ kind: 'proposed', proposal }));
  const written = JSON.stringify(open);
  for (const secret of [
    proposal.args,
    proposal.salt,
    proposal.summary,
    proposal.principal.name,
    'customer Ada',
    '72.00 EUR',
  ]) {
    assert.ok(!written.includes(JSON.stringify(secret)), secret);
    assert.ok(JSON.stringify(sealed).includes(JSON.stringify(secret)), secret);
  }
  for (const named of [proposal.actionId, proposal.digest, proposal.principal.id]) assert.ok(written.includes(named));
});

test('what an approval says of people is sealed, when it is asked and when it ends', () => {
  const people = { forWhom: 'customer Ada', howMuch: '72.00 EUR' };
  const amount = { currency: 'EUR', minorUnits: 7_200 };
  const approval = { ...anApproval(people), amount };
  for (const kind of ['approval_requested', 'approval_settled'] as const) {
    const { open } = splitFact(kind, json({ kind, approval }));
    for (const words of [...Object.values(people), approval.summary, approval.reason, amount]) {
      assert.ok(!JSON.stringify(open).includes(JSON.stringify(words)), JSON.stringify(words));
    }
  }
});

test('the amount of a verdict is sealed', () => {
  const ask = { kind: 'ask', ruleId: 'r', ruleVersion: 'v', group: 'finance', quorum: 1, withinMs: 1 } as const;
  const verdict = { ...ask, reason: '', amount: { currency: 'EUR', minorUnits: 7_200 } };
  const { open } = splitFact('ruled', json({ kind: 'ruled', digest: 'd', verdict, evidence: null, signed: 's' }));
  assert.deepEqual(open['verdict'], ask);
});

test('the parts of a fact make the fact again', () => {
  const facts: readonly Fact[] = [
    { kind: 'proposed', proposal: aProposal() },
    { kind: 'settled', outcome: { kind: 'succeeded', result: { id: 7, to: 'ada@example.com' } } },
    { kind: 'settled', outcome: { kind: 'failed', reason: 'no such order' } },
    { kind: 'phase', phase: 'paused', by: 'olga', reason: 'lunch' },
    {
      kind: 'ruled',
      digest: 'd',
      verdict: { kind: 'allow', ruleId: 'r', ruleVersion: 'v', reason: 'fits' },
      evidence: null,
      signed: 's',
    },
  ];
  for (const fact of facts) assert.deepEqual(joinFact(splitFact(fact.kind, json(fact))), json(fact));
});

test('what a result or a reason says is never written, whatever its form', () => {
  for (const result of [null, 0, 'text', ['a'], { a: { b: 1 } }]) {
    const { open, sealed } = splitFact('settled', json({ kind: 'settled', outcome: { kind: 'succeeded', result } }));
    assert.deepEqual(open, { kind: 'settled', outcome: { kind: 'succeeded' } });
    assert.deepEqual(sealed, { 'outcome.result': result });
  }
});

test('a member that is not there seals nothing, and an evidence that is null stays null', () => {
  const verdict = { kind: 'allow', ruleId: 'r', ruleVersion: 'v', reason: 'fits' } as const;
  const { open, sealed } = splitFact(
    'ruled',
    json({ kind: 'ruled', digest: 'd', verdict, evidence: null, signed: 's' }),
  );
  assert.deepEqual(Object.keys(sealed), ['verdict.reason', 'signed']);
  assert.equal(open['evidence'], null);
});

test('no part is both sealed and left out', () => {
  for (const { sealed, elsewhere = [] } of Object.values(PARTS)) {
    assert.deepEqual(
      elsewhere.filter((path) => sealed.includes(path)),
      [],
    );
  }
});
