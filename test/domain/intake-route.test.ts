import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { answerFrom, answerSchema, claimsIn, factsNow, isNews, isWholeForm } from '../../domain/intake-facts.ts';
import { readingsOf, standingAfter } from '../../domain/intake-route.ts';
import type { IntakeRoute, IntakeStanding } from '../../domain/intake.ts';
import { saidText } from '../../domain/said.ts';
import { claims as of, eur, routedHere, shopIntake } from '../support/intake.ts';

interface Told {
  readonly turn?: number;
  readonly before?: IntakeStanding;
  readonly mayAsk?: boolean;
  readonly unlooked?: boolean;
}

/** What comes of these words and this answer of a model. */
function taken(
  words: string | readonly string[],
  answer: object | string,
  { turn = 1, before, mayAsk = true, unlooked = false }: Told = {},
) {
  const texts = [words].flat().map((text, at) => saidText(`i${at}`, text));
  const claims = claimsIn(shopIntake, typeof answer === 'string' ? answer : JSON.stringify(answer)) ?? [];
  const facts = factsNow(shopIntake, { before: before?.facts ?? [], fresh: texts, texts, claims });
  return {
    facts,
    standing: standingAfter(shopIntake, before, {
      turn,
      version: 'v1',
      facts,
      routed: routedHere(shopIntake, facts),
      mayAsk,
      unlooked,
    }),
  };
}

const brief = ({ priority, queue, next, open }: IntakeStanding) =>
  `${priority} ${queue} ${next} ${open.join(',')}`.trim();

const WORDS = 'My order 1042 came damaged. I paid 700.00 EUR.';
const HONEST = {
  orderId: of('1042', 'order 1042'),
  what: of('damaged', 'came damaged'),
  amount: of(eur('700.00'), '700.00 EUR'),
  injured: [],
};

/** words, answer → priority queue next open */
const TABLE: readonly [string, object | string, string][] = [
  [WORDS, HONEST, '2 finance goes_on'],
  // Nothing is said, so nothing is uncertain.
  ['hello', {}, '4 support goes_on'],
  ['hello', 'no JSON at all', '4 support goes_on'],
  // What the queue needs is asked for.
  ['it came damaged', { what: of('damaged', 'damaged') }, '3 returns asks orderId'],
  // Left out, misquoted, rescaled, paraphrased, cut out of its context, of another currency, told twice.
  [WORDS, { ...HONEST, amount: [] }, '2 finance asks amount'],
  [WORDS, { ...HONEST, amount: of(eur('700.00'), 'I paid about 700.00 EUR') }, '2 finance asks amount'],
  [WORDS, { ...HONEST, amount: of(eur('7.00'), '700.00 EUR') }, '2 finance asks amount'],
  [WORDS, { ...HONEST, amount: of({ amount: 70_000, currency: 'EUR' }, '700.00 EUR') }, '2 finance asks amount'],
  [WORDS, { ...HONEST, amount: of({ amount: '700.00', currency: 'USD' }, '700.00 EUR') }, '2 finance asks amount'],
  [WORDS, { ...HONEST, amount: of(eur('1.00'), 'a little') }, '2 finance asks amount'],
  [WORDS, { ...HONEST, amount: [...HONEST.amount, ...of(eur('1.00'), '700.00 EUR')] }, '2 finance asks amount'],
  // Where one of them cannot be asked for, nothing is: a person has it at once.
  [WORDS, {}, '2 desk hands_over what,amount'],
  // Judgements are no facts.
  [WORDS, { ...HONEST, priority: 'LOW', urgency: 5, queue: 'spam', handover: true }, '2 finance goes_on'],
  // What somebody else makes up can only call a person.
  ['hello', { injured: of(true, 'my hand was hurt') }, '1 safety hands_over injured'],
  ['I was injured', {}, '1 safety hands_over injured'],
  ['nobody was injured', { injured: of(true, 'injured') }, '1 safety hands_over injured'],
  ['nobody was injured', { injured: of(false, 'nobody was injured') }, '4 support goes_on'],
  // Two values of one fact are none, and what code cannot read is not passed over.
  ['it is damaged, and late', { what: of('late', 'late') }, '3 desk hands_over orderId,what'],
  ['I paid seven hundred euros', {}, '3 support asks amount'],
];

test('the most urgent way to read what was said holds, whatever a model makes of it', () => {
  for (const [words, answer, expected] of TABLE)
    equal(brief(taken(words, answer).standing), expected, `${words} ${JSON.stringify(answer)}`);
});

test('a fact carries its state, and only what people wrote is a value of it', () => {
  const { facts } = taken(WORDS, { ...HONEST, orderId: of('9999', 'order 1042') });
  deepEqual(
    facts.map(({ name, state, said, quoted, claimed }) => [name, state, said, quoted, claimed]),
    [
      ['orderId', 'unverified', ['1042'], [], ['9999']],
      ['what', 'verified', ['damaged'], ['damaged'], []],
      ['amount', 'verified', [{ currency: 'EUR', minorUnits: 70_000 }], [{ currency: 'EUR', minorUnits: 70_000 }], []],
      ['injured', 'unsaid', [], [], []],
    ],
  );
});

test('within a conversation the priority only moves up, and a later message adds to what is known', () => {
  const first = taken(WORDS, HONEST).standing;
  const later = taken('nobody was injured', { injured: of(false, 'nobody was injured') }, { turn: 2, before: first });
  equal(brief(later.standing), '2 finance goes_on');
  const calm = taken('hello', {}).standing;
  const worse = taken('now I am injured', { injured: of(true, 'injured') }, { turn: 2, before: calm }).standing;
  equal(brief(worse), '1 safety hands_over');
  equal(brief(taken('thanks', {}, { turn: 3, before: worse }).standing), '1 safety goes_on');
});

test('a fact is asked for twice, then a person is called, once; the same turn taken again comes to the same', () => {
  let before: IntakeStanding | undefined;
  const next: string[] = [];
  for (const turn of [1, 2, 3, 4]) {
    const told = { turn, ...(before && { before }) };
    const { standing } = taken('it came damaged', { what: of('damaged', 'damaged') }, told);
    deepEqual(
      taken('it came damaged', { what: of('damaged', 'damaged') }, { turn, before: standing }).standing,
      standing,
    );
    next.push(brief(standing));
    before = standing;
  }
  deepEqual(next, [
    '3 returns asks orderId',
    '3 returns asks orderId',
    '3 desk hands_over orderId',
    '3 desk goes_on orderId',
  ]);
});

test('what no model has looked through goes to a person, once, and as urgent as what is unclear', () => {
  const first = taken('hello', {}, { unlooked: true }).standing;
  equal(brief(first), '3 desk hands_over');
  deepEqual(first.called, [{ why: 'no model looked', turn: 1 }]);
  equal(first.unlooked, true);
  const second = taken('hello', {}, { turn: 2, before: first, unlooked: true }).standing;
  equal(brief(second), '3 desk goes_on');
  const looked = taken('hello', {}, { turn: 3, before: second }).standing;
  deepEqual([brief(looked), looked.unlooked], ['3 desk goes_on', undefined]);
  // What code finds by itself stands above it.
  equal(brief(taken('I was injured', {}, { unlooked: true }).standing), '1 safety hands_over injured');
  equal(brief(taken('I paid 700.00 EUR', {}, { unlooked: true }).standing), '2 desk hands_over amount');
});

test('an answer is the form where each fact has a whole list of values of its kind with quotes, whatever stands besides', () => {
  const whole = { ...HONEST, what: of('damaged', 'came damaged') };
  const cases: readonly [unknown, boolean][] = [
    [whole, true],
    [{ ...whole, priority: 'LOW' }, true],
    [{ ...whole, amount: of(eur('1.00'), 'words that nobody wrote') }, true],
    [{ ...whole, amount: of({ amount: 700, currency: 'EUR' }, '700.00 EUR') }, false],
    [{ ...whole, amount: [{ value: eur('700.00') }] }, false],
    [{ ...whole, amount: { value: eur('700.00'), quote: '700.00 EUR' } }, false],
    [{ ...whole, amount: null }, false],
    [{ ...whole, amount: Array.from({ length: 9 }, () => of(eur('700.00'), '700.00 EUR')).flat() }, false],
    [{ orderId: [], what: [], amount: [] }, false],
    [[], false],
    ['LOW', false],
  ];
  for (const [answer, is] of cases) equal(isWholeForm(shopIntake, JSON.stringify(answer)), is, JSON.stringify(answer));
  equal(isWholeForm(shopIntake, '{"orderId": ['), false);
});

test('where a person has taken over nothing is asked, and the priority still moves up', () => {
  const { standing } = taken('it came damaged, and I paid 700 EUR', {}, { mayAsk: false });
  equal(brief(standing), '2 finance goes_on what,amount');
});

test('a route that throws, or answers what is no route, is the most urgent, and a person looks', () => {
  const bad: readonly unknown[] = [
    undefined,
    { priority: 9, queue: 'a' },
    { priority: 2, queue: 'Ada’s' },
    { priority: 2, queue: 'a', needs: ['x'] },
  ];
  const routes = [
    ...bad.map((answer) => () => answer as IntakeRoute),
    (): IntakeRoute => {
      throw new Error('boom');
    },
  ];
  for (const route of routes) {
    const { priority, handover } = routedHere({ ...shopIntake, route }, taken('hello', {}).facts);
    deepEqual([priority, handover], [1, true]);
  }
});

test('more readings than can be gone through call a person at once', () => {
  const words = Array.from({ length: 9 }, (_, at) => `order 10${at}0 ${at + 1} EUR damaged late injured`).join(' ');
  const { facts, standing } = taken(`${words} nobody was injured`, {});
  equal(readingsOf(facts), undefined);
  equal(brief(standing).startsWith('1 desk hands_over'), true);
});

test('the schema asks for values and quotes only, all of them required and nothing besides', () => {
  const { properties, required, additionalProperties } = answerSchema(shopIntake);
  deepEqual([required, additionalProperties], [['orderId', 'what', 'amount', 'injured'], false]);
  deepEqual(Object.keys(properties as object), required);
});

test('a model is to look where somebody writes what is not known yet, and nowhere else', () => {
  const { facts } = taken(WORDS, HONEST);
  const news = (text: string) => isNews(shopIntake, facts, [saidText('i9', text)]);
  deepEqual(['thanks', 'damaged, order 1042', 'order 1043', 'seven euros'].map(news), [false, false, true, true]);
});

const PHRASES = [
  'order 1042',
  'order 1043',
  'damaged',
  'late',
  '700.00 EUR',
  '20 EUR',
  'injured',
  'nobody was injured',
  'seven euros',
  'hello',
];
const words = fc.array(fc.constantFrom(...PHRASES), { maxLength: 6 }).map((list) => list.join('. '));
const anyClaim = fc.record({
  value: fc.oneof(
    fc.constantFrom('1042', '1043', 'damaged', 'late', true, false, eur('700.00'), eur('20.00'), eur('7.00')),
    fc.jsonValue(),
  ),
  quote: fc.oneof(fc.constantFrom(...PHRASES), fc.string()),
});
const answer = fc.oneof(
  fc.dictionary(
    fc.constantFrom('orderId', 'what', 'amount', 'injured', 'priority', 'urgency'),
    fc.array(anyClaim, { maxLength: 3 }),
  ),
  fc.jsonValue().map((value) => ({ injured: value })),
);

test('no answer of a model, whatever it leaves out, misquotes, rescales or adds, lowers what the words demand', () => {
  fc.assert(
    fc.property(words, answer, (said, hostile) => {
      const { facts, standing: right } = taken(said, answerFrom(shopIntake, [saidText('i0', said)]));
      const { facts: otherwise, standing: wrong } = taken(said, hostile);
      const [should, does] = [routedHere(shopIntake, facts), routedHere(shopIntake, otherwise)];
      ok(wrong.priority <= right.priority, `${right.priority} became ${wrong.priority}`);
      ok(does.priority <= should.priority, `${should.priority} became ${does.priority}`);
      ok(wrong.next === 'hands_over' || right.next !== 'hands_over', 'a person was called before');
      ok(wrong.next !== 'goes_on' || right.next !== 'asks', 'what is needed was asked for before');
    }),
    { numRuns: 1_000 },
  );
});

test('over the turns of a conversation no answer of a model lowers the priority', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(words, answer), { minLength: 1, maxLength: 5 }), (turns) => {
      let before: IntakeStanding | undefined;
      for (const [at, [said, hostile]] of turns.entries()) {
        const { standing } = taken(said, hostile, { turn: at + 1, ...(before && { before }) });
        ok(before === undefined || standing.priority <= before.priority);
        before = standing;
      }
    }),
    { numRuns: 300 },
  );
});
