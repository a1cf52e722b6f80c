// The Activities of the workflows role: they verify what comes in, parse proposals, ask the rules and sign verdicts.
// They hold the role's signing key, and neither a model key nor a business credential.
// May import domain, trust and store types.
import type { WorkflowsActivities } from '../../domain/activity-ports.ts';
import type { LoadedAgent } from '../../domain/agent.ts';
import { conversationWorkflowId } from '../../domain/ids.ts';
import type { Directory } from '../../domain/principal.ts';
import type { Store } from '../../store/ports.ts';
import type { Signer, Verifier } from '../../trust/signing.ts';
import { createDecide } from './decide.ts';
import { createPropose } from './propose.ts';
import { createCloseUnfinished, createRecord, createSignReport } from './record.ts';
import { createOpenReportTurn, createOpenTurn } from './turns.ts';
import { createVerifyCommand, createVerifyDecision } from './verify.ts';

export interface WorkflowsDeps {
  readonly store: Store;
  readonly agents: ReadonlyMap<string, LoadedAgent>;
  readonly directory: Directory;
  readonly signer: Signer;
  readonly verifier: Verifier;
  /** Does the Workflow with this id run now, in whichever run? */
  readonly workflowRuns: (workflowId: string) => Promise<boolean>;
  readonly nowMs: () => number;
}

export function createWorkflowsActivities(deps: WorkflowsDeps): WorkflowsActivities {
  const decide = createDecide(deps);
  return {
    openTurn: createOpenTurn(deps),
    openReportTurn: createOpenReportTurn(deps),
    propose: createPropose(deps, decide),
    decide,
    record: createRecord(deps),
    verifyDecision: createVerifyDecision(deps),
    verifyCommand: createVerifyCommand(deps),
    conversationRuns: (conversationId) => deps.workflowRuns(conversationWorkflowId(conversationId)),
    signReport: createSignReport(deps),
    closeUnfinished: createCloseUnfinished(deps),
  };
}
