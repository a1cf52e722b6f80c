// The transcript: items, written once per (conversation, key) and read by reference. May import domain types only.
import { randomBytes } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import { messageKey } from '../domain/ids.ts';
import type { Item, NewItem } from '../domain/item.ts';
import { appendEntries } from './entries.ts';
import { LATER } from './pool.ts';
import type { Store } from './ports.ts';
import { type Db, LOCKS, type Tables, type Tx } from './schema.ts';
import { underOfItem } from './subjects.ts';
import { openRow, openRows, sealedCell, sealedText } from './words.ts';

/** What ends a turn, as the trigger of migration 0023 has it too. */
const ANSWERS: readonly Item['body']['kind'][] = ['reply', 'staff_reply'];

/** `answered`: told of each conversation in which an answer was written, once it is there. */
export function createItems(
  db: Db,
  nowMs: () => number,
  answered: (conversationId: string) => void = () => undefined,
): Store['items'] {
  const inConversation = (conversationId: string) =>
    db.selectFrom('items').selectAll().where('conversation_id', '=', conversationId);
  const opened = async (row: Row): Promise<Item> => fromRow(await openRow(db, 'items', row));
  return {
    append: (...all) => append({ db, nowMs, answered }, ...all),
    async load(conversationId, ids) {
      if (ids.length === 0) return [];
      const rows = await inConversation(conversationId)
        .where('id', 'in', [...ids])
        .execute();
      const found = new Map((await itemsOf(db, rows)).map((item) => [item.id, item]));
      return ids.flatMap((id) => found.get(id) ?? []);
    },
    async byKey(conversationId, key) {
      const row = await inConversation(conversationId).where('key', '=', key).executeTakeFirst();
      return row && opened(row);
    },
    bytesOf: (conversationId, ids) => bytesOf(db, conversationId, ids),
    async page(conversationId, afterSeq, limit) {
      const rows = await inConversation(conversationId)
        .where('seq', '>', afterSeq)
        .orderBy('seq')
        .limit(limit)
        .execute();
      return itemsOf(db, rows);
    },
    async since(conversationId, fromMs, limit) {
      const rows = await inConversation(conversationId)
        .where('created_ms', '>=', fromMs)
        .orderBy('seq', 'desc')
        .limit(limit)
        .execute();
      return (await itemsOf(db, rows)).toReversed();
    },
    async replyTo(conversationId, messageId) {
      const row = await inConversation(conversationId)
        .where('kind', 'in', [...ANSWERS])
        .where('turn', '=', (eb) =>
          eb
            .selectFrom('items')
            .select('turn')
            .where('conversation_id', '=', conversationId)
            .where('key', '=', messageKey(messageId)),
        )
        .orderBy('seq')
        .limit(1)
        .executeTakeFirst();
      return row && opened(row);
    },
    overOf: (messages) => overOf(db, messages),
    async turns(conversationId, turn) {
      const isReply = sql<boolean>`coalesce(bool_or(turn = ${turn} and kind in ('reply', 'staff_reply')), false)`;
      const { last, isAnswered } = await db
        .selectFrom('items')
        .select((eb) => [eb.fn.max('turn').as('last'), isReply.as('isAnswered')])
        .where('conversation_id', '=', conversationId)
        .where('turn', '>=', turn)
        .executeTakeFirstOrThrow();
      return { last: last ?? 0, isAnswered };
    },
  };
}

async function overOf(
  db: Db,
  messages: readonly { readonly conversationId: string; readonly messageId: string }[],
): ReturnType<Store['items']['overOf']> {
  if (messages.length === 0) return [];
  const asked = messages.map(({ conversationId, messageId: id }) => ({
    id,
    whole: conversationId,
    key: messageKey(id),
  }));
  const { rows } = await sql<{ messageId: string; isAnswered: boolean }>`
    select asked.id as "messageId", "isAnswered"
    from json_to_recordset(${JSON.stringify(asked)}::json) as asked(id text, whole text, key text), lateral (
      select exists (
        select from countersign.items as message
        join countersign.items as reply on reply.conversation_id = asked.whole and reply.turn = message.turn
        where message.conversation_id = asked.whole and message.key = asked.key
          and reply.kind in ('reply', 'staff_reply')) as "isAnswered") as answer
    where "isAnswered"
      or exists (select from countersign.conversations as held where held.id = asked.whole and held.phase <> 'open')
    `.execute(db);
  return rows;
}

async function append(
  to: { readonly db: Db; readonly nowMs: () => number; readonly answered: (conversationId: string) => void },
  ...[items, entries]: Parameters<Store['items']['append']>
): Promise<readonly Item[]> {
  if (items.length === 0 && entries === undefined) return [];
  const written = await to.db.transaction().execute(async (tx) => {
    const all = await write(tx, items, to.nowMs());
    if (entries !== undefined) await appendEntries(tx, entries(all));
    return all;
  });
  for (const { conversationId, body } of written) if (ANSWERS.includes(body.kind)) to.answered(conversationId);
  return written;
}

async function bytesOf(db: Db, conversationId: string, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) return 0;
  const { bytes } = await db
    .selectFrom('items')
    .select(sql<number>`coalesce(sum(coalesce(body_bytes, octet_length(body::text))), 0)::bigint`.as('bytes'))
    .where('conversation_id', '=', conversationId)
    .where('id', 'in', [...ids])
    .executeTakeFirstOrThrow();
  return bytes;
}

async function write(tx: Tx, items: readonly NewItem[], createdMs: number): Promise<readonly Item[]> {
  if (items.length === 0) return [];
  // Sorted, so that two writers of the same conversations cannot wait for each other.
  const conversations = [...new Set(items.map((item) => item.conversationId))].toSorted();
  for (const id of conversations) {
    // Until commit: a reader that goes on after a `seq` it has seen then never misses an item written beside it.
    await sql`select pg_advisory_xact_lock(${LOCKS.itemsFamily}::int, hashtext(${id}))${sql.raw(LATER)}`.execute(tx);
  }
  const fresh = [];
  for (const item of items) fresh.push(await toRow(tx, item, createdMs));
  const inserted = await tx
    .insertInto('items')
    .values(fresh)
    .onConflict((conflict) => conflict.columns(['conversation_id', 'key']).doNothing())
    .returningAll()
    .execute();
  const rows = inserted.length === items.length ? inserted : await standing(tx, conversations, items);
  const opened = await openRows(tx, 'items', rows);
  const stored = new Map(opened.map((row) => [placeOf(row.conversation_id, row.key), fromRow(row)]));
  return items.flatMap((item) => stored.get(placeOf(item.conversationId, item.key)) ?? []);
}

/** What stands under these keys, for some of it was written before. */
const standing = (tx: Tx, conversations: readonly string[], items: readonly NewItem[]): Promise<Row[]> =>
  tx
    .selectFrom('items')
    .selectAll()
    .where('conversation_id', 'in', conversations)
    .where('key', 'in', [...new Set(items.map((item) => item.key))])
    .execute();

const placeOf = (conversationId: string, key: string): string => JSON.stringify([conversationId, key]);

// 128 bits: ids that nobody guesses and that never meet; 22 characters in base64url.
const ID_BYTES = 16;

const randomId = (): string => randomBytes(ID_BYTES).toString('base64url');

export async function toRow(tx: Tx, item: NewItem, createdMs: number, id = randomId()) {
  const under = await underOfItem(tx, item);
  return {
    id,
    conversation_id: item.conversationId,
    key: item.key,
    turn: item.turn,
    trust: item.trust,
    kind: item.body.kind,
    body: await sealedCell(under, 'items.body', id, item.body),
    salt: await sealedText(under, 'items.salt', id, randomId()),
    created_ms: createdMs,
    body_bytes: Buffer.byteLength(JSON.stringify(item.body)),
  };
}

type Row = Selectable<Tables['items']>;

export const itemsOf = async (db: Db, rows: readonly Row[]): Promise<readonly Item[]> =>
  (await openRows(db, 'items', rows)).map(fromRow);

function fromRow(row: Row): Item {
  return {
    id: row.id,
    conversationId: row.conversation_id,
    turn: row.turn,
    seq: row.seq,
    trust: row.trust,
    body: row.body,
    salt: row.salt,
    // A salt that is not erased is never empty.
    ...(row.salt === '' ? { isErased: true as const } : {}),
    createdMs: row.created_ms,
  };
}
