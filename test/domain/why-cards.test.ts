import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fact, RecordedEntry } from '../../domain/entry.ts';
import { refusalStep } from '../../domain/refusal.ts';
import { tellWhy } from '../../domain/why.ts';

const nothingElse = { items: new Map(), digestNow: '', questionDigest: '', proofs: new Map(), isCut: false };

test('where people were shown a card is told by the word of the channel, with the digest of what stood there', () => {
  const of = { batchId: 'c1:1:0', channel: 'pigeon', address: { to: 'C1', thread: '' } } as const;
  const facts: readonly Fact[] = [
    { kind: 'card_shown', ...of, ref: { to: 'C1', id: '17.1' }, sha256: 'd' },
    { kind: 'card_not_shown', ...of, reason: 'it has blocked us' },
  ];
  const entries = facts.map((fact, at): RecordedEntry => {
    return { seq: at + 1, subject: 'a', step: fact.kind, conversationId: 'c1', atMs: at, fact, seal: 'fits' };
  });
  const [there, nowhere] = tellWhy(entries, nothingElse).filter(({ part, seq }) => part === 'people' && seq !== null);
  assert.deepEqual([there?.coverage, there?.details], ['attributed', { ref: 'C1/17.1', sha256: 'd' }]);
  assert.match(there?.text ?? '', /its card was shown on pigeon in C1/);
  assert.match(nowhere?.text ?? '', /could not be shown .*: it has blocked us/);
});

test('who opened the page of an approval is told, and that nobody can know what they read', () => {
  const fact = { kind: 'approval_seen', approvalId: 'c1:1:0.0.0', personId: 'finn', method: 'page' } as const;
  const entry: RecordedEntry = {
    ...{ seq: 1, subject: 'c1:1:0.0.0', step: 'seen:finn', conversationId: 'c1', atMs: 1, fact, seal: 'none' },
  };
  const [line] = tellWhy([entry], nothingElse).filter(({ seq }) => seq === 1);
  assert.deepEqual([line?.part, line?.coverage], ['people', 'enforced']);
  assert.match(line?.text ?? '', /finn opened its page, known by page/);
});

test('whom the API turned away is told in a line of its own: who, with which answer, known how, and why', () => {
  const by = {
    why: 'above_limit',
    personId: 'lena',
    tenant: 'default',
    answer: 'ask_back',
    method: 'api_key',
  } as const;
  const fact = { kind: 'decision_refused', approvalId: 'c1:1:0.0.0', reason: 'it is too much for you', by } as const;
  const entry = { seq: 1, subject: 'c1:1:0.0.0', step: refusalStep(by), conversationId: 'c1', atMs: 1, fact } as const;
  const toldOf = (seal: RecordedEntry['seal']) =>
    tellWhy([{ ...entry, seal }], nothingElse).find(({ seq }) => seq === 1);
  const line = toldOf('fits');
  assert.deepEqual([line?.part, line?.coverage], ['people', 'enforced']);
  assert.deepEqual(line?.details, { approvalId: 'c1:1:0.0.0', tenant: 'default' });
  const text = 'lena was turned away with ask back, known by api key: it is about more than they may approve';
  assert.equal(line?.text, text);
  assert.equal(toldOf('gone')?.text, text, 'what they were told may be erased');
});
