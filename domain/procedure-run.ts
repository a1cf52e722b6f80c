// A procedure that runs, as other Workflows know it: what it is started with, what it says meanwhile, how it ends.
// May import domain types only.
import type { Proposal, SettledAction } from './action.ts';
import type { MessageStatement, Signed } from './signed.ts';

/** Of the batch of a step: its procedure, which hears of it. */
export interface StepOf {
  readonly procedure: string;
  /** The action that started it. */
  readonly actionId: string;
  /** It undoes what was done: it goes on when its conversation has ended. */
  readonly undoes: boolean;
  /** As what the conversation knows the procedure. */
  readonly reportsAs: string;
}

/** What the `procedure` Workflow is started with: the proposal of its start, which the rules have allowed. */
export interface ProcedureInput {
  readonly proposal: Proposal;
  readonly principal: Signed<MessageStatement>;
  /** The batch in which its start waited for leave, and which reports it. Absent: the conversation hears of it. */
  readonly batchId?: string;
}

/** How a procedure ended, for the batch that waits for it: its start first, then its steps. */
export interface ProcedureEnd {
  readonly settled: readonly SettledAction[];
  readonly quotes: readonly string[];
}

/** For whom a procedure waits; `group` is '' while it goes on by itself. */
export interface ProcedureNews {
  readonly batchId: string;
  readonly group: string;
  readonly deadlineMs: number;
}
