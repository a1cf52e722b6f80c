// What the measure `turns` sees, before it is made into figures. Types, and what both sides must agree about.
import type { Cost } from '../cost.ts';
import { type Loaded, TURNS_PER_CONVERSATION } from '../load.ts';
import type { ModelCall } from '../measure.ts';
import type { Taken } from '../model.ts';

/** One level of load on one subject in one round. */
export interface Sample {
  readonly subject: string;
  readonly modelMs: number;
  readonly callers: number;
  readonly loaded: Loaded;
  readonly asked: Taken;
  readonly cost: Cost;
  /** Where the model takes its time, and the subject can tell. */
  readonly calls?: ReadonlyMap<string, readonly ModelCall[]>;
}

/** What a stay of a subject shows as a whole: over all its levels with a model that takes no time. */
export interface Stay {
  readonly subject: string;
  readonly turns: number;
  readonly commits: number;
  readonly diskBytes: number;
  /** At its end, by process. */
  readonly memoryBytes: ReadonlyMap<string, number>;
  /** Of whole conversations, of SPENT_TURNS turns together; empty where the subject cannot tell. */
  readonly spent: Readonly<Record<string, number>>;
}

export interface Seen {
  readonly samples: readonly Sample[];
  readonly stays: readonly Stay[];
  /** Subjects that did not come up, or broke off; once for each time. */
  readonly failed: readonly string[];
}

/** The figure that says how often a subject did not come up, or broke off. */
export const FAILED_STAYS = 'failed_stays';

// 3 conversations: each has much the same events in each of its turns.
export const LOOKED_INTO = 3;
export const SPENT_TURNS = LOOKED_INTO * TURNS_PER_CONVERSATION;
