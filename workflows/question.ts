// A question to people: an action may or may not have happened, and only they can find out. The agent's owner is asked,
// then the team. Unanswered, it stays unknown. It outlives the conversation, for the money may have moved all the same.
// May import domain and @temporalio/workflow.
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  log,
  ParentClosePolicy,
  patched,
  startChild,
} from '@temporalio/workflow';
import type { Ending, Proposal } from '../domain/action.ts';
import type { CountedDecision } from '../domain/approval.ts';
import type { QuestionInput } from '../domain/conversation.ts';
import { questionId, TASK_QUEUES, waitingWorkflowId, WORKFLOW_TASK_TIMEOUT } from '../domain/ids.ts';
import { QUESTION } from '../domain/protocol.ts';
import { listenForPeople, tellConversation, waitForPeople } from './approval.ts';
import { attributesOfBatch } from './desk.ts';
import { isShown, showInChannels, showLast } from './cards.ts';
import { inOneLine, workflowsRole } from './effects.ts';
import { flush, noteChange, openWaiting, request, showBatch } from './waiting.ts';

// 5: the owner and the team are two; a third party would be a new rule, and this a bound all the same.
const MAX_ROUNDS = 5;

export async function question(input: QuestionInput): Promise<void> {
  const waiting = openWaiting(input.questionId, 'owner');
  listenForPeople(waiting);
  // Temporal's own Cancel, as an operator may press it, ends the asking; the outcome stays unknown.
  CancellationScope.current().cancelRequested.catch(() => {
    waiting.hold = 'cancelled';
  });
  await CancellationScope.nonCancellable(async () => {
    showInChannels(waiting);
    let answer: CountedDecision | null = null;
    for (let round = 0; round < MAX_ROUNDS && answer === null && waiting.hold !== 'cancelled'; round++) {
      const asked = await workflowsRole.poseQuestion({ question: input, round, askedMs: Date.now() });
      if (asked === null) break;
      request(waiting, asked);
      await flush(waiting); // on record before anyone sees a card
      answer = (await waitForPeople(waiting, asked.id)).decisions[0] ?? null;
    }
    const signed = await workflowsRole.closeQuestion({ question: input, answer });
    await tellConversation(input.proposal.conversationId, { batchId: input.questionId, signed });
    showBatch(waiting, 'done');
    noteChange(waiting); // the outcome that the answer has corrected
    if (!isShown(waiting)) await showLast(waiting);
    await condition(allHandlersFinished);
    await flush(waiting); // a click that was counted while the report went out
  });
}

/** Ask people whether it happened, where an action ended as unknown; undefined where nobody need be asked. */
export async function askWhetherItHappened(proposal: Proposal, ending: Ending): Promise<string | undefined> {
  if (ending.kind !== 'unknown' || !patched('ask-whether-it-happened')) return undefined;
  const id = questionId(proposal.actionId);
  await startQuestion({ questionId: id, proposal, reason: ending.reason });
  return id;
}

/** Started once; not cut off by a stop, for what may have happened must be known. */
export function startQuestion(input: QuestionInput): Promise<void> {
  return CancellationScope.nonCancellable(() => startOnce(input));
}

async function startOnce(input: QuestionInput): Promise<void> {
  try {
    await startChild<typeof question>(QUESTION.type, {
      workflowId: waitingWorkflowId(input.questionId),
      taskQueue: TASK_QUEUES.workflows,
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      // It is asked once: after a Reset the first asking stands.
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      args: [input],
      staticSummary: inOneLine(`did it happen? ${input.proposal.summary}`),
      typedSearchAttributes: attributesOfBatch('owner'),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    log.warn('this question is asked already', { questionId: input.questionId });
  }
}
