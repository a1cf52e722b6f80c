// What agents remember of whom they speak with. What ends stays as a tombstone; its words are erased by a function of the
// database that reaches nothing else (see migration 0016). May import domain and trust.
import { randomBytes } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import { factsSubject } from '../domain/ids.ts';
import type { Json } from '../domain/json.ts';
import { MAX_FACTS_EACH } from '../domain/memory.ts';
import type { RememberedFact } from '../domain/memory.ts';
import { factDigest, factIdOf, factsStep } from '../trust/digest.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import { appendEntries, lockLedger } from './entries.ts';
import type { Facts, WhichFacts } from './fact-port.ts';
import { type Db, LOCKS, type Tables, type Tx } from './schema.ts';
import { underOfFact } from './subjects.ts';
import { openRow, openRows, sealedText } from './words.ts';

// 64: what may be in force, and as much that was; more of what has ended is not shown.
const MAX_SHOWN = MAX_FACTS_EACH * 2;
// 200 at once: their ids are one entry. What is left is forgotten in the next rounds of the same call.
const ERASED_AT_ONCE = 200;
// 128 bits: nobody guesses the words behind a digest.
const SALT_BYTES = 16;

export function createFacts(db: Db): Facts {
  const all = () => db.selectFrom('facts').selectAll();
  return {
    remember: (fact) => db.transaction().execute((tx) => remember(tx, fact)),
    async get(id) {
      const row = await all().where('id', '=', id).executeTakeFirst();
      return row && fromRow(await openRow(db, 'facts', row));
    },
    async byAction(actionId) {
      const row = await all().where('action_id', '=', actionId).executeTakeFirst();
      return row && fromRow(await openRow(db, 'facts', row));
    },
    async some({ tenant, agent, subject }, ids) {
      if (ids.length === 0) return [];
      const rows = await all()
        .where('id', 'in', [...ids])
        .where('tenant', '=', tenant)
        .where('agent', '=', agent)
        .where('subject', '=', subject)
        .execute();
      return (await openRows(db, 'facts', rows)).map(fromRow);
    },
    async shownOf({ tenant, agent, subject }, nowMs) {
      const rows = await all()
        .where('tenant', '=', tenant)
        .where('subject', '=', subject)
        .where('agent', '=', agent)
        .where('value', 'is not', null)
        .where(shownUntil, '>', nowMs)
        // Those in force first: what was true never takes their place.
        .orderBy('ended_ms', (order) => order.desc().nullsFirst())
        .orderBy('from_ms', 'desc')
        .limit(MAX_SHOWN)
        .execute();
      return (await openRows(db, 'facts', rows)).map(fromRow);
    },
    async list({ tenant, subject, nowMs, cursor, limit }) {
      const after = decodeCursor(cursor);
      const rows = await all()
        .where('tenant', '=', tenant)
        .$if(subject !== '', (query) => query.where('subject', '=', subject))
        .where('value', 'is not', null)
        .where(shownUntil, '>', nowMs)
        .where(sql<boolean>`(from_ms, id) < (${after.atMs}, ${after.id})`)
        .orderBy('from_ms', 'desc')
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute();
      const opened = await openRows(db, 'facts', rows);
      return pageOf(opened, limit, (row) => ({ atMs: row.from_ms, id: row.id }), fromRow);
    },
    async forget(which, by, nowMs) {
      let forgotten = 0;
      for (;;) {
        const found = await db.transaction().execute((tx) => forget(tx, which, by, nowMs));
        forgotten += found;
        if (found < ERASED_AT_ONCE) return forgotten;
      }
    },
  };
}

/** Until when it may be shown, as what is or what was. What was forgotten has no words. */
const shownUntil = sql<number>`least(expires_ms, coalesce(ended_ms, expires_ms)) + history_ms`;

async function remember(tx: Tx, fact: Parameters<Facts['remember']>[0]): Promise<'remembered' | 'full'> {
  const { tenant, agent, subject, kind, key, source, fromMs } = fact;
  const memory = JSON.stringify([tenant, agent, subject]);
  await sql`select pg_advisory_xact_lock(${LOCKS.factsFamily}::int, hashtext(${memory}))`.execute(tx);
  const before = await tx.selectFrom('facts').select('id').where('action_id', '=', source.actionId).executeTakeFirst();
  if (before !== undefined) return 'remembered';
  const inForce = await tx
    .selectFrom('facts')
    .select(['id', 'kind', 'key'])
    .where('tenant', '=', tenant)
    .where('subject', '=', subject)
    .where('agent', '=', agent)
    .where('ended_ms', 'is', null)
    .where('expires_ms', '>', fromMs)
    .execute();
  const ofKind = inForce.filter((row) => row.kind === kind);
  const replaced = await idsOfKey(tx, ofKind, key);
  if (inForce.length - replaced.length >= MAX_FACTS_EACH) return 'full';
  await endAs(tx, 'replaced', replaced, fromMs);
  await tx
    .insertInto('facts')
    .values(await toRow(tx, fact))
    .execute();
  return 'remembered';
}

/** Keys lie encrypted like the values, so they are looked at one by one: few facts are of one person and kind. */
async function idsOfKey(
  tx: Tx,
  rows: readonly { readonly id: string; readonly key: string }[],
  key: string,
): Promise<readonly string[]> {
  return (await openRows(tx, 'facts', rows)).filter((row) => keyIn(row) === key).map(({ id }) => id);
}

/** As JSON; bare where a role of an older version, up beside this one, has written it. */
export function keyIn({ key }: { readonly key: string }): string {
  try {
    return key.startsWith('"') ? (JSON.parse(key) as string) : key;
  } catch {
    return key;
  }
}

async function endAs(tx: Tx, as: 'replaced' | 'forgotten', ids: readonly string[], atMs: number): Promise<void> {
  if (ids.length === 0) return;
  await tx
    .updateTable('facts')
    .set((eb) => ({ ended_as: as, ended_ms: eb.fn.coalesce('ended_ms', eb.val(atMs)) }))
    .where('id', 'in', [...ids])
    .execute();
}

/** Some of them; all are forgotten once it is fewer than `ERASED_AT_ONCE`. */
async function forget(tx: Tx, which: WhichFacts, by: string, nowMs: number): Promise<number> {
  await lockLedger(tx);
  const named = (['subject', 'agent', 'kind', 'id'] as const).filter((column) => which[column] !== '');
  const rows = await named
    .reduce(
      (query, column) => query.where(column, '=', which[column]),
      tx.selectFrom('facts').select(['id', 'key']).where('tenant', '=', which.tenant).where('value', 'is not', null),
    )
    .orderBy('id')
    .$if(which.key === '', (query) => query.limit(ERASED_AT_ONCE))
    .execute();
  const all = which.key === '' ? rows.map(({ id }) => id) : await idsOfKey(tx, rows, which.key);
  const ids = all.slice(0, ERASED_AT_ONCE);
  await endAs(tx, 'forgotten', ids, nowMs);
  await erase(tx, ids, { why: 'forgotten', by }, factsSubject(which.tenant), nowMs);
  return ids.length;
}

/** All that any agent remembers of a person, with whatever else the transaction does. */
export async function forgetPerson(
  tx: Tx,
  { tenant, subject }: { readonly tenant: string; readonly subject: string },
  by: string,
  nowMs: number,
): Promise<void> {
  const which = { tenant, subject, agent: '', kind: '', key: '', id: '' };
  for (let found = ERASED_AT_ONCE; found === ERASED_AT_ONCE; ) found = await forget(tx, which, by, nowMs);
}

/** Those that have words though nobody is shown them any more, the longest first, each since when. */
export async function overFacts(
  on: Db | Tx,
  nowMs: number,
  limit: number,
): Promise<readonly { readonly id: string; readonly dueMs: number }[]> {
  return on
    .selectFrom('facts')
    .select(['id', shownUntil.as('dueMs')])
    .where('value', 'is not', null)
    .where(shownUntil, '<=', nowMs)
    .orderBy(shownUntil)
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** Erase their words, with an entry that names them, at most `limit`; resolves to how many. */
export async function sweepFacts(tx: Tx, nowMs: number, limit: number): Promise<number> {
  await lockLedger(tx);
  const ids = (await overFacts(tx, nowMs, limit)).map(({ id }) => id);
  if (ids.length === 0) return 0;
  await tx
    .updateTable('facts')
    .set((eb) => ({
      ended_as: sql<'expired'>`coalesce(ended_as, 'expired')`,
      ended_ms: eb.fn.coalesce('ended_ms', 'expires_ms'),
    }))
    .where('id', 'in', ids)
    .execute();
  await erase(tx, ids, { why: 'over', by: '' }, factsSubject(''), nowMs);
  return ids.length;
}

/** Their words, and a trace of that without words. */
async function erase(
  tx: Tx,
  factIds: readonly string[],
  because: { readonly why: 'forgotten' | 'over'; readonly by: string },
  subject: string,
  atMs: number,
): Promise<void> {
  if (factIds.length === 0) return;
  await sql`select countersign.erase_facts(${[...factIds]}::text[])`.execute(tx);
  const fact = { kind: 'facts_erased', factIds, ...because } as const;
  await appendEntries(tx, [{ subject, step: factsStep(factIds), conversationId: '', atMs, fact }]);
}

async function toRow(tx: Tx, fact: Parameters<Facts['remember']>[0]) {
  const { tenant, agent, subject, kind, key, value, trust, owner, source, fromMs } = fact;
  const { expiresMs, freshUntilMs, historyMs } = fact;
  const salt = randomBytes(SALT_BYTES).toString('base64url');
  const id = factIdOf(source.actionId);
  const under = await underOfFact(tx, source.conversationId, fact);
  const sealed = (column: 'key' | 'value' | 'salt', text: string) => sealedText(under, `facts.${column}`, id, text);
  const words = await sealed('value', JSON.stringify(value));
  return {
    ...{ id, action_id: source.actionId, conversation_id: source.conversationId },
    ...{ tenant, agent, subject, kind, trust, owner },
    // '': the person was erased meanwhile, and nothing of them is kept.
    ...(words === ''
      ? { value: null, salt: null, key: '' }
      : { value: words, salt: await sealed('salt', salt), key: await sealed('key', JSON.stringify(key)) }),
    ...{ digest: factDigest({ tenant, agent, subject, kind, key, value }, salt), items: JSON.stringify(source.items) },
    ...{ from_ms: fromMs, expires_ms: expiresMs, fresh_until_ms: freshUntilMs, history_ms: historyMs },
  };
}

function fromRow(row: Selectable<Tables['facts']>): RememberedFact {
  const { id, tenant, agent, subject, kind, value, digest, trust, owner } = row;
  return {
    ...{ id, tenant, agent, subject, kind, key: keyIn(row), digest, trust, owner },
    value: value === null || value === '' ? null : (JSON.parse(value) as Json),
    source: { conversationId: row.conversation_id, actionId: row.action_id, items: row.items },
    ...{ fromMs: row.from_ms, expiresMs: row.expires_ms },
    ...{ freshUntilMs: row.fresh_until_ms, historyMs: row.history_ms },
    ended: row.ended_ms === null || row.ended_as === null ? null : { as: row.ended_as, atMs: row.ended_ms },
  };
}
