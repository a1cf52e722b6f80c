// What every role is composed from, in one process or in several.
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
  readonly loaded: LoadedAgents;
  readonly nowMs: () => number;
  readonly log: Logger;
}
