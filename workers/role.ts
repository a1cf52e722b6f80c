// What every worker role has in common: a polling Worker that can be stopped, and settings with their reasons.
import { HEARTBEAT_MS } from '../activities/heartbeat.ts';
import type { DataConverter } from '@temporalio/common';
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';

export interface RunningRole {
  readonly name: string;
  /** Stop polling, let what runs finish within its grace, and end. */
  stop(): Promise<void>;
  /** Rejects when the Worker fails; resolves once it has stopped. */
  readonly done: Promise<void>;
}

export interface RoleConnection {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly dataConverter?: DataConverter;
}

// 10 s for what runs to finish: the time of most tools; a model call cut by it is repeated, and nothing is lost.
const SHUTDOWN_GRACE = '10s';
// 15 s: then the process ends in any case, and what was cut is taken over after its heartbeat.
const SHUTDOWN_FORCE = '15s';

/** Start one Worker. `activities` are those of the role and no others. */
export async function startRole(
  name: string,
  at: RoleConnection,
  taskQueue: string,
  activities: object,
  options: Partial<WorkerOptions> = {},
): Promise<RunningRole> {
  const worker = await Worker.create({
    ...at,
    taskQueue,
    activities,
    shutdownGraceTime: SHUTDOWN_GRACE,
    shutdownForceTime: SHUTDOWN_FORCE,
    maxHeartbeatThrottleInterval: HEARTBEAT_MS,
    ...options,
  });
  const done = worker.run();
  // A failed Worker is seen by whoever awaits `done`; until then it is not an unhandled rejection.
  done.catch(() => undefined);
  return {
    name,
    done,
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await done.catch(() => undefined);
    },
  };
}
