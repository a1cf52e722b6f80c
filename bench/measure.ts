// What the bench is made of: measures, each of which yields figures, and subjects, which all answer the same turns over the
// same HTTP, so that what differs is what is measured. Types alone.
import type { Rig } from '../test/proofs/rig/rig.ts';

/** What a measure is given. */
export interface BenchContext {
  /** True under --quick: all measures together are done within four minutes. */
  readonly quick: boolean;
  /** A folder of this process, removed afterwards. */
  readonly folder: string;
  readonly log: (line: string) => void;
  /** The stack of this process, started when it is first asked for: measures of one process share it. */
  readonly stack: () => Promise<Stack>;
}

/** The system under measure, in whole and up. */
export interface Stack {
  readonly rig: Rig;
  /** Where it keeps its files. */
  readonly folder: string;
  /** Where the workflows role tells what its heaps keep (see measures/collect.cjs). */
  readonly heapsFile: string;
}

/** One number, with all that it is to be read with. */
export interface Figure {
  /** Who: `countersign`, or a peer's name. */
  readonly subject: string;
  /** What was measured, lower_snake_case with its unit last: `turn_p50_ms`, `wal_bytes_per_turn`. */
  readonly name: string;
  readonly value: number;
  /** Under which circumstances: callers, the model's delay, the turn's number. */
  readonly at: Readonly<Record<string, number | string>>;
  /** What it has to meet; the bench says of each whether it does. */
  readonly limit?: Limit;
}

export type Limit = { readonly atMost: number } | { readonly atLeast: number };

export interface Measure {
  /** lower-kebab-case; `npm run bench -- NAME` runs it alone. */
  readonly name: string;
  /** Where it is of the stack: whether it shares one with the others, or, but quickly, needs one of its own. */
  readonly onStack?: 'shared' | 'own';
  /** With less time than that left it is left out of a full run; 5 s where it is not said. */
  readonly leastMs?: number;
  /** What is done once for each machine, before any time counts. */
  readonly prepare?: (log: (line: string) => void) => Promise<void>;
  readonly run: (context: BenchContext) => Promise<readonly Figure[]>;
}

/** One call of the model as the engine sees it, ms since 1970: when it went to work on asking, and on the answer. */
export interface ModelCall {
  readonly begunMs: number;
  readonly heardMs: number;
}

/** Who answers turns: Countersign, Temporal's own sample shape, a peer. */
export interface Subject {
  readonly name: string;
  /** True where Countersign is meant to be at least as fast with a model that takes no time. */
  readonly isBar?: true;
  /** In which rounds of turns, from 0; in all where it is left out. */
  readonly rounds?: readonly number[];
  /** Starts all its processes against a model that speaks Chat Completions there; resolves once it answers turns. */
  readonly start: (at: Surroundings) => Promise<Running>;
}

export interface Surroundings {
  readonly folder: string;
  /** Base URL of the model, with `/v1`. */
  readonly modelUrl: string;
  /** A database of its own on the run's PostgreSQL, fsync on, as a URL of its owner. */
  readonly databaseUrl: string;
  readonly log: (line: string) => void;
}

export interface Running {
  /**
   * Send the n-th message of a conversation and wait for its reply, which counts only once the engine has recorded it.
   * Resolves with the reply's text. The first turn of a conversation pays for its start.
   */
  turn(conversation: string, n: number): Promise<string>;
  /** Every process of it but PostgreSQL's and the model's, by name. */
  pids(): Readonly<Record<string, number>>;
  /** What these conversations have cost by now, all together, where only the subject itself can tell: `history_events`. */
  spent?(conversations: readonly string[]): Promise<Readonly<Record<string, number>>>;
  /** Of the model calls of these conversations, by conversation and in order; where the subject keeps it. */
  modelCalls?(conversations: readonly string[]): Promise<ReadonlyMap<string, readonly ModelCall[]>>;
  stop(): Promise<void>;
}
