// When a conversation may end by itself: its agent keeps what is idle for a time, and nothing of it is under way. Pure. May
// import domain only.
import { type ConversationState, hasWork } from './conversation.ts';

/**
 * Nothing is waited for, nothing can be answered, and no person holds it. What was queued when it was stopped, or waits for
 * a budget that nobody opens, is put on record when it ends; a report that nothing waits for is nobody's.
 */
export const isAtRest = (state: ConversationState): boolean =>
  (state.phase === 'stopped' || (state.phase === 'open' && !hasWork(state))) && state.waiting.length === 0;

/** Why a phase was entered, for the record. */
export const reasonOfPhase = ({ phase, knownPhase, idle }: ConversationState): string =>
  phase === 'closed' && idle === 'over'
    ? `was ${knownPhase}, and idle for as long as its agent keeps a conversation`
    : `was ${knownPhase}`;
