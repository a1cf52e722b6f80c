// A conversation's phase: put on record when it changes, and passed on to the actions that wait.
// May import domain and @temporalio/workflow.
import { condition, getExternalWorkflowHandle, log, uuid4 } from '@temporalio/workflow';
import type { ConversationPhase, ConversationState } from '../domain/conversation.ts';
import { waitingWorkflowId } from '../domain/ids.ts';
import { ACTION } from '../domain/protocol.ts';
import { describeConversation } from './desk.ts';
import { workflowsRole } from './effects.ts';

/** What a waiting action is told when its conversation enters a phase. */
const TELLS = {
  open: ACTION.resume,
  handed_over: ACTION.resume,
  paused: ACTION.pause,
  stopped: ACTION.cancel,
  closed: ACTION.cancel,
} as const satisfies Record<ConversationPhase, string>;

/** Put a new phase on record, and tell the actions that wait: they pause, go on or end with their conversation. */
export async function announcePhase(state: ConversationState): Promise<void> {
  while (state.knownPhase !== state.phase) {
    const { phase, knownPhase, conversationId } = state;
    const fact = { kind: 'phase', phase, by: '', reason: `was ${knownPhase}` } as const;
    const entry = { subject: conversationId, step: `phase:${uuid4()}`, conversationId, atMs: Date.now(), fact };
    await workflowsRole.record({ entries: [entry], items: [] });
    for (const batch of state.waiting) {
      await getExternalWorkflowHandle(waitingWorkflowId(batch.batchId))
        .signal(TELLS[phase])
        .catch((error: unknown) =>
          log.info('a batch had already ended', { batchId: batch.batchId, error: String(error) }),
        );
    }
    state.knownPhase = phase;
    describeConversation(state);
  }
}

/** Hold while an operator has paused the conversation: nothing new begins, and nothing is lost. */
export async function holdWhilePaused(state: ConversationState): Promise<void> {
  while (state.phase === 'paused') {
    await announcePhase(state);
    await condition(() => state.phase !== 'paused');
    await announcePhase(state);
  }
}
