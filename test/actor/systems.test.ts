// What the actor connects and looks at: logins of their own on a real server, secrets by scope, and what it refuses.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { createLocalBroker } from '../../activities/actor/broker.ts';
import { shop } from '../../agents/support-desk/shop.ts';
import { refund } from '../../agents/support-desk/tools/refund.ts';
import { sendMail } from '../../agents/support-desk/tools/send-mail.ts';
import { widerThanScopes } from '../../store/access/look.ts';
import { createMintedDatabase } from '../../store/access/minting.ts';
import { accessScript, installAccess } from '../../store/access/statements.ts';
import { createPool } from '../../store/pool.ts';
import { createSql } from '../../store/sql.ts';
import { namedSecret } from '../../workers/config.ts';
import { loadAgents, type LoadedAgents } from '../../workers/load-agents.ts';
import { connectSystems, systemProblems, systemScript } from '../../workers/systems.ts';
import { ADA, aCall, NOW_MS } from '../agents/support.ts';
import { startPrivatePostgres, type TestPostgres } from '../support/postgres.ts';

const folder = mkdtempSync(join(tmpdir(), 'countersign-systems-'));
let server: TestPostgres;
let loaded: LoadedAgents;
let adminPool: pg.Pool;

before(async () => {
  loaded = await loadAgents(fileURLToPath(new URL('../../agents', import.meta.url)));
  server = await startPrivatePostgres();
  adminPool = createPool({ connectionString: server.url, max: 1 });
  const sql = createSql(adminPool);
  await shop.prepare(sql, NOW_MS);
  await adminPool.query(accessScript(shop));
  await adminPool.query('create role shop_tools login noinherit in role countersign_tools');
  await adminPool.query('create role shop_mint login in role countersign_mint');
});
after(async () => {
  await adminPool?.end();
  await server?.stop();
  rmSync(folder, { recursive: true });
});

const as = (user: string) => ({ connectionString: server.url.replace('postgres@', `${user}@`) });
const look = (user: string, hasOwnLogin = true) =>
  widerThanScopes({ name: 'shop', urlEnv: 'SHOP_DATABASE_URL', config: as(user), hasOwnLogin });
const asking = (tool: { name: string; scopes: readonly string[] }) => ({
  ...{ agent: 'support-desk', tool: tool.name, scopes: tool.scopes, principal: ADA, tenant: 'default' },
  ...{ actionId: 'c-1:1:0', epoch: 1, validForMs: 20_000 },
});

test('with logins of their own the tools work by tokens, and each login alone can do nothing', async () => {
  const database = createMintedDatabase(as('shop_tools'), as('shop_mint'));
  try {
    const grant = { actionId: 'c:1:0', epoch: 1, tool: 'refund', customer: ADA.id, validForMs: 20_000 };
    const { sql } = await database.open({ ...grant, scopes: refund.scopes });
    assert.equal((await sql.query('select 1 from shop.orders')).length, 4);
    const escaping = sql.transaction(async (inside) => {
      await inside.query(`select set_config('role', 'none', true)`);
      return inside.query('select 1 from shop.orders');
    });
    await assert.rejects(escaping, /permission denied/);
  } finally {
    await database.end();
  }
  for (const [user, text] of [
    ['shop_tools', 'select 1 from shop.orders'],
    ['shop_tools', `select countersign_access.mint('h', 'a', 1, 't', '{}', 'c', 1)`],
    ['shop_mint', 'select 1 from shop.orders'],
    ['shop_mint', 'select 1 from countersign_access.tokens'],
  ] as const) {
    const pool = createPool({ ...as(user), max: 1 });
    await assert.rejects(pool.query(text), /permission denied/, `${user}: ${text}`);
    await pool.end();
  }
});

test('a take-over that an earlier attempt holds up gives up in time, and lets nobody in', async () => {
  const database = createMintedDatabase(as('shop_tools'), as('shop_mint'), 100);
  try {
    const grant = { actionId: 'c:2:0', tool: 'refund', scopes: refund.scopes, customer: ADA.id, validForMs: 20_000 };
    const first = await database.open({ ...grant, epoch: 1 });
    await first.sql.transaction(async (inside) => {
      await inside.query('select 1');
      await assert.rejects(database.open({ ...grant, epoch: 2 }), /c:2:0 still holds its credential; try again later/);
      assert.equal((await inside.query('select 1 from shop.orders')).length, 4);
    });
    await database.open({ ...grant, epoch: 2 });
  } finally {
    await database.end();
  }
});

test('the protection may be installed by several at once', async () => {
  const pools = Array.from({ length: 4 }, () => createPool({ ...as('postgres'), max: 1 }));
  await Promise.all(pools.map((pool) => installAccess(createSql(pool), shop)));
  await Promise.all(pools.map((pool) => pool.end()));
});

test('a narrow login is nothing to warn of, and one user for all is looked at as the tools see it', async () => {
  assert.deepEqual(await look('shop_tools'), []);
  assert.deepEqual(await look('postgres', false), []);
});

test('a wider login, and tables open to tools without a token, are warned of by name', async () => {
  assert.match(
    (await look('postgres')).join('\n'),
    /^the system "shop": .*"postgres" is or has superuser.*SHOP_DATABASE_URL/,
  );
  await adminPool.query('create role wide login bypassrls in role countersign_tools, countersign_mint');
  const wide = (await look('wide')).join('\n');
  assert.match(wide, /has BYPASSRLS/);
  assert.match(wide, /may also act as countersign_mint/);
  assert.match(wide, /"wide" can make tokens/);

  const open = 'countersign_tools';
  await adminPool.query(
    `create view shop.everything as select * from shop.orders; grant select on shop.everything to ${open}`,
  );
  await adminPool.query(`create table shop.notes (t text); grant insert on shop.notes to ${open}`);
  await adminPool.query(`create policy leak on shop.orders for select to ${open} using (true)`);
  const sentences = await look('shop_tools');
  await adminPool.query('drop view shop.everything; drop table shop.notes; drop policy leak on shop.orders');
  assert.deepEqual(
    sentences.map((one) => one.replace(/^the system "shop": /, '').replace(/; .*/, '')),
    [
      'tools may use shop.everything with no row-level security in force',
      'tools may use shop.notes with no row-level security in force',
      'shop.orders can be read without a token',
    ],
  );
});

test('a database that cannot be looked at is a sentence, not a failure', async () => {
  const [sentence = ''] = await look('nobody');
  assert.match(sentence, /^the system "shop" could not be looked at: .*countersign systems sql shop$/);
});

test('a database without the login that makes tokens is refused with what to do', async () => {
  const env = { SHOP_DATABASE_URL: 'postgres://tools:hunter2@db/shop', ON_CALL_DATABASE_URL: 'postgres://x@db/y' };
  const connecting = connectSystems({ loaded, env, development: undefined, nowMs: () => NOW_MS });
  await assert.rejects(connecting, (error: Error) => {
    assert.match(error.message, /^set \w+_MINT_DATABASE_URL: .*: countersign systems sql \w+$/);
    return !error.message.includes('hunter2');
  });
  const nowhere = connectSystems({ loaded, env: {}, development: undefined, nowMs: () => NOW_MS });
  await assert.rejects(nowhere, /^Error: set (SHOP|ON_CALL)_DATABASE_URL: where the system/);
  assert.throws(() => systemScript('mail', loaded), /no agent has a database system "mail"; there are on_call, shop/);
});

test('no other role may hold what belongs to a system', () => {
  const env = { SHOP_MINT_DATABASE_URL_FILE: '/f', MAIL_FROM: 'm@example.com' };
  assert.equal(systemProblems('assistant', loaded, env).length, 2);
  assert.deepEqual(systemProblems('actor', loaded, env), []);
});

test('in development the systems protect themselves in one database, with nothing to warn of', async () => {
  await adminPool.query('create database development');
  const development = { connectionString: new URL('/development', server.url).href };
  const systems = await connectSystems({ loaded, env: {}, development, nowMs: () => NOW_MS });
  try {
    assert.deepEqual(await systems.look(), []);
    const { databases, secrets } = systems;
    const broker = createLocalBroker({ databases, secrets, readSecret: () => undefined, foldersPath: folder });
    const { access } = await broker.open(asking({ name: 't', scopes: ['shop:read'] }));
    assert.equal((await access.database('shop').query('select 1 from shop.orders')).length, 4);
    assert.deepEqual(await access.database('shop').query('select 1 from on_call.alerts'), []);
    assert.throws(() => access.database('on_call'), { name: 'ScopeMissing' });
  } finally {
    await systems.close();
  }
});

test('a secret is given to tools with a scope of its system only, as it is when the credential is opened', async () => {
  const file = join(folder, 'smtp_url');
  writeFileSync(file, 'smtp://first.example\n');
  const env = { SMTP_URL_FILE: file, OTHER_KEY: 'k' };
  const database = createMintedDatabase(as('shop_tools'), as('shop_mint'));
  const broker = createLocalBroker({
    databases: new Map([['shop', database]]),
    secrets: new Map([['mail', { secrets: ['SMTP_URL'], settings: ['MAIL_FROM'] }]]),
    readSecret: (name) => namedSecret(name, env),
    foldersPath: folder,
  });
  try {
    const mail = await broker.open(asking(sendMail));
    assert.equal(mail.sealed, false);
    assert.equal(mail.access.secret('SMTP_URL'), 'smtp://first.example');
    assert.equal(mail.access.secret('MAIL_FROM'), undefined);
    assert.throws(() => mail.access.secret('OTHER_KEY'), { name: 'ScopeMissing' });
    writeFileSync(file, 'smtp://second.example\n');
    const { access } = await broker.open(asking(sendMail));
    assert.equal(access.secret('SMTP_URL'), 'smtp://second.example');
    const other = await broker.open(asking(refund));
    assert.throws(
      () => other.access.secret('SMTP_URL'),
      (error: Error) => !error.message.includes('example'),
    );
    assert.equal(
      (await refund.inspect?.(aCall({ orderId: '1042' } as never), { ...CONTEXT, access: other.access }))?.subject,
      ADA.id,
    );
  } finally {
    await database.end();
  }
});

const CONTEXT = {
  idempotencyKey: 'k',
  signal: new AbortController().signal,
  nowMs: NOW_MS,
  assertHeld: async () => {},
};
