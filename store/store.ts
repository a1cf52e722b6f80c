// The one implementation of the store, over PostgreSQL, real or embedded: migrates, opens, and puts the repositories
// together. May import domain types, Kysely and pg. Every failure of the connection is a StoreUnavailable.
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type pg from 'pg';
import { createActions } from './actions.ts';
import { createAnswers } from './answers.ts';
import { createApiKeys } from './api-keys.ts';
import { createApprovals } from './approvals.ts';
import { createBudgets } from './budgets.ts';
import { createCheckpoints } from './checkpoints.ts';
import { createClaims } from './claims.ts';
import { usedOf } from './limits.ts';
import { createConversations } from './conversations.ts';
import { createDeliveries, createNotes } from './deliveries.ts';
import { encryptWords } from './encrypt-words.ts';
import { createLedger, createRecord } from './entries.ts';
import { createErasures } from './erasures.ts';
import { createFacts } from './facts.ts';
import { createItems } from './items.ts';
import { assertPlain, createKeyring, masterInUse } from './keyring.ts';
import { createMaintenance } from './maintenance/maintenance.ts';
import { migrateStore, requireMigrated } from './migrations/migrate.ts';
import { createPool } from './pool.ts';
import type { Store } from './ports.ts';
import { masterKeysOf } from '../trust/encrypting.ts';
import { createReports } from './report.ts';
import { createDb, type Db } from './schema.ts';
import { createNotices, createSwitches } from './switches.ts';
import { createSealedBytes } from './sealed-bytes.ts';
import { StoreUnavailable } from './unavailable.ts';

// 2 s: readiness is asked every few seconds, and must say "no" before the next question.
const PING_TIMEOUT_MS = 2_000;

export interface OpenStoreInput {
  readonly pool: pg.PoolConfig;
  /** The process's clock; stamps items only. */
  readonly nowMs?: () => number;
  /**
   * Words are encrypted under keys that this one holds, base64 of 32 bytes, and another while it is changed, by commas.
   * Without it they are written as they are, in a store in which none were ever encrypted.
   */
  readonly masterKey?: string | undefined;
  /** false for a PostgreSQL role that does not own the tables: it needs them to be there. By default true. */
  readonly migrate?: boolean;
  /** A server of its own, to which other processes write as well. By default all is in this one. */
  readonly isServer?: boolean;
}

/** Migrate the database, then open the store. Throws StoreUnavailable when the database is away. */
export async function openStore({
  pool: config,
  nowMs = Date.now,
  migrate = true,
  masterKey,
  isServer = false,
}: OpenStoreInput): Promise<Store> {
  await (migrate ? migrateStore(config) : requireMigrated(config));
  const masters = masterKey === undefined ? undefined : masterKeysOf(masterKey);
  const pool = createPool({ ...config, pipeline: isServer });
  const db = createDb(pool, masters && createKeyring(masters, nowMs));
  try {
    await (masters === undefined ? assertPlain(db) : masterInUse(db, masters));
    if (migrate && masterKey !== undefined) await encryptWords(config, masterKey);
  } catch (error) {
    await pool.end();
    throw error;
  }
  const answers = createAnswers(isServer ? config : undefined);
  const close = async (): Promise<void> => {
    await answers.close();
    await pool.end();
  };
  let closed: Promise<void> | undefined;
  return {
    answers,
    items: createItems(db, nowMs, answers.written),
    record: createRecord(db),
    conversations: createConversations(db),
    actions: createActions(db),
    approvals: createApprovals(db),
    claims: createClaims(db),
    limits: { used: (counted) => usedOf(db, counted) },
    budgets: createBudgets(db),
    facts: createFacts(db),
    ledger: createLedger(db),
    checkpoints: createCheckpoints(db),
    reports: createReports(db),
    apiKeys: createApiKeys(db),
    erasures: createErasures(db),
    sealedBytes: createSealedBytes(db),
    switches: createSwitches(db),
    notices: createNotices(db),
    deliveries: createDeliveries(db),
    notes: createNotes(db),
    maintenance: createMaintenance(db),
    ping: () => ping(db),
    close: () => (closed ??= close()),
  };
}

async function ping(db: Db): Promise<void> {
  const answered = new AbortController();
  const late = sleep(PING_TIMEOUT_MS, undefined, { signal: answered.signal }).then(() => {
    throw new StoreUnavailable(`the store did not answer within ${PING_TIMEOUT_MS} ms`);
  });
  try {
    await Promise.race([sql`select 1`.execute(db), late]);
  } finally {
    answered.abort();
  }
}
