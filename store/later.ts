// Statements of a transaction whose answer nobody reads: the next one need not wait until it is there. May import Kysely and
// the pool.
import { type Compilable, CompiledQuery } from 'kysely';
import { LATER } from './pool.ts';
import type { Tx } from './schema.ts';

/** Send it; whether it failed is said by what is waited for next, the commit at the latest (see LATER). */
export async function later(tx: Tx, query: Compilable): Promise<void> {
  const { sql, parameters } = query.compile();
  await tx.executeQuery(CompiledQuery.raw(`${sql}${LATER}`, [...parameters]));
}
