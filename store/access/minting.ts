// Opens a database system for one action: makes a token, hands out a port that runs under it, takes it back. May import
// domain types, the pool and the SQL ports.
// Guarantees: a token is made of 256 random bits, which leave this process only to be compared by their hash; no error of
// the minting side shows one.
import { createHash, randomBytes } from 'node:crypto';
import type pg from 'pg';
import type { Sql } from '../../domain/tool.ts';
import { connectGuarded, createPool, type GuardedClient } from '../pool.ts';
import { createScopedSql } from '../sql.ts';

export interface Grant {
  readonly actionId: string;
  /** From 1 for writes: each attempt takes the credentials of the earlier ones back. 0 reads only, and takes nothing. */
  readonly epoch: number;
  readonly tool: string;
  readonly scopes: readonly string[];
  readonly customer: string;
  readonly validForMs: number;
}

/** A database system that tools are let into by tokens. */
export interface MintedDatabase {
  /** Rejects when a later attempt was let in already, or an earlier one holds on for longer than we wait. */
  open(grant: Grant): Promise<OpenedDatabase>;
  end(): Promise<void>;
}

export interface OpenedDatabase {
  readonly sql: Sql;
  /** For nothing but to be kept out of texts. */
  readonly token: string;
  close(): Promise<void>;
}

// 15 s: what an earlier attempt does in the database takes milliseconds; one that hangs is ended by its own time limit.
const TAKE_BACK_WAIT_MS = 15_000;
// 1 s: giving a token back early is a courtesy; it expires by itself.
const GIVE_BACK_WAIT_MS = 1_000;

/** The two pools may be of one database user in development only. `waitMs` is the bound of a take-over. */
export function createMintedDatabase(
  tools: pg.PoolConfig,
  mint: pg.PoolConfig,
  waitMs = TAKE_BACK_WAIT_MS,
): MintedDatabase {
  const toolsPool = createPool(tools);
  const mintPool = createPool(mint);
  return {
    async open(grant) {
      const token = randomBytes(32).toString('base64url');
      const hash = createHash('sha256').update(token).digest();
      await waiting(mintPool, waitMs, (client) => mintToken(client, hash, grant));
      let isOpen = true;
      return {
        token,
        sql: createScopedSql(toolsPool, { token, validForMs: grant.validForMs, isOpen: () => isOpen }),
        async close() {
          isOpen = false;
          const giveBack = (client: GuardedClient) => client.query('select countersign_access.give_back($1)', [hash]);
          await waiting(mintPool, GIVE_BACK_WAIT_MS, giveBack).catch(() => undefined);
        },
      };
    },
    async end() {
      await Promise.all([toolsPool.end(), mintPool.end()]);
    },
  };
}

async function mintToken(client: GuardedClient, hash: Buffer, grant: Grant): Promise<void> {
  const { actionId, epoch, tool, scopes, customer, validForMs } = grant;
  try {
    const values = [hash, actionId, epoch, tool, scopes, customer, Math.ceil(validForMs)];
    await client.query('select countersign_access.mint($1, $2, $3, $4, $5, $6, $7)', values);
  } catch (error) {
    // lock_not_available
    if (!(error instanceof Error && 'code' in error && error.code === '55P03')) throw error;
    throw new Error(`an earlier attempt at ${actionId} still holds its credential; try again later`, { cause: error });
  }
}

/** One transaction that waits for locks no longer than this. */
async function waiting(
  pool: pg.Pool,
  waitMs: number,
  work: (client: GuardedClient) => Promise<unknown>,
): Promise<void> {
  const client = await connectGuarded(pool);
  try {
    await client.query(`begin; set local lock_timeout = ${waitMs}`);
    await work(client);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}
