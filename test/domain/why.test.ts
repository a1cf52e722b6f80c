// The story of an action: what each entry says, how much it proves, and what is missing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '../../domain/action.ts';
import type { Fact, RecordedEntry } from '../../domain/entry.ts';
import type { Item } from '../../domain/item.ts';
import { tellWhy } from '../../domain/why.ts';
import type { Verdict } from '../../domain/verdict.ts';
import type { Known, Proof } from '../../domain/why-line.ts';
import { ADA, ALLOW, anApproval, anEvidence, aProposal, ASK, DENY } from './builders.ts';

const proposal = aProposal({ origin: { messageId: 'm1', itemId: 'i2' } });
const recorded = (facts: readonly Fact[], seal: RecordedEntry['seal'] = 'fits'): readonly RecordedEntry[] =>
  facts.map((fact, at) => ({ seq: at + 1, subject: 's', step: fact.kind, conversationId: 'c1', atMs: at, fact, seal }));
/** All signatures hold. */
const ALL_HOLD: Known['proofs'] = new Map(Array.from({ length: 50 }, (_, at) => [at + 1, 'holds'] as const));
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
const known: Known = {
  items: new Map([said('i1', 'refund 1042'), said('i2', '')]),
  ...{ digestNow: proposal.digest, questionDigest: 'question', proofs: ALL_HOLD, isCut: false },
};

const mark = { itemId: 'i1', itemDigest: 'digest of i1' };
const asked: Fact = { kind: 'message', turn: 1, messageId: 'm1', ...mark, principal: ADA, signed: 's' };
const saw: Fact = {
  ...{ kind: 'model_call', turn: 1, model: 'm', requestId: 'r', shown: [{ id: 'i1', digest: 'digest of i1' }] },
  ...{ itemId: 'i2', itemDigest: 'digest of i2', promptTokens: 7, completionTokens: 3, cost: null },
};
const ruled: Fact = { kind: 'ruled', digest: proposal.digest, verdict: ASK, evidence: anEvidence(), signed: 's' };
const inspected: Fact = { kind: 'inspected', tool: 'refund', scopes: ['shop:read'], evidence: anEvidence() };
const approval = anApproval({ id: 'a' });
const requested: Fact = { kind: 'approval_requested', approval };
const decided: Fact = {
  ...{ kind: 'decided', approvalId: 'a', decisionId: 'd', personId: 'finn', answer: 'approve', method: 'api_key' },
  ...{ signed: 's', receipt: 'approved' },
};
const warrant = { messageId: 'm1', verdictStep: 'ruled', decisionIds: ['d'] };
const claimed: Fact = { kind: 'claimed', digest: proposal.digest, tool: 'refund', warrant };
const attempted = { kind: 'attempted', epoch: 1, tool: 'refund', scopes: ['shop:refund'] } as const;
const succeeded: Fact = { kind: 'settled', outcome: { kind: 'succeeded', result: { id: 're_1' } } };
const WHOLE: readonly Fact[] = [
  ...[asked, saw, { kind: 'proposed', proposal } as const, inspected, ruled, requested, decided, claimed],
  ...[{ ...attempted, credential: 'minted' } as const, succeeded],
];
const partOf = (facts: readonly Fact[], part: string, on: Known = known) =>
  tellWhy(recorded(facts), on).filter((line) => line.part === part);

test('a whole chain is told from who asked to what came back, and nothing of it is unknown', () => {
  const lines = tellWhy(recorded(WHOLE), known);
  const parts = ['asked', 'saw', 'proposed', 'record', 'rule', 'people', 'people', 'warrant', 'ran', 'came back'];
  assert.deepEqual(
    lines.map(({ part }) => part),
    parts,
  );
  assert.deepEqual(
    lines.filter(({ coverage }) => coverage === 'unknown'),
    [],
  );
  assert.match(lines[0]?.text ?? '', /Ada \(customer-ada\) asked: “refund 1042”/);
  assert.match(lines[6]?.text ?? '', /finn said approve, known by api key/);
});

test('what the model, a system of record and a far side say is theirs; what code checked is enforced', () => {
  const coverage = (part: string) => partOf(WHOLE, part).map((line) => line.coverage);
  assert.deepEqual(['saw', 'came back'].flatMap(coverage), ['attributed', 'attributed']);
  assert.deepEqual(
    ['asked', 'proposed', 'rule', 'people', 'warrant', 'ran'].flatMap(coverage),
    Array(7).fill('enforced'),
  );
  for (const credential of ['standing', 'none'] as const)
    assert.equal(partOf([{ ...attempted, credential }], 'ran')[0]?.coverage, 'attributed', credential);
});

test('what should be on record and is not is a line that says so', () => {
  for (const kind of KINDS_OF_A_CHAIN) {
    const lines = tellWhy(recorded(WHOLE.filter((fact) => fact.kind !== kind)), known);
    const missing = lines.filter(({ seq }) => seq === null);
    assert.ok(missing.length === 1 && missing[0]?.coverage === 'unknown', `${kind}: ${JSON.stringify(missing)}`);
  }
});

const KINDS_OF_A_CHAIN = [
  ...(['message', 'model_call', 'proposed', 'inspected', 'ruled', 'approval_requested'] as const),
  ...(['decided', 'claimed', 'attempted', 'settled'] as const),
];

test('what code proposed, upon the word of a person, no model was asked for', () => {
  const [id, code] = said('i2', '');
  const items = new Map([said('i1', ''), [id, { ...code, item: { ...code.item, trust: 'record' } }] as const]);
  const lines = tellWhy(recorded(WHOLE.filter(({ kind }) => kind !== 'model_call')), { ...known, items });
  assert.deepEqual(
    lines.filter(({ seq }) => seq === null),
    [],
  );
});

test('as many different people as the rule asks for must have given leave, to this asking', () => {
  const verdict = { ...ASK, quorum: 2 };
  const question = { ...approval, id: 'q', question: 'unknown', digest: 'question' } as const;
  const answered = { ...decided, approvalId: 'q', decisionId: 'd2', personId: 'olga', answer: 'happened' } as const;
  const quorum = (...more: readonly Fact[]) => {
    const two: Fact = { kind: 'approval_requested', approval: { ...approval, quorum: 2 } };
    const rest = WHOLE.filter(({ kind }) => kind !== 'approval_requested' && kind !== 'ruled');
    const lines = tellWhy(recorded([...rest, { ...ruled, verdict }, two, ...more]), known);
    return lines.filter(({ seq }) => seq === null).map(({ text }) => text);
  };
  const short = ['1 of 2 decisions that give leave are on record'];
  const other = { ...decided, decisionId: 'd2' };
  assert.deepEqual(quorum(), short);
  assert.deepEqual(
    quorum({ kind: 'approval_requested', approval: question }, answered),
    short,
    'an answer is no leave',
  );
  assert.deepEqual(quorum(other), short, 'the same person again');
  assert.deepEqual(quorum({ ...other, personId: ADA.id }), short, 'who asked for it');
  assert.deepEqual(quorum({ ...other, personId: 'olga', answer: 'deny' }), short, 'who denied');
  assert.deepEqual(quorum({ ...other, personId: 'olga', approvalId: 'void' }), short, 'another asking');
  assert.deepEqual(quorum({ ...other, personId: 'olga' }), []);
});

test('an action that was never begun needs no decision, no attempt', () => {
  const denied: Fact = { kind: 'settled', outcome: { kind: 'denied', reason: 'a person denied it' } };
  const lines = tellWhy(recorded([asked, saw, { kind: 'proposed', proposal }, inspected, ruled, denied]), known);
  assert.deepEqual(
    lines.filter(({ seq }) => seq === null),
    [],
  );
  assert.deepEqual(lines.at(-1)?.coverage, 'enforced');
  assert.match(lines.at(-1)?.because ?? '', /nothing was run/);
});

test('a digest that is lost says nothing against the words', () => {
  const [line] = partOf([{ ...asked, itemDigest: '' }], 'asked');
  assert.equal(line?.coverage, 'enforced');
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

test('a signature that does not hold, or is about something else, proves nothing; without its key it proves less', () => {
  const at = (kind: Fact['kind']) => WHOLE.findIndex((fact) => fact.kind === kind) + 1;
  for (const kind of ['message', 'ruled', 'decided'] as const) {
    const as = (proof: 'key_gone' | 'differs' | 'wrong' | undefined) => {
      const proofs = new Map<number, Proof>(ALL_HOLD);
      if (proof === undefined) proofs.delete(at(kind));
      else proofs.set(at(kind), proof);
      return tellWhy(recorded(WHOLE), { ...known, proofs }).find(({ seq }) => seq === at(kind))?.coverage;
    };
    assert.deepEqual([as('differs'), as('wrong'), as('key_gone'), as(undefined)], [UNKNOWN, UNKNOWN, WORD, WORD], kind);
  }
});

const [UNKNOWN, WORD] = ['unknown', 'attributed'];

test('what is bound to another digest, or names what is not on record, proves nothing', () => {
  const other = { digest: 'other' };
  const warranted = (change: object): Fact => ({ ...claimed, warrant: { ...warrant, ...change } });
  const wrong: readonly Fact[] = [
    { ...ruled, ...other },
    { kind: 'approval_requested', approval: { ...approval, ...other } },
    { kind: 'approval_requested', approval: { ...approval, actionId: 'c1:1:1' } },
    { kind: 'approval_settled', approval: { ...approval, ...other } },
    { kind: 'approval_requested', approval: { ...approval, id: 'q', question: 'unknown' } },
    { ...decided, approvalId: 'nowhere' },
    { ...claimed, ...other },
    ...[{ verdictStep: 'ruled:else' }, { messageId: 'm2' }, { decisionIds: ['d', 'd2'] }].map(warranted),
  ];
  for (const fact of wrong) {
    const facts = [...WHOLE.filter(({ kind }) => kind !== fact.kind || kind === 'decided'), fact];
    const line = tellWhy(recorded(facts), known).find(({ seq }) => seq === facts.length);
    assert.equal(line?.coverage, 'unknown', JSON.stringify(fact));
  }
  const denied = WHOLE.map((fact) => (fact.kind === 'ruled' ? { ...ruled, verdict: DENY } : fact));
  assert.equal(partOf(denied, 'warrant')[0]?.coverage, 'unknown');
});

test('an altered entry says nothing, is no part of the chain, and ends no answer', () => {
  const entries = recorded(WHOLE);
  for (const [at, { kind }] of WHOLE.entries()) {
    const empty = { ...entries[at]!, fact: { kind } as Fact };
    for (const one of [empty, { ...empty, seal: 'broken', isAltered: true } as const]) {
      const lines = tellWhy(entries.with(at, one), known);
      const line = lines.find(({ seq }) => seq === at + 1);
      assert.equal(line?.coverage, 'unknown', kind);
      if (one !== empty) assert.match(line.text, /stands here, and says nothing/, kind);
      if (one !== empty) assert.ok(lines.some(({ seq }) => seq === null));
    }
  }
});

test('erased words are said to be erased, and shown no more', () => {
  const [line] = tellWhy(recorded([ruled], 'gone'), known);
  assert.deepEqual([line?.coverage, line?.because, line?.details], ['unknown', 'its words are erased', null]);
  assert.match(line?.text ?? '', /said ask 1 of finance .*: \[erased\]$/);
  const [broken] = tellWhy(recorded([ruled], 'broken'), known);
  assert.match(broken?.because ?? '', /not those that were recorded/);
});

test('a decision that was refused is told, as what somebody tried', () => {
  const refused: Fact = { kind: 'decision_refused', approvalId: 'a', reason: 'no key of ours' };
  const told = partOf([...WHOLE, refused], 'gap').map(({ text, coverage }) => `${coverage}: ${text}`);
  assert.deepEqual(told, ['enforced: a decision that was put to its batch was refused: no key of ours']);
});

test('what may have happened is unknown, whoever said so, and an operator’s act is a gap', () => {
  const unknown: Fact = { kind: 'settled', outcome: { kind: 'unknown', reason: 'the connection broke' } };
  assert.equal(partOf([...WHOLE.slice(0, -1), unknown], 'came back')[0]?.coverage, 'unknown');
  const act = { kind: 'operator_act', act: 'terminated', workflowId: 'conversation/c1', runId: 'r' } as const;
  assert.match(partOf([{ ...act, by: 'cli', reason: '' }], 'gap')[0]?.text ?? '', /no reason was given/);
});

test('what came back without an attempt on record is nobody’s word; what a person answered is that person’s', () => {
  const without = WHOLE.filter(({ kind }) => kind !== 'attempted');
  assert.equal(partOf(without, 'came back')[0]?.coverage, 'unknown');
  const question = { ...approval, id: 'q', question: 'unknown', digest: 'question' } as const;
  const unknown: Fact = { kind: 'settled', outcome: { kind: 'unknown', reason: 'the connection broke' } };
  const answered = (answer: 'happened' | 'did_not_happen', outcome: Outcome): readonly Fact[] => [
    ...[...WHOLE.slice(0, -1), unknown, { kind: 'approval_requested', approval: question } as const],
    ...[{ ...decided, approvalId: 'q', decisionId: 'd2', personId: 'olga', answer } as const],
    { kind: 'settled', outcome },
  ];
  const last = (facts: readonly Fact[]) => partOf(facts, 'came back').at(-1)?.because ?? '';
  const happened = { kind: 'succeeded', result: { confirmedBy: 'olga', reason: '' } } as const;
  assert.match(last(answered('happened', happened)), /the word of olga/);
  const didNot = { kind: 'failed', reason: 'it did not happen; olga looked' } as const;
  assert.match(last(answered('did_not_happen', didNot)), /the word of olga/);
  assert.match(last(answered('happened', { kind: 'succeeded', result: 're_1' })), /the word of the far side/);
});

test('a read that was cut off may have run; what was denied did not', () => {
  const read = { ...proposal, effect: 'read', inspects: false } as const;
  const ended = (verdict: Verdict, outcome: Outcome) =>
    partOf(
      [
        { kind: 'proposed', proposal: read },
        { ...ruled, verdict },
        { kind: 'settled', outcome },
      ],
      'came back',
    )[0];
  assert.equal(ended(ALLOW, { kind: 'failed', reason: 'lost' })?.coverage, 'attributed');
  assert.equal(ended(DENY, { kind: 'denied', reason: 'no' })?.coverage, 'enforced');
});

test('only what the actor acted on is said to be acted on', () => {
  const because = (facts: readonly Fact[], part: string) => partOf(facts, part).at(-1)?.because ?? '';
  assert.match(because(WHOLE, 'rule'), /the one that the actor acted on/);
  assert.match(because(WHOLE.slice(0, 7), 'people'), /counted it by code$/);
  assert.match(because(WHOLE.slice(0, 8), 'people'), /the actor verified it once more/);
  assert.match(because([{ ...ruled, verdict: DENY }], 'rule'), /nothing runs on it/);
});

test('of what was derived again nothing that is lost is told as a value', () => {
  const lost = recorded([
    { ...saw, model: '', requestId: '' },
    { ...inspected, scopes: [] },
    { kind: 'settled', outcome: { kind: 'succeeded', result: null } },
    { ...asked, itemDigest: '' },
  ]).map((entry) => ({ ...entry, rebuilt: true }) as const);
  const lines = tellWhy(lost, known).filter(({ seq }) => seq !== null);
  const text = lines.map((line) => line.text).join(' | ');
  assert.match(text, /a model, of which the name is lost, saw 1 items/);
  assert.match(text, /with scopes that are lost/);
  assert.match(text, /it succeeded: what it gave back is lost/);
  assert.deepEqual(
    lines.map(({ coverage }) => coverage),
    Array(4).fill('attributed'),
  );
});

test('what models were shown in vain is told, and a story that is cut says so', () => {
  const failed: Fact = { kind: 'model_call_failed', turn: 1, shown: [], models: ['m0', 'm1'], reason: 'm0: HTTP 503' };
  assert.match(partOf([failed], 'saw')[0]?.text ?? '', /^m0, m1 saw 0 items, or may have, .*: m0: HTTP 503$/);
  const lines = tellWhy(recorded(WHOLE.slice(0, -1)), { ...known, isCut: true });
  assert.deepEqual(
    lines.slice(-2).map(({ part, because }) => [part, because]),
    ['gap', 'came back'].map((part) => [part, 'it may be among the entries that are not told']),
  );
});
