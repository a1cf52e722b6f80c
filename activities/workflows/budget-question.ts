// The question whether more of a budget is opened: whom it goes to, and what a yes does. Nothing is opened without the
// signed word of somebody who may say so, over this budget and this amount. May import domain, trust and store types.
import type { WorkflowsActivities } from '../../domain/activity-ports.ts';
import type { Agent } from '../../domain/agent.ts';
import { approvalId, parseApprovalId } from '../../domain/ids.ts';
import { canonicalText } from '../../domain/leaves.ts';
import { isMember } from '../../domain/principal.ts';
import type { BudgetQuestion } from '../../domain/reserving.ts';
import { amountText, budgetText, moreText, ofWhomText } from '../../domain/spending-words.ts';
import { questionDigest, sha256Hex } from '../../trust/digest.ts';
import { SignatureInvalid } from '../../trust/signing.ts';
import { agentOf } from './agents.ts';
import type { WorkflowsDeps } from './deps.ts';
import { QUESTION_ROUNDS } from './question.ts';

export function createPoseBudget(deps: WorkflowsDeps): WorkflowsActivities['poseBudget'] {
  return async ({ question, round, askedMs }) => {
    const { questionId, conversationId, budget } = question;
    const { endsMs, measure, amount, principalId: requester } = budget;
    const { agent } = agentOf(deps.agents, budget.agent);
    const asked = ableOf(deps, agent, requester)[round];
    if (asked === undefined || (endsMs !== null && endsMs <= askedMs)) return null;
    const args = argsOf(question);
    return {
      id: approvalId(questionId, 0, round),
      batchId: questionId,
      ...{ actionId: questionId, conversationId, agent: agent.name, tenant: budget.tenant, tool: 'budget', args },
      ...{ summary: moreText(budget), forWhom: ofWhomText(budget), howMuch: amountText(measure, amount) },
      critical: ['amount', 'measure', 'of'],
      question: 'budget',
      digest: digestOf(question),
      evidence: null,
      ruleId: 'question.budget',
      reason: `${budgetText(budget)}, and that is used up`,
      requester,
      group: asked.groupOf(agent),
      quorum: 1,
      askedMs,
      // Once its day is over it is open by itself.
      deadlineMs: Math.min(askedMs + asked.withinMs, endsMs ?? Infinity),
      decisions: [],
      end: 'open',
    };
  };
}

/** Whoever has used it up does not open it for themselves: each round needs somebody else. */
function ableOf({ directory }: WorkflowsDeps, agent: Agent, requester: string) {
  return QUESTION_ROUNDS.filter(({ groupOf }) =>
    directory.people.some(({ id }) => id !== requester && isMember(directory, groupOf(agent), id)),
  );
}

/** All that people answer about, as canonical JSON. */
function argsOf({ budget }: BudgetQuestion): string {
  const { scope, agent, tenant, of, day, measure, used, most, amount } = budget;
  return canonicalText({ scope, agent, tenant, of, day, measure, used, most, amount });
}

/** Over its kind, its id and all that is asked, the amount among it. */
const digestOf = (question: BudgetQuestion): string =>
  questionDigest('budget', question.questionId, sha256Hex(argsOf(question)));

export function createCloseBudget(deps: WorkflowsDeps): WorkflowsActivities['closeBudget'] {
  return async ({ question, answer, atMs }) => {
    if (!(await saysYes(deps, question, answer.signed))) return false;
    const { questionId, conversationId, budget } = question;
    const { decisionId, personId: by } = answer;
    await deps.store.budgets.open({ reached: budget, questionId, conversationId, decisionId, by, atMs });
    return true;
  };
}

/** Money is opened here, so the word is looked at once more, and not what was made of it. */
async function saysYes({ verifier }: WorkflowsDeps, question: BudgetQuestion, signed: string): Promise<boolean> {
  try {
    const { approvalId: of, digest, answer } = await verifier.verify('decision', signed);
    const isOfThis = parseApprovalId(of)?.batchId === question.questionId && digest === digestOf(question);
    return isOfThis && answer === 'approve';
  } catch (error) {
    if (error instanceof SignatureInvalid) return false;
    throw error;
  }
}
