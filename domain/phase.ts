// How a conversation's phase changes, and in which order what waits is told of it. Pure. May import domain only.
import type { ConversationPhase, ConversationState } from './conversation.ts';

export type PhaseEvent = 'pause' | 'stop' | 'close' | 'resume' | 'handover' | 'handback' | 'tool_handover';

/** Enter the phase that the event leads to; from elsewhere it changes nothing. */
export function enterPhase(state: ConversationState, event: PhaseEvent): void {
  const before = state.phase;
  if (before === 'closed') return;
  const runs = before === 'open' || before === 'handed_over';
  if (runs && (event === 'pause' || event === 'stop')) state.resumesTo = before;
  // Who hands over while somebody holds the conversation opens nothing: it only says where resume leads.
  if (event === 'tool_handover' || event === 'handover') state.resumesTo = 'handed_over';
  if (event === 'handback') state.resumesTo = 'open';
  const to = nextPhase(before, event, state.resumesTo);
  if (to === before) return;
  state.phase = to;
  state.changes.push(to);
}

function nextPhase(
  phase: Exclude<ConversationPhase, 'closed'>,
  event: PhaseEvent,
  resumesTo: ConversationState['resumesTo'],
): ConversationPhase {
  switch (event) {
    case 'close':
      return 'closed';
    case 'stop':
      return 'stopped';
    case 'pause':
      return phase === 'stopped' ? phase : 'paused';
    case 'resume':
      return phase === 'paused' || phase === 'stopped' ? resumesTo : phase;
    case 'handover':
    case 'tool_handover':
      return phase === 'open' ? 'handed_over' : phase;
    case 'handback':
      return phase === 'handed_over' ? 'open' : phase;
    default:
      return event satisfies never;
  }
}

/**
 * The number of the next word to what waits: higher than those of the changes before it, which are told later. By the
 * clock, so that after a Reset it is still higher than those before.
 */
export function nextTold(state: ConversationState, nowMs: number): number {
  numberChanges(state, nowMs);
  return counted(state, nowMs);
}

/** The number of the oldest change that was not told. */
export function numberOfChange(state: ConversationState, nowMs: number): number {
  const [first = counted(state, nowMs)] = numberChanges(state, nowMs);
  return first;
}

/** The oldest change is told. */
export function changeIsTold(state: ConversationState): void {
  state.changes.shift();
  state.numbers?.shift();
}

function numberChanges(state: ConversationState, nowMs: number): readonly number[] {
  const numbers = state.numbers ?? [];
  while (numbers.length < state.changes.length) numbers.push(counted(state, nowMs));
  state.numbers = numbers;
  return numbers;
}

function counted(state: ConversationState, nowMs: number): number {
  state.told = Math.max((state.told ?? 0) + 1, nowMs);
  return state.told;
}
