// The Temporal servers that subjects run on: the development server, as `npm start` runs it, and, where its programs are at
// hand, a server on the PostgreSQL of the run, where each commit waits for the disk as it does for the peers.
import { startTemporalServer, type TemporalServer } from '../test/proofs/rig/temporal.ts';
import type { Surroundings } from './measure.ts';
import { startTemporalOnPostgres } from './temporal-on-postgres.ts';

export interface Engine {
  /** Follows the name of a subject that runs on it. */
  readonly suffix: string;
  start(at: Surroundings): Promise<TemporalServer>;
}

export const DEV_SERVER: Engine = { suffix: '', start: ({ folder }) => startTemporalServer(folder) };

/** The folder of Temporal's programs; without it nothing is measured on PostgreSQL. */
const PROGRAMS = process.env['BENCH_TEMPORAL_PROGRAMS'] ?? '';

/** Those on which a subject is measured besides. */
export const OTHER_ENGINES: readonly Engine[] =
  PROGRAMS === '' ? [] : [{ suffix: '-on-postgres', start: (at) => startTemporalOnPostgres(PROGRAMS, at) }];
