// A question to people. Either an action may or may not have happened, and only they can find out: unanswered, it stays
// unknown. Or a budget is used up, and only they can open more of it: unanswered, it stays shut. The agent's owner is asked,
// then the team. It outlives the conversation: money may have moved all the same, and others wait for the same budget.
// May import domain and @temporalio/workflow.
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  allHandlersFinished,
  CancellationScope,
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  startChild,
} from '@temporalio/workflow';
import type { Ending, Proposal } from '../domain/action.ts';
import type { Approval, CountedDecision } from '../domain/approval.ts';
import type { QuestionInput } from '../domain/conversation.ts';
import type { BudgetQuestion } from '../domain/reserving.ts';
import { moreText } from '../domain/spending-words.ts';
import {
  conversationWorkflowId,
  questionId,
  PEOPLE_FIRST,
  TASK_QUEUES,
  waitingWorkflowId,
  WORKFLOW_TASK_TIMEOUT,
} from '../domain/ids.ts';
import { CONVERSATION, QUESTION } from '../domain/protocol.ts';
import { listenForPeople, tellConversation, waitForPeople } from './approval.ts';
import { has } from './changes.ts';
import { attributesOfBatch } from './desk.ts';
import { isShown, showInChannels, showLast } from './cards.ts';
import { inOneLine, workflowsRole } from './effects.ts';
import { condition } from './in-turn.ts';
import { flush, noteChange, openWaiting, request, showBatch, type Waiting } from './waiting.ts';

// 5: the owner and the team are two; a third party would be a new rule, and this a bound all the same.
const MAX_ROUNDS = 5;

export async function question(input: QuestionInput | BudgetQuestion): Promise<void> {
  const waiting = openWaiting(input.questionId, 'owner');
  listenForPeople(waiting);
  // Temporal's own Cancel, as an operator may press it, ends the asking; the outcome stays unknown.
  CancellationScope.current().cancelRequested.catch(() => {
    waiting.hold = 'cancelled';
  });
  await CancellationScope.nonCancellable(async () => {
    showInChannels(waiting);
    const answer = await askInRounds(waiting, (when) =>
      'budget' in input
        ? workflowsRole.poseBudget({ question: input, ...when })
        : workflowsRole.poseQuestion({ question: input, ...when }),
    );
    if ('budget' in input) await openBudget(input, answer);
    else {
      const signed = await workflowsRole.closeQuestion({ question: input, answer });
      await tellConversation(input.proposal.conversationId, { batchId: input.questionId, signed });
    }
    showBatch(waiting, 'done');
    noteChange(waiting); // the outcome that the answer has corrected
    if (!isShown(waiting)) await showLast(waiting);
    await condition(allHandlersFinished);
    await flush(waiting); // a click that was counted while the report went out
  });
}

/** The first word that counts, of the first who give one; null where nobody does in time. */
async function askInRounds(
  waiting: Waiting,
  pose: (when: { readonly round: number; readonly askedMs: number }) => Promise<Approval | null>,
): Promise<CountedDecision | null> {
  for (let round = 0; round < MAX_ROUNDS && waiting.hold !== 'cancelled'; round++) {
    const asked = await pose({ round, askedMs: Date.now() });
    if (asked === null) return null;
    request(waiting, asked);
    await flush(waiting); // on record before anyone sees a card
    const answer = (await waitForPeople(waiting, asked.id)).decisions[0];
    if (answer !== undefined) return answer;
  }
  return null;
}

// 20 pages of 100 conversations: whoever comes after them goes on when the day of the budget is over.
const MAX_PAGES = 20;

/** Upon a yes: open it, and tell every conversation that waits for it. Upon a no, or silence, it stays shut. */
async function openBudget(asked: BudgetQuestion, answer: CountedDecision | null): Promise<void> {
  if (answer === null) return;
  if (!(await workflowsRole.closeBudget({ question: asked, answer, atMs: Date.now() }))) return;
  const { budget } = asked;
  let after = '';
  for (let page = 0; page < MAX_PAGES; page++) {
    const waiting = await workflowsRole.waitingForBudget({ budgetId: budget.id, after });
    await Promise.all(waiting.map((conversationId) => tellOfOpening(conversationId, asked.questionId)));
    after = waiting.at(-1) ?? '';
    if (after === '') return;
  }
  log.warn('more conversations wait for this budget than are told of its opening', { budgetId: budget.id });
}

const tellOfOpening = (conversationId: string, opened: string): Promise<void> =>
  getExternalWorkflowHandle(conversationWorkflowId(conversationId))
    .signal(CONVERSATION.budgetOpened, opened)
    .catch((error: unknown) => log.info('a conversation had ended before its budget opened', { error: String(error) }));

/** Ask people for more of a budget, once for all that wait for it: whoever comes second finds it asked. */
export function startBudgetQuestion(input: BudgetQuestion): Promise<void> {
  return CancellationScope.nonCancellable(() => startOnce(input, moreText(input.budget)));
}

/** Ask people whether it happened, where an action ended as unknown; undefined where nobody need be asked. */
export async function askWhetherItHappened(proposal: Proposal, ending: Ending): Promise<string | undefined> {
  if (ending.kind !== 'unknown' || !has('ask-whether-it-happened')) return undefined;
  const id = questionId(proposal.actionId);
  await startQuestion({ questionId: id, proposal, reason: ending.reason });
  return id;
}

/** Started once; not cut off by a stop, for what may have happened must be known. */
export function startQuestion(input: QuestionInput): Promise<void> {
  return CancellationScope.nonCancellable(() => startOnce(input, `did it happen? ${input.proposal.summary}`));
}

async function startOnce(input: QuestionInput | BudgetQuestion, summary: string): Promise<void> {
  try {
    await startChild<typeof question>(QUESTION.type, {
      workflowId: waitingWorkflowId(input.questionId),
      taskQueue: TASK_QUEUES.workflows,
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
      priority: PEOPLE_FIRST,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      // It is asked once: after a Reset the first asking stands.
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      args: [input],
      staticSummary: inOneLine(summary),
      typedSearchAttributes: attributesOfBatch('owner'),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    log.warn('this question is asked already', { questionId: input.questionId });
  }
}
