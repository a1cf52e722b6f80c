// One conversation with one message, and models that answer as told: what tests of the model call begin with.
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { type CallModelDeps, createCallModel } from '../../activities/assistant/call-model.ts';
import type { ModelRoute } from '../../activities/assistant/models/router.ts';
import type { CallModelInput, CallModelResult, ModelAnswer, ModelPort, ModelRequest } from '../../domain/model.ts';
import { countTokens } from '../support/count-tokens.ts';
import { anAgent, memoryItems, NOW_MS, noFacts, says } from './support.ts';

export type Answering = (request: ModelRequest, signal: AbortSignal) => Promise<ModelAnswer> | ModelAnswer;

export const ANSWER: ModelAnswer = {
  text: 'hello',
  calls: [],
  opaque: '',
  finish: 'stop',
  model: 'm1-2026',
  requestId: 'req_1',
  promptTokens: 11,
  completionTokens: 4,
};
export const wants = (...made: ModelAnswer['calls']): ModelAnswer => ({
  ...ANSWER,
  text: '',
  finish: 'calls',
  calls: made,
});
export const aCall = (callId: string, argumentsText = '{}') => ({ callId, tool: 'lookup', argumentsText });

/** Failures are expected here, so their log lines are not shown. */
export const anEnvironment = () => new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });

/** One conversation with one message, and models that answer as told, asked in the order of their names. */
export function aDesk(models: Record<string, Answering>, more: Partial<CallModelDeps> = {}, agent = anAgent()) {
  const memory = memoryItems(says('hi'));
  const asked: ModelRequest[] = [];
  const routes = Object.entries(models).map(([model, answer]): ModelRoute => {
    const port: ModelPort = {
      name: 'told',
      complete: async (request, signal) => {
        asked.push(request);
        return answer(request, signal);
      },
    };
    return { model, port };
  });
  const deps = {
    store: { items: memory.port, facts: noFacts, record: memory.record },
    agents: new Map([['desk', agent]]),
    models: { routes: () => routes },
    countTokens,
  };
  const callModel = createCallModel({ ...deps, nowMs: () => NOW_MS, ...more });
  const input: CallModelInput = {
    conversationId: 'c1',
    agent: 'desk',
    turn: 1,
    call: 0,
    show: memory.ids,
    toolChoice: 'auto',
  };
  const run = (changes: Partial<CallModelInput> = {}, environment = anEnvironment()): Promise<CallModelResult> =>
    environment.run(callModel, { ...input, ...changes });
  return { ...memory, asked, run };
}
