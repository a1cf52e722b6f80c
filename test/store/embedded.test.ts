// The embedded PostgreSQL as such: one folder, from its first start in a process that is killed to its last panic.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../store/embedded.ts';
import { createPool } from '../../store/pool.ts';
import { createSql } from '../../store/sql.ts';
import { openStore } from '../../store/store.ts';
import { isStoreUnavailable } from '../../store/unavailable.ts';
import { aConversationId } from './builders.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-store-'));
});
after(() => rm(folder, { recursive: true }));

const conversationId = aConversationId();
let embedded: EmbeddedPostgres;
let failed: (error: Error) => void;
const failure = new Promise<Error>((done) => {
  failed = done;
});
const start = () =>
  startEmbeddedPostgres({ dataDir: join(folder, 'data'), socketDir: join(folder, 'socket'), onFailed: failed });

test('what was recorded before a kill is there after it, and the next start is not in its way', async () => {
  const script = fileURLToPath(new URL('./embedded-child.ts', import.meta.url));
  const args = [...process.execArgv.filter((one) => !one.startsWith('--test')), script];
  const child = spawn(process.execPath, [...args, join(folder, 'data'), join(folder, 'socket'), conversationId], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let recorded = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    recorded = Number(line);
    if (recorded === 30) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  assert.equal(child.signalCode, 'SIGKILL');
  assert.ok(recorded >= 30 && existsSync(join(folder, 'socket', '.s.PGSQL.5432')));
  embedded = await start();
  const store = await openStore({ pool: embedded.poolConfig });
  const entries = await store.ledger.ofConversation(conversationId, 0, 1_000);
  assert.ok(entries.length >= recorded);
  assert.deepEqual(
    entries.map((entry) => entry.step),
    entries.map((_, index) => `${index + 1}`),
  );
  await store.close();
});

test('nobody else on the machine reaches the socket', async () => {
  assert.equal(embedded.poolConfig.host, join(folder, 'socket'));
  assert.equal((await stat(join(folder, 'socket'))).mode & 0o777, 0o700);
});

test('connections at once never run one another’s statements, however large these are', async () => {
  const pools = Array.from({ length: 5 }, () => createPool(embedded.poolConfig));
  const large = 'x'.repeat(400_000);
  const ask = async (n: number) => {
    const sql = createSql(pools[n % 5]!);
    if (n % 2 === 0) return sql.query<{ n: number }>('select $1::int as n', [n]);
    return sql.query<{ n: number }>('select $1::int as n, length($2::text) as chars', [n, large]);
  };
  const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => ask(n)));
  const expected = answers.map((_, n) => [n % 2 === 0 ? { n } : { n, chars: large.length }]);
  assert.deepEqual(answers, expected);
  await Promise.all(pools.map((pool) => pool.end()));
});

test('a transaction of one connection is alone until it ends', async () => {
  const pools = [createPool(embedded.poolConfig), createPool(embedded.poolConfig)] as const;
  const [one, other] = [createSql(pools[0]), createSql(pools[1])];
  await one.query('create table counter (n int)');
  await one.query('insert into counter values (0)');
  // Read, then write: loses updates unless the transactions of both pools come one after the other.
  const add = (sql: typeof one) =>
    sql.transaction(async (tx) => {
      const [row] = await tx.query<{ n: number }>('select n from counter');
      await tx.query('update counter set n = $1', [row!.n + 1]);
    });
  await Promise.all(Array.from({ length: 20 }, (_, n) => add(n % 2 === 0 ? one : other)));
  assert.deepEqual(await one.query('select n from counter'), [{ n: 20 }]);
  await Promise.all(pools.map((pool) => pool.end()));
});

test('a connection that goes away inside a transaction holds nobody up, and wrote nothing', async () => {
  const pools = [createPool(embedded.poolConfig), createPool(embedded.poolConfig)] as const;
  const client = await pools[0].connect();
  await client.query('begin');
  await client.query('update counter set n = 99');
  const waiting = createSql(pools[1]).query('select n from counter');
  client.release(true);
  assert.deepEqual(await waiting, [{ n: 20 }]);
  await Promise.all(pools.map((pool) => pool.end()));
});

test('a transaction that asks its own pool for another connection fails by time-out instead of hanging', async () => {
  const pool = createPool({ ...embedded.poolConfig, connectionTimeoutMillis: 50 });
  const sql = createSql(pool);
  await assert.rejects(
    sql.transaction(() => sql.query('select 1')),
    isStoreUnavailable,
  );
  assert.deepEqual(await sql.query('select 1 as n'), [{ n: 1 }]);
  await pool.end();
});

test('after stop the folder opens again, on a socket elsewhere when the path would be too long', async () => {
  await embedded.stop();
  await embedded.stop();
  assert.ok(!existsSync(join(folder, 'socket', '.s.PGSQL.5432')));
  const long = join(folder, 'long'.repeat(25));
  embedded = await startEmbeddedPostgres({ dataDir: join(folder, 'data'), socketDir: long, onFailed: failed });
  const { host = '' } = embedded.poolConfig;
  assert.ok(host !== long && (await stat(host)).mode % 0o1000 === 0o700);
  const pool = createPool(embedded.poolConfig);
  assert.deepEqual(await createSql(pool).query('select n from counter'), [{ n: 20 }]);
  await pool.end();
});

test('when PGlite goes down, its users get errors, not silence, and the owner is told why', async () => {
  const pool = createPool(embedded.poolConfig);
  const sql = createSql(pool);
  // PostgreSQL panics when it cannot write its log; a full disk does the same.
  await rm(join(folder, 'data', 'pg_wal'), { recursive: true });
  const fill = async (): Promise<void> => {
    await sql.query('select pg_switch_wal()');
    await sql.query('update counter set n = n + 1');
    await fill();
  };
  await assert.rejects(fill(), isStoreUnavailable);
  assert.match((await failure).message, /panicked: could not create file/);
  await assert.rejects(sql.query('select 1'), isStoreUnavailable);
  await pool.end();
  await embedded.stop();
});

test('a folder that is no database does not start, and says so', async () => {
  const dataDir = join(folder, 'other');
  await mkdir(dataDir);
  await writeFile(join(dataDir, 'PG_VERSION'), 'not a version');
  await assert.rejects(startEmbeddedPostgres({ dataDir }), /the embedded store in .*other does not start/);
});
