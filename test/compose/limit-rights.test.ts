// What each PostgreSQL role may do with what was taken of limits, on a real server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import type { Entry } from '../../domain/entry.ts';
import type { Store } from '../../store/ports.ts';
import { openStore } from '../../store/store.ts';
import { anEntry, underWarrant } from '../store/builders.ts';
import type { TestPostgres } from '../support/postgres.ts';
import { ROLE_NAMES, type RoleName, startGranted, urlOf } from './granted.ts';

let server: TestPostgres;
let stores: Record<RoleName, Store>;

const as = (role: RoleName): pg.PoolConfig => ({
  connectionString: urlOf(server, role),
});

before(async () => {
  server = await startGranted();
  const opened = await Promise.all(ROLE_NAMES.map((role) => openStore({ pool: as(role), migrate: false })));
  stores = Object.fromEntries(ROLE_NAMES.map((role, at) => [role, opened[at]!])) as Record<RoleName, Store>;
});

after(async () => {
  for (const store of Object.values(stores ?? {})) await store.close();
  await server?.stop();
});

const DENIED = /permission denied for table limit_takes/;

function ruledOn(actionId: string): Entry {
  const verdict = { kind: 'allow', ruleId: 'r', ruleVersion: 'v', reason: '' } as const;
  return anEntry('c1', actionId, 'ruled:allow:s', { kind: 'ruled', digest: 'd', verdict, evidence: null, signed: 's' });
}

test('the actor takes of limits and gives back; the workflows role counts, gives back and takes nothing; others see none', async () => {
  const { actor, workflows, assistant, api } = stores;
  const period = { name: '2026-11', fromMs: 0, toMs: 9 };
  const counted = { limit: 'l', per: 'agent', period, agent: 'a', tenant: '', principalId: '', actionId: '' } as const;
  const taking = (principalId: string) => {
    const reserve = { limit: 'l', per: 'agent', key: 'a', period, currency: '', takes: 1, most: 2, atMs: 1 } as const;
    return { principalId, reserves: [reserve] };
  };
  const claimed = async (store: Store, actionId: string) => {
    await workflows.record([ruledOn(actionId)]);
    const of = { conversationId: 'c1', tenant: 'default', agent: 'a', tool: 'refund', nowMs: 1 };
    const claiming = { actionId, digest: `digest of ${actionId}`, ...of };
    return store.claims.claim({ claiming, ...underWarrant('ruled:allow:s'), taking: taking('ada') });
  };
  const kinds = [];
  for (const at of [0, 1, 2]) kinds.push((await claimed(actor, `c1:4:${at}`)).kind);
  assert.deepEqual(kinds, ['claimed', 'claimed', 'does_not_fit']);
  for (const store of [actor, workflows]) assert.deepEqual(await store.limits.used(counted), { '': 2 });
  for (const store of [assistant, api]) await assert.rejects(store.limits.used(counted), DENIED);
  const failed = { kind: 'failed', reason: 'no' } as const;
  await actor.claims.receipt({ actionId: 'c1:4:0', epoch: 1, outcome: failed, nowMs: 2 });
  await actor.claims.receipt({ actionId: 'c1:4:1', epoch: 1, outcome: { ...failed, kind: 'unknown' }, nowMs: 2 });
  await workflows.claims.answer({ actionId: 'c1:4:1', outcome: failed, nowMs: 3 });
  assert.deepEqual(await workflows.limits.used(counted), {});
  for (const role of ['workflows', 'assistant', 'api'] as const) {
    const client = new pg.Client(as(role));
    await client.connect();
    const taken = `insert into countersign.limit_takes values ('x', 'l', 'a', '', '', '', 1, 1, null)`;
    await assert.rejects(client.query(taken), DENIED, role);
    for (const change of ['units = 0', 'at_ms = 0', "agent = 'b'"]) {
      await assert.rejects(client.query(`update countersign.limit_takes set ${change}`), DENIED, `${role}: ${change}`);
    }
    await assert.rejects(client.query('delete from countersign.limit_takes'), DENIED, role);
    await client.end();
  }
  const client = new pg.Client(as('actor'));
  await client.connect();
  await assert.rejects(client.query('update countersign.limit_takes set units = 0'), DENIED);
  await assert.rejects(client.query('delete from countersign.limit_takes'), DENIED);
  await client.end();
});
