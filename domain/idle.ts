// When a conversation may end by itself: its agent keeps what is idle for a time, and nothing of it is under way. Pure. May
// import domain only.
import type { ConversationState } from './conversation.ts';

/** Nothing is queued or waited for, and no person holds it. */
export const isAtRest = ({ phase, inbox, reports, waiting }: ConversationState): boolean =>
  (phase === 'open' || phase === 'stopped') && [inbox, reports, waiting].every(({ length }) => length === 0);

/** Why a phase was entered, for the record. */
export const reasonOfPhase = ({ phase, knownPhase, idle }: ConversationState): string =>
  phase === 'closed' && idle === 'over'
    ? `was ${knownPhase}, and idle for as long as its agent keeps a conversation`
    : `was ${knownPhase}`;
