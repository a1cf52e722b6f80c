// The contract of the store, over both databases: whatever holds on one holds on the other.
import { after, before, describe, test } from 'node:test';
import type pg from 'pg';
import type { Sql } from '../../domain/tool.ts';
import { createPool } from '../../store/pool.ts';
import type { Store } from '../../store/ports.ts';
import { createSql } from '../../store/sql.ts';
import { openStore } from '../../store/store.ts';
import { type Db, createDb } from '../../store/schema.ts';
import { actionsContract } from './contract/actions.ts';
import { MASTER_KEY } from '../support/master-key.ts';
import { asksContract } from './contract/asks.ts';
import { budgetsContract } from './contract/budgets.ts';
import { burdenContract } from './contract/burden.ts';
import { checkpointsContract } from './contract/checkpoints.ts';
import { deliveriesContract } from './contract/deliveries.ts';
import { factsContract } from './contract/facts.ts';
import { grownContract } from './contract/grown.ts';
import { grownBudgetsContract } from './contract/grown-budgets.ts';
import { itemsContract } from './contract/items.ts';
import { limitsContract } from './contract/limits.ts';
import { ledgerContract } from './contract/ledger.ts';
import { maintenanceContract } from './contract/maintenance.ts';
import { maintenanceBoundsContract } from './contract/maintenance-bounds.ts';
import { readModelsContract } from './contract/read-models.ts';
import { reportsContract } from './contract/reports.ts';
import { sqlContract } from './contract/sql.ts';
import { statementsContract } from './contract/statements.ts';
import { switchesContract } from './contract/switches.ts';
import { type Database, KINDS, startDatabase } from './databases.ts';

/** The store under test, and SQL over the same database through a pool of its own. */
export interface Subject {
  readonly store: Store;
  readonly sql: Sql;
  /** The same, for statements with smaller bounds than their own. */
  readonly db: Db;
}

/** Rules of the store by name, each with what proves it. */
export type Contract = Readonly<Record<string, (subject: Subject) => Promise<void>>>;

const CONTRACTS = [
  ...[itemsContract, ledgerContract, checkpointsContract, actionsContract, limitsContract],
  ...[readModelsContract, reportsContract, switchesContract, sqlContract, statementsContract, deliveriesContract],
  asksContract,
  budgetsContract,
  factsContract,
  burdenContract,
  maintenanceContract,
  maintenanceBoundsContract,
  grownBudgetsContract,
  grownContract,
];

for (const kind of KINDS) {
  describe(`the store on ${kind}`, () => {
    let database: Database;
    let pool: pg.Pool;
    let store: Store;
    before(async () => {
      database = await startDatabase(kind);
      pool = createPool(database.poolConfig);
      store = await openStore({ pool: database.poolConfig, isServer: kind === 'postgres', masterKey: MASTER_KEY });
    });
    after(async () => {
      await store.close();
      await pool.end();
      await database.stop();
    });
    for (const [rule, prove] of CONTRACTS.flatMap((contract) => Object.entries(contract))) {
      test(rule, () => prove({ store, sql: createSql(pool), db: createDb(pool) }));
    }
  });
}
