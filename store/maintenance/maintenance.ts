// The list of what maintenance does, and what of it is due. A task more is a line here. May import domain types.
import type { DueWork, Maintenance } from '../../domain/maintenance.ts';
import type { Db } from '../schema.ts';
import { closeIdle, deleteTexts } from './conversations.ts';
import type { MaintenanceTask } from './task.ts';

const TASKS: readonly MaintenanceTask[] = [closeIdle, deleteTexts];

export function createMaintenance(db: Db): Maintenance {
  return {
    async due(at) {
      const works: DueWork[] = [];
      // One after the other: what nobody waits for shall not take the store's connections.
      for (const { name: task, what, due } of TASKS) {
        const found = await due(db, at);
        works.push({ task, what, due: found.slice(0, at.limit), isCut: found.length > at.limit });
      }
      return works;
    },
  };
}
