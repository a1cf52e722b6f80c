// A conversation's phase: put on record when it changes, and passed on to the actions that wait.
// May import domain and @temporalio/workflow.
import { CancellationScope, getExternalWorkflowHandle, log, uuid4 } from '@temporalio/workflow';
import type { TurnUse } from '../domain/budget.ts';
import type { ConversationPhase, ConversationState, WaitingBatch } from '../domain/conversation.ts';
import { reasonOfPhase } from '../domain/idle.ts';
import { changeIsTold, nextTold, numberOfChange } from '../domain/phase.ts';
import { isQuestionId, waitingWorkflowId } from '../domain/ids.ts';
import { ACTION } from '../domain/protocol.ts';
import { has } from './changes.ts';
import { describeConversation } from './desk.ts';
import { recordCommitted, workflowsRole } from './effects.ts';
import { condition } from './in-turn.ts';

/** What a waiting action is told when its conversation enters a phase. */
const TELLS = {
  open: ACTION.resume,
  handed_over: ACTION.resume,
  paused: ACTION.pause,
  stopped: ACTION.cancel,
  closed: ACTION.cancel,
} as const satisfies Record<ConversationPhase, string>;

/** Put every change of phase on record, in order, beside the turns: a pause must not wait for the end of a model call. */
export async function announceChanges(state: ConversationState): Promise<void> {
  for (;;) {
    await condition(() => state.changes.length > 0);
    const phase = state.changes[0] ?? state.phase;
    await announce(state, phase);
    state.knownPhase = phase;
    changeIsTold(state);
    describeConversation(state);
  }
}

/** Resolves once the store and what waits know of the phase. */
export async function phaseIsKnown(state: ConversationState): Promise<void> {
  if (state.announcer) return condition(() => state.changes.length === 0);
  while (state.knownPhase !== state.phase) {
    const { phase } = state;
    await announce(state, phase);
    state.knownPhase = phase;
    state.changes = [];
    state.numbers = [];
    describeConversation(state);
  }
}

async function announce(state: ConversationState, phase: ConversationPhase): Promise<void> {
  const { conversationId } = state;
  const told = numberOfChange(state, Date.now());
  const fact = { kind: 'phase', phase, by: '', reason: reasonOfPhase({ ...state, phase }) } as const;
  const entry = { subject: conversationId, step: `phase:${uuid4()}`, conversationId, atMs: Date.now(), fact };
  const record = has('record-committed-phase') ? recordCommitted : workflowsRole.record;
  await record({ entries: [entry], items: [] });
  for (const batch of state.waiting) await tellWaiting(batch, phase, told);
}

/** A batch pauses, goes on or ends with its conversation. A question does not: what may have happened must be known. */
async function tellWaiting({ batchId }: WaitingBatch, phase: ConversationPhase, told: number): Promise<void> {
  if (!isQuestionId(batchId)) await signalBatch(batchId, TELLS[phase], told);
}

/** What was announced before it was there does not reach it by itself; a stop that is over already neither. */
export async function tellWhatHolds(state: ConversationState, batch: WaitingBatch): Promise<void> {
  const wasStopped = CancellationScope.current().parent?.consideredCancelled === true;
  if (state.announcer && state.phase !== 'open') await tellNew(state, batch, state.phase);
  else if (wasStopped && has('tell-of-stop')) await tellNew(state, batch, 'stopped');
}

/** A batch that has begun after the change was told. */
const tellNew = (state: ConversationState, batch: WaitingBatch, phase: ConversationPhase): Promise<void> =>
  tellWaiting(batch, phase, nextTold(state, Date.now()));

/** Whoever asked back sees on a card what is said now. */
export async function tellAskers({ waiting }: ConversationState): Promise<void> {
  for (const { batchId, asksBack } of waiting) if (asksBack === true) await signalBatch(batchId, ACTION.said);
}

const signalBatch = (batchId: string, name: string, ...told: readonly number[]): Promise<void> =>
  getExternalWorkflowHandle(waitingWorkflowId(batchId))
    .signal(name, ...told)
    .catch((error: unknown) => log.info('a batch had already ended', { batchId, error: String(error) }));

/** Hold while an operator has paused the conversation: nothing new begins, and nothing is lost. */
export async function holdWhilePaused(state: ConversationState): Promise<void> {
  const fromMs = Date.now();
  while (state.phase === 'paused') {
    await phaseIsKnown(state);
    await condition(() => state.phase !== 'paused');
    await phaseIsKnown(state);
  }
  state.heldMs = (state.heldMs ?? 0) + Date.now() - fromMs;
}

/** How long the turn that runs has worked: while it was paused it has not. */
export const workedMs = ({ heldMs = 0 }: ConversationState, { beganMs }: Pick<TurnUse, 'beganMs'>): number =>
  Date.now() - beganMs - heldMs;
