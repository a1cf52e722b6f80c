// Remembered facts whose time is over: nobody is shown them from that moment on; this erases their words. May import domain
// types.
import { overFacts, sweepFacts } from '../facts.ts';
import { requireClock } from './clock.ts';
import { countDone } from './done.ts';
import type { MaintenanceTask } from './task.ts';

const NAME = 'erase_facts';

export const eraseFacts: MaintenanceTask = {
  name: NAME,
  what: 'erases the words of remembered facts whose time is over',
  due: (db, { nowMs, limit }) => overFacts(db, nowMs, limit + 1),
  // The erasure itself is on record, with their ids.
  async run(db, at) {
    const { nowMs, limit } = at;
    await requireClock(db, at);
    const done = await db.transaction().execute(async (tx) => {
      const swept = await sweepFacts(tx, nowMs, limit);
      if (swept > 0) await countDone(tx, NAME, swept);
      return swept;
    });
    return { done };
  },
};
