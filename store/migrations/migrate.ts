// Brings a database to this version's tables. Safe to run from several processes at once: Kysely's migrator holds an
// advisory lock, and each migration runs in one transaction. May import Kysely and the pool.
import { Kysely, type Migration, Migrator } from 'kysely';
import type pg from 'pg';
import { createDialect, createPool } from '../pool.ts';
import { isStoreUnavailable } from '../unavailable.ts';
import { tables0001 } from './0001-tables.ts';

/** In order; a name that was released never changes. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001_tables': tables0001,
};

// Apart from our own schema, so that dropping the data also needs a decision about the bookkeeping.
const MIGRATION_SCHEMA = 'countersign_migrations';

// 10 min: whoever comes second waits while the first migrates, and an index over a large table takes minutes.
const MIGRATION_TIMEOUT_MS = 600_000;

/** Run what is missing. Throws StoreUnavailable when the database is away, else an Error that says what to do. */
export async function migrateStore(config: pg.PoolConfig): Promise<void> {
  const pool = createPool({ ...config, max: 1, query_timeout: MIGRATION_TIMEOUT_MS });
  const db = new Kysely<unknown>({ dialect: createDialect(pool) });
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...MIGRATIONS }) },
    migrationTableSchema: MIGRATION_SCHEMA,
  });
  try {
    const { error, results = [] } = await migrator.migrateToLatest();
    if (error === undefined) return;
    if (isStoreUnavailable(error)) throw error;
    const failed = results.find((one) => one.status === 'Error')?.migrationName;
    const what = error instanceof Error ? error.message : 'unknown error';
    throw new Error(
      `the store could not be migrated${failed === undefined ? '' : ` (${failed})`}: ${what}. ` +
        'If a newer version of Countersign wrote it, start that version; else restore a backup or grant the rights.',
      { cause: error },
    );
  } finally {
    await pool.end();
  }
}
