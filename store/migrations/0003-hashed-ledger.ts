// The ledger as a Merkle tree: the exact text of each entry and the hash of its leaf, the identity of this ledger, and
// signed checkpoints. A migration that was released is never edited; what comes next is a new file.
import { randomBytes } from 'node:crypto';
import { type Kysely, type Migration, sql } from 'kysely';
import type { Json } from '../../domain/json.ts';
import { canonicalJson } from '../../trust/digest.ts';
import { leafOf, wellFormed } from '../entry-text.ts';

export const hashedLedger0003: Migration = {
  async up(db: Kysely<unknown>) {
    await sql.raw(COLUMNS).execute(db);
    await hashWhatIsThere(db);
    await sql.raw(TABLES).execute(db);
    // A database that is put in the place of another has another name, and no checkpoint of the first fits it.
    const origin = `countersign/ledger/${randomBytes(8).toString('hex')}`;
    await sql`insert into countersign.ledger_identity (origin) values (${origin})`.execute(db);
  },
};

const COLUMNS = `
  alter table countersign.ledger add column entry text;
  alter table countersign.ledger add column leaf bytea;
  alter table countersign.ledger disable trigger ledger_is_append_only;`;

const TABLES = `
  alter table countersign.ledger alter column entry set not null;
  alter table countersign.ledger alter column leaf set not null;
  alter table countersign.ledger drop column fact;
  alter table countersign.ledger enable always trigger ledger_is_append_only;

  create table countersign.ledger_identity (
    origin text not null,
    is_the_one boolean primary key default true check (is_the_one)
  );

  create table countersign.checkpoints (
    size bigint primary key,
    -- The roots of the perfect subtrees, largest first: what the next checkpoint goes on from.
    frontier bytea not null,
    note text not null,
    made_ms bigint not null,
    published_ms bigint
  );`;

// 1,000 rows at once: a few hundred kilobytes.
const BATCH = 1_000;

interface OldRow {
  readonly seq: number;
  readonly subject: string;
  readonly step: string;
  readonly conversation_id: string;
  readonly at_ms: number;
  readonly fact: { readonly kind: string } & { readonly [member: string]: Json };
}

async function hashWhatIsThere(db: Kysely<unknown>): Promise<void> {
  for (let after = 0; ; ) {
    const { rows } = await sql<OldRow>`
      select seq, subject, step, conversation_id, at_ms, fact from countersign.ledger
      where seq > ${after} order by seq limit ${BATCH}`.execute(db);
    for (const { seq, subject, step, conversation_id: conversationId, at_ms: atMs, fact } of rows) {
      const text = canonicalJson(wellFormed({ v: 1, seq, subject, step, conversationId, atMs, kind: fact.kind, fact }));
      await sql`update countersign.ledger set entry = ${text}, leaf = ${leafOf(text)} where seq = ${seq}`.execute(db);
      after = seq;
    }
    if (rows.length < BATCH) return;
  }
}

