import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOW_MS, serve } from './support/served.ts';

test('the doctor looks at the store and the workers, and tells operators only', async (t) => {
  const { call, gateway } = await serve(t);
  gateway.state = 'no_worker';
  const { status, body } = await call('operator', 'GET', '/v1/doctor');
  assert.equal(status, 200);
  const checks = [
    { name: 'store', kind: 'ok', text: 'it answers' },
    { name: 'workers', kind: 'problem', text: 'no worker polls' },
    { name: 'owners', kind: 'ok', text: 'everything that is open has an agent and an owner of the directory' },
    { name: 'groups', kind: 'ok', text: 'each can be asked where people are asked' },
    {
      ...{ name: 'approvals', kind: 'ok' },
      text: 'no channel is listened to, so people look by themselves: countersign approvals',
    },
    {
      ...{ name: 'limits', kind: 'ok' },
      text: 'what was asked of people with a limit in the last 30 days named its amount',
    },
    { name: 'maintenance', kind: 'ok', text: 'nothing is due for more than a day' },
    { name: 'switches', kind: 'ok', text: 'none is thrown' },
  ];
  assert.deepEqual(body, { checks });
  assert.equal((await call('customer', 'GET', '/v1/doctor')).status, 403);
  assert.equal((await call('nobody', 'GET', '/v1/doctor')).status, 401);
});

test('the doctor warns of what is stopped, since when, by whom and why; it is no problem', async (t) => {
  const { call, store } = await serve(t);
  const refund = { scope: 'tool', name: 'refund', setBy: 'olga', reason: 'it pays twice', setMs: NOW_MS } as const;
  const acme = { ...refund, scope: 'tenant', name: 'acme' } as const;
  for (const one of [refund, acme]) await store.switches.set({ id: one.name, isThrown: true, switch: one });
  const look = async () => (await call('operator', 'GET', '/v1/doctor')).body.checks as { name: string }[];
  const check = (await look()).find(({ name }) => name === 'switches');
  const text = `the tool refund is stopped since ${new Date(NOW_MS).toISOString()} by olga: it pays twice`;
  assert.deepEqual(check, { name: 'switches', kind: 'warning', text });
  store.switches.thrown = async () => Promise.reject(new Error('gone'));
  assert.equal(
    (await look()).some(({ name }) => name === 'switches'),
    false,
    'the check of the store says it',
  );
});

test('what a role noticed about itself is a warning of the doctor', async (t) => {
  const { call, store } = await serve(t);
  await store.notices.replace('actor', ['the login is too wide'], 1);
  const { body } = await call('operator', 'GET', '/v1/doctor');
  const { checks } = body as unknown as { checks: readonly { readonly name: string }[] };
  const noticed = { name: 'actor', kind: 'warning', text: 'the login is too wide' };
  assert.deepEqual(
    checks.find((one) => one.name === 'actor'),
    noticed,
  );
});

test('the doctor warns of open conversations whose agent or owner is not here any more', async (t) => {
  const { call, store } = await serve(t);
  store.put({ orphans: [{ agent: 'old-desk', owner: 'gone', count: 3 }] });
  const { body } = await call('operator', 'GET', '/v1/doctor');
  const { checks } = body as unknown as { checks: readonly { readonly name: string; readonly text: string }[] };
  assert.match(checks.find(({ name }) => name === 'owners')?.text ?? '', /^3 open conversations .*"old-desk".*"gone"/);
});

interface Checks {
  readonly checks: readonly { readonly name: string; readonly kind: string; readonly text: string }[];
}

test('the doctor says where a limit of somebody binds nobody: a rule that asks them names no amount', async (t) => {
  const { call, ask } = await serve(t);
  const { conversationId } = await ask({ amount: { currency: 'EUR', minorUnits: 1 } });
  await ask({ conversationId, id: 'c-8:1:0.0.0', group: 'treasury', ruleId: 'payout' });
  await ask({ conversationId, id: 'c-9:1:0.0.0', ruleId: 'credit', tool: 'issue_credit' });
  const { checks } = (await call('operator', 'GET', '/v1/doctor')).body as unknown as Checks;
  const { kind, text = '' } = checks.find(({ name }) => name === 'limits') ?? {};
  assert.equal(kind, 'warning');
  assert.match(
    text,
    /^the rule credit of support-desk asks finance for issue_credit and names no amount, so the limits of colleague \(approvesUpTo\) bind nobody there: .*$/,
    'and no other: the first names one, and of treasury nobody has a limit',
  );
});
