// Looking for facts: what a model is asked in each protocol, and what is kept of its answer.
import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createFillFacts } from '../../activities/assistant/fill-facts.ts';
import { createChatModel } from '../../activities/assistant/models/chat-completions.ts';
import { createResponsesModel } from '../../activities/assistant/models/responses.ts';
import { createScriptedModel } from '../../activities/assistant/models/scripted.ts';
import { answerSchema } from '../../domain/intake-facts.ts';
import type { FillFactsInput, FillFactsResult, ModelAnswer, ModelRequest } from '../../domain/model.ts';
import { markOf } from '../../trust/digest.ts';
import { shopIntake } from '../support/intake.ts';
import { ANSWER, type Answering, anEnvironment, wants } from './desk.ts';
import { countTokens } from '../support/count-tokens.ts';
import { aRequest, anAgent, memoryItems, NOW_MS, noFacts, rawProvider, says, stream } from './support.ts';

function aDesk(answer: Answering) {
  const memory = memoryItems(says('My order 1042 is damaged.'), { kind: 'facts', text: '{}' });
  const asked: ModelRequest[] = [];
  const complete = async (request: ModelRequest, signal: AbortSignal) => {
    asked.push(request);
    return answer(request, signal);
  };
  const fillFacts = createFillFacts({
    store: { items: memory.port, facts: noFacts, record: memory.record },
    agents: new Map([['desk', anAgent({ intake: shopIntake })]]),
    models: { routes: () => [{ model: 'm1', port: { name: 'told', complete } }] },
    countTokens,
    nowMs: () => NOW_MS,
  });
  const input: FillFactsInput = { conversationId: 'c1', agent: 'desk', turn: 3, show: memory.ids };
  return { ...memory, asked, run: (): Promise<FillFactsResult> => anEnvironment().run(fillFacts, input) };
}

const FOUND = '{"orderId":[{"value":"1042","quote":"order 1042"}]}';

test('a model is shown messages and no tools, under words that are the same for every agent; its answer is kept once', async () => {
  const desk = aDesk(() => ({ ...ANSWER, text: `Here you are:\n\`\`\`json\n${FOUND}\n\`\`\`` }));
  const first = await desk.run();
  deepEqual(await desk.run(), { ...first, promptTokens: 0, completionTokens: 0 });
  equal(desk.asked.length, 1);
  const [{ transcript, tools, toolChoice, instructions, answer } = aRequest()] = desk.asked;
  deepEqual([transcript.map(({ kind }) => kind), tools, toolChoice], [['message'], [], 'none']);
  deepEqual(answer, { name: 'facts', schema: answerSchema(shopIntake) });
  match(instructions, /judge nothing/);
  deepEqual(desk.items.at(-1)?.body, { kind: 'facts', text: FOUND });
  const [called] = desk.entries;
  equal(called?.step, 'model:3:facts');
  deepEqual(called?.fact.kind === 'model_call' && called.fact.shown, [markOf(desk.items[0]!)]);
});

test('the arguments of the call that it was made to make are its answer, and a refusal finds nothing', async () => {
  const called = aDesk(() => wants({ callId: 'a', tool: 'facts', argumentsText: FOUND }));
  await called.run();
  deepEqual(called.items.at(-1)?.body, { kind: 'facts', text: FOUND });
  const refused = aDesk(() => ({ ...ANSWER, text: 'I would rather not', finish: 'refused' }));
  await refused.run();
  deepEqual(refused.items.at(-1)?.body, { kind: 'facts', text: '{}' });
});

test('what is no JSON, or is cut off, is no answer, and on record as shown in vain', async () => {
  const answers: readonly ModelAnswer[] = [
    { ...ANSWER, text: 'It is urgent.' },
    { ...ANSWER, text: FOUND, finish: 'cut' },
    { ...ANSWER, text: '{"orderId":' },
  ];
  for (const answer of answers) {
    const desk = aDesk(() => answer);
    await rejects(desk.run(), { type: 'ModelAnswerUnusable' });
    deepEqual(
      desk.entries.map(({ step, fact }) => [step, fact.kind]),
      [['model:3:facts:failed:1', 'model_call_failed']],
    );
  }
});

const schema = answerSchema(shopIntake);
const asking = aRequest({ tools: [], toolChoice: 'none', answer: { name: 'facts', schema } });
const open = () => new AbortController().signal;

async function sentTo(t: TestContext, events: readonly object[], complete: (baseUrl: string) => Promise<ModelAnswer>) {
  const sent: Record<string, unknown>[] = [];
  const baseUrl = await rawProvider(t, (_request, response, body) => {
    sent.push(JSON.parse(body) as Record<string, unknown>);
    stream(response, events);
  });
  return { answer: await complete(baseUrl), sent: sent[0] ?? {} };
}

test('a server of Chat Completions is made to call one tool of that form', async (t) => {
  const made = { index: 0, id: 'a', function: { name: 'facts', arguments: FOUND } };
  const events = [{ choices: [{ delta: { tool_calls: [made] }, finish_reason: 'tool_calls' }] }];
  const complete = (baseUrl: string) => createChatModel({ apiKey: '', baseUrl }, () => NOW_MS).complete(asking, open());
  const { answer, sent } = await sentTo(t, events, complete);
  equal(answer.calls[0]?.argumentsText, FOUND);
  deepEqual(sent['tool_choice'], { type: 'function', function: { name: 'facts' } });
  deepEqual((sent['tools'] as { function: { parameters: object } }[])[0]?.function.parameters, schema);
});

test('the Responses API is given the schema as the form of its words', async (t) => {
  const message = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: FOUND }] };
  const response = { object: 'response', status: 'completed', output: [message] };
  const complete = (baseUrl: string) =>
    createResponsesModel({ apiKey: 'k', baseUrl }, () => NOW_MS).complete(asking, open());
  const { answer, sent } = await sentTo(t, [{ type: 'response.completed', response }], complete);
  equal(answer.text, FOUND);
  deepEqual(sent['text'], { format: { type: 'json_schema', strict: true, name: 'facts', schema } });
});

test('the scripted model quotes what code finds in the messages', async () => {
  const transcript = [says('My order 1042 is damaged.'), says('I paid 700.00 EUR')];
  const { text } = await createScriptedModel([], shopIntake).complete({ ...asking, transcript }, open());
  deepEqual(JSON.parse(text), {
    orderId: [{ value: '1042', quote: '1042' }],
    what: [{ value: 'damaged', quote: 'damaged' }],
    amount: [{ value: { amount: '700.00', currency: 'EUR' }, quote: '700.00 EUR' }],
    injured: [],
  });
});
