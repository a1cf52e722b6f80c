// What maintenance has to do, and what it did, as it is told. Pure. May import domain types only.
import type { Retention } from './retention.ts';
import { sentenceOf } from './sentence-of.ts';
import type { Signed, UpkeepStatement } from './signed.ts';

/** For what is due by then: the agents, and what each declares of how long it keeps. */
export interface DueAt {
  readonly agents: readonly { readonly name: string; readonly retention?: Retention | undefined }[];
  readonly nowMs: number;
  /** Of each task no more than so much is looked at, or done at once. */
  readonly limit: number;
  /** Of rows that are dropped by many at a time no more than so many of each task; absent: as `limit`. */
  readonly rows?: number;
}

/**
 * To do it. `movedMs`: by how much proofs have moved the clock that `nowMs` is read from; 0 in production. Past that it must
 * be no more than MAX_AHEAD_MS ahead of the database's. `beat` is called as it goes on: whoever is silent for too long is
 * taken for dead, and the work begun anew.
 */
export interface RunAt extends DueAt {
  readonly rows: number;
  readonly movedMs: number;
  /** Who had it run; '' for the Schedule. */
  readonly by: string;
  readonly beat: () => void;
}

/** Of one conversation. `heardMs`: when the last message came, where one waits there that is not on record yet. */
export interface AskedIfIdle {
  readonly conversationId: string;
  readonly heardMs?: number;
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
  /** The longest due first, at most `limit`, or `rows`. */
  readonly due: readonly DueOne[];
  /** There is more. */
  readonly isCut: boolean;
}

/** What was done of one task at once. */
export interface DoneWork {
  readonly task: string;
  readonly done: number;
  /** What was done, where it has ids that people look for: at most as many as were done. */
  readonly ids: readonly string[];
  /** Conversations that are to look whether they are over; the end is theirs. */
  readonly ask: readonly string[];
  /** Why it could not be done, or not all of it; what was done stays. */
  readonly failed?: string;
}

/** Of a task that failed as a whole. */
export const undone = (task: string, error: unknown): DoneWork => {
  return { task, done: 0, ids: [], ask: [], failed: sentenceOf(error) };
};

/** What a task has come to, over all runs. */
export interface TaskRuns {
  readonly task: string;
  /** When it was last done without a failure, ms; null: never yet. */
  readonly lastMs: number | null;
  readonly done: number;
}

export interface Maintenance {
  /** What each task has to do, in their order. It changes nothing. */
  due(at: DueAt): Promise<readonly DueWork[]>;
  /** Do what is due of each task, in their order. One that fails holds up no other. `beat` is called as it goes on. */
  run(at: RunAt): Promise<readonly DoneWork[]>;
  /** Whether this conversation is due to be closed, as its agent declares. A message that waits is its last change. */
  isIdle(at: DueAt & AskedIfIdle & Pick<RunAt, 'movedMs'>): Promise<boolean>;
  /** Those of them that are closed on record. */
  closedOf(conversationIds: readonly string[]): Promise<readonly string[]>;
  /** When a task was last done without a failure, ms; 0: never yet. */
  lastRunMs(task: string): Promise<number>;
  /** A task that is done elsewhere has come to its end without a failure. */
  noteRun(task: string, done: number, atMs: number): Promise<void>;
  /** They were asked whether they are idle, and are not asked again for a day. */
  noteAsked(conversationIds: readonly string[], nowMs: number): Promise<void>;
  runs(): Promise<readonly TaskRuns[]>;
}

// 200: some seconds of work. With a run every ten minutes that is 28,800 conversations a day of each task.
export const MAX_DONE_AT_ONCE = 200;
// 10,000: some seconds of statements of 500 rows each; 1.4 million a day, which is a model call for each of 16 a second.
export const MAX_ROWS_AT_ONCE = 10_000;
// A day: what was due in the night is done by the morning, and whoever promised to keep a text no longer than so many days
// hears of it on the first day too much.
export const BEHIND_MS = 86_400_000;

// 1 h: clocks of servers differ by seconds, and spans are whole days. Whoever is further ahead would close and delete what
// is young, and does nothing.
export const MAX_AHEAD_MS = 3_600_000;

/** The tasks in which something has been due for longer than it should be, and since when. */
export const behindOf = (
  works: readonly DueWork[],
  nowMs: number,
): readonly { readonly task: string; readonly sinceMs: number }[] =>
  works.flatMap(({ task, due: [oldest] }) =>
    oldest !== undefined && nowMs - oldest.dueMs > BEHIND_MS ? [{ task, sinceMs: oldest.dueMs }] : [],
  );

/** What the Workflow of maintenance is started with; the Schedule starts it with nothing. */
export interface MaintenanceInput {
  readonly signed?: Signed<UpkeepStatement>;
}

/** What the Workflow of maintenance, and a conversation that it asks, ask of the workflows role. */
export interface MaintenanceActivities {
  /** Do what is due of each task, a bounded part of it. A signature that does not hold is nobody's. */
  maintain(input?: MaintenanceInput): Promise<readonly DoneWork[]>;
  /** Whether the conversation is due to be closed, by the record and what its agent declares. */
  isIdle(asked: AskedIfIdle): Promise<boolean>;
  /**
   * Who was asked whether they are idle, and is not asked again soon; and who could not be: those of them whose Workflow has
   * ended are closed on record. Resolves to which these are.
   */
  noteAsked(told: {
    readonly asked: readonly string[];
    readonly unheard: readonly string[];
  }): Promise<readonly string[]>;
}
