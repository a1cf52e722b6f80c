// Connections to PostgreSQL, real or embedded: one way to make a pool, and a guarded view of it whose failures are
// StoreUnavailable. May import pg, Kysely and the error of the store. A pool made here never crashes the process.
import { PostgresDialect, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { failedByName, nameOf } from './prepared.ts';
import { isConnectionLost, translateError, unavailable } from './unavailable.ts';

// 5 s: a healthy server accepts in milliseconds; who waits longer is better served by a 503 than by an open request.
const CONNECT_TIMEOUT_MS = 5_000;

// 30 s: every statement here touches few rows by index; one that takes longer has lost its server or its network.
const QUERY_TIMEOUT_MS = 30_000;

// 5 s: between two statements of a transaction of ours lie milliseconds. Who needs longer is frozen, and holds locks that
// everybody waits for (the ledger has one); the server ends it, so that others go on, and nothing of it is committed.
const IDLE_IN_TRANSACTION_MS = 5_000;

const INT8 = pg.types.builtins.INT8;

/** A pool with our defaults; the caller ends it. Reads `bigint` as number: all of ours are counters or epoch ms. */
export function createPool(config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    onConnect: introduce,
    keepAlive: true,
    ...config,
    types: { getTypeParser: parserOf },
  });
  // An idle connection that dies leaves the pool by itself; without a listener Node would end the process.
  pool.on('error', () => undefined);
  return pool;
}

/** How each connection of ours is called in `pg_stat_activity`. */
export const APPLICATION = 'countersign';

/**
 * Not as a parameter of the connection: poolers in between refuse those that they do not know. The pool waits for what this
 * returns, which its types leave out.
 */
const introduce = (client: pg.ClientBase): void =>
  client.query(
    `set idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_MS}; set application_name = '${APPLICATION}'`,
  ) as unknown as void;

const parserOf = ((oid: number, format?: 'text') =>
  oid === INT8 ? toSafeNumber : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser;

function toSafeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`the bigint ${text} does not fit into a number`);
  return value;
}

/** One connection, whose failures are translated. `release` keeps a lost one out of the pool. */
export interface GuardedClient {
  query<Row>(text: string, values?: readonly unknown[]): Promise<pg.QueryResult<Row & pg.QueryResultRow>>;
  /** The same for one statement: a text that holds several is refused by the server. */
  queryOne<Row>(text: string, values?: readonly unknown[]): Promise<pg.QueryResult<Row & pg.QueryResultRow>>;
  release(): void;
}

/**
 * At the end of a statement of a transaction: nobody reads what it answers. Over a connection that is made for it
 * (`pipeline`) the next one is sent with it; that it failed is said by whatever is waited for next, the commit at the
 * latest.
 */
export const LATER = ' /* later */';
const isLater = (text: string): boolean => text.endsWith(LATER);

type Asked = Required<Pick<pg.QueryConfig, 'text' | 'values'>> & { readonly queryMode?: 'extended' };
const NO_ANSWER = { command: '', rowCount: null, oid: 0, fields: [] };

/** Take a connection. Throws StoreUnavailable when there is none in time. */
export async function connectGuarded(pool: pg.Pool): Promise<GuardedClient> {
  const client = await translated(pool.connect());
  let lost: unknown;
  /** What failed of what was not waited for. */
  let failed: Error | undefined;
  let isInTransaction = false;
  const { stream } = client.connection;
  /** Something is held back, to be sent with what is waited for. */
  let isHolding = false;
  // A connection that dies between two statements: the next statement says so, this only keeps the process alive.
  const onError = (error: unknown): void => {
    lost = error;
  };
  client.on('error', onError);
  const told = (error: unknown, name: string | undefined): Error => {
    const isOfName = name !== undefined && failedByName(error);
    if (isOfName || isConnectionLost(error)) lost = error;
    return isOfName ? unavailable(error) : translateError(error);
  };
  const ask = async <Row>(query: Asked): Promise<pg.QueryResult<Row & pg.QueryResultRow>> => {
    if (lost !== undefined) throw failed ?? unavailable(lost);
    const { text, values } = query;
    // Without values it goes as a simple query, which may hold several statements.
    const name = client.pipeline && values.length > 0 ? nameOf(text) : undefined;
    const isUnread = client.pipeline && isLater(text);
    if (isUnread && !isHolding) stream.cork();
    const answer = client.query<Row & pg.QueryResultRow>(name === undefined ? query : { ...query, name });
    if (!isUnread && isHolding) stream.uncork();
    isHolding = isUnread;
    if (isUnread) {
      answer.catch((error: unknown) => (failed ??= told(error, name)));
      return { ...NO_ANSWER, rows: [] };
    }
    let result;
    try {
      result = await answer;
    } catch (error) {
      // By itself it has done nothing: asked without a name it succeeds.
      if (name !== undefined && !isInTransaction && failedByName(error) && nameOf(text) === undefined)
        return ask(query);
      const own = told(error, name);
      // What failed before it is why: the transaction was over by then.
      throw failed ?? own;
    }
    if (text === 'begin') isInTransaction = true;
    if (text === 'rollback' || text === 'commit') isInTransaction = false;
    if (text === 'rollback') failed = undefined;
    if (failed !== undefined) throw failed;
    return result;
  };
  return {
    query: <Row>(text: string, values: readonly unknown[] = []) => ask<Row>({ text, values: [...values] }),
    queryOne: <Row>(text: string, values: readonly unknown[] = []) =>
      ask<Row>({ text, values: [...values], queryMode: 'extended' }),
    release() {
      client.off('error', onError);
      client.release(lost !== undefined);
    },
  };
}

/** Kysely over guarded connections. Destroying the Kysely does not end the pool: who made it does. */
export function createDialect(pool: pg.Pool): PostgresDialect {
  return new PostgresDialect({
    pool: {
      // Kysely's client type also knows cursors, which are not configured here.
      connect: async () => (await connectGuarded(pool)) as unknown as PostgresPoolClient,
      end: async () => undefined,
    },
  });
}

async function translated<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw translateError(error);
  }
}
