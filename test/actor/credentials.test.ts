// Credentials of one action, on both kinds of database: what a token of the shop lets its holder do, and for how long.
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { Sql, ToolContext } from 'countersign';
import { createLocalBroker, type CredentialBroker, type CredentialRequest } from '../../activities/actor/broker.ts';
import { shop } from '../../agents/support-desk/shop.ts';
import { changeAddress } from '../../agents/support-desk/tools/change-address.ts';
import { handOver } from '../../agents/support-desk/tools/hand-over.ts';
import { issueStoreCredit } from '../../agents/support-desk/tools/issue-store-credit.ts';
import { lookUpOrder } from '../../agents/support-desk/tools/look-up-order.ts';
import { lookUpOrders } from '../../agents/support-desk/tools/look-up-orders.ts';
import { readTicket } from '../../agents/support-desk/tools/read-ticket.ts';
import { refund } from '../../agents/support-desk/tools/refund.ts';
import { createMintedDatabase, type MintedDatabase } from '../../store/access/minting.ts';
import { installAccess } from '../../store/access/statements.ts';
import { createPool } from '../../store/pool.ts';
import { createSql } from '../../store/sql.ts';
import { aCall, ADA, NOW_MS } from '../agents/support.ts';
import { type Database, KINDS, startDatabase } from '../store/databases.ts';

const MONEY = { orderId: '1042', amountCents: 100, currency: 'EUR', reason: 'one bowl was broken' } as const;
const HOME = { orderId: '1043', street: 'Neue Straße 5', postalCode: '10115', city: 'Berlin', country: 'DE' };
const ENDED = /the credential has expired or was taken back/;

for (const kind of KINDS) {
  let server: Database;
  let database: MintedDatabase;
  let broker: CredentialBroker;
  let made = 0;

  before(async () => {
    server = await startDatabase(kind);
    await asOwner(async (sql) => {
      await shop.prepare(sql, NOW_MS);
      for (let time = 0; time < 2; time++) await installAccess(sql, shop);
    });
    database = createMintedDatabase(server.poolConfig, server.poolConfig);
    const databases = new Map([['shop', database]]);
    broker = createLocalBroker({ databases, secrets: new Map(), readSecret: () => undefined, foldersPath: tmpdir() });
  });
  after(async () => {
    await database?.end();
    await server?.stop();
  });

  async function asOwner<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const pool = createPool({ ...server.poolConfig, max: 1 });
    try {
      return await work(createSql(pool));
    } finally {
      await pool.end();
    }
  }

  type Scoped = { readonly name: string; readonly scopes: readonly string[] };

  async function opened(tool: Scoped, over: Partial<CredentialRequest> = {}) {
    const { name, scopes } = tool;
    const actionId = over.actionId ?? `c-1:${++made}:0`;
    const whose = { agent: 'support-desk', tool: name, scopes, principal: ADA, tenant: 'default' };
    const one = await broker.open({ ...whose, actionId, epoch: 1, validForMs: 20_000, ...over });
    const signal = new AbortController().signal;
    const assertHeld = async () => undefined;
    const context: ToolContext = { access: one.access, idempotencyKey: actionId, signal, nowMs: NOW_MS, assertHeld };
    return { ...one, context, actionId, sql: one.access.database('shop') };
  }

  const secretOf = async (sql: Sql) =>
    (await sql.query<{ secret: string }>(`select current_setting('countersign.token') as secret`))[0]?.secret ?? '';

  test(`${kind}: every tool of the desk does its work under its own credential`, async () => {
    const reads = { epoch: 0 };
    const look = await opened(lookUpOrder, reads);
    assert.equal((await lookUpOrder.execute(aCall({ orderId: '1042' }), look.context)).lines.length, 2);
    const list = await opened(lookUpOrders, reads);
    assert.equal((await lookUpOrders.execute(aCall({}), list.context)).orders.length, 4);
    const thread = await opened(readTicket, reads);
    assert.equal((await readTicket.execute(aCall({ ticketId: '77' }), thread.context)).messages.length, 3);
    assert.equal((await refund.inspect?.(aCall(MONEY), (await opened(refund, reads)).context))?.subject, ADA.id);
    for (const [tool, work] of [
      [refund, (context: ToolContext) => refund.execute(aCall(MONEY), context)],
      [issueStoreCredit, (context: ToolContext) => issueStoreCredit.execute(aCall(MONEY), context)],
      [changeAddress, (context: ToolContext) => changeAddress.execute(aCall(HOME), context)],
      [handOver, (context: ToolContext) => handOver.execute(aCall({ reason: 'asks for a person' }), context)],
    ] as const) {
      const { context, sealed } = await opened(tool);
      assert.equal(sealed, true, tool.name);
      await work(context);
      await work(context);
    }
    const again = await opened(handOver);
    assert.equal((await handOver.reconcile?.(aCall({ reason: 'x' }), again.context))?.kind, 'did_not_happen');
  });

  test(`${kind}: another customer's records are refused by the credential, whatever the tool asks for`, async () => {
    const { sql } = await opened({
      name: 'wide',
      scopes: ['read', 'refund', 'credit', 'address'].map((s) => `shop:${s}`),
    });
    const seen = async (table: string, where: string) => sql.query(`select 1 from shop.${table} where ${where}`);
    assert.equal((await seen('orders', `id = '1042'`)).length, 1);
    for (const [table, where] of [
      ['orders', `id = '1044'`],
      ['customers', `id = 'customer-ben'`],
      ['addresses', `customer_id <> '${ADA.id}'`],
      ['tickets', `id = '78'`],
      ['ticket_messages', `ticket_id = '78'`],
      ...['order_lines', 'payments', 'shipments', 'refunds'].map((one) => [one, `order_id = '1044'`]),
    ] as const) {
      assert.deepEqual(await seen(table ?? '', where ?? ''), [], table);
    }
    assert.deepEqual(await sql.query(`update shop.orders set version = 9 where id = '1044' returning id`), []);
    const paid = `insert into shop.refunds values ('k', '1044', 1, 'EUR', 'r', now())`;
    await assert.rejects(sql.query(paid), /row-level security/);
    const gift = `insert into shop.store_credits values ('k', 'customer-ben', '1044', 1, 'EUR', 'r', now())`;
    await assert.rejects(sql.query(gift), /row-level security/);
    const moved = `insert into shop.addresses values ('k', 'customer-ben', 'r', 's', 'p', 'c', 'DE')`;
    await assert.rejects(sql.query(moved), /row-level security/);
    await assert.rejects(
      sql.query(`update shop.orders set address_id = 'a-2' where id = '1043'`),
      /row-level security/,
    );
    const foreign = await refund.inspect?.(
      aCall({ ...MONEY, orderId: '1044' }),
      (await opened(refund, { epoch: 0 })).context,
    );
    assert.deepEqual([foreign?.subject, foreign?.record], ['', {}]);
  });

  test(`${kind}: a token of another tool's scope changes nothing`, async () => {
    const paid = `insert into shop.refunds values ('k', '1042', 1, 'EUR', 'r', now())`;
    await assert.rejects((await opened(issueStoreCredit)).sql.query(paid), /row-level security/);
    const { sql } = await opened(refund);
    const moving = `update shop.orders set address_id = 'a-1', version = version + 1 where id = '1043'`;
    await asOwner((owner) =>
      owner.query(`insert into shop.addresses values ('a-9', $1, 'r', 's', 'p', 'c', 'DE')`, [ADA.id]),
    );
    await assert.rejects(sql.query(moving.replace('a-1', 'a-9')), /cannot change an address/);
    const quiet = await opened(handOver);
    assert.deepEqual(await quiet.sql.query('select 1 from shop.orders'), []);
    await assert.rejects(sql.query('delete from shop.refunds'), /permission denied/);
    await assert.rejects(sql.query('select * from countersign_access.tokens'), /permission denied/);
    await assert.rejects(sql.query(`select countersign_access.give_back('x')`), /permission denied/);
  });

  test(`${kind}: a credential for reading cannot write, whatever scopes its tool has`, async () => {
    const { sql } = await opened(refund, { epoch: 0 });
    const paid = `insert into shop.refunds values ('k', '1042', 1, 'EUR', 'r', now())`;
    await assert.rejects(sql.query(paid), /read-only transaction/);
    const lifting = sql.transaction(async (inside) => {
      await inside.query('select 1 from shop.orders');
      await inside.query('set transaction read write');
    });
    await assert.rejects(lifting, /read-write mode/);
  });

  test(`${kind}: a setting that a tool makes for itself opens nothing`, async () => {
    const { sql } = await opened(refund);
    const seen = await sql.transaction(async (inside) => {
      await inside.query(`select set_config('countersign.token', 'customer-ben', true)`);
      await inside.query(`select set_config('countersign.customer', 'customer-ben', true)`);
      return inside.query('select id from shop.orders');
    });
    assert.deepEqual(seen, []);
    const leaving = sql.transaction(async (inside) => {
      await inside.query('commit');
      await inside.query('select 1');
    });
    await assert.rejects(leaving, /COMMIT is not a tool's to say/);
    await assert.rejects(sql.query('select 1; select 2'), /multiple commands/);
  });

  test(`${kind}: an expired credential opens nothing`, async () => {
    const { sql } = await opened(refund, { validForMs: 50 });
    await pause(100);
    await assert.rejects(sql.query('select 1'), ENDED);
  });

  test(`${kind}: a credential that was given back opens nothing`, async () => {
    const { sql, close, actionId } = await opened(refund);
    await close();
    await assert.rejects(sql.query('select 1'), /given back/);
    const left = 'select 1 from countersign_access.tokens where action_id = $1';
    assert.deepEqual(await asOwner((owner) => owner.query(left, [actionId])), []);
  });

  test(`${kind}: after a later attempt was let in, an earlier one changes nothing and is let in no more`, async () => {
    const first = await opened(refund);
    const { actionId } = first;
    const second = await opened(refund, { actionId, epoch: 2 });
    await assert.rejects(refund.execute(aCall(MONEY), first.context), ENDED);
    await assert.rejects(opened(refund, { actionId }), /later attempt has taken the action over/);
    const reading = await opened(refund, { actionId, epoch: 0 });
    assert.deepEqual(await refund.reconcile?.(aCall(MONEY), reading.context), { kind: 'did_not_happen' });
    await refund.execute(aCall(MONEY), second.context);
  });

  test(`${kind}: a take-over waits for what an earlier attempt has begun, and sees how it ended`, async () => {
    const first = await opened(refund);
    const { actionId } = first;
    const steps: string[] = [];
    const second = await first.sql.transaction(async (inside) => {
      await inside.query(`insert into shop.refunds values ($1, '1042', 1, 'EUR', 'r', now())`, [actionId]);
      const opening = opened(refund, { actionId, epoch: 2 }).finally(() => steps.push('taken over'));
      await pause(300);
      steps.push('first commits');
      // In an object: a promise would be awaited before the commit.
      return { opening };
    });
    const { context, sql } = await second.opening;
    assert.deepEqual(steps, ['first commits', 'taken over']);
    assert.equal((await refund.reconcile?.(aCall(MONEY), context))?.kind, 'happened');
    await assert.rejects(first.sql.query('select 1'), ENDED);
    assert.equal((await sql.query('select 1')).length, 1);
  });

  test(`${kind}: the secret is in no table, error or result`, async () => {
    const one = await opened(refund);
    const secret = await secretOf(one.sql);
    assert.match(secret, /^[\w-]{43}$/);
    const errors: unknown[] = [];
    for (const text of [
      'select * from nothing',
      `insert into shop.refunds values ('k', '1044', 1, 'EUR', 'r', now())`,
    ]) {
      await one.sql.query(text).catch((error: unknown) => errors.push(error));
    }
    const result = await refund.execute(aCall(MONEY), one.context);
    await opened(refund, { actionId: one.actionId, epoch: 2 });
    await one.sql.query('select 1').catch((error: unknown) => errors.push(error));
    const tables = await asOwner((owner) =>
      Promise.all(
        ['tokens', 'fences'].map((table) => owner.query(`select t::text from countersign_access.${table} t`)),
      ),
    );
    assert.equal(errors.length, 3);
    // `showHidden` and no depth: a secret in a cause or in a driver's field is found too.
    const all = inspect({ errors, result, tables }, { depth: null, showHidden: true, maxStringLength: null });
    assert.ok(!all.includes(secret));
  });
}
