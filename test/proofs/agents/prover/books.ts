// The far side of the proofs that is a PostgreSQL: tools are let into it by tokens. Its table takes the same entry twice,
// so that an act that two attempts finished would be seen. May import countersign and this folder.
import { type DatabaseSystem, defineTool } from 'countersign';
import { base } from './tools.ts';

const TOOLS = 'countersign_tools';
const MAY_WRITE = `(select countersign_access.has_scope('books:write'))`;

export const books: DatabaseSystem = {
  kind: 'database',
  name: 'books',
  urlEnv: 'PROOF_BOOKS_DATABASE_URL',
  mintUrlEnv: 'PROOF_BOOKS_MINT_DATABASE_URL',
  prepare: async (sql) => {
    await sql.query('create schema if not exists books');
    await sql.query('create table if not exists books.entries (key text not null, order_id int, cents int)');
  },
  protect: [
    `grant usage on schema books to ${TOOLS}`,
    'alter table books.entries enable row level security',
    `grant select, insert on books.entries to ${TOOLS}`,
    `drop policy if exists ${TOOLS}_select on books.entries`,
    `create policy ${TOOLS}_select on books.entries for select to ${TOOLS} using (${MAY_WRITE})`,
    `drop policy if exists ${TOOLS}_insert on books.entries`,
    `create policy ${TOOLS}_insert on books.entries for insert to ${TOOLS} with check (${MAY_WRITE})`,
  ],
};

export const book = defineTool({
  ...base,
  name: 'book',
  description: 'Book something for an order, in a PostgreSQL of ours that would take it twice',
  effect: 'write',
  idempotent: false,
  scopes: ['books:write'],
  execute: async ({ input: { order, cents } }, { access, idempotencyKey }) => {
    await access
      .database(books.name)
      .query('insert into books.entries (key, order_id, cents) values ($1, $2, $3)', [idempotencyKey, order, cents]);
    return { done: true };
  },
  reconcile: async (_call, { access, idempotencyKey }) => {
    const found = 'select 1 from books.entries where key = $1';
    const rows = await access.database(books.name).query(found, [idempotencyKey]);
    return rows.length > 0 ? { kind: 'happened', result: { done: true } } : { kind: 'did_not_happen' };
  },
});
