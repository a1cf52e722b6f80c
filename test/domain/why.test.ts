// The story of an action: what each entry says, how much it proves, and what is missing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fact, RecordedEntry } from '../../domain/entry.ts';
import type { Item } from '../../domain/item.ts';
import { tellWhy } from '../../domain/why.ts';
import type { Known } from '../../domain/why-lines.ts';
import { ADA, aProposal, anEvidence, ASK } from './builders.ts';

const proposal = aProposal({ origin: { messageId: 'm1', itemId: 'i2' } });
const recorded = (facts: readonly Fact[], seal: RecordedEntry['seal'] = 'fits'): readonly RecordedEntry[] =>
  facts.map((fact, at) => ({ seq: at + 1, subject: 's', step: fact.kind, conversationId: 'c1', atMs: at, fact, seal }));
const said = (id: string, text: string): readonly [string, { item: Item; digest: string }] => {
  const body = { kind: 'message', text, from: ADA } as const;
  const item = {
    id,
    conversationId: 'c1',
    turn: 1,
    seq: 1,
    trust: 'principal',
    body,
    salt: 's',
    createdMs: 0,
  } as const;
  return [id, { item, digest: `digest of ${id}` }];
};
const known: Known = { items: new Map([said('i1', 'refund 1042'), said('i2', '')]), digestNow: proposal.digest };

const mark = { itemId: 'i1', itemDigest: 'digest of i1' };
const asked: Fact = { kind: 'message', turn: 1, messageId: 'm1', ...mark, principal: ADA, signed: 's' };
const saw: Fact = {
  ...{ kind: 'model_call', turn: 1, model: 'm', requestId: 'r', shown: [{ id: 'i1', digest: 'digest of i1' }] },
  ...{ itemId: 'i2', itemDigest: 'digest of i2', promptTokens: 7, completionTokens: 3, cost: null },
};
const ruled: Fact = { kind: 'ruled', digest: proposal.digest, verdict: ASK, evidence: anEvidence(), signed: 's' };
const decided: Fact = {
  ...{ kind: 'decided', approvalId: 'a', decisionId: 'd', personId: 'finn', answer: 'approve', method: 'api_key' },
  ...{ signed: 's', receipt: 'approved' },
};
const warrant = { messageId: 'm1', verdictStep: 'ruled', decisionIds: ['d'] };
const claimed: Fact = { kind: 'claimed', digest: proposal.digest, tool: 'refund', warrant };
const attempted = { kind: 'attempted', epoch: 1, tool: 'refund', scopes: ['shop:refund'] } as const;
const succeeded: Fact = { kind: 'settled', outcome: { kind: 'succeeded', result: { id: 're_1' } } };
const WHOLE: readonly Fact[] = [
  ...[asked, saw, { kind: 'proposed', proposal } as const, ruled, decided, claimed],
  ...[{ ...attempted, credential: 'minted' } as const, succeeded],
];
const partOf = (facts: readonly Fact[], part: string, on: Known = known) =>
  tellWhy(recorded(facts), on).filter((line) => line.part === part);

test('a whole chain is told from who asked to what came back, and nothing of it is unknown', () => {
  const lines = tellWhy(recorded(WHOLE), known);
  const parts = ['asked', 'saw', 'proposed', 'rule', 'people', 'warrant', 'ran', 'came back'];
  assert.deepEqual(
    lines.map(({ part }) => part),
    parts,
  );
  assert.deepEqual(
    lines.filter(({ coverage }) => coverage === 'unknown'),
    [],
  );
  assert.match(lines[0]?.text ?? '', /Ada \(customer-ada\) asked: “refund 1042”/);
  assert.match(lines[4]?.text ?? '', /finn said approve, known by api key/);
});

test('what the model, a system of record and a far side say is theirs; what code checked is enforced', () => {
  const coverage = (part: string) => partOf(WHOLE, part).map((line) => line.coverage);
  assert.deepEqual(['saw', 'came back'].flatMap(coverage), ['attributed', 'attributed']);
  assert.deepEqual(
    ['asked', 'proposed', 'rule', 'people', 'warrant', 'ran'].flatMap(coverage),
    Array(6).fill('enforced'),
  );
  assert.equal(partOf([{ ...attempted, credential: 'standing' }], 'ran')[0]?.coverage, 'attributed');
});

test('what should be on record and is not is a line that says so', () => {
  const without = (kind: Fact['kind']) => WHOLE.filter((fact) => fact.kind !== kind);
  for (const kind of ['message', 'proposed', 'ruled', 'decided', 'attempted', 'settled'] as const) {
    const missing = tellWhy(recorded(without(kind)), known).filter(({ seq }) => seq === null);
    assert.deepEqual(
      missing.map(({ coverage }) => coverage),
      ['unknown'],
      kind,
    );
  }
});

test('an action that was never begun needs no decision, no attempt', () => {
  const denied: Fact = { kind: 'settled', outcome: { kind: 'denied', reason: 'a person denied it' } };
  const lines = tellWhy(recorded([asked, { kind: 'proposed', proposal }, ruled, denied]), known);
  assert.deepEqual(
    lines.filter(({ seq }) => seq === null),
    [],
  );
  assert.deepEqual(lines.at(-1)?.coverage, 'enforced');
  assert.match(lines.at(-1)?.because ?? '', /nothing was run/);
});

test('words that are not those that were recorded prove nothing', () => {
  const altered = new Map(
    [said('i1', 'refund 1043'), said('i2', '')].map(([id, kept]) => [id, { ...kept, digest: 'other' }]),
  );
  assert.equal(partOf(WHOLE, 'asked', { ...known, items: altered })[0]?.coverage, 'unknown');
  assert.equal(partOf(WHOLE, 'saw', { ...known, items: altered })[0]?.coverage, 'unknown');
  assert.equal(partOf(WHOLE, 'proposed', { ...known, digestNow: 'other' })[0]?.coverage, 'unknown');
  assert.equal(partOf(WHOLE, 'proposed', { ...known, digestNow: undefined })[0]?.coverage, 'unknown');
});

test('erased words are said to be erased, and shown no more', () => {
  const [line] = tellWhy(recorded([ruled], 'gone'), known);
  assert.deepEqual([line?.coverage, line?.because, line?.details], ['unknown', 'its words are erased', null]);
  assert.match(line?.text ?? '', /said ask 1 of finance .*: \[erased\]$/);
  const [broken] = tellWhy(recorded([ruled], 'broken'), known);
  assert.match(broken?.because ?? '', /not those that were recorded/);
});

test('what may have happened is unknown, whoever said so, and an operator’s act is a gap', () => {
  const unknown: Fact = { kind: 'settled', outcome: { kind: 'unknown', reason: 'the connection broke' } };
  assert.equal(partOf([...WHOLE.slice(0, -1), unknown], 'came back')[0]?.coverage, 'unknown');
  const act = { kind: 'operator_act', act: 'terminated', workflowId: 'conversation/c1', runId: 'r' } as const;
  assert.match(partOf([{ ...act, by: 'cli', reason: '' }], 'gap')[0]?.text ?? '', /no reason was given/);
});

test('where people were shown a card is told by the word of the channel, with the digest of what stood there', () => {
  const of = { batchId: 'c1:1:0', channel: 'pigeon', address: { to: 'C1', thread: '' } } as const;
  const shown: Fact = { kind: 'card_shown', ...of, ref: { to: 'C1', id: '17.1' }, sha256: 'd' };
  const [there, nowhere] = partOf([shown, { kind: 'card_not_shown', ...of, reason: 'it has blocked us' }], 'people');
  assert.deepEqual([there?.coverage, there?.details], ['attributed', { ref: 'C1/17.1', sha256: 'd' }]);
  assert.match(
    `${there?.text}; ${nowhere?.text}`,
    /was shown on pigeon in C1; .* could not be shown .*: it has blocked us/,
  );
});
