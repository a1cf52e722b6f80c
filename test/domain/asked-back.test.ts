import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { askedBackMs, isAskedBack, noteAskedBack, saidSince } from '../../domain/asked-back.ts';
import { cardOf } from '../../domain/card.ts';
import type { Item } from '../../domain/item.ts';
import { ADA, aDecision, anApproval } from './builders.ts';

const said = (at: number, text: string, from = ADA): Item => ({
  ...{ id: `i${at}`, conversationId: 'c1', turn: at, seq: at, trust: 'principal', salt: 's', createdMs: at },
  body: { kind: 'message', text, from },
});
const askBack = (atMs: number) => aDecision({ decisionId: `d-${atMs}`, answer: 'ask_back', reason: 'why?', atMs });
const asked = anApproval({ asides: [aDecision({ answer: 'approve', atMs: 1 }), askBack(5), askBack(20)] });

test('a card shows what the requester has said since somebody first asked back, the last five, and nobody else', () => {
  equal(askedBackMs(asked), 5);
  const others = [said(4, 'before'), said(6, 'of another', { ...ADA, id: 'bob' })];
  const own = [7, 8, 9, 21, 22, 23].map((at) => said(at, `word ${at}`));
  deepEqual(
    saidSince(asked, [...others, ...own]).map(({ text }) => text),
    ['word 8', 'word 9', 'word 21', 'word 22', 'word 23'],
  );
  deepEqual(saidSince(anApproval(), own), []);
});

test('what the requester says is shown in a short form in which nothing can hide', () => {
  const saidNow = saidSince(asked, [said(7, `a\u202eb ${'x'.repeat(500)}`)]);
  const asks = [{ approval: asked, handle: 'h', outcome: null, saidSince: saidNow }];
  const card = cardOf(
    { id: 'b', asks, batch: [], alsoRuns: [], names: {} },
    { valueChars: 9, fields: 9, totalChars: 99 },
    30,
  );
  const [message] = card.asks[0]?.saidSince ?? [];
  deepEqual([message?.text.text.startsWith('a<U+202E>b xxx'), message?.text.flags], [true, ['bidi', 'cut']]);
  equal((message?.text.text.length ?? 999) <= 200, true);
});

test('a conversation knows which batch waits for an answer of its requester', () => {
  const batch = (batchId: string) => ({ batchId, principal: 's', summaries: [], group: 'finance', deadlineMs: 9 });
  const state = { waiting: [batch('b1'), batch('b2')] };
  equal(isAskedBack(state), false);
  noteAskedBack(state, 'b2');
  deepEqual(state.waiting, [batch('b1'), { ...batch('b2'), asksBack: true }]);
  equal(isAskedBack(state), true);
});
