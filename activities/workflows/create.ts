// The Activities of the workflows role: they verify what comes in, parse proposals, ask the rules and sign verdicts.
// They hold the role's signing key, and neither a model key nor a business credential.
// May import domain, trust and store types.
import type { WorkflowsActivities } from '../../domain/activity-ports.ts';
import type { MaintenanceActivities } from '../../domain/maintenance.ts';
import { conversationWorkflowId } from '../../domain/ids.ts';
import { createCloseBudget, createPoseBudget } from './budget-question.ts';
import { createOpenedBudgets, createReserve, createWaitingForBudget } from './budgets.ts';
import { createDecide } from './decide.ts';
import type { WorkflowsDeps } from './deps.ts';
import { createPropose, createProposeAnew } from './propose.ts';
import { createCloseQuestion, createPoseQuestion } from './question.ts';
import { createCloseGone } from './gone.ts';
import { createTakeIntake } from './intake.ts';
import { createMaintenance } from './maintain.ts';
import { createCloseUnfinished, createRecord, createSignAskBack, createSignReport } from './record.ts';
import { createRuleOnCalls } from './rule-on-calls.ts';
import { createProposeStep, createReadEnd } from './steps.ts';
import { createOpenReportTurn, createOpenTurn, createTakeReport } from './turns.ts';
import { createVerifyCommand, createVerifyDecision } from './verify.ts';

export function createWorkflowsActivities(deps: WorkflowsDeps): WorkflowsActivities & MaintenanceActivities {
  const decide = createDecide(deps);
  const reserve = createReserve(deps);
  const propose = createPropose(deps, decide);
  const record = createRecord(deps);
  return {
    openTurn: createOpenTurn(deps, reserve),
    openReportTurn: createOpenReportTurn(deps),
    takeIntake: createTakeIntake(deps),
    reserve,
    poseBudget: createPoseBudget(deps),
    closeBudget: createCloseBudget(deps),
    waitingForBudget: createWaitingForBudget(deps),
    openedBudgets: createOpenedBudgets(deps),
    propose,
    ruleOnCalls: createRuleOnCalls({ propose, record, ledger: deps.store.ledger }),
    proposeAnew: createProposeAnew(deps, decide),
    proposeStep: createProposeStep(deps, decide),
    readEnd: createReadEnd(deps),
    takeReport: createTakeReport(deps),
    decide,
    record,
    verifyDecision: createVerifyDecision(deps),
    verifyCommand: createVerifyCommand(deps),
    conversationRuns: async (id) => (await deps.workflowState(conversationWorkflowId(id))) === 'running',
    closeGone: createCloseGone(deps),
    signReport: createSignReport(deps),
    signAskBack: createSignAskBack(deps),
    closeUnfinished: createCloseUnfinished(deps),
    poseQuestion: createPoseQuestion(deps),
    closeQuestion: createCloseQuestion(deps),
    ...createMaintenance(deps),
  };
}
