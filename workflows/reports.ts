// What a verified report changes in its conversation, and what is waited for because of it. May import domain and
// @temporalio/workflow.
import { noteAskedBack } from '../domain/asked-back.ts';
import { awaitReport, type ConversationState, settleBatch, type WaitingBatch } from '../domain/conversation.ts';
import { enterPhase } from '../domain/phase.ts';
import type { MessageStatement, ReportStatement, Signed } from '../domain/signed.ts';
import { describeConversation } from './desk.ts';

/** What of a report its conversation acts on. */
interface Heard {
  readonly asked?: ReportStatement['asked'] | undefined;
  readonly handsOver?: boolean;
  readonly stillWaits?: boolean;
  readonly hasCards?: true;
}

/** Its batch waits no more, its questions do, and a person may have taken over. */
export function hearReport(
  state: ConversationState,
  batch: Pick<WaitingBatch, 'batchId' | 'principal'>,
  { asked = [], handsOver = false, stillWaits = false, hasCards }: Heard,
): void {
  if (!stillWaits) settleBatch(state, batch.batchId);
  else if (hasCards === true) noteAskedBack(state, batch.batchId);
  for (const { questionId, summary } of asked) awaitAnswer(state, batch.principal, questionId, summary);
  if (handsOver) enterPhase(state, 'tool_handover');
}

// 76 h: the owner's time and the team's; for show only, the question keeps its own deadlines.
const ANSWER_WITHIN_MS = 76 * 3_600_000;

/** Wait for the answer of people to the question about an action. */
export function awaitAnswer(
  state: ConversationState,
  principal: Signed<MessageStatement>,
  batchId: string,
  summary: string,
): void {
  const deadlineMs = Date.now() + ANSWER_WITHIN_MS;
  const summaries = [`whether it happened: ${summary}`];
  awaitReport(state, { batchId, principal, summaries, group: 'the agent’s owner or team', deadlineMs });
  describeConversation(state);
}
