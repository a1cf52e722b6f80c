// The ledger: appends entries with the hash of their leaf, and brings the read models up to date in the same
// transaction. `seq` has no gaps and grows in commit order, because whoever appends holds one lock until it commits. May
// import domain types only.
import { sql } from 'kysely';
import type { Entry, RecordedEntry } from '../domain/entry.ts';
import { entryText, leafOf, readEntry } from './entry-text.ts';
import type { Store } from './ports.ts';
import { project } from './projections.ts';
import { type Db, LOCKS, type Tables, type Tx } from './schema.ts';

// 10,000: the longest chain that one answer carries. An action has tens of entries; a conversation is read in pages.
const MAX_CHAIN_ENTRIES = 10_000;

/** Append inside a transaction. A known (subject, step) is skipped, and projects nothing again. */
export async function appendEntries(tx: Tx, entries: readonly Entry[]): Promise<void> {
  if (entries.length === 0) return;
  await lockLedger(tx);
  // A statement of its own: one that also took the lock would look at the table as it was before the lock.
  const head = await headOf(tx);
  const fresh = await withoutKnown(tx, entries);
  if (fresh.length === 0) return;
  const rows = fresh.map((entry, index) => toRow(entry, head + 1 + index));
  await tx
    .insertInto('ledger')
    .values(rows.map(({ row }) => row))
    .execute();
  const seals = rows.flatMap(({ row: { seq }, sealed }) => (sealed === null ? [] : [{ seq, ...sealed }]));
  if (seals.length > 0) await tx.insertInto('ledger_seals').values(seals).execute();
  for (const entry of fresh) await project(tx, entry);
}

/** The place of the last entry, and so how many there are; 0 without any. */
export async function headOf(on: Db | Tx): Promise<number> {
  const row = await on.selectFrom('ledger').select('seq').orderBy('seq', 'desc').limit(1).executeTakeFirst();
  return row?.seq ?? 0;
}

/** Wait until nobody else appends; held to the end of the transaction. */
export async function lockLedger(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${LOCKS.ledger.family}::int, ${LOCKS.ledger.key}::int)`.execute(tx);
}

type Named = Pick<Entry, 'subject' | 'step'>;

/** Those whose (subject, step) is not in the ledger, each once. */
export async function withoutKnown<E extends Named>(tx: Tx | Db, entries: readonly E[]): Promise<readonly E[]> {
  const subjects = [...new Set(entries.map((entry) => entry.subject))];
  const steps = [...new Set(entries.map((entry) => entry.step))];
  const rows = await tx
    .selectFrom('ledger')
    .select(['subject', 'step'])
    .where('subject', 'in', subjects)
    .where('step', 'in', steps)
    .execute();
  const known = new Set(rows.map(pairOf));
  return entries.filter((entry) => {
    if (known.has(pairOf(entry))) return false;
    known.add(pairOf(entry));
    return true;
  });
}

export const pairOf = (entry: Named): string => JSON.stringify([entry.subject, entry.step]);

/** True when this step of the subject is already in the ledger. */
export async function isRecorded(tx: Tx, subject: string, step: string): Promise<boolean> {
  const row = await tx
    .selectFrom('ledger')
    .select('seq')
    .where('subject', '=', subject)
    .where('step', '=', step)
    .executeTakeFirst();
  return row !== undefined;
}

export function createRecord(db: Db): Store['record'] {
  return async (entries) => {
    if (entries.length === 0) return;
    await db.transaction().execute((tx) => appendEntries(tx, entries));
  };
}

export function createLedger(db: Db): Store['ledger'] {
  return {
    async ofConversation(conversationId, afterSeq, limit) {
      const rows = await entriesIn(db)
        .where('conversation_id', '=', conversationId)
        .where('ledger.seq', '>', afterSeq)
        .orderBy('ledger.seq')
        .limit(limit)
        .execute();
      return rows.map(fromRow);
    },
    async ofSubject(subject) {
      const rows = await entriesIn(db)
        .where('subject', '=', subject)
        .orderBy('ledger.seq')
        .limit(MAX_CHAIN_ENTRIES)
        .execute();
      return rows.map(fromRow);
    },
    async chain(subjects, of) {
      const rows = await entriesIn(db)
        .where((eb) =>
          eb.or([
            ...(subjects.length === 0 ? [] : [eb('subject', 'in', [...subjects])]),
            ...(of.steps.length === 0 ? [] : [eb('subject', '=', of.subject).and('step', 'in', [...of.steps])]),
          ]),
        )
        .orderBy('ledger.seq')
        .limit(MAX_CHAIN_ENTRIES)
        .execute();
      return rows.map(fromRow);
    },
    async lastOfSubject(subject) {
      const row = await entriesIn(db)
        .where('subject', '=', subject)
        .orderBy('ledger.seq', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row && fromRow(row);
    },
    async hashed(afterSeq, limit) {
      const rows = await db
        .selectFrom('ledger')
        .select(['seq', 'entry', 'leaf'])
        .where('seq', '>', afterSeq)
        .orderBy('seq')
        .limit(limit)
        .execute();
      return rows.map(({ seq, entry: text, leaf }) => ({ seq, text, leaf }));
    },
  };
}

/** Entries with what they seal, where it is still there. */
const entriesIn = (db: Db) =>
  db
    .selectFrom('ledger')
    .leftJoin('ledger_seals', 'ledger_seals.seq', 'ledger.seq')
    .select(['ledger.entry', 'ledger_seals.salt', 'ledger_seals.body'])
    .select(['ledger.seq', 'subject', 'step', 'conversation_id', 'at_ms', 'kind']);

/** No hash covers the columns by which an entry is found: where its text says otherwise, it is no word of anybody's. */
function fromRow({ entry, salt, body, ...filed }: Found): RecordedEntry {
  const read = readEntry(entry, salt === null || body === null ? null : { salt, body });
  return isFiledAs(read, filed) ? read : { ...readEntry(entry, null), seal: 'broken' };
}

type Filed = Omit<Tables['ledger'], 'entry' | 'leaf'>;
type Found = Filed & { readonly entry: string; readonly salt: string | null; readonly body: string | null };

const isFiledAs = (read: RecordedEntry, { seq, subject, step, conversation_id, at_ms, kind }: Filed): boolean =>
  read.seq === seq &&
  read.subject === subject &&
  read.step === step &&
  read.conversationId === conversation_id &&
  read.atMs === at_ms &&
  read.fact.kind === kind;

function toRow(entry: Entry, seq: number) {
  const { text, sealed } = entryText({ ...entry, seq });
  const { subject, step, conversationId: conversation_id, atMs: at_ms } = entry;
  const row = { seq, subject, step, conversation_id, at_ms, kind: entry.fact.kind, entry: text, leaf: leafOf(text) };
  return { row, sealed };
}
