// A Workflow's history, as Temporal keeps it. Types, and a clock.
import type { History } from '@temporalio/common/lib/proto-utils.js';

export type Event = NonNullable<History['events']>[number];

/** When it was written, ms since 1970, in parts of one. */
export const msOf = ({ eventTime }: Event): number =>
  Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1_000_000;
