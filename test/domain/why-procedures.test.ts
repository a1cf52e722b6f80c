// The story of the start of a procedure, and of a step.
import { deepEqual, match } from 'node:assert/strict';
import { test } from 'node:test';
import type { Fact, RecordedEntry } from '../../domain/entry.ts';
import { tellWhy } from '../../domain/why.ts';
import { ALLOW, aProposal } from './builders.ts';

const nothingElse = { items: new Map(), digestNow: 'd1', questionDigest: '', proofs: new Map(), isCut: false };
const told = (facts: readonly Fact[]) =>
  tellWhy(
    facts.map((fact, at): RecordedEntry => {
      return { seq: at + 1, subject: 'c1:1:0', step: fact.kind, conversationId: 'c1', atMs: at, fact, seal: 'fits' };
    }),
    nothingElse,
  );
const ofPart = (facts: readonly Fact[], part: string) => told(facts).filter((line) => line.part === part);

const start = aProposal({ tool: 'refund_order', effect: 'start', inspects: false });
const ruled: Fact = { kind: 'ruled', digest: 'd1', verdict: ALLOW, evidence: null, signed: 's' };
const outcome = { kind: 'succeeded', result: { refunded: 72 } } as const;
const ended: Fact = { kind: 'settled', outcome, by: 'procedure' };
const claimed: Fact = { kind: 'claimed', digest: 'd1', tool: 'refund_order', warrant: null };

test('how a procedure ended is told as the word of its code, and nobody misses an attempt', () => {
  const facts: readonly Fact[] = [{ kind: 'proposed', proposal: start }, ruled, ended];
  const [back, ...others] = ofPart(facts, 'came back');
  deepEqual([back?.coverage, others], ['attributed', []]);
  match(back?.because ?? '', /^its own code says so; each of its steps is an action of its own/);
  deepEqual(ofPart(facts, 'ran'), []);
});

test('what is told as the end of a procedure, of an action that is none, proves nothing', () => {
  for (const proposal of [aProposal(), undefined]) {
    const proposed: readonly Fact[] = proposal === undefined ? [] : [{ kind: 'proposed', proposal }];
    const [back] = ofPart([...proposed, ruled, ended], 'came back');
    deepEqual([back?.coverage, back?.because], ['unknown', 'it is told as the end of a procedure, and is none']);
  }
  const unmarked = ofPart(
    [{ kind: 'proposed', proposal: start }, ruled, claimed, { kind: 'settled', outcome }],
    'came back',
  );
  deepEqual(unmarked[0]?.coverage, 'unknown');
});

test('of a step is told which code wanted it, and what started that', () => {
  const proposal = aProposal({
    actionId: 'c1:1:0/pay',
    proposedBy: { procedure: 'refund_order', actionId: 'c1:1:0' },
  });
  const [line] = ofPart([{ kind: 'proposed', proposal }, ruled], 'proposed');
  match(line?.text ?? '', /^the code of refund_order, started as c1:1:0, proposed: refund order 1042/);
});
