// The card: what people are shown of an approval, and which answers they may give from it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CardAsk, type CardInput, type CardLimits, cardOf } from '../../domain/card.ts';
import { canonicalText, leavesOf } from '../../domain/leaves.ts';
import type { Approval } from '../../domain/approval.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { canonicalJson } from '../../trust/digest.ts';
import { aDecision, anApproval, anEvidence } from '../domain/builders.ts';

const ROOMY: CardLimits = { valueChars: 50_000, fields: 5_000, totalChars: 1_000_000 };
const NOW_MS = 3_000;

function cardFor(approvals: readonly Approval[], limits = ROOMY, more: Partial<CardInput> = {}, nowMs = NOW_MS) {
  const asks = approvals.map((approval) => ({ approval, handle: `handle of ${approval.id}`, outcome: null }));
  const about = { asks, batch: approvals, alsoRuns: [], names: { finn: 'Finn' }, ...more };
  return cardOf({ id: 'c1:1:0', ...about }, limits, nowMs);
}

function askFor(over: Partial<Approval>, limits = ROOMY, nowMs = NOW_MS): CardAsk {
  return cardFor([anApproval(over)], limits, {}, nowMs).asks[0]!;
}

const withArgs = (args: Json, limits = ROOMY): CardAsk => askFor({ args: canonicalJson(args) }, limits);
const listed = ({ fields }: Pick<CardAsk, 'fields'>) => fields.map(({ name, value }) => [name, value.text]);
const plain = (text: string) => ({ text, flags: [] });

test('three lines come first: what, for whom, how much, each once', () => {
  const { headline } = askFor({ forWhom: 'customer Ada (customer-ada)', howMuch: '72.00 EUR' });
  assert.deepEqual(
    headline.map(({ text }) => text),
    ['refund order 1042', 'customer Ada (customer-ada)', '72.00 EUR'],
  );
});

test('where a tool does not say, it is for whoever asks, and no amount is made up', () => {
  assert.deepEqual(
    askFor({}).headline.map(({ text }) => text),
    ['refund order 1042 · 72.00 EUR', 'customer-ada', 'no amount is stated'],
  );
});

test('the three lines are one line each, whatever they hold', () => {
  for (const part of askFor({ summary: 'a\nb\u202e', forWhom: 'x'.repeat(500), howMuch: '\u200b' }).headline) {
    assert.ok(part.text.length <= 160 && !part.text.includes('\n'));
    assert.equal(part.flags.length > 0, true);
  }
});

test('a card says who asks whom, under which rule, on what evidence, until when, and what happens then', () => {
  const evidence = { ...anEvidence({ state: 'delivered', paid: { cents: 7200 } }), asOfMs: 1_000 };
  const card = cardFor([anApproval({ evidence, quorum: 2, critical: ['amountCents'], decisions: [aDecision()] })]);
  const [ask] = card.asks;
  assert.deepEqual(ask, {
    approvalId: 'c1:1:0.0.0',
    handle: 'handle of c1:1:0.0.0',
    digest: 'd1',
    headline: [plain('refund order 1042 · 72.00 EUR'), plain('customer-ada'), plain('no amount is stated')],
    title: 'support-desk asks for leave: finance',
    fields: [
      { name: 'amountCents', value: plain('7200'), from: null, isCritical: true },
      { name: 'order', value: plain('1042'), from: null, isCritical: false },
    ],
    hiddenFields: 0,
    evidence: {
      asOfMs: 1_000,
      ageMs: 2_000,
      version: '1',
      fields: [
        { name: 'paid.cents', value: plain('7200'), from: null, isCritical: false },
        { name: 'state', value: plain('delivered'), from: null, isCritical: false },
      ],
      hiddenFields: 0,
    },
    rule: plain('refund.asks'),
    reason: plain('money leaves'),
    requester: plain('customer-ada'),
    isQuestion: false,
    group: 'finance',
    quorum: 2,
    decided: [{ person: plain('Finn (finn)'), answer: 'approve', reason: plain(''), atMs: 2_000 }],
    saidSince: [],
    deadlineMs: 61_000,
    otherwise: 'then it is denied by itself',
    end: 'open',
    ended: '',
    changed: plain(''),
    outcome: null,
    answers: ['approve', 'deny', 'edit', 'withdraw', 'ask_back'],
    isWhole: true,
  });
});

test('a question is answered, not approved, and goes to a person by name', () => {
  const card = cardFor([anApproval({ question: 'unknown', group: '@olga' })]);
  assert.equal(card.asks[0]?.title, 'support-desk asks what happened: olga');
  assert.deepEqual(card.asks[0]?.answers, ['happened', 'did_not_happen']);
  assert.equal(card.asks[0]?.otherwise, 'then it stays unknown, and is not repeated');
});

test('what has ended, or is past its deadline, offers no answer, and says how it ended', () => {
  const ended = anApproval({ end: 'denied' });
  const asks = [{ approval: ended, handle: 'h', outcome: { kind: 'failed', reason: 'no such order' } as const }];
  const [ask] = cardFor([], ROOMY, { asks }).asks;
  const said = [ask?.answers, ask?.otherwise, ask?.ended, ask?.outcome?.text];
  assert.deepEqual(said, [[], '', 'Denied', 'Not done. failed: no such order']);
  assert.deepEqual(askFor({}, ROOMY, 61_000).answers, []);
});

test('a batch is one card: an ask for each approval, the allowed actions beside them, and room for all', () => {
  const approvals = [anApproval(), anApproval({ id: 'c1:1:0.1.0', args: '{"text":"' + 'x'.repeat(300) + '"}' })];
  const alsoRuns = Array.from({ length: 25 }, (_, at) => `look up order ${at}`);
  const card = cardFor(approvals, { ...ROOMY, totalChars: 400 }, { alsoRuns });
  assert.deepEqual(
    card.asks.map(({ isWhole, hiddenFields }) => [isWhole, hiddenFields]),
    [
      [true, 0],
      [false, 1],
    ],
  );
  assert.deepEqual([card.alsoRuns.length, card.alsoRuns[20]], [21, { text: 'and 5 more', flags: ['cut'] }]);
});

// Attack 15: a very long list or argument.
const TIGHT: CardLimits = { valueChars: 100, fields: 10, totalChars: 600 };
const TOO_MUCH: readonly (readonly [rule: string, args: JsonObject, hidden: number])[] = [
  ['a value that is too long is cut', { text: 'x'.repeat(101), to: 'a' }, 0],
  ['a list with too many items is counted', { to: Array.from({ length: 40 }, (_, at) => `a${at}@example.com`) }, 30],
  ['too many short arguments are counted', Object.fromEntries(Array.from({ length: 11 }, (_, at) => [`a${at}`, 1])), 1],
  [
    'too much in all is counted',
    Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`a${at}`, 'x'.repeat(90)])),
    3,
  ],
  ['what is written out takes its room', { text: '\u202e'.repeat(20) }, 0],
  ['a long name is cut', { ['n'.repeat(101)]: 1 }, 0],
];

for (const [rule, args, hidden] of TOO_MUCH) {
  test(`${rule}, and then nobody approves from there, but may deny`, () => {
    const ask = withArgs(args, TIGHT);
    assert.deepEqual([ask.isWhole, ask.hiddenFields, ask.answers], [false, hidden, ['deny', 'withdraw', 'ask_back']]);
    const shownChars = ask.fields.reduce((sum, { name, value }) => sum + name.length + value.text.length, 0);
    assert.ok(shownChars <= TIGHT.totalChars && ask.fields.length <= TIGHT.fields);
    assert.deepEqual(
      withArgs(args).answers,
      ['approve', 'deny', 'edit', 'withdraw', 'ask_back'],
      'the full view shows it whole',
    );
  });
}

test('what happened may not be said from a card that hides what it was', () => {
  const args = canonicalJson({ text: 'x'.repeat(101) });
  assert.deepEqual(askFor({ args, question: 'unknown' }, TIGHT).answers, []);
});

test('arguments that are erased, no JSON, or not the canonical text are never approved from what is shown', () => {
  for (const args of ['', '{', '{"b":1,"a":2}', '{"a":1,"a":2}', '{"a": 1}', '{"a":1.0}', '['.repeat(50_000)]) {
    assert.deepEqual(
      [askFor({ args }).isWhole, askFor({ args }).answers],
      [false, ['deny', 'withdraw', 'ask_back']],
      args.slice(0, 20),
    );
  }
});

test('the digest covers nothing that the card leaves out: nested, empty and dangerous names are all there', () => {
  const args = JSON.parse(
    '{"":1,"__proto__":{"a":2},"a.b":3,"constructor":4,"deep":[{"x":[]},{}],"n":null,"to":["a","b"]}',
  ) as Json;
  assert.deepEqual(listed(withArgs(args)), [
    ['""', '1'],
    ['__proto__.a', '2'],
    ['"a.b"', '3'],
    ['constructor', '4'],
    ['deep.0.x', '[]'],
    ['deep.1', '{}'],
    ['n', 'null'],
    ['to.0', 'a'],
    ['to.1', 'b'],
  ]);
});

test('a text that reads as something else stands in quotes', () => {
  const args = { a: '7200', b: 7200, c: 'true', d: true, e: '', f: ' x', g: '"x"', h: '2026-01-05', i: '1e9', j: '[]' };
  assert.deepEqual(
    listed(withArgs(args)).map(([, value]) => value),
    ['"7200"', '7200', '"true"', 'true', '""', '" x"', '""x""', '2026-01-05', '"1e9"', '"[]"'],
  );
});

// Attack 14: display spoofs, in any argument and in any name.
test('a value that hides something is shown with it written out, flagged, and still whole', () => {
  const ask = withArgs({ to: 'раураl@example.com', note: 'a\u202eb', 'na\u200bme': 'x' });
  assert.deepEqual(
    ask.fields.map(({ name, value }) => [name, value.text, value.flags]),
    [
      ['na<U+200B>me', 'x', ['invisible']],
      ['note', 'a<U+202E>b', ['bidi']],
      ['to', '<U+0440><U+0430><U+0443><U+0440><U+0430>l@example.com', ['mixed_script']],
    ],
  );
  assert.deepEqual([ask.isWhole, ask.answers], [true, ['approve', 'deny', 'edit', 'withdraw', 'ask_back']]);
});

const json: fc.Arbitrary<Json> = fc
  .jsonValue({ maxDepth: 4, stringUnit: fc.constantFrom('a', '1', '.', '"', ' ', '\n', '\u202e', 'а', '\\', '{', ']') })
  .map((value) => JSON.parse(JSON.stringify(value)) as Json);

test('two different arguments never look the same', () => {
  const seen = (value: Json) => JSON.stringify(withArgs(value).fields.map(({ name, value: shown }) => [name, shown]));
  fc.assert(
    fc.property(json, json, (one, other) => {
      assert.equal(seen(one) === seen(other), canonicalJson(one) === canonicalJson(other));
    }),
    { numRuns: 500 },
  );
});

test('whatever the limits, a card is whole only with everything in it, and within them', () => {
  const limits = fc.record({
    valueChars: fc.integer({ min: 1, max: 60 }),
    fields: fc.integer({ min: 0, max: 12 }),
    totalChars: fc.integer({ min: 0, max: 300 }),
  });
  fc.assert(
    fc.property(json, limits, (args, tight) => {
      const [ask, whole] = [withArgs(args, tight), withArgs(args)];
      assert.equal(ask.answers.includes('approve'), ask.isWhole);
      assert.equal(ask.fields.length + ask.hiddenFields, leavesOf(args).length);
      assert.equal(ask.isWhole, JSON.stringify(ask.fields) === JSON.stringify(whole.fields));
    }),
    { numRuns: 500 },
  );
});

test('the canonical text is that of the digest', () => {
  fc.assert(fc.property(json, (value) => assert.equal(canonicalText(value), canonicalJson(value))));
});

test('a card says of which procedure its action is a step, and of no other action', () => {
  const { procedure, ...rest } = askFor({ procedure: 'refund\u200b_order' });
  assert.deepEqual(procedure, { text: 'refund<U+200B>_order', flags: ['invisible'] });
  assert.deepEqual(rest, askFor({}));
});

test('a card says where each value that decides comes from, and each that a stranger wrote', () => {
  const traced = (path: string, origin: 'principal' | 'model' | 'untrusted') =>
    ({ path, name: path, origin, source: 'read\u202email', itemId: 'i' }) as const;
  const values = [traced('body', 'untrusted'), traced('note', 'model'), traced('to', 'principal')];
  const provenance = { context: 'untrusted', values } as const;
  const args = canonicalJson({ body: 'b', note: 'n', to: 't' });
  const { fields } = askFor({ args, critical: ['to'], provenance });
  assert.deepEqual(
    fields.map(({ name, from }) => [name, from?.text, from?.flags]),
    [
      ['body', 'read<U+202E>mail (untrusted)', ['bidi']],
      ['note', undefined, undefined],
      ['to', 'the requester’s own words', []],
    ],
  );
});
