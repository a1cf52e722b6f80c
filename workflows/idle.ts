// The end of a conversation that nobody needs any more: maintenance asks, the record decides, and whatever came meanwhile
// is heard first. May import domain and @temporalio/workflow.
import type { ConversationState } from '../domain/conversation.ts';
import { isAtRest } from '../domain/idle.ts';
import { enterPhase } from '../domain/phase.ts';
import { has } from './changes.ts';
import { isIdle } from './effects.ts';

/** Close it if it is idle, for good. A message that comes while the record is asked keeps it open. */
export async function endIfIdle(state: ConversationState): Promise<void> {
  delete state.idle;
  if (!has('ends-if-idle')) return;
  if (!isAtRest(state)) return;
  const { conversationId, heard } = state;
  if (hasUnheard(state) && !has('ends-unheard')) return;
  const isOver = await isIdle({ conversationId, ...(hasUnheard(state) ? { heardMs: heardSince(state) } : {}) });
  if (!isOver || !isAtRest(state) || state.heard !== heard) return;
  state.idle = 'over';
  enterPhase(state, 'close');
}

/** Messages that wait for a budget: none is on record yet. */
const hasUnheard = ({ phase, inbox }: ConversationState): boolean => phase === 'open' && inbox.length > 0;

/** When the last one came; of one that came under an earlier version it counts from now on. */
const heardSince = (state: ConversationState): number => (state.heardMs ??= Date.now());
