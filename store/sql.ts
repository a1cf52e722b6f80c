// The SQL ports that tools get, over a pool of one system of record. May import domain types and the pool.
// A transaction's port runs on its one connection; a transaction inside it is a savepoint. A scoped port runs everything
// in transactions, and each begins with its credential.
import type pg from 'pg';
import type { Sql } from '../domain/tool.ts';
import { TOOLS_ROLE } from './access/statements.ts';
import { connectGuarded, type GuardedClient } from './pool.ts';

/** The port over a pool; the pool stays its maker's to end. Failures of the connection are StoreUnavailable. */
export function createSql(pool: pg.Pool): Sql {
  const ask = async <Row extends object>(client: GuardedClient, text: string, values?: readonly unknown[]) =>
    (await client.query<Row>(text, values)).rows as Row[];
  return {
    query: <Row extends object>(text: string, values?: readonly unknown[]) =>
      withClient(pool, (client) => ask<Row>(client, text, values)),
    transaction: (work) => withClient(pool, (client) => bracketed(client, WHOLE, () => work(portOf(client, ask, 1)))),
  };
}

export interface Credential {
  readonly token: string;
  /** How long a statement, or a transaction that stands idle, may keep whoever takes the token back waiting. */
  readonly validForMs: number;
  /** False once it was given back. */
  isOpen(): boolean;
}

/**
 * The port for one token: every transaction is the tools' role, not the connection's own user, and holds the token until
 * it ends. One statement at a time, and none that ends the transaction from inside.
 */
export function createScopedSql(pool: pg.Pool, credential: Credential): Sql {
  const transaction = <T>(work: (sql: Sql) => Promise<T>): Promise<T> => {
    if (!credential.isOpen()) return Promise.reject(new Error('the credential was given back: the action has ended'));
    return withClient(pool, (client) =>
      bracketed(client, { ...WHOLE, begin: beginAs(credential) }, async () => {
        await client.queryOne('select countersign_access.enter($1)', [credential.token]);
        return work(portOf(client, askWithin, 1));
      }),
    );
  };
  return {
    transaction,
    query: <Row extends object>(text: string, values?: readonly unknown[]) =>
      transaction((sql) => sql.query<Row>(text, values)),
  };
}

type Ask = <Row extends object>(client: GuardedClient, text: string, values?: readonly unknown[]) => Promise<Row[]>;

function beginAs({ validForMs }: Credential): string {
  const limits = ['statement_timeout', 'idle_in_transaction_session_timeout'];
  return [
    'begin',
    ...limits.map((limit) => `set local ${limit} = ${Math.ceil(validForMs)}`),
    `set local role ${TOOLS_ROLE}`,
  ].join('; ');
}

// What PostgreSQL calls the statements that begin and end transactions; savepoints are the port's own to make.
const ENDS_A_TRANSACTION = new Set(['BEGIN', 'START', 'COMMIT', 'ROLLBACK', 'SAVEPOINT', 'RELEASE', 'PREPARE']);

async function askWithin<Row extends object>(client: GuardedClient, text: string, values?: readonly unknown[]) {
  const { rows, command } = await client.queryOne<Row>(text, values);
  if (ENDS_A_TRANSACTION.has(command)) {
    throw new Error(`${command} is not a tool's to say; use the port's transaction()`);
  }
  return rows as Row[];
}

async function withClient<T>(pool: pg.Pool, work: (client: GuardedClient) => Promise<T>): Promise<T> {
  const client = await connectGuarded(pool);
  try {
    return await work(client);
  } finally {
    client.release();
  }
}

function portOf(client: GuardedClient, ask: Ask, depth: number): Sql {
  const name = `nested_${depth}`;
  const savepoint = {
    begin: `savepoint ${name}`,
    commit: `release savepoint ${name}`,
    rollback: `rollback to savepoint ${name}`,
  };
  return {
    query: (text, values) => ask(client, text, values),
    transaction: (work) => bracketed(client, savepoint, () => work(portOf(client, ask, depth + 1))),
  };
}

interface Bracket {
  readonly begin: string;
  readonly commit: string;
  readonly rollback: string;
}

const WHOLE: Bracket = { begin: 'begin', commit: 'commit', rollback: 'rollback' };

async function bracketed<T>(client: GuardedClient, bracket: Bracket, work: () => Promise<T>): Promise<T> {
  try {
    await client.query(bracket.begin);
    const result = await work();
    const { command } = await client.query(bracket.commit);
    // PostgreSQL answers a commit after a failed statement with a silent rollback.
    if (command === 'ROLLBACK') throw new Error('nothing was written: a statement of the transaction had failed');
    return result;
  } catch (error) {
    // On a lost connection the server rolls back by itself; what failed first is what the caller must see.
    await client.query(bracket.rollback).catch(() => undefined);
    throw error;
  }
}
