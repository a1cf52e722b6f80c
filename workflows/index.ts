// What the code of a procedure imports, as `countersign/workflows`; besides it, files of its own agent and nothing else.
// May import domain and @temporalio/workflow.
export { patched } from '@temporalio/workflow';
export {
  defineProcedure,
  type ProcedureCode,
  ProcedureFailed,
  StepFailed,
  type StepFailure,
  type Steps,
} from '../domain/steps.ts';
