// What every role is composed from, in one process or in several.
import type { DataConverter } from '@temporalio/common';
import type { Logger } from 'pino';
import type { Store } from '../store/ports.ts';
import type { Config } from './config.ts';
import type { LoadedAgents } from './load-agents.ts';
import type { TemporalConnections } from './temporal.ts';

export interface RoleParts {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly temporal: TemporalConnections;
  readonly store: Store;
  /** How payloads are encrypted; absent where Temporal gets them as they are. */
  readonly dataConverter?: DataConverter;
  readonly loaded: LoadedAgents;
  readonly nowMs: () => number;
  readonly log: Logger;
}
