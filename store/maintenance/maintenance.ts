// The list of what maintenance does: what of it is due, and doing it. A task more is a line here. May import domain types.
import type { DoneWork, DueWork, Maintenance, RunAt } from '../../domain/maintenance.ts';
import type { Db } from '../schema.ts';
import { closeIdle, deleteTexts, isIdle, noteAsked } from './conversations.ts';
import { noteRun, runsOf } from './done.ts';
import { eraseFacts } from './facts.ts';
import { dropGrown } from './grown.ts';
import type { MaintenanceTask } from './task.ts';
import { sentenceOf } from '../sentence-of.ts';

const TASKS: readonly MaintenanceTask[] = [closeIdle, deleteTexts, eraseFacts, ...dropGrown];

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
    async run(at) {
      const works: DoneWork[] = [];
      for (const task of TASKS) works.push(await runOne(db, task, at));
      return works;
    },
    isIdle: (at) => isIdle(db, at),
    noteAsked: (ids, nowMs) => noteAsked(db, ids, nowMs),
    runs: () => runsOf(db, TASKS),
  };
}

/** A failure is told with the others' work: it may be of one conversation, and shall not keep the rest for ever. */
async function runOne(db: Db, { name: task, run }: MaintenanceTask, at: RunAt): Promise<DoneWork> {
  at.beat();
  try {
    const { done, ids = [], ask = [], failed } = await run(db, at);
    if (failed !== undefined) return { task, done, ids, ask, failed };
    await noteRun(db, task, at.nowMs);
    return { task, done, ids, ask };
  } catch (error) {
    return { task, done: 0, ids: [], ask: [], failed: sentenceOf(error) };
  }
}
