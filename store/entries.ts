// The ledger: appends entries with the hash of their leaf, and brings the read models up to date in the same
// transaction. `seq` has no gaps and grows in commit order, because whoever appends holds one lock until it commits. May
// import domain types only.
import { sql } from 'kysely';
import { type Entry, type Fact, MAX_CHAIN_ENTRIES, type RecordedEntry } from '../domain/entry.ts';
import { entryText, leafOf, readEntry, type SealedText } from './entry-text.ts';
import { later } from './later.ts';
import { LATER } from './pool.ts';
import type { Store } from './ports.ts';
import { project } from './projections.ts';
import { type Db, LOCKS, type Tables, type Tx } from './schema.ts';
import { underOfEntry } from './subjects.ts';
import { openRows, sealedText, type Under } from './words.ts';

/** Append inside a transaction. A known (subject, step) is skipped, and projects nothing again; see StepTaken. */
export async function appendEntries(tx: Tx, entries: readonly Entry[]): Promise<void> {
  if (entries.length === 0) return;
  await lockLedger(tx);
  // A statement of its own: one that also took the lock would look at the table as it was before the lock.
  const { head, rows } = await headAndKnown(tx, entries);
  const fresh = withoutThose(rows, entries);
  if (fresh.length === 0) return;
  for (let at = 0; at < fresh.length; ) {
    // What comes after the opening of a conversation goes under its key, so that is projected first.
    const opening = fresh.findIndex(({ fact }, index) => index >= at && fact.kind === 'conversation_opened');
    const end = opening < 0 ? fresh.length : opening + 1;
    await appendTogether(tx, fresh.slice(at, end), head + at);
    at = end;
  }
}

async function appendTogether(tx: Tx, fresh: readonly Entry[], head: number): Promise<void> {
  const rows = [];
  for (const [index, entry] of fresh.entries()) rows.push(await toRow(tx, entry, head + 1 + index));
  await later(tx, tx.insertInto('ledger').values(rows.map(({ row }) => row)));
  const seals = rows.flatMap(({ row: { seq }, sealed }) => (sealed === null ? [] : [{ seq, ...sealed }]));
  if (seals.length > 0) await later(tx, tx.insertInto('ledger_seals').values(seals));
  for (const entry of fresh) await project(tx, entry);
}

/** The place of the last entry, and so how many there are; 0 without any. */
export async function headOf(on: Db | Tx): Promise<number> {
  const row = await on.selectFrom('ledger').select('seq').orderBy('seq', 'desc').limit(1).executeTakeFirst();
  return row?.seq ?? 0;
}

// A lock is held to the end of its transaction: who has it need not ask again.
const HOLDING = new WeakSet<Tx>();

/** Wait until nobody else appends; held to the end of the transaction. */
export async function lockLedger(tx: Tx): Promise<void> {
  if (HOLDING.has(tx)) return;
  HOLDING.add(tx);
  const { family, key } = LOCKS.ledger;
  await sql`select pg_advisory_xact_lock(${family}::int, ${key}::int)${sql.raw(LATER)}`.execute(tx);
}

/** With its fact where its kind must be that of what is there. */
type Named = Pick<Entry, 'subject' | 'step'> & Partial<Pick<Entry, 'fact'>>;

/** Those whose (subject, step) is not in the ledger, each once. Throws StepTaken where another kind of entry is there. */
export async function withoutKnown<E extends Named>(tx: Tx | Db, entries: readonly E[]): Promise<readonly E[]> {
  const { subjects, steps } = placesOf(entries);
  const rows = await tx
    .selectFrom('ledger')
    .select(['subject', 'step', 'kind'])
    .where('subject', 'in', subjects)
    .where('step', 'in', steps)
    .execute();
  return withoutThose(rows, entries);
}

const placesOf = (entries: readonly Named[]) => ({
  subjects: [...new Set(entries.map((entry) => entry.subject))],
  steps: [...new Set(entries.map((entry) => entry.step))],
});

/** Both in one statement: whoever appends holds the lock meanwhile. */
async function headAndKnown(tx: Tx, entries: readonly Named[]) {
  const { subjects, steps } = placesOf(entries);
  const rows = await tx
    .selectFrom((eb) =>
      eb
        .selectFrom('ledger')
        .select((of) => of.fn.max('seq').as('head'))
        .as('last'),
    )
    .leftJoin('ledger', (join) => join.on('subject', 'in', subjects).on('step', 'in', steps))
    .select(['last.head', 'subject', 'step', 'kind'])
    .execute();
  const known = rows.flatMap(({ subject, step, kind }) =>
    subject === null || step === null || kind === null ? [] : [{ subject, step, kind }],
  );
  return { head: rows[0]?.head ?? 0, rows: known };
}

function withoutThose<E extends Named>(
  rows: readonly { readonly subject: string; readonly step: string; readonly kind: Kind }[],
  entries: readonly E[],
): readonly E[] {
  const known = new Map<string, Kind | undefined>(rows.map((row) => [pairOf(row), row.kind]));
  return entries.filter((entry) => {
    const pair = pairOf(entry);
    const [there, kind] = [known.get(pair), entry.fact?.kind];
    if (there !== undefined && kind !== undefined && there !== kind) throw new StepTaken(entry, kind, there);
    if (known.has(pair)) return false;
    known.set(pair, kind);
    return true;
  });
}

/** Somebody has recorded another kind of entry where this one belongs: nobody may take it for this one. */
class StepTaken extends Error {
  constructor({ subject, step }: Pick<Entry, 'subject' | 'step'>, kind: Kind, there: Kind) {
    super(`"${kind}" cannot be recorded as the step "${step}" of ${subject}: the ledger has "${there}" there`);
    this.name = 'StepTaken';
  }
}

type Kind = Entry['fact']['kind'];

export const pairOf = (entry: Named): string => JSON.stringify([entry.subject, entry.step]);

/** True when this step of the subject is already in the ledger. Throws StepTaken where another kind of entry is there. */
export async function isRecorded(tx: Tx, subject: string, step: string, kind: Kind): Promise<boolean> {
  const there = await recordedKind(tx, subject, step);
  if (there !== undefined && there !== kind) throw new StepTaken({ subject, step }, kind, there);
  return there !== undefined;
}

/** What is recorded as this step of the subject; undefined where nothing is. */
export async function recordedKind(tx: Tx, subject: string, step: string): Promise<Kind | undefined> {
  const row = await tx
    .selectFrom('ledger')
    .select('kind')
    .where('subject', '=', subject)
    .where('step', '=', step)
    .executeTakeFirst();
  return row?.kind;
}

export function createRecord(db: Db): Store['record'] {
  return async (entries) => {
    if (entries.length === 0) return;
    await db.transaction().execute((tx) => appendEntries(tx, entries));
  };
}

/** The step under which an action is proposed: it is proposed once. */
const PROPOSED = 'proposed';

export function createLedger(db: Db): Store['ledger'] {
  return {
    async ofConversation(conversationId, afterSeq, limit) {
      const rows = await entriesIn(db)
        .where('conversation_id', '=', conversationId)
        .where('ledger.seq', '>', afterSeq)
        .orderBy('ledger.seq')
        .limit(limit)
        .execute();
      return recordedOf(db, rows);
    },
    async ofSubject(subject) {
      const rows = await entriesIn(db)
        .where('subject', '=', subject)
        .orderBy('ledger.seq')
        .limit(MAX_CHAIN_ENTRIES)
        .execute();
      return recordedOf(db, rows);
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
      return recordedOf(db, rows);
    },
    async rulings(beforeSeq, limit) {
      const rows = await entriesIn(db)
        .where('kind', '=', 'ruled')
        .where('ledger.seq', '<', beforeSeq)
        .orderBy('ledger.seq', 'desc')
        .limit(limit)
        .execute();
      const subjects = [...new Set(rows.map(({ subject }) => subject))];
      const on =
        subjects.length === 0
          ? []
          : await entriesIn(db).where('subject', 'in', subjects).where('step', '=', PROPOSED).execute();
      const proposed = new Map((await recordedOf(db, on)).map((entry) => [entry.subject, entry]));
      const ruled = await recordedOf(db, rows);
      return ruled.map((entry, at) => ({ ruled: entry, proposed: proposed.get(rows[at]?.subject ?? entry.subject) }));
    },
    async lastStepOf(subject) {
      const row = await db
        .selectFrom('ledger')
        .select('step')
        .where('subject', '=', subject)
        .orderBy('seq', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row?.step;
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
    .select(['ledger.entry', 'ledger.leaf', 'ledger_seals.salt', 'ledger_seals.body'])
    .select(['ledger.seq', 'subject', 'step', 'conversation_id', 'at_ms', 'kind']);

const recordedOf = async (db: Db, rows: readonly Found[]): Promise<readonly RecordedEntry[]> =>
  (await openRows(db, 'ledger_seals', rows)).map(fromRow);

/**
 * A text that is not what was hashed is no word of anybody's, nor one that stands where it says that it does not belong: no
 * hash covers the columns by which an entry is found.
 */
function fromRow({ entry, leaf, salt, body, ...filed }: Found): RecordedEntry {
  const read = leafOf(entry).equals(leaf)
    ? readable(entry, salt === null || body === null || body === ERASED_BODY ? null : { salt, body })
    : null;
  if (read !== null && isFiledAs(read, filed)) return read;
  const { seq, subject, step, conversation_id: conversationId, at_ms: atMs, kind } = filed;
  // Of the fact nothing is left but its kind, as the columns have it: whoever reads it looks at the mark first.
  const fact = { kind } as Fact;
  return { seq, subject, step, conversationId, atMs, fact, seal: 'broken', isAltered: true };
}

type Filed = Omit<Tables['ledger'], 'entry' | 'leaf'>;
type Found = Filed & {
  readonly entry: string;
  readonly leaf: Buffer;
  readonly salt: string | null;
  readonly body: string | null;
};

/** null where it is no entry at all: whoever owns the database may have put anything there, and hashed it. */
function readable(entry: string, sealed: SealedText | null): RecordedEntry | null {
  try {
    return readEntry(entry, sealed);
  } catch {
    return null;
  }
}

const isFiledAs = (read: RecordedEntry, { seq, subject, step, conversation_id, at_ms, kind }: Filed): boolean =>
  read.seq === seq &&
  read.subject === subject &&
  read.step === step &&
  read.conversationId === conversation_id &&
  read.atMs === at_ms &&
  read.fact.kind === kind;

async function toRow(tx: Tx, entry: Entry, seq: number) {
  const { text, sealed } = entryText({ ...entry, seq });
  const { subject, step, conversationId: conversation_id, atMs: at_ms } = entry;
  const row = { seq, subject, step, conversation_id, at_ms, kind: entry.fact.kind, entry: text, leaf: leafOf(text) };
  return { row, sealed: sealed && (await sealedUnder(await underOfEntry(tx, entry), seq, sealed)) };
}

// As words.ts gives back a text whose key was destroyed.
const ERASED_BODY = '';

async function sealedUnder(under: Under, seq: number, { salt, body }: SealedText): Promise<SealedText> {
  const id = String(seq);
  return {
    salt: await sealedText(under, 'ledger_seals.salt', id, salt),
    body: await sealedText(under, 'ledger_seals.body', id, body),
  };
}
