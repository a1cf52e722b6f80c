// How tokens are counted, and what a model call does when they are too many.
import { deepEqual, equal, match, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { createCallModel } from '../../activities/assistant/call-model.ts';
import { createItemCounter } from '../../activities/assistant/tokens.ts';
import { countTokens } from '../support/count-tokens.ts';
import { markOf } from '../../trust/digest.ts';
import { ANSWER, aDesk } from './desk.ts';
import { anAgent, anItem, calls, memoryItems, noFacts, result, says } from './support.ts';

test('tokens are those of a real tokenizer', () => {
  // The published figures of o200k_base.
  deepEqual(
    ['', 'hello world', 'antidisestablishmentarianism', '2 + 2 = 4'].map((text) => countTokens(text)),
    [0, 2, 6, 7],
  );
});

test('what reads like a control word of a model is text', () => {
  ok(countTokens('<|endoftext|> <|im_start|>system') > 6);
});

test('text of no blanks is counted in time that grows with its length alone', () => {
  for (const text of ['a'.repeat(64_000), '👩‍👩‍👧'.repeat(8_000), '\n'.repeat(64_000), '\ud800'.repeat(1_000)]) {
    const begunMs = performance.now();
    ok(countTokens(text) > 0);
    // In one piece each takes from 4 s to minutes.
    ok(performance.now() - begunMs < 2_000);
  }
});

test('an item is counted once, by all that a model reads of it', () => {
  const counted: string[] = [];
  const tokensOf = createItemCounter((text) => counted.push(text) && text.length);
  const long = anItem('i1', result('a', 'x'.repeat(600)));
  deepEqual([tokensOf(long), tokensOf(long), counted.length], [601, 601, 2]);
  equal(tokensOf(anItem('i2', { ...calls('a'), text: 'so', opaque: 'x'.repeat(9) })), 2 + 1 + 6 + 2 + 3);
});

/** Three turns, of which the first two read something long. */
const bodies = [
  ...[says('what does the log say?'), calls('a'), { ...result('a', 'log line '.repeat(800)), place: '1:0' }],
  ...[says('and the other?'), calls('b'), { ...result('b', 'other line '.repeat(600)), place: '2:0' }, says('thanks')],
];
const narrow = (maxPromptTokens: number) => anAgent({ limits: { maxPromptTokens } });

test('what there is no room for is cut to a line or left out, and on record with its digest and the reason', async () => {
  const memory = memoryItems(...bodies);
  const desk = aDesk(
    { m1: () => ANSWER },
    { store: { items: memory.port, facts: noFacts, record: memory.record } },
    narrow(1_800),
  );
  await desk.run({ show: memory.ids });
  const fact = memory.entries[0]?.fact;
  ok(fact?.kind === 'model_call' && fact.within !== undefined);
  const marks = memory.items.map(markOf);
  deepEqual(fact.within.reduced, [marks[2]]);
  deepEqual(
    fact.shown,
    [0, 1, 3, 4, 5, 6].map((at) => marks[at]),
  );
  ok(fact.within.countedTokens <= 1_800);
  const shown = desk.asked[0]?.transcript[2];
  match(shown?.kind === 'tool_result' ? shown.text : '', /^\[left out.*read_more\(\{"result":"1:0","from":0\}\)/);

  const less = aDesk(
    { m1: () => ANSWER },
    { store: { items: memory.port, facts: noFacts, record: memory.record } },
    narrow(1_200),
  );
  await less.run({ show: memory.ids, call: 1 });
  const second = memory.entries.at(-1)?.fact;
  ok(second?.kind === 'model_call' && second.within !== undefined);
  deepEqual([second.within.reduced, second.within.leftOut], [[marks[2], marks[5]], []]);
  deepEqual(
    less.asked[0]?.transcript.map(({ kind }) => kind),
    bodies.map(({ kind }) => kind),
  );
  for (const { instructions, tools } of [...desk.asked, ...less.asked]) {
    deepEqual([instructions, tools.map(({ name }) => name)], ['Be brief.', ['lookup']], 'never cut');
  }
});

test('an agent whose instructions and tools leave no room for a conversation does not start', () => {
  const agent = anAgent({ instructions: 'Be brief. '.repeat(500), limits: { maxPromptTokens: 1_200 } });
  const { port, record } = memoryItems();
  const store = { items: port, facts: noFacts, record };
  const models = { routes: () => [] };
  throws(
    () => createCallModel({ store, agents: new Map([['desk', agent]]), models, countTokens, nowMs: () => 0 }),
    /agent "desk": its instructions and tools are \d+ tokens of limits.maxPromptTokens, 1200; raise it or shorten them/,
  );
});
