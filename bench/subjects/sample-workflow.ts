// A conversation as Temporal's own samples shape one: a Workflow that keeps the transcript in its state, an Update for each
// message, and model, tool, model as three regular Activities. It has no rules, approvals, ledger or store, and a message
// that comes in the middle of a turn would be mixed with it. Runs in the Workflow sandbox.
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineUpdate,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { SampleActivities, SampleMessage } from './sample-worker.ts';

export const say = defineUpdate<string, [text: string]>('say');

// 1 min: a model call of the bench takes half a second.
const { callModel, getWeather } = proxyActivities<SampleActivities>({ startToCloseTimeout: '1 minute' });

export async function sampleConversation(transcript: SampleMessage[] = []): Promise<void> {
  setHandler(say, async (text) => {
    transcript.push({ role: 'user', content: text });
    for (;;) {
      const answer = await callModel(transcript);
      transcript.push(answer);
      if (answer.tool_calls === undefined) return answer.content ?? '';
      for (const call of answer.tool_calls) {
        const content = await getWeather(call.function.arguments);
        transcript.push({ role: 'tool', tool_call_id: call.id, content });
      }
    }
  });
  await condition(() => workflowInfo().continueAsNewSuggested && allHandlersFinished());
  await continueAsNew<typeof sampleConversation>(transcript);
}
