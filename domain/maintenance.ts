// What maintenance has to do, as it is told. May import domain types only.
import type { Retention } from './retention.ts';

/** For what is due by then: the agents, and what each declares of how long it keeps. */
export interface DueAt {
  readonly agents: readonly { readonly name: string; readonly retention?: Retention | undefined }[];
  readonly nowMs: number;
  /** Of each task no more than so much is looked at. */
  readonly limit: number;
}

/** One thing that is due, and since when. */
export interface DueOne {
  readonly id: string;
  readonly dueMs: number;
}

/** What one task has to do. */
export interface DueWork {
  readonly task: string;
  /** What the task does, in a sentence. */
  readonly what: string;
  /** The longest due first, at most `limit`. */
  readonly due: readonly DueOne[];
  /** There is more. */
  readonly isCut: boolean;
}

export interface Maintenance {
  /** What each task has to do, in their order. It changes nothing. */
  due(at: DueAt): Promise<readonly DueWork[]>;
}
