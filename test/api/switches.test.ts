import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { newApiKey } from '../../api/keys.ts';
import { switchSubject } from '../../domain/ids.ts';
import { type Answered, problem } from './support/answers.ts';
import { NOW_MS, serve, type Served } from './support/served.ts';

const KILL = { scope: 'tool', name: 'refund', action: 'kill', reason: 'it pays twice' } as const;
const REVIVE = { scope: 'tool', name: 'refund', action: 'revive' } as const;
const REFUND = { scope: 'tool', name: 'refund', setBy: 'operator', reason: 'it pays twice', setMs: NOW_MS } as const;

const set = ({ call }: Served, body: object, key?: string): Promise<Answered> =>
  call('operator', 'POST', '/v1/switches', body, key === undefined ? {} : { 'idempotency-key': key });

/** An operator of a tenant other than the house. */
async function anOperatorOf(tenant: string, { store, server }: Served) {
  const { id, text, hash } = newApiKey();
  const principal = { id: `operator-of-${tenant}`, name: '', tenant };
  await store.apiKeys.add({ id, hash, principal, scopes: ['operate'], nowMs: NOW_MS });
  return async (body?: object): Promise<Answered> => {
    const headers = { authorization: `Bearer ${text}`, 'content-type': 'application/json' };
    const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
    const response = await fetch(`${server.url}/v1/switches`, init);
    return { status: response.status, headers: response.headers, body: (await response.json()) as Answered['body'] };
  };
}

/** Three that wait: a refund and a mail of support-desk, a restart of on-call in the tenant acme. */
async function threeWait(t: TestContext) {
  const served = await serve(t);
  const batch = (conversationId: string) => ({
    id: `${conversationId}:1:0.0.0`,
    batchId: `${conversationId}:1:0`,
    conversationId,
  });
  const principal = { id: 'ada', name: 'Ada', tenant: 'acme' };
  const fact = { kind: 'conversation_opened', agent: 'on-call', tenant: 'acme', owner: 'operator', principal } as const;
  await served.store.record([{ subject: 'c-acme', step: 'opened', conversationId: 'c-acme', atMs: NOW_MS, fact }]);
  for (const id of ['c-refund', 'c-mail']) await served.open(id);
  await served.ask({ ...batch('c-refund'), tool: 'refund' });
  await served.ask({ ...batch('c-mail'), tool: 'send_mail' });
  await served.ask({ ...batch('c-acme'), tool: 'restart_service', agent: 'on-call', group: 'of nobody' });
  return served;
}

const told = ({ gateway }: Served): readonly string[] => gateway.signals.toSorted();

test('a kill is thrown at once, listed with who and why, on record, and taken back by a revive', async (t) => {
  const served = await serve(t);
  const killed = await set(served, KILL);
  const nothing = { cancelled: [], unreached: 0, isCut: false };
  assert.deepEqual([killed.status, killed.body], [200, { switches: [REFUND], ...nothing }]);
  const listed = await served.call('operator', 'GET', '/v1/switches');
  assert.deepEqual(listed.body, { switches: [REFUND] });
  const revived = await set(served, { ...REVIVE, reason: 'repaired' });
  assert.deepEqual([revived.status, revived.body], [200, { switches: [], ...nothing }]);
  const facts = (await served.store.ledger.ofSubject(switchSubject('tool', 'refund'))).map(({ fact }) => fact);
  const about = { kind: 'switched', scope: 'tool', name: 'refund', by: 'operator' };
  assert.deepEqual(facts, [
    { ...about, isThrown: true, reason: 'it pays twice' },
    { ...about, isThrown: false, reason: 'repaired' },
  ]);
});

test('what waits within the scope is cancelled, in every group, and nothing else', async (t) => {
  const cases = [
    [{ scope: 'tool', name: 'refund' }, ['cancel c-refund:1:0']],
    [{ scope: 'agent', name: 'support-desk' }, ['cancel c-mail:1:0', 'cancel c-refund:1:0']],
    [{ scope: 'tenant', name: 'default' }, ['cancel c-mail:1:0', 'cancel c-refund:1:0']],
    [{ scope: 'all' }, ['cancel c-acme:1:0', 'cancel c-mail:1:0', 'cancel c-refund:1:0']],
  ] as const;
  for (const [scope, expected] of cases) {
    const served = await threeWait(t);
    const { status, body } = await set(served, { ...scope, action: 'kill', reason: 'stop' });
    assert.deepEqual([status, body.unreached, body.isCut], [200, 0, false]);
    assert.deepEqual(told(served), expected);
    const cancelled = body.cancelled as { id: string }[];
    assert.deepEqual(cancelled.map(({ id }) => `cancel ${id.slice(0, -4)}`).toSorted(), expected);
  }
});

test('a cancelled approval is named with what it was about; a batch is told once', async (t) => {
  const served = await serve(t);
  const { conversationId, batchId, summary } = await served.ask();
  await served.ask({ conversationId, id: `${batchId}.1.0` });
  const { body } = await set(served, KILL);
  const about = { conversationId, agent: 'support-desk', tool: 'refund', summary };
  assert.deepEqual(body.cancelled, [
    { id: `${batchId}.1.0`, ...about },
    { id: `${batchId}.0.0`, ...about },
  ]);
  assert.deepEqual(told(served), [`cancel ${batchId}`]);
});

test('a question is not cancelled: what may have happened must be known, whatever is switched off', async (t) => {
  const served = await serve(t);
  const { id } = await served.ask({ question: 'unknown' });
  assert.deepEqual((await set(served, KILL)).body.cancelled, []);
  assert.deepEqual(told(served), []);
  assert.equal((await served.store.approvals.get(id))?.end, 'open');
});

test('a revive cancels nothing', async (t) => {
  const served = await serve(t);
  await set(served, KILL);
  await served.ask();
  assert.deepEqual((await set(served, REVIVE)).body.cancelled, []);
  assert.deepEqual(told(served), []);
});

test('what was settled before is left alone', async (t) => {
  const served = await serve(t);
  await served.ask({ end: 'denied' });
  assert.deepEqual((await set(served, KILL)).body.cancelled, []);
  assert.deepEqual(told(served), []);
});

test('a batch that cannot be told does not undo the switch, and is counted', async (t) => {
  const served = await threeWait(t);
  served.gateway.unreachable.add('c-mail:1:0');
  const { status, body } = await set(served, { scope: 'all', action: 'kill', reason: 'stop' });
  assert.deepEqual([status, (body.cancelled as unknown[]).length, body.unreached, body.isCut], [200, 2, 1, false]);
  assert.equal((await served.store.switches.thrown()).length, 1);
  assert.equal((await served.store.approvals.get('c-mail:1:0.0.0'))?.end, 'open');
});

test('with Temporal down the switch is thrown all the same', async (t) => {
  const served = await threeWait(t);
  served.gateway.state = 'down';
  const { status, body } = await set(served, { scope: 'all', action: 'kill', reason: 'stop' });
  assert.deepEqual([status, body.cancelled, body.unreached], [200, [], 3]);
  assert.equal((await served.store.switches.thrown()).length, 1);
});

test('a kill sent again under its key tells those that the first could not reach', async (t) => {
  const served = await threeWait(t);
  served.gateway.state = 'down';
  await set(served, KILL, 'k1');
  served.gateway.state = 'up';
  const { body } = await set(served, KILL, 'k1');
  assert.deepEqual([body.unreached, told(served)], [0, ['cancel c-refund:1:0']]);
  assert.equal((await served.store.ledger.ofSubject(switchSubject('tool', 'refund'))).length, 1);
});

test('a batch whose Workflow is gone is no error, and its approval is on record as cancelled', async (t) => {
  const served = await serve(t);
  const { id, batchId } = await served.ask();
  served.gateway.ended.add(batchId);
  const { status, body } = await set(served, KILL);
  assert.deepEqual([status, (body.cancelled as unknown[]).length, body.unreached], [200, 1, 0]);
  assert.equal((await served.store.approvals.get(id))?.end, 'cancelled');
});

test('what cannot be looked through is said, and the switch holds', async (t) => {
  const served = await serve(t);
  await served.ask();
  served.store.approvals.open = async () => Promise.reject(new Error('the store went away'));
  const { status, body } = await set(served, KILL);
  assert.deepEqual([status, body.cancelled, body.isCut, body.switches], [200, [], true, [REFUND]]);
});

test('the look at what waits goes page by page, and is bounded', async (t) => {
  const served = await serve(t);
  const approval = await served.ask();
  let pages = 0;
  served.store.approvals.open = async () => {
    pages += 1;
    return { rows: [{ approval: { ...approval, batchId: `b-${pages}` }, tenant: 'default' }], next: 'more' };
  };
  const { body } = await set(served, KILL);
  assert.deepEqual([pages, (body.cancelled as unknown[]).length, body.isCut], [20, 20, true]);
});

test('the same Idempotency-Key is one change, also when it was taken back since', async (t) => {
  const served = await serve(t);
  await set(served, KILL, 'k1');
  await set(served, REVIVE, 'k2');
  await served.ask();
  const again = await set(served, KILL, 'k1');
  assert.deepEqual([again.status, again.body.switches, again.body.cancelled], [200, [], []]);
  assert.deepEqual([(await set(served, REVIVE, 'k2')).status, told(served)], [200, []]);
  assert.equal((await served.store.ledger.ofSubject(switchSubject('tool', 'refund'))).length, 2);
  assert.equal(problem(await set(served, { ...KILL, reason: 'another' }, 'k1')), '422 key_reused');
  assert.equal(problem(await set(served, REVIVE, 'k1')), '422 key_reused');
});

test('without a key each kill is a change of its own, and the newest reason stands', async (t) => {
  const served = await serve(t);
  await set(served, KILL);
  const { body } = await set(served, { ...KILL, reason: 'and it is slow' });
  assert.deepEqual(body.switches, [{ ...REFUND, reason: 'and it is slow' }]);
});

const BAD: readonly (readonly [rule: string, body: object, says: RegExp])[] = [
  ['a kill needs a reason', { ...KILL, reason: ' ' }, /body\.reason: a kill needs a reason/],
  ['the scope all takes no name', { ...KILL, scope: 'all' }, /body\.name: the scope "all" takes no name/],
  ['every other scope needs a name', { ...KILL, name: '' }, /body\.name: is missing; name the tenant/],
  ['a scope is one of four', { ...KILL, scope: 'model' }, /body\.scope: .*"tool"/],
  ['an action is kill or revive', { ...KILL, action: 'on' }, /body\.action: .*"revive"/],
  ['what is not known is refused', { ...KILL, until: 'noon' }, /until/],
];
for (const [rule, body, says] of BAD) {
  test(rule, async (t) => {
    const served = await serve(t);
    const answer = await set(served, body);
    assert.equal(problem(answer), '400 bad_request');
    assert.match(answer.body.detail, says);
    assert.deepEqual(await served.store.switches.thrown(), []);
  });
}

test('an unknown agent or tool is refused with the list of the known ones', async (t) => {
  const served = await serve(t);
  const agent = await set(served, { ...KILL, scope: 'agent', name: 'suport-desk' });
  assert.equal(problem(agent), '400 unknown_agent');
  assert.match(agent.body.detail, /there are: on-call, support-desk\./);
  const tool = await set(served, { ...KILL, name: 'refunds' });
  assert.equal(problem(tool), '400 unknown_tool');
  assert.match(tool.body.detail, /there are: refund, restart_service, send_mail\./);
});

test('a revive of what is not thrown is refused and says what is; a switch of an agent that is gone can be revived', async (t) => {
  const served = await serve(t);
  const none = await set(served, REVIVE);
  assert.equal(problem(none), '409 not_stopped');
  assert.match(none.body.detail, /No switch of its own stops the tool refund; nothing is\./);
  await set(served, { scope: 'all', action: 'kill', reason: 'stop' });
  assert.match((await set(served, REVIVE)).body.detail, /stopped is: everything\./);
  const gone = { ...REFUND, scope: 'agent', name: 'of-last-year' } as const;
  await served.store.switches.set({ id: 'old', isThrown: true, switch: gone });
  assert.equal((await set(served, { scope: 'agent', name: 'of-last-year', action: 'revive' })).status, 200);
});

test('an operator of a tenant stops that tenant only, and sees what concerns it', async (t) => {
  const served = await threeWait(t);
  const ask = await anOperatorOf('acme', served);
  for (const body of [KILL, { ...KILL, scope: 'all', name: '' }, { ...KILL, scope: 'agent', name: 'on-call' }]) {
    const refused = await ask(body);
    assert.equal(problem(refused), '403 switch_refused');
    assert.match(refused.body.detail, /"scope": "tenant", "name": "acme"/);
  }
  assert.equal(problem(await ask({ ...KILL, scope: 'tenant', name: 'default' })), '403 switch_refused');
  assert.deepEqual(await served.store.switches.thrown(), []);
  const own = await ask({ ...KILL, scope: 'tenant', name: 'acme' });
  assert.deepEqual([own.status, told(served)], [200, ['cancel c-acme:1:0']]);
  await set(served, { ...KILL, scope: 'tenant', name: 'default' });
  await set(served, KILL);
  const seen = (answer: Answered) => (answer.body.switches as { name: string }[]).map(({ name }) => name).toSorted();
  assert.deepEqual(seen(await ask()), ['acme', 'refund']);
  assert.deepEqual(seen(await served.call('operator', 'GET', '/v1/switches')), ['default', 'refund']);
  assert.equal(problem(await set(served, { ...KILL, scope: 'tenant', name: 'acme' })), '403 switch_refused');
});

test('switches are for keys that may operate', async (t) => {
  const { call, store } = await serve(t);
  for (const who of ['customer', 'approver'] as const) {
    assert.equal(problem(await call(who, 'GET', '/v1/switches')), '403 missing_scope');
    assert.equal(problem(await call(who, 'POST', '/v1/switches', KILL)), '403 missing_scope');
  }
  assert.equal(problem(await call('nobody', 'POST', '/v1/switches', KILL)), '401 unauthenticated');
  assert.deepEqual(await store.switches.thrown(), []);
});

test('with the store away nothing is stopped, and the caller is told so', async (t) => {
  const served = await serve(t);
  const away = Object.assign(new Error('gone'), { name: 'StoreUnavailable' });
  served.store.switches.set = async () => Promise.reject(away);
  const answer = await set(served, KILL);
  assert.equal(problem(answer), '503 unavailable');
  assert.match(answer.body.detail, /nothing was changed/);
});

test('a store that goes away after the switch is set is not told as if nothing had happened', async (t) => {
  const served = await serve(t);
  const { set: really } = served.store.switches;
  served.store.switches.set = async (change) => {
    await really(change);
    served.store.fail(new Error('gone'));
  };
  const answer = await set(served, KILL);
  assert.equal(problem(answer), '503 unavailable');
  assert.match(answer.body.detail, /The kill is on record and holds.*send it again/);
});
