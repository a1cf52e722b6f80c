// What the engine alone takes for the shape of our turn: an Update, in which Activities that do nothing follow each other.
// Runs in the Workflow sandbox.
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineUpdate,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { NOTHING } from './floor-worker.ts';

/** With a local Activity before each regular one, or without. */
export const turn = defineUpdate<void, [withLocalOnes: boolean]>('turn');

// 1 min: they do nothing.
const limit = { startToCloseTimeout: '1 minute' } as const;
const assistant = proxyActivities<typeof NOTHING>({ ...limit, taskQueue: 'floor-assistant' });
const actor = proxyActivities<typeof NOTHING>({ ...limit, taskQueue: 'floor-actor' });
const local = proxyLocalActivities<typeof NOTHING>(limit);

export async function emptyConversation(): Promise<void> {
  setHandler(turn, async (withLocalOnes) => {
    for (const { nothing } of [assistant, actor, assistant]) {
      if (withLocalOnes) await local.nothing();
      await nothing();
    }
  });
  await condition(() => workflowInfo().continueAsNewSuggested && allHandlersFinished());
  await continueAsNew<typeof emptyConversation>();
}
