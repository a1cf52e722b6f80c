// What each PostgreSQL role may do with remembered facts, on a real server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Facts } from '../../store/fact-port.ts';
import type { Store } from '../../store/ports.ts';
import { openStore } from '../../store/store.ts';
import { BY_ITSELF } from '../store/builders.ts';
import type { TestPostgres } from '../support/postgres.ts';
import { ROLE_NAMES, type RoleName, startGranted, urlOf } from './granted.ts';

let server: TestPostgres;
let stores: Record<RoleName, Store>;

before(async () => {
  server = await startGranted();
  const open = (role: RoleName) => openStore({ pool: { connectionString: urlOf(server, role) }, migrate: false });
  const opened = await Promise.all(ROLE_NAMES.map(open));
  stores = Object.fromEntries(ROLE_NAMES.map((role, at) => [role, opened[at]!])) as Record<RoleName, Store>;
});
after(async () => {
  for (const store of Object.values(stores ?? {})) await store.close();
  await server?.stop();
});

const whose = { tenant: 'default', agent: 'desk', subject: 'ada' };
let made = 0;
const fact = (more: object = {}): Parameters<Facts['remember']>[0] => ({
  ...{ ...whose, kind: 'contact', key: `${made}`, value: 'heron', trust: 'principal', owner: 'olga', historyMs: 0 },
  source: { conversationId: 'c', actionId: `c:1:${made++}`, items: [] },
  ...{ fromMs: 1, expiresMs: 9, freshUntilMs: 9, ...more },
});

// A table that it may not write, or a kind of entry that it may not append.
const NOT_ALLOWED = /permission denied|row-level security/;

test('the actor alone remembers; it and the API forget, the workflows role erases what is over; the assistant only looks', async () => {
  const { actor, api, workflows, assistant } = stores;
  for (const store of [api, workflows, assistant])
    await assert.rejects(store.facts.remember(fact()), /permission denied/);
  for (const at of [1, 2, 3]) assert.equal(await actor.facts.remember(fact()), 'remembered', `${at}`);
  for (const store of Object.values(stores)) assert.equal((await store.facts.shownOf(whose, 1)).length, 3);
  const [first, second] = await api.facts.shownOf(whose, 1);
  const which = { ...whose, kind: '', key: '' };
  for (const store of [workflows, assistant]) {
    await assert.rejects(store.facts.forget({ ...which, id: first?.id ?? '' }, 'ada', 2), NOT_ALLOWED);
  }
  assert.equal(await api.facts.forget({ ...which, id: first?.id ?? '' }, 'ada', 2), 1);
  assert.equal(await actor.facts.forget({ ...which, id: second?.id ?? '' }, 'ada', 2), 1);
  const at = { agents: [], nowMs: 9, limit: 10, ...BY_ITSELF };
  const erasing = async (store: Store) => (await store.maintenance.run(at)).find(({ task }) => task === 'erase_facts');
  for (const store of [api, actor, assistant]) assert.match((await erasing(store))?.failed ?? '', NOT_ALLOWED);
  assert.deepEqual(await erasing(workflows), { task: 'erase_facts', done: 1, ids: [], ask: [] });
});
