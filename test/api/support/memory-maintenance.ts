// What is due of maintenance, in memory: the API only looks at it.
import type { DueWork } from '../../../domain/maintenance.ts';
import type { Store } from '../../../store/ports.ts';

interface MaintenanceState {
  readonly due: readonly DueWork[];
  here<T>(work: () => T): Promise<T>;
}

const notHere = (): Promise<never> => Promise.reject(new Error('the API must not do this'));

export const maintenanceOf = (state: MaintenanceState): Store['maintenance'] => ({
  due: () => state.here(() => state.due),
  run: notHere,
  isIdle: notHere,
  noteAsked: notHere,
  closedOf: notHere,
  lastRunMs: notHere,
  noteRun: notHere,
  runs: async () => [],
});
