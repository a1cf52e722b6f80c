// What a task of maintenance is: it declares what it does, and finds what is due. May import domain types.
import type { DueAt, DueOne } from '../../domain/maintenance.ts';
import type { Db } from '../schema.ts';

export interface MaintenanceTask {
  readonly name: string;
  /** What it does, in a sentence for operators. */
  readonly what: string;
  /** What is due, the longest first; it changes nothing. At most `limit`, and one more where there is more. */
  due(db: Db, at: DueAt): Promise<readonly DueOne[]>;
}
