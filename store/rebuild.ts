// After a loss: entries that were derived again, put at the end of what is left, in a ledger that goes on under another
// name. For the owner of the tables only. May import domain types, Kysely and pg. Guarantees: all or nothing; what is there
// stays as it is, byte for byte; where nothing is lost, nothing changes.
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import type { Outcome, Proposal } from '../domain/action.ts';
import type { Approval } from '../domain/approval.ts';
import type { Entry, FactOf } from '../domain/entry.ts';
import type { NewItem } from '../domain/item.ts';
import { DATABASE_MS } from './claims.ts';
import { appendEntries, headOf, lockLedger, pairOf, withoutKnown } from './entries.ts';
import { masterKeysOf } from '../trust/encrypting.ts';
import { readEntry } from './entry-text.ts';
import { toRow } from './items.ts';
import { assertPlain, createKeyring, masterInUse } from './keyring.ts';
import { takeAgain } from './limits.ts';
import { createPool } from './pool.ts';
import { createDb, type Db, type Tx } from './schema.ts';
import type { SealedBytes } from './bytes-port.ts';
import { createSealedBytes } from './sealed-bytes.ts';
import { otherSessions } from './sessions.ts';
import { underOfConversation } from './subjects.ts';
import { openRows, sealedCell } from './words.ts';

// 500 entries in a statement: some hundred kilobytes.
const AT_ONCE = 500;

/** A claim that was lost with the rest, or whose end was. */
export interface LostClaim {
  readonly actionId: string;
  readonly conversationId: string;
  readonly digest: string;
  readonly tool: string;
  readonly claimedMs: number;
  readonly outcome: Outcome | null;
}

/** An item of a transcript that was lost with the rest, under the id by which Workflows know it. */
export interface LostItem extends NewItem {
  readonly id: string;
  readonly atMs: number;
}

export interface Resuming {
  /** How many entries there were when it was looked for what is lost. */
  readonly kept: number;
  readonly entries: readonly Entry[];
  readonly claims: readonly LostClaim[];
  readonly items: readonly LostItem[];
  readonly published: string;
  readonly by: string;
  readonly reason: string;
  readonly nowMs: number;
}

export interface OpenOf {
  /** That have no outcome, or an unknown one. `isBegun`: a claim of it has no end. */
  readonly actions: readonly (Pick<Proposal, 'actionId' | 'conversationId' | 'digest' | 'tool' | 'effect'> & {
    readonly isBegun: boolean;
    readonly isUnknown: boolean;
  })[];
  readonly approvals: readonly Approval[];
}

export interface Rebuilding {
  /** How many entries there are. Rejects where one is missing between others: no rebuild can put it back in its place. */
  size(): Promise<number>;
  /** Its name. */
  origin(): Promise<string>;
  /** Of our roles, who else is connected to the database. The embedded store shows nobody: its folder is locked. */
  otherSessions(): Promise<readonly string[]>;
  /** From which ledgers this one went on, and what was published of them. */
  resumedFrom(): Promise<readonly Pick<FactOf<'ledger_resumed'>, 'origin' | 'published'>[]>;
  /** Of these, what the ledger does not have. */
  missing<E extends Pick<Entry, 'subject' | 'step'>>(entries: readonly E[]): Promise<readonly E[]>;
  /** Of these conversations, how many the ledger knows. */
  known(conversationIds: readonly string[]): Promise<number>;
  /** What is open of a conversation. */
  openOf(conversationId: string): Promise<OpenOf>;
  /** Of these, what no transcript has. */
  missingItems(items: readonly LostItem[]): Promise<readonly LostItem[]>;
  /**
   * Give the ledger its new name, and append what was lost, marked as rebuilt. Resolves to that name. Rejects where
   * somebody has written to it meanwhile.
   */
  resume(resuming: Resuming): Promise<string>;
  /** Whether its end is on record. */
  isClosed(conversationId: string): Promise<boolean>;
  /** Rejects with a sentence where keys lie under another master key than is given. */
  assertMasters(): Promise<void>;
  /** What lies in Temporal under the keys of here. */
  readonly sealedBytes: SealedBytes;
  close(): Promise<void>;
}

export function openRebuilding(config: pg.PoolConfig, masterKey?: string): Rebuilding {
  const pool = createPool({ ...config, max: 1 });
  const masters = masterKey === undefined ? undefined : masterKeysOf(masterKey);
  const db = createDb(pool, masters && createKeyring(masters, Date.now));
  return {
    size: () => sizeOf(db),
    origin: async () => (await db.selectFrom('ledger_identity').select('origin').executeTakeFirstOrThrow()).origin,
    otherSessions: () => otherSessions(db),
    async resumedFrom() {
      const rows = await db.selectFrom('ledger').select('entry').where('kind', '=', 'ledger_resumed').execute();
      return rows.map(({ entry }) => readEntry(entry, null).fact as FactOf<'ledger_resumed'>);
    },
    async missing<E extends Pick<Entry, 'subject' | 'step'> & Partial<Pick<Entry, 'fact'>>>(entries: readonly E[]) {
      const missing: E[] = [];
      for (const some of batches(entries)) {
        const lost = await withoutKnown(db, some);
        const olds = lost.flatMap(asBefore);
        const goneOlds = olds.length === 0 ? [] : await withoutKnown(db, olds);
        const gone = new Set(goneOlds.map(pairOf));
        missing.push(...lost.filter((entry) => asBefore(entry).every((old) => gone.has(pairOf(old)))));
      }
      return missing;
    },
    async known(conversationIds) {
      let count = 0;
      for (const some of batches(conversationIds)) {
        const found = db.selectFrom('ledger').select('conversation_id').distinct();
        count += (await found.where('conversation_id', 'in', some).execute()).length;
      }
      return count;
    },
    openOf: (conversationId) => openOf(db, conversationId),
    async missingItems(items) {
      const missing: LostItem[] = [];
      for (const some of batches(items)) {
        const ids = some.map(({ id }) => id);
        const kept = await db.selectFrom('items').select('id').where('id', 'in', ids).execute();
        const known = new Set(kept.map(({ id }) => id));
        missing.push(...some.filter(({ id }) => !known.has(id)));
      }
      return missing;
    },
    resume: (resuming) => db.transaction().execute((tx) => resume(tx, resuming)),
    async isClosed(conversationId) {
      const row = await db
        .selectFrom('conversations')
        .select('phase')
        .where('id', '=', conversationId)
        .executeTakeFirst();
      return row?.phase === 'closed';
    },
    assertMasters: async () => void (await (masters === undefined ? assertPlain(db) : masterInUse(db, masters))),
    sealedBytes: createSealedBytes(db),
    close: () => pool.end(),
  };
}

/** Until 0.4.0 the step of a refusal was its words: what stands there under them is not lost. */
const asBefore = (entry: Pick<Entry, 'subject' | 'step'> & Partial<Pick<Entry, 'fact'>>) =>
  entry.fact?.kind === 'warrant_refused' ? [{ ...entry, step: `refused:${entry.fact.reason}` }] : [];

async function sizeOf(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom('ledger')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  const head = await headOf(db);
  if (count === head) return head;
  throw new Error(
    `the ledger has ${count} entries, and the last of them is number ${head}: some are missing between others, ` +
      'which is no loss of the latest; put a whole backup in its place',
  );
}

async function openOf(db: Db, conversationId: string): Promise<OpenOf> {
  const actions = await db
    .selectFrom('actions')
    .leftJoin('claims', 'claims.action_id', 'actions.id')
    .select(['id', 'proposal', 'outcome_kind', 'claims.action_id as claim', 'claims.receipt_ms as ended'])
    .where('actions.conversation_id', '=', conversationId)
    .where((eb) => eb.or([eb('outcome_kind', 'is', null), eb('outcome_kind', '=', 'unknown')]))
    .execute();
  const approvals = await db
    .selectFrom('approvals')
    .select(['id', 'approval'])
    .where('conversation_id', '=', conversationId)
    .where('end_state', '=', 'open')
    .execute();
  return {
    actions: actions.map(({ id, proposal: { digest, tool, effect }, ...row }) => ({
      ...{ actionId: id, conversationId, digest, tool, effect },
      ...{ isBegun: row.claim !== null && row.ended === null, isUnknown: row.outcome_kind === 'unknown' },
    })),
    approvals: (await openRows(db, 'approvals', approvals)).map(({ approval }) => approval),
  };
}

async function resume(tx: Tx, resuming: Resuming): Promise<string> {
  const { entries, claims, items, kept, published, by, reason, nowMs } = resuming;
  await lockLedger(tx);
  const { origin } = await tx.selectFrom('ledger_identity').select('origin').executeTakeFirstOrThrow();
  if ((await headOf(tx)) !== kept) {
    throw new Error('somebody has written to the ledger while histories were read: stop all roles, and begin again');
  }
  const name = newOrigin();
  await tx.updateTable('ledger_identity').set({ origin: name }).execute();
  // They carry the old name. Those that were published are outside, where they stay; the last of the others goes on record.
  const last = await tx
    .selectFrom('checkpoints')
    .select('note')
    .where('published_ms', 'is', null)
    .orderBy('size', 'desc')
    .limit(1)
    .executeTakeFirst();
  await tx.deleteFrom('checkpoints').execute();
  const fact: FactOf<'ledger_resumed'> = {
    ...{ kind: 'ledger_resumed', origin, kept, published, stored: last?.note ?? '' },
    ...{ rebuilt: entries.length, by, reason },
  };
  await appendEntries(tx, [{ subject: name, step: 'resumed', conversationId: '', atMs: nowMs, fact }]);
  for (const some of batches(entries)) {
    await appendEntries(
      tx,
      some.map((entry) => ({ ...entry, rebuilt: true })),
    );
  }
  for (const claim of claims) {
    await restoreClaim(tx, claim);
    await takeAgain(tx, claim.actionId);
  }
  for (const some of batches(items)) {
    const rows = [];
    for (const { id, atMs, ...item } of some) rows.push(await toRow(tx, item, atMs, id));
    await tx
      .insertInto('items')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  for (const some of batches(items)) await countAsTold(tx, some, nowMs);
  return name;
}

// Of what stands there nothing is left to compare with.
const NOT_KNOWN = '';

/**
 * What was delivered is lost with the rest. Who was told would be told again, and of the model's words there is nothing to
 * tell: no reply that came back is delivered any more.
 */
async function countAsTold(tx: Tx, items: readonly LostItem[], nowMs: number): Promise<void> {
  const ids = items.flatMap(({ id, body }) => (body.kind === 'reply' || body.kind === 'staff_reply' ? [id] : []));
  if (ids.length === 0) return;
  const placed = await tx
    .selectFrom('items')
    .innerJoin('conversations', 'conversations.id', 'items.conversation_id')
    .select(['items.id', 'channel'])
    .where('items.id', 'in', ids)
    .execute();
  const told = placed.flatMap(({ id, channel }) =>
    channel === null ? [] : [{ key: `reply:${id}`, channel: channel.name, ref: null, digest: NOT_KNOWN, at_ms: nowMs }],
  );
  if (told.length === 0) return;
  await tx
    .insertInto('deliveries')
    .values(told)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** A ledger is known by a random name: no checkpoint of another fits it. */
const newOrigin = (): string => `countersign/ledger/${randomBytes(8).toString('hex')}`;

/** Put the claim there where it is lost, and its end where only that is. */
async function restoreClaim(tx: Tx, claim: LostClaim): Promise<void> {
  const { actionId, conversationId, digest, tool, claimedMs, outcome } = claim;
  const under = await underOfConversation(tx, conversationId);
  const ended =
    outcome === null
      ? {}
      : { outcome: await sealedCell(under, 'claims.outcome', actionId, outcome), receipt_ms: claimedMs };
  const inserted = await tx
    .insertInto('claims')
    .values({
      ...{ action_id: actionId, conversation_id: conversationId, digest, tool, claimed_ms: claimedMs, epoch: 1 },
      // Nobody knows when the last try began: whoever asks what became of it waits as after one that began now.
      ...{ taken_ms: outcome === null ? DATABASE_MS : claimedMs, ...ended },
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('action_id')
    .executeTakeFirst();
  if (inserted !== undefined || outcome === null) return;
  const kept = await tx.selectFrom('claims').selectAll().where('action_id', '=', actionId).executeTakeFirst();
  const isOpen = kept?.outcome === null || (kept?.outcome.kind === 'unknown' && outcome.kind !== 'unknown');
  if (kept?.digest !== digest || !isOpen) return;
  await tx.updateTable('claims').set(ended).where('action_id', '=', actionId).execute();
}

function* batches<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += AT_ONCE) yield all.slice(at, at + AT_ONCE);
}
