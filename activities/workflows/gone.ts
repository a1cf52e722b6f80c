// A batch or a question whose Workflow an operator has terminated never reports. What it left open is closed here, so that
// the conversation does not wait for ever and the same can be asked for again. May import domain and store types.
import type { TurnOf, WorkflowsActivities } from '../../domain/activity-ports.ts';
import { endApproval } from '../../domain/approval.ts';
import type { QuestionInput } from '../../domain/conversation.ts';
import { approvalId, isQuestionId, questionId, standsIn, waitingWorkflowId } from '../../domain/ids.ts';
import type { ActionRow } from '../../store/ports.ts';
import { cardsOf } from './cards.ts';
import type { WorkflowsDeps } from './deps.ts';
import { QUESTION_ROUNDS } from './question.ts';
import { closeAction } from './record.ts';

// 1,000: a turn has some hundred actions at most.
const MAX_ACTIONS = 1_000;
// 1 h past its deadline: what has completed has reported long since, or its report did not verify.
const REPORTS_WITHIN_MS = 3_600_000;

export function createCloseGone(deps: WorkflowsDeps): WorkflowsActivities['closeGone'] {
  return async ({ of, waiting }) => {
    const gone: Awaited<ReturnType<WorkflowsActivities['closeGone']>>[number][] = [];
    for (const { batchId, deadlineMs } of waiting) {
      const state = await deps.workflowState(waitingWorkflowId(batchId));
      const isLost = state === 'completed' && deps.nowMs() > deadlineMs + REPORTS_WITHIN_MS;
      if (isLost) gone.push({ batchId, questions: [], isLost });
      if (state !== 'gone') continue;
      const isQuestion = isQuestionId(batchId);
      if (isQuestion)
        for (const round of QUESTION_ROUNDS.keys()) await closeApproval(deps, approvalId(batchId, 0, round));
      const questions = isQuestion ? [] : await closeBatch(deps, of, batchId);
      gone.push({ batchId, questions, ...(await cardsOf(deps, batchId)) });
    }
    return gone;
  };
}

async function closeApproval(deps: WorkflowsDeps, id: string): Promise<void> {
  const approval = await deps.store.approvals.get(id);
  if (approval?.end !== 'open') return;
  const { conversationId } = approval;
  const fact = { kind: 'approval_settled', approval: endApproval(approval, 'cancelled') } as const;
  await deps.store.record([{ subject: id, step: 'settled', conversationId, atMs: deps.nowMs(), fact }]);
}

async function closeBatch(deps: WorkflowsDeps, of: TurnOf, batchId: string): Promise<readonly QuestionInput[]> {
  const rows = await deps.store.actions.ofConversation(of.conversationId, MAX_ACTIONS);
  const questions: QuestionInput[] = [];
  // One whose actor has recorded `unknown` itself is asked about too: the Workflow that would have asked is gone.
  const isOpen = ({ outcome }: ActionRow) => outcome === null || outcome.kind === 'unknown';
  for (const row of rows.filter((one) => isOpen(one) && standsIn(batchId, one.id))) {
    const proposal = { ...row, actionId: row.id, tenant: of.tenant };
    const outcome = await closeAction(deps, proposal, 'cancelled', 'an operator ended what it waited in');
    if (row.approvalId !== null) await closeApproval(deps, row.approvalId);
    if (outcome.kind !== 'unknown') continue;
    questions.push({ questionId: questionId(row.id), proposal, reason: outcome.reason });
  }
  return questions;
}
