// What each PostgreSQL role may do in the store, on a real server: the table of store/grants.ts put in force.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import type { Entry, Fact } from '../../domain/entry.ts';
import type { NewItem } from '../../domain/item.ts';
import { grantRights, RIGHTS } from '../../store/grants.ts';
import { migrateStore } from '../../store/migrations/migrate.ts';
import type { Agent } from '../../domain/agent.ts';
import { recordConfiguration } from '../../workers/configured.ts';
import type { Claiming, ClaimResult } from '../../store/claim-port.ts';
import type { Store } from '../../store/ports.ts';
import { requireRights } from '../../store/require-rights.ts';
import { entryText, leafOf } from '../../store/entry-text.ts';
import { openStore } from '../../store/store.ts';
import { aDecided, underWarrant } from '../store/builders.ts';
import { startPrivatePostgres, type TestPostgres } from '../support/postgres.ts';
import { assertKeepsDeliveries } from './delivering.ts';

type RoleName = 'api' | 'workflows' | 'assistant' | 'actor';
const ROLES: readonly RoleName[] = ['api', 'workflows', 'assistant', 'actor'];
const person = { id: 'ada', name: 'Ada', tenant: 'default' };
const success = { outcome: { kind: 'succeeded', result: null }, nowMs: 2 } as const;
const verdict = { kind: 'allow', ruleId: 'r', ruleVersion: 'v', reason: '' } as const;
const ruling: Fact = { kind: 'ruled', digest: 'd', verdict, evidence: null, signed: 's' };

const claimOf = (actionId: string): Claiming => {
  const of = { conversationId: 'c1', tenant: 'default', agent: 'a', tool: 'refund', nowMs: 1 };
  return { actionId, digest: `digest of ${actionId}`, ...of };
};
const claim = (store: Store, actionId: string): Promise<ClaimResult> =>
  store.claims.claim({ claiming: claimOf(actionId), ...underWarrant('ruled:allow:s') });

let server: TestPostgres;
let stores: Record<RoleName, Store>;

const urlOf = (login: string): string => server.url.replace('postgres@', `${login}@`);
const as = (role: string): pg.PoolConfig => ({ connectionString: urlOf(`countersign_${role}`) });
const owner = (): pg.PoolConfig => ({ connectionString: server.url });

before(async () => {
  server = await startPrivatePostgres();
  const client = new pg.Client(owner());
  await client.connect();
  for (const role of Object.keys(RIGHTS)) await client.query(`create role ${role} login`);
  await client.end();
});

after(async () => {
  for (const store of Object.values(stores ?? {})) await store.close();
  await server?.stop();
});

test('a role that does not own the tables says what to do while they are missing', async () => {
  await assert.rejects(openStore({ pool: as('api'), migrate: false }), /run: countersign migrate/);
});

test('a migration gives every role its rights, and may be repeated', async () => {
  await migrateStore(owner());
  for (let time = 0; time < 2; time++) assert.deepEqual(await grantRights(owner()), Object.keys(RIGHTS).toSorted());
  const opened = await Promise.all(ROLES.map((role) => openStore({ pool: as(role), migrate: false })));
  stores = Object.fromEntries(ROLES.map((role, at) => [role, opened[at]!])) as Record<RoleName, Store>;
});

test('a database of another role, of the owner, or of the superuser is refused', async () => {
  await requireRights(as('actor'), 'countersign_actor');
  await assert.rejects(requireRights(as('assistant'), 'countersign_actor'), /has the rights of countersign_assistant;/);
  await assert.rejects(requireRights(owner(), 'countersign_actor'), /countersign_api, countersign_assistant/);
});

test('a login that is bound by no policy, or has one right more or fewer, is refused with a sentence that names it', async () => {
  const client = new pg.Client(owner());
  await client.connect();
  const refused = async (login: string, why: RegExp) =>
    assert.rejects(requireRights({ connectionString: urlOf(login) }, 'countersign_actor'), why, login);
  for (const role of ROLES) await requireRights(as(role), `countersign_${role}`);
  const made = async (login: string, ...more: readonly string[]) => {
    await client.query(`create role ${login} login in role countersign_actor`);
    for (const statement of more) await client.query(statement);
  };
  await made('plain');
  await requireRights({ connectionString: urlOf('plain') }, 'countersign_actor');
  await made('unbound', 'alter role unbound bypassrls');
  await refused('unbound', /is bound by no rights: unbound is bypassrls; this process needs the rights of/);
  await made('maker', 'alter role maker createrole');
  await refused('maker', /maker is createrole/);
  await made('heir', 'create role aloof bypassrls', 'grant aloof to heir');
  await refused('heir', /aloof is bypassrls/);
  await made('wider', 'grant update (entry), delete on countersign.ledger to wider');
  await refused('wider', /may also delete ledger, update ledger\.entry;/);
  await made('reader', 'grant select on countersign.api_keys to public');
  await refused('reader', /may also select api_keys\.created_ms.* and 1 more;/);
  await client.query('revoke select on countersign.api_keys from public');
  await client.query('revoke insert on countersign.claims from countersign_actor');
  await refused('plain', /may not insert claims\.action_id.*\(run: countersign migrate\)/);
  await client.query('grant insert on countersign.claims to countersign_actor');
  await requireRights({ connectionString: urlOf('plain') }, 'countersign_actor');
  await client.end();
});

test('the assistant writes what the model said, sums up strangers as strangers, and appends its entries', async () => {
  const [item] = await stores.assistant.items.append([saying('model'), saying('untrusted')], ([one]) => [
    entry('model:1:1', {
      kind: 'model_call',
      turn: 1,
      model: 'm',
      requestId: 'r',
      shown: [],
      itemId: one?.id ?? '',
      itemDigest: 'digest',
      promptTokens: 1,
      completionTokens: 1,
      cost: null,
    }),
    entry('replied:1', { kind: 'replied', turn: 1, itemId: one?.id ?? '', itemDigest: 'digest', by: 'model' }),
  ]);
  assert.equal(item?.trust, 'model');
  assert.equal((await stores.workflows.ledger.ofSubject('c1')).length, 2);
});

test('the assistant can write neither claims nor decisions, nor words of people', async () => {
  const { assistant } = stores;
  await assert.rejects(claim(assistant, 'c1:1:0'), DENIED);
  await assert.rejects(assistant.claims.close(claimOf('c1:1:0'), { kind: 'failed', reason: '' }), DENIED);
  await assert.rejects(assistant.claims.receipt({ actionId: 'c1:1:0', epoch: 1, ...success }), DENIED);
  const decided = aDecided('a', 'd', 's');
  await assert.rejects(assistant.record([entry('decided:d', decided)]), REFUSED_ROW);
  const settled = { kind: 'settled', outcome: { kind: 'succeeded', result: null } } as const;
  await assert.rejects(assistant.record([entry('settled', settled)]), REFUSED_ROW);
  await assert.rejects(assistant.items.append([saying('principal')]), REFUSED_ROW);
  await assert.rejects(assistant.approvals.get('a'), DENIED);
});

test('the actor claims and settles, and can neither rule nor decide', async () => {
  const { actor } = stores;
  await stores.workflows.record([{ ...entry('ruled:allow:s', ruling), subject: 'c1:2:0' }]);
  assert.deepEqual(await claim(actor, 'c1:2:0'), { kind: 'claimed', epoch: 1 });
  await actor.claims.takeOver('c1:2:0', { acts: true });
  await actor.claims.receipt({ actionId: 'c1:2:0', epoch: 2, ...success });
  const decided = aDecided('a', 'd', 's');
  await assert.rejects(actor.record([entry('decided:d', decided)]), REFUSED_ROW);
  await assert.rejects(actor.items.append([saying('principal')]), REFUSED_ROW);
});

test('the API opens conversations, and can neither claim nor speak for the model', async () => {
  const { api } = stores;
  const opened = { kind: 'conversation_opened', agent: 'a', tenant: 'default', owner: 'o', principal: person } as const;
  await api.record([entry('opened', opened)]);
  assert.equal((await api.conversations.get('c1'))?.agent, 'a');
  await assert.rejects(api.claims.close(claimOf('c1:3:0'), { kind: 'failed', reason: '' }), DENIED);
  await assert.rejects(api.items.append([saying('model')]), DENIED);
});

test('the API throws and takes back switches; the actor sees them and can change none', async () => {
  const one = { scope: 'tool', name: 'refund', setBy: 'ada', reason: 'it pays twice', setMs: 1 } as const;
  await stores.api.switches.set({ id: 's-kill', isThrown: true, switch: one });
  assert.deepEqual(await stores.actor.switches.thrown(), [one]);
  assert.deepEqual((await stores.api.approvals.open({ cursor: '', limit: 1 })).rows, []);
  for (const role of ['actor', 'assistant', 'workflows'] as const) {
    const revive = stores[role].switches.set({ id: `s-revive-${role}`, isThrown: false, switch: one });
    await assert.rejects(revive, (error: Error) => REFUSED_ROW.test(error.message) || DENIED.test(error.message), role);
  }
  await stores.api.switches.set({ id: 's-revive', isThrown: false, switch: one });
  assert.deepEqual(await stores.actor.switches.thrown(), []);
});

test('the API says what is to be told, and sends nothing; the actor tells it, and shows what it may not change', async () => {
  const { api, actor, assistant, workflows } = stores;
  const note = { id: 'n1', channel: 'c', way: { user: 'u' }, note: { kind: 'text', text: 't' }, nowMs: 1 } as const;
  for (let time = 0; time < 2; time++) await api.notes.add(note);
  await assert.rejects(actor.notes.add(note), DENIED);
  for (const other of [api, assistant, workflows]) await assert.rejects(other.notes.take('c', 9, 9), DENIED);
  assert.equal((await actor.notes.take('c', 9, 9))?.id, 'n1');
  await actor.notes.later('n1', 9);
  await actor.notes.over('n1');
  await actor.notes.expire(9);
  await actor.notes.forget(9);
  const address = { to: 'C1', thread: '' };
  const ref = { to: 'C1', id: '1' };
  const shown = { kind: 'card_shown', batchId: 'b', channel: 'c', address, ref, sha256: 'd' } as const;
  const delivery = { key: 'k', channel: 'c', ref, digest: 'd', atMs: 1, card: null };
  await assertKeepsDeliveries(actor);
  for (let time = 0; time < 2; time++) await actor.deliveries.put(delivery, [entry('card_shown:c C1 1:d', shown)]);
  for (const other of [api, assistant, workflows]) await assert.rejects(other.deliveries.put(delivery, []), DENIED);
  assert.deepEqual(
    [
      await actor.approvals.ofBatch('b'),
      await actor.deliveries.replies({ conversationId: 'none', channel: 'c', limit: 1 }),
    ],
    [[], []],
  );
  assert.deepEqual([await actor.actions.get('a'), await actor.conversations.get('none')], [undefined, undefined]);
  await assert.rejects(api.record([entry('card_shown:c C1 1:e', shown)]), REFUSED_ROW);
});

test('the API makes and publishes checkpoints, and changes nothing of one; no other role sees them', async () => {
  const { api } = stores;
  const made = await api.checkpoints.make({ from: 'last_checkpoint', sign: () => 'signed', nowMs: 1 });
  assert.ok(made);
  await api.checkpoints.published(made.size, 2);
  assert.deepEqual(await api.checkpoints.last(), { ...made, publishedMs: 2 });
  assert.match(await api.checkpoints.origin(), /^countersign\/ledger\//);
  const client = new pg.Client(as('api'));
  await client.connect();
  const forbidden = ["update countersign.checkpoints set note = ''", 'delete from countersign.checkpoints'];
  for (const statement of [...forbidden, "update countersign.ledger_identity set origin = ''"]) {
    await assert.rejects(client.query(statement), DENIED, statement);
  }
  await client.end();
  for (const role of ['workflows', 'assistant', 'actor'] as const) {
    await assert.rejects(stores[role].checkpoints.last(), DENIED, role);
    await assert.rejects(stores[role].record([entry('read-1', READING)]), REFUSED_ROW, role);
  }
  await api.record([entry('read-1', READING)]);
});

test('no running role can make an API key', async () => {
  const key = { id: 'k', hash: 'h', principal: person, scopes: ['operate'], nowMs: 1 };
  for (const role of ROLES) await assert.rejects(stores[role].apiKeys.add(key), DENIED, role);
});

test('each role puts on record what it was begun with, once', async () => {
  const agent = {
    name: 'a',
    owner: 'o',
    team: 't',
    models: [],
    rules: [],
    tools: [],
    instructions: 'help',
    prices: {},
  };
  const whole = { ...agent, limits: {} } as unknown as Agent;
  const agents = new Map([['a', { agent: whole, ruleVersion: 'v', declarations: new Map() }]]);
  const directory = { people: [], groups: {} };
  for (const role of ROLES) {
    const begin = (nowMs: number, version: string) =>
      recordConfiguration(role, { store: stores[role], agents, directory, version, nowMs: () => nowMs });
    await begin(1, '1');
    await begin(2, '1');
    await begin(3, '2');
    const entries = await stores.workflows.ledger.ofSubject(`configuration:${role}`);
    assert.deepEqual(
      entries.map(({ atMs, fact }) => [atMs, fact.kind === 'configured' && fact.version]),
      [
        [1, '1'],
        [3, '2'],
      ],
      role,
    );
  }
});

test('no role can change or remove what is in the ledger', async () => {
  for (const role of ROLES) {
    const client = new pg.Client(as(role));
    await client.connect();
    for (const statement of ['update countersign.ledger set at_ms = 0', 'delete from countersign.ledger']) {
      await assert.rejects(client.query(statement), DENIED, `${role}: ${statement}`);
    }
    await client.end();
  }
});

test('a role appends what it may by the text that is hashed, not by the columns beside it', async () => {
  const client = new pg.Client(as('assistant'));
  await client.connect();
  const insert = async (said: Entry, columns: Partial<Record<'subject' | 'kind', string>>, hashed?: string) => {
    const { rows } = await client.query<{ head: string }>('select max(seq) as head from countersign.ledger');
    const seq = Number(rows[0]?.head) + 1;
    const { text } = entryText({ ...said, seq });
    const { subject = said.subject, kind = said.fact.kind } = columns;
    await client.query(
      `insert into countersign.ledger (seq, subject, step, conversation_id, at_ms, kind, entry, leaf)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [seq, subject, said.step, said.conversationId, said.atMs, kind, text, leafOf(hashed ?? text)],
    );
  };
  const replied = { kind: 'replied', turn: 9, itemId: 'i', itemDigest: 'd', by: 'model' } as const;
  await assert.rejects(insert(entry('replied:9', aDecided('a', 'd', 's')), { kind: 'replied' }), REFUSED_ROW);
  await assert.rejects(insert(entry('replied:9', replied), { subject: 'c1:1:0' }), REFUSED_ROW);
  await assert.rejects(insert(entry('replied:9', replied), {}, 'other words'), REFUSED_ROW);
  await insert(entry('replied:9', replied), {});
  await client.end();
  const reason = 'what came from afar: \u0000 \\u0000 \ud800 "';
  await stores.workflows.record([entry('message:m:refused', { kind: 'message_refused', messageId: 'm', reason })]);
});

const DENIED = /permission denied for table/;
const READING: Fact = { kind: 'ledger_read', by: 'auditor', from: 1, to: 2, how: 'export' };
const REFUSED_ROW = /violates row-level security policy/;

function entry(step: string, fact: Fact): Entry {
  return { subject: 'c1', step, conversationId: 'c1', atMs: 1, fact };
}

function saying(trust: NewItem['trust']): NewItem {
  const body = { kind: 'reply', text: 'hello', by: 'model' } as const;
  return { key: `k-${trust}`, conversationId: 'c1', turn: 1, trust, body };
}
