// All roles in one process, for development. Up: workers, then the API, so that the first request finds them; down: the
// API first, so that no new work comes, then the workers.
import type { Logger } from 'pino';
import type pg from 'pg';
import { startApiRole } from './api.ts';
import type { SigningKeys } from './dev-keys.ts';
import { cacheDirOr } from './dev-server/find.ts';
import type { RoleParts } from './parts.ts';
import { bundleFolder, composeActor, composeAssistant, composeWorkflows } from './workers.ts';

export interface AllInOneInput extends RoleParts {
  readonly keys: SigningKeys;
  readonly pool: pg.PoolConfig;
  readonly stateFolder: string;
  readonly temporalUiUrl: string;
  readonly log: Logger;
}

export interface RunningAllInOne {
  readonly url: string;
  /** Resolves with a sentence when a role has failed; never when it was stopped by us. */
  readonly failed: Promise<string>;
  stop(): Promise<void>;
}

export async function startAllInOne(input: AllInOneInput): Promise<RunningAllInOne> {
  const { env, keys, stateFolder, pool } = input;
  const started = await Promise.allSettled([
    composeWorkflows(input, keys, bundleFolder(cacheDirOr(env, stateFolder))),
    composeAssistant(input),
    composeActor(input, keys, { pool, folder: stateFolder }),
  ]);
  const roles = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const stopRoles = async () => void (await Promise.all(roles.map((role) => role.stop())));
  try {
    for (const one of started) if (one.status === 'rejected') throw one.reason;
    const api = await startApiRole(input, keys, input.temporalUiUrl);
    const failures = roles.map(
      (role) => new Promise<string>((resolve) => void role.done.catch((e: unknown) => resolve(lost(role.name, e)))),
    );
    return {
      url: api.url,
      failed: Promise.race(failures),
      async stop() {
        await api.close();
        await stopRoles();
      },
    };
  } catch (error) {
    await stopRoles();
    throw error;
  }
}

function lost(name: string, error: unknown): string {
  return `the ${name} role has failed: ${error instanceof Error ? error.message : String(error)}`;
}
