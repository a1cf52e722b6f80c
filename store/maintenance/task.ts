// What a task of maintenance is: it declares what it does, finds what is due, and does it. May import domain types.
import type { DueAt, DueOne, RunAt } from '../../domain/maintenance.ts';
import type { Db } from '../schema.ts';

/** `ids` where people look for them: conversations. `ask`: conversations that are to look whether they are over. */
export interface Ran {
  readonly done: number;
  readonly ids?: readonly string[];
  readonly ask?: readonly string[];
  /** Why some of it could not be done. */
  readonly failed?: string;
}

export interface MaintenanceTask {
  readonly name: string;
  /** What it does, in a sentence for operators. */
  readonly what: string;
  /** What is due are rows, which are dropped by many at a time: `rows` bounds them, not `limit`. */
  readonly isOfRows?: true;
  /** What is due, the longest first; it changes nothing. At most `limit`, and one more where there is more. */
  due(db: Db, at: DueAt): Promise<readonly DueOne[]>;
  /**
   * Do at most `limit` of it, or `rows` where it is rows that are dropped. Idempotent, and in transactions of which each
   * says on record what it did (`noteDone`): it may end anywhere, and is begun anew.
   */
  run(db: Db, at: RunAt): Promise<Ran>;
}
