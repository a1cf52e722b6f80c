// Switches and notices. A switch and its ledger entry are one transaction; the claim's own transaction reads them, so a
// switch that is thrown before a claim stops it. May import domain.
import { switchSubject } from '../domain/ids.ts';
import type { Switch } from '../domain/switch.ts';
import { appendEntries, isRecorded, lockLedger } from './entries.ts';
import type { Store } from './ports.ts';
import type { Db, Tx } from './schema.ts';

// 1,000: more than any house has tenants, agents and tools to stop one by one; past it the switch for all is meant.
const MAX_SWITCHES = 1_000;

export function createSwitches(db: Db): Store['switches'] {
  return {
    thrown: () => thrownSwitches(db),
    async set({ id, isThrown, switch: one }) {
      await db.transaction().execute(async (tx) => {
        const { scope, name, setBy, reason, setMs } = one;
        const fact = { kind: 'switched', scope, name, isThrown, by: setBy, reason } as const;
        const subject = switchSubject(scope, name);
        await lockLedger(tx); // or a repeat under way beside the first would not see it
        if (await isRecorded(tx, subject, id, 'switched')) return; // a repeat must not undo what came after it
        await appendEntries(tx, [{ subject, step: id, conversationId: '', atMs: setMs, fact }]);
        await tx.deleteFrom('switches').where('scope', '=', scope).where('name', '=', name).execute();
        if (!isThrown) return;
        await tx.insertInto('switches').values({ scope, name, set_by: setBy, reason, set_ms: setMs }).execute();
      });
    },
  };
}

/** Every thrown switch: the one for all first, so that no bound cuts it off, then the oldest. */
export async function thrownSwitches(on: Db | Tx): Promise<readonly Switch[]> {
  const rows = await on
    .selectFrom('switches')
    .selectAll()
    .orderBy((eb) => eb('scope', '=', 'all'), 'desc')
    .orderBy('set_ms')
    .limit(MAX_SWITCHES)
    .execute();
  return rows.map((row) => ({
    scope: row.scope,
    name: row.name,
    setBy: row.set_by,
    reason: row.reason,
    setMs: row.set_ms,
  }));
}

export function createNotices(db: Db): Store['notices'] {
  return {
    async all() {
      const rows = await db.selectFrom('notices').selectAll().orderBy('role').orderBy('position').execute();
      return rows.map((row) => ({ role: row.role, sentence: row.sentence, notedMs: row.noted_ms }));
    },
    async replace(role, sentences, nowMs) {
      await db.transaction().execute(async (tx) => {
        await tx.deleteFrom('notices').where('role', '=', role).execute();
        const rows = sentences.map((sentence, position) => ({ role, position, sentence, noted_ms: nowMs }));
        if (rows.length > 0) await tx.insertInto('notices').values(rows).execute();
      });
    },
  };
}
