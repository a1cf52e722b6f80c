// Erasure: the key of a person is destroyed, and what was said of them cannot be read any more, wherever a copy of the text
// lies. May import domain types. Guarantees: the key is gone and the erasure on record, or neither; no conversation of
// theirs is open then.
import { sql } from 'kysely';
import { erasureSubject } from '../domain/ids.ts';
import { appendEntries, lockLedger } from './entries.ts';
import type { ErasureResult } from './erasure-port.ts';
import { forgetPerson } from './facts.ts';
import { keyringOf, type Subject } from './keyring.ts';
import type { Store } from './ports.ts';
import type { Db, Tx } from './schema.ts';

// 1,000 open ones at a time: who has more is erased in several goes.
const MAX_OPEN = 1_000;

export function createErasures(db: Db): Store['erasures'] {
  return {
    async survey(subject) {
      const [{ keys }, { conversations, plain, items }, open] = await Promise.all([
        countKeys(db, subject),
        countConversations(db, subject),
        openOf(db, subject),
      ]);
      return { keys, conversations, plain, items, open };
    },
    async erase(erasing) {
      const result = await db.transaction().execute((tx) => erase(tx, erasing));
      keyringOf(db)?.forget();
      return result;
    },
  };
}

type Erasing = Parameters<Store['erasures']['erase']>[0];

async function erase(tx: Tx, { tenant, subject, by, nowMs }: Erasing): Promise<ErasureResult> {
  // Whoever opens a conversation records it under the same lock.
  await lockLedger(tx);
  const open = await openOf(tx, { tenant, subject });
  if (open.length > 0) return { kind: 'open', conversationIds: open };
  const { conversations, plain } = await countConversations(tx, { tenant, subject });
  if (plain > 0) return { kind: 'plain', conversations: plain };
  await forgetPerson(tx, { tenant, subject }, by, nowMs);
  const key = await tx
    .updateTable('subject_keys')
    .set({ wrapped: null, destroyed_ms: nowMs })
    .where('tenant', '=', tenant)
    .where('subject', '=', subject)
    .where('destroyed_ms', 'is', null)
    .returning('id')
    .executeTakeFirst();
  if (key === undefined) return { kind: 'nothing' };
  const fact = { kind: 'erased', tenant, personId: subject, by, keyId: key.id, conversations } as const;
  const place = { subject: erasureSubject(tenant, subject), step: `erased-${key.id}` };
  await appendEntries(tx, [{ ...place, conversationId: '', atMs: nowMs, fact }]);
  return { kind: 'erased', keyId: key.id, conversations };
}

const countKeys = (db: Db, { tenant, subject }: Subject) =>
  db
    .selectFrom('subject_keys')
    .select((eb) => eb.fn.countAll<number>().as('keys'))
    .where('tenant', '=', tenant)
    .where('subject', '=', subject)
    .where('destroyed_ms', 'is', null)
    .executeTakeFirstOrThrow();

/** Of those whose words can be read: how many there are, in how many they lie as they are, and how many items they have. */
function countConversations(on: Db | Tx, { tenant, subject }: Subject) {
  return on
    .selectFrom('conversations')
    .leftJoin('subject_keys', 'subject_keys.id', 'conversations.key_id')
    .select((eb) => [
      eb.fn.countAll<number>().as('conversations'),
      eb.fn.countAll<number>().filterWhere('key_id', 'is', null).as('plain'),
      sql<number>`coalesce(sum((
        select count(*) from countersign.items where items.conversation_id = conversations.id)), 0)::bigint`.as(
        'items',
      ),
    ])
    .where('conversations.tenant', '=', tenant)
    .where('principal_id', '=', subject)
    .where('subject_keys.destroyed_ms', 'is', null)
    .executeTakeFirstOrThrow();
}

async function openOf(on: Db | Tx, { tenant, subject }: Subject): Promise<readonly string[]> {
  const rows = await on
    .selectFrom('conversations')
    .select('id')
    .where('tenant', '=', tenant)
    .where('principal_id', '=', subject)
    .where('phase', '!=', 'closed')
    .orderBy('created_ms')
    .limit(MAX_OPEN)
    .execute();
  return rows.map(({ id }) => id);
}
