// What the code of a procedure is and may do: `defineProcedure`, the steps that it takes, and how they fail. The code runs
// in a Workflow, so this is all that it has to do with the world. Pure. May import domain types only.
import type { Outcome } from './action.ts';
import type { Json } from './json.ts';

/** The code of a procedure. `input` is what its declaration has parsed. */
export interface ProcedureCode<Input = never> {
  /** As its declaration says. */
  readonly name: string;
  /** Returns what is told of it, as JSON. Throws ProcedureFailed to end it as failed; any other error is a bug. */
  readonly run: (input: Input, steps: Steps) => Promise<unknown>;
}

/** Define the code of a procedure, as the default export of its file. */
export const defineProcedure = <Input>(code: ProcedureCode<Input>): ProcedureCode<Input> => Object.freeze(code);

/** What a procedure may do. Steps are taken one after the other, also where they are asked for at once. */
export interface Steps {
  /**
   * Take a step: a call of a tool of the agent, on the path of every action. Resolves to what the tool gave back; rejects
   * with StepFailed where it was not done, or nobody knows. `name` is lower-kebab, and each is used once.
   */
  do<Result = Json>(name: string, tool: string, args: object): Promise<Result>;
  /**
   * Say how the step that was taken last is undone: a step as any other, taken when the procedure fails or is cancelled
   * later on, the last one first. Say it right after that step; where there is none, or it was not done, it is an error.
   */
  undo(name: string, tool: string, args: object): void;
  /** The time, epoch ms, the same when it is replayed. */
  now(): number;
  /** Wait, MAX_SLEEP_MS at most, MAX_SLEEPS times in a run. Rejects with StepFailed when it is cancelled meanwhile. */
  sleep(ms: number): Promise<void>;
}

// 50: the longest process that a person still follows, with what undoes it; all of them are in one history.
export const MAX_STEPS = 50;
// 30 days: as long as people may be asked. Past it the facts that it began with are no longer those of the business.
export const MAX_SLEEP_MS = 30 * 24 * 60 * 60 * 1000;
// 500: an hourly look for three weeks. Each is some five events, of the 50,000 at which the server ends a Workflow.
export const MAX_SLEEPS = 500;
// 60 days: a step may ask people for 30, and another one, or a sleep, as long again; then it is cancelled, and undone.
export const PROCEDURE_LIFE_MS = 2 * MAX_SLEEP_MS;
// 64 KB of JSON: four times the evidence of an action. What a step gave back lies in the history of its procedure.
export const MAX_STEP_RESULT_BYTES = 65_536;
// 16 KB of JSON: what is told of a whole procedure, to the model and on record.
export const MAX_PROCEDURE_RESULT_BYTES = 16_384;

/** How a step failed. `unread`: it was done, and what it gave back is more than a procedure may read. */
export type StepFailure = Exclude<Outcome['kind'], 'succeeded'> | 'unread';

/** A step was not done, or nobody knows whether it was. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';
  readonly step: string;
  readonly kind: StepFailure;
  readonly reason: string;

  constructor(step: string, kind: StepFailure, reason: string) {
    super(`the step ${step} ${WORDS[kind]}: ${reason}`);
    this.step = step;
    this.kind = kind;
    this.reason = reason;
  }
}

const WORDS: Readonly<Record<StepFailure, string>> = {
  failed: 'failed',
  denied: 'was denied',
  expired: 'expired',
  cancelled: 'was cancelled',
  unknown: 'may or may not have happened',
  unread: 'was done, and cannot be read',
};

/** Throw it to end a procedure as failed. What was done until then is undone, as far as the procedure says how. */
export class ProcedureFailed extends Error {
  override readonly name = 'ProcedureFailed';
}
