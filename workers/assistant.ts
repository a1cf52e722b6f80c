// The assistant role: talks to models. Holds the model key only; it can neither decide nor act.
import { type CallModelDeps, createCallModel } from '../activities/assistant/call-model.ts';
import { createFillFacts } from '../activities/assistant/fill-facts.ts';
import { createSumUp } from '../activities/assistant/sum-up.ts';
import { TASK_QUEUES } from '../domain/ids.ts';
import { type RoleConnection, type RunningRole, startRole } from './role.ts';

// 200: model calls wait for the network, not for this process.
const MAX_MODEL_CALLS = 200;
const SECONDS_PER_MINUTE = 60;

/** `callsPerMinute`: how many calls all assistants together begin, as the server counts them; without, as many as come. */
export function startAssistantRole(
  at: RoleConnection,
  deps: CallModelDeps,
  callsPerMinute?: number,
): Promise<RunningRole> {
  const activities = { callModel: createCallModel(deps), fillFacts: createFillFacts(deps), sumUp: createSumUp(deps) };
  return startRole('assistant', at, TASK_QUEUES.assistant, activities, {
    maxConcurrentActivityTaskExecutions: MAX_MODEL_CALLS,
    ...(callsPerMinute !== undefined && { maxTaskQueueActivitiesPerSecond: callsPerMinute / SECONDS_PER_MINUTE }),
  });
}
