// The end of a conversation that nobody needs any more: maintenance asks, the record decides, and whatever came meanwhile
// is heard first. May import domain and @temporalio/workflow.
import { patched } from '@temporalio/workflow';
import type { ConversationState } from '../domain/conversation.ts';
import { isAtRest } from '../domain/idle.ts';
import { enterPhase } from '../domain/phase.ts';
import { isIdle } from './effects.ts';

/** Close it if it is idle, for good. A message that comes while the record is asked keeps it open. */
export async function endIfIdle(state: ConversationState): Promise<void> {
  delete state.idle;
  if (!patched('ends-if-idle')) return;
  if (!isAtRest(state)) return;
  const isOver = await isIdle(state.conversationId);
  if (!isOver || !isAtRest(state)) return;
  state.idle = 'over';
  enterPhase(state, 'close');
}
