// A Workflow's history, as Temporal keeps it. Types, and a clock.
import type { History } from '@temporalio/common/lib/proto-utils.js';

export type Event = NonNullable<History['events']>[number];

type Span = { readonly seconds?: unknown; readonly nanos?: number | null } | null | undefined;

/** As Temporal writes times and durations, in ms and parts of one, which the SDK's own conversion drops; of none, 0. */
export const spanMs = (span: Span): number => Number(span?.seconds ?? 0) * 1_000 + (span?.nanos ?? 0) / 1_000_000;

/** When it was written, ms since 1970. */
export const msOf = ({ eventTime }: Event): number => spanMs(eventTime);
