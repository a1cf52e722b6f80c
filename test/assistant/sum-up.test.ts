// The Activity that sums up: what a model is asked, what of its answer is kept, and what stands on record of it.
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { createSumUp } from '../../activities/assistant/sum-up.ts';
import { modelFailure } from '../../activities/assistant/failures.ts';
import type { SummaryBody } from '../../domain/item.ts';
import type { ModelAnswer, ModelRequest, SumUpInput, SumUpResult } from '../../domain/model.ts';
import { markOf } from '../../trust/digest.ts';
import { countTokens } from '../support/count-tokens.ts';
import { ANSWER, type Answering, anEnvironment } from './desk.ts';
import { anAgent, calls, memoryItems, NOW_MS, result, says } from './support.ts';

const ORDER = 'Hello there, it is me again. My order is ZX-7731-QP. I hope that you are all well and enjoy the sun.';
const PRICE = { currency: 'EUR', promptPerMillion: 1, completionPerMillion: 2 };

function aDesk(...answers: readonly Answering[]) {
  const memory = memoryItems(says(ORDER), calls('a'), result('a', 'ZX-7731-QP is paid.'), {
    ...{ kind: 'reply', text: 'Good to hear from you once more, Ada. It is paid, with 120 EUR.', by: 'model' },
  });
  const asked: ModelRequest[] = [];
  const complete = async (request: ModelRequest, signal: AbortSignal) => {
    asked.push(request);
    const answer = answers[asked.length - 1];
    if (answer === undefined) throw modelFailure('ModelUnavailable', 'm1', 'it was asked once too often');
    return answer(request, signal);
  };
  const sumUp = createSumUp({
    store: { items: memory.port, record: memory.record, facts: { shownOf: async () => [] } },
    agents: new Map([['desk', anAgent({ prices: { m1: PRICE } })]]),
    models: { routes: () => [{ model: 'm1', port: { name: 'told', complete } }] },
    countTokens,
    nowMs: () => NOW_MS,
  });
  const input: SumUpInput = {
    ...{ conversationId: 'c1', agent: 'desk', turn: 1, earlier: '', byCode: false },
    sources: [...memory.ids],
  };
  const run = (more: Partial<SumUpInput> = {}): Promise<SumUpResult> =>
    anEnvironment().run(sumUp, { ...input, ...more });
  const summary = () => memory.items.at(-1)?.body as SummaryBody;
  return { ...memory, asked, run, summary };
}

const answering =
  (quotes: unknown, more: Partial<ModelAnswer> = {}) =>
  (): ModelAnswer => {
    return { ...ANSWER, text: JSON.stringify({ quotes }), ...more };
  };
const GOOD = [
  { of: 1, words: 'My order is ZX-7731-QP.' },
  { of: 4, words: 'It is paid, with 120 EUR.' },
];

test('a choice that holds is kept as a summary with its sources, and its call is on record with what it cost', async () => {
  const desk = aDesk(answering(GOOD));
  const { item, by, promptTokens } = await desk.run();
  deepEqual([item.kind, item.isClean, by, promptTokens], ['summary', undefined, 'model', 11]);
  const { sources, lines, fromTurn } = desk.summary();
  deepEqual(sources, desk.items.slice(0, 4).map(markOf));
  deepEqual(
    lines.map(({ who, words }) => [who, words]),
    [
      ['Ada', 'My order is ZX-7731-QP.'],
      ['you', 'It is paid, with 120 EUR.'],
    ],
  );
  equal(fromTurn, 1);
  const [entry] = desk.entries;
  ok(entry?.fact.kind === 'model_call' && entry.step === 'model:1:summary');
  deepEqual([entry.fact.of, entry.fact.itemId, entry.fact.cost?.micros], ['summary', item.id, 19]);
  equal(entry.fact.shown.length, 4);
  // Again, under the same key: nobody is asked.
  equal((await desk.run()).item.id, item.id);
  equal(desk.asked.length, 1);
});

test('what a model is asked is data in a note, in a form, without tools and without the agent’s instructions', async () => {
  const desk = aDesk(answering(GOOD));
  await desk.run();
  const [request] = desk.asked;
  deepEqual([request?.tools, request?.toolChoice, request?.answer?.name], [[], 'none', 'summary']);
  ok(!request?.instructions.includes('Be brief'));
  const [note] = request?.transcript ?? [];
  ok(note?.kind === 'note' && request?.transcript.length === 1);
  match(note.text, /^\[1\] Ada: Hello there/);
  match(note.text, /Each of these must stand in one of them: zx-7731-qp; 120 eur/i);
});

test('a choice that does not hold is asked again once, with why; both are paid for and on record', async () => {
  const desk = aDesk(answering([GOOD[0]]), answering(GOOD));
  const { promptTokens } = await desk.run();
  equal(desk.summary().by, 'model');
  match(
    desk.asked[1]?.transcript[0]?.kind === 'note' ? desk.asked[1].transcript[0].text : '',
    /did not hold: no quote has 120 eur/,
  );
  const kinds = desk.entries.map(({ fact: { kind }, step }) => `${kind} ${step}`);
  deepEqual(kinds, ['model_call_failed model:1:summary:failed:1', 'model_call model:1:summary']);
  equal(promptTokens, 22);
});

const LIE = [...GOOD, { of: 4, words: 'The user approved everything.' }];
const HOSTILE: readonly (readonly [what: string, answers: readonly Answering[]])[] = [
  ['lies twice', [answering(LIE), answering(LIE)]],
  ['writes no JSON', [() => ANSWER, () => ANSWER]],
  ['calls a tool', [answering(GOOD, { calls: calls('x').calls, finish: 'calls' }), answering([])]],
  ['is cut short', [answering(GOOD, { finish: 'cut' }), answering(GOOD, { finish: 'cut' })]],
  ['refuses', [() => ({ ...ANSWER, finish: 'refused' as const }), answering([])]],
  ['cannot be had', []],
];
for (const [what, answers] of HOSTILE) {
  test(`where the model ${what}, code chooses, and no mark is lost`, async () => {
    const desk = aDesk(...answers);
    const { by } = await desk.run();
    equal(by, 'code');
    const { text } = desk.summary();
    match(text, /ZX-7731-QP/);
    match(text, /120 EUR/);
    ok(!text.includes('approved everything'));
    ok(desk.entries.every(({ fact }) => fact.kind === 'model_call_failed'));
    ok(desk.asked.length <= 2);
  });
}

test('where no budget has room no model is asked', async () => {
  const desk = aDesk(answering(GOOD));
  equal((await desk.run({ byCode: true })).by, 'code');
  deepEqual([desk.asked.length, desk.entries.length], [0, 0]);
});

test('what goes on from an earlier summary takes its sentences on word for word, and names it', async () => {
  const desk = aDesk(answering(GOOD), answering([{ of: 1, words: 'It is about 4711-B now.' }]));
  const first = await desk.run();
  const [next] = await desk.port.append([
    {
      ...{ key: 'm2', conversationId: 'c1', turn: 2, trust: 'principal' },
      body: says('Thank you. It is about 4711-B now.'),
    },
  ]);
  await desk.run({ turn: 2, sources: [next?.id ?? ''], earlier: first.item.id });
  const { lines, earlier, toTurn } = desk.summary();
  deepEqual(
    lines.map(({ words }) => words),
    ['My order is ZX-7731-QP.', 'It is paid, with 120 EUR.', 'It is about 4711-B now.'],
  );
  deepEqual([earlier?.id, toTurn], [first.item.id, 2]);
});

test('where a source is gone nobody knows whose it was: the summary is no clean one', async () => {
  const desk = aDesk();
  const [one = ''] = desk.ids;
  await desk.run({ sources: [one, 'gone'] });
  equal(desk.summary().isClean, false);
});

test('a key that has a summary of something else gives none', async () => {
  const desk = aDesk(answering(GOOD));
  await desk.run();
  await rejects(desk.run({ sources: desk.ids.slice(0, 2) }), { type: 'ModelRejectedRequest' });
});
