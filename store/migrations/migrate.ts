// Brings a database to this version's tables, or only looks whether it is there. Safe to run from several processes at
// once: Kysely's migrator holds an advisory lock, and each migration runs in one transaction. May import Kysely and the
// pool.
import { Kysely, type Migration, Migrator, sql } from 'kysely';
import type pg from 'pg';
import { createDialect, createPool } from '../pool.ts';
import { sentenceOf } from '../../domain/sentence-of.ts';
import { isStoreUnavailable } from '../unavailable.ts';
import { tables0001 } from './0001-tables.ts';
import { fencingAndSwitches0002 } from './0002-fencing-and-switches.ts';
import { hashedLedger0003 } from './0003-hashed-ledger.ts';
import { sealedParts0004 } from './0004-sealed-parts.ts';
import { approvalHandles0005 } from './0005-approval-handles.ts';
import { noGaps0006 } from './0006-no-gaps.ts';
import { escalation0007 } from './0007-escalation.ts';
import { channels0008 } from './0008-channels.ts';
import { burden0009 } from './0009-burden.ts';
import { claimedDeliveries0010 } from './0010-claimed-deliveries.ts';
import { foundCards0011 } from './0011-found-cards.ts';
import { intake0012 } from './0012-intake.ts';
import { limits0013 } from './0013-limits.ts';
import { budgets0014 } from './0014-budgets.ts';
import { subjectKeys0015 } from './0015-subject-keys.ts';
import { facts0016 } from './0016-facts.ts';
import { maintenance0017 } from './0017-maintenance.ts';
import { maintenanceRuns0018 } from './0018-maintenance-runs.ts';
import { masterKeys0019 } from './0019-master-keys.ts';
import { whatGrows0020 } from './0020-what-grows.ts';
import { leftReadable0021 } from './0021-left-readable.ts';
import { deletedIsDelivered0022 } from './0022-deleted-is-delivered.ts';
import { answers0023 } from './0023-answers.ts';

/** In order; a name that was released never changes. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001_tables': tables0001,
  '0002_fencing_and_switches': fencingAndSwitches0002,
  '0003_hashed_ledger': hashedLedger0003,
  '0004_sealed_parts': sealedParts0004,
  '0005_approval_handles': approvalHandles0005,
  '0006_no_gaps': noGaps0006,
  '0007_escalation': escalation0007,
  '0008_channels': channels0008,
  '0009_burden': burden0009,
  '0010_claimed_deliveries': claimedDeliveries0010,
  '0011_found_cards': foundCards0011,
  '0012_intake': intake0012,
  '0013_limits': limits0013,
  '0014_budgets': budgets0014,
  '0015_subject_keys': subjectKeys0015,
  '0016_facts': facts0016,
  '0017_maintenance': maintenance0017,
  '0018_maintenance_runs': maintenanceRuns0018,
  '0019_master_keys': masterKeys0019,
  '0020_what_grows': whatGrows0020,
  '0021_left_readable': leftReadable0021,
  '0022_deleted_is_delivered': deletedIsDelivered0022,
  '0023_answers': answers0023,
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
    throw new Error(
      `the store could not be migrated${failed === undefined ? '' : ` (${failed})`}: ${sentenceOf(error)}. ` +
        'If a newer version of Countersign wrote it, start that version; else restore a backup or grant the rights.',
      { cause: error },
    );
  } finally {
    await pool.end();
  }
}

// 3F000: no such schema, 42P01: no such table, 42501: no right to look.
const NOT_READABLE = ['3F000', '42P01', '42501'];

/**
 * Reject with a sentence unless the database has exactly this version's tables. For processes whose PostgreSQL role does
 * not own them. Throws StoreUnavailable when the database is away.
 */
export async function requireMigrated(config: pg.PoolConfig): Promise<void> {
  const pool = createPool({ ...config, max: 1 });
  const db = new Kysely<unknown>({ dialect: createDialect(pool) });
  try {
    const table = sql.table(`${MIGRATION_SCHEMA}.kysely_migration`);
    const { rows } = await sql<{ name: string }>`select name from ${table}`.execute(db);
    const missing = Object.keys(MIGRATIONS).filter((name) => !rows.some((row) => row.name === name));
    if (missing.length > 0) throw new Error(`the store lacks ${missing.join(', ')}; run: countersign migrate`);
    const newer = rows.find((row) => !Object.hasOwn(MIGRATIONS, row.name));
    if (newer !== undefined) {
      throw new Error(`a newer version of Countersign wrote the store (${newer.name}); start that version`);
    }
  } catch (error) {
    const code = (error as { readonly code?: unknown }).code;
    if (!NOT_READABLE.some((one) => one === code)) throw error;
    throw new Error('the store has no tables for this PostgreSQL role yet; run: countersign migrate', { cause: error });
  } finally {
    await pool.end();
  }
}
