// What the API turns away at its door is on record, by whatever way it came: once for each person and reason.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createLinks } from '../../api/links.ts';
import { MAX_REFUSALS_EACH, REFUSALS, type RefusedDecision } from '../../domain/refusal.ts';
import type { MemoryStore } from './support/memory-store.ts';
import { problem } from './support/answers.ts';
import { endOf, follow, formIn, get, linkFor, login, personOf, post } from './support/browser.ts';
import { because, button, clicked, listening } from './support/listening.ts';
import { NOW_MS, type Served, serve, type Who } from './support/served.ts';

const refusedIn = ({ entries }: Pick<MemoryStore, 'entries'>, id: string): readonly RefusedDecision[] =>
  entries.flatMap(({ subject, fact }) =>
    subject === id && fact.kind === 'decision_refused' && fact.by !== undefined ? [fact.by] : [],
  );
const inShort = ({ personId, tenant, why, answer, method }: RefusedDecision): string =>
  `${personId}@${tenant} ${answer} ${method}: ${why}`;

const decide = ({ call }: Served, who: Who, id: string, body: object, query = '') =>
  call(who, 'POST', `/v1/approvals/${id}/decision${query}`, body);

test('a decision that is refused over HTTP is on record: whose, which, known how, and why; and once', async (t) => {
  const served = await serve(t);
  const amount = { currency: 'EUR', minorUnits: 5_001 };
  const { id, conversationId } = await served.ask({ requester: 'customer', amount });
  for (const who of ['operator', 'stranger', 'approver@other', 'customer', 'colleague'] as const) {
    for (let time = 0; time < 2; time++) {
      const { status } = await decide(served, who, id, { answer: 'approve', id: `d${time}` });
      assert.ok(status === 403 || status === 404, who);
    }
  }
  await decide(served, 'colleague', id, { answer: 'approve' }, '?sign=only');
  await decide(served, 'approver', id, { answer: 'happened' });
  assert.deepEqual(refusedIn(served.store, id).map(inShort), [
    'operator@default approve api_key: not_asked',
    'stranger@default approve api_key: not_asked',
    'approver@other approve api_key: other_tenant',
    'customer@default approve api_key: author',
    'colleague@default approve api_key: above_limit',
    'approver@default happened api_key: wrong_answer',
  ]);
  const entry = served.store.entries.find(({ fact }) => fact.kind === 'decision_refused');
  assert.deepEqual([entry?.subject, entry?.conversationId], [id, conversationId]);
  assert.ok(entry?.fact.kind === 'decision_refused');
  assert.equal(entry.fact.reason, 'Only members of the group "finance" may decide this.');
  assert.equal(await endOf(served, id), 'open');
});

test('who is too late, or changes nothing, is on record as that', async (t) => {
  const served = await serve(t);
  const { id } = await served.ask({ quorum: 1 });
  assert.equal(problem(await decide(served, 'approver', id, { answer: 'withdraw' })), '409 decision_not_counted');
  await decide(served, 'approver', id, { answer: 'approve', id: 'd' });
  await decide(served, 'approver', id, { answer: 'approve', id: 'd' });
  for (let time = 0; time < 2; time++) await decide(served, 'colleague', id, { answer: 'deny', reason: 'no' });
  assert.deepEqual(refusedIn(served.store, id).map(inShort), [
    'approver@default withdraw api_key: not_counted',
    'colleague@default deny api_key: over',
  ]);
});

test('what is no decision at all, or is about nothing, is no refused one', async (t) => {
  const served = await serve(t);
  const { id } = await served.ask();
  assert.equal((await decide(served, 'approver', id, { answer: 'deny' })).status, 400);
  assert.equal((await decide(served, 'approver', id, { answer: 'yes' })).status, 400);
  assert.equal((await decide(served, 'nobody', id, { answer: 'approve' })).status, 401);
  assert.equal((await decide(served, 'auditor', id, { answer: 'approve' })).status, 403);
  assert.equal((await decide(served, 'stranger', 'c-9:1:0.0.0', { answer: 'approve' })).status, 404);
  await served.call('stranger', 'GET', `/v1/approvals/${id}`);
  assert.deepEqual(
    served.store.entries.filter(({ fact }) => fact.kind === 'decision_refused'),
    [],
  );
});

test('a click and a reason that are refused in a channel are on record, known by the channel', async (t) => {
  const { send, ask, store } = await listening(t);
  const approval = await ask();
  for (let time = 0; time < 2; time++) {
    await send(clicked('operator', button('approve', approval), time));
    await send(clicked('customer', button('deny', approval), time));
  }
  await send(because('customer', button('deny', approval), 'no'));
  await send(clicked('approver', button('happened', approval)));
  await send(clicked('approver', `approve.${button('view', approval).split('.')[1]}`));
  await send(clicked('operator', button('view', approval)));
  assert.deepEqual(refusedIn(store, approval.id).map(inShort), [
    'operator@default approve slack: not_asked',
    'customer@default deny slack: author',
    'approver@default happened slack: wrong_answer',
    'approver@default approve slack: not_offered',
  ]);
});

test('an answer on the page that is refused is on record, by key and by link, and a form that is not theirs is nobody’s', async (t) => {
  const served = await serve(t);
  const approval = await served.ask({ args: JSON.stringify({ to: Array.from({ length: 2_500 }, () => 'a') }) });
  const { id } = approval;
  const { html } = await get(served, `/approvals/${id}`, login(served, 'approver'));
  for (let time = 0; time < 2; time++) {
    await post(served, id, { form: formIn(html), answer: 'approve' }, login(served, 'approver'));
  }
  const { cookie } = await follow(served, await linkFor(served, approval, 'customer'));
  const caller = { keyId: '', principal: personOf('customer'), scopes: [], link: cookie.split('=')[1]! };
  const own = await createLinks({ signer: served.signer, nowMs: () => NOW_MS }).formFor(caller, approval);
  assert.equal((await post(served, id, { form: own, answer: 'approve' }, { cookie })).status, 403);
  for (const form of ['', 'x', own]) {
    assert.equal((await post(served, id, { form, answer: 'approve' }, login(served, 'operator'))).status, 403);
    assert.equal((await post(served, id, { form, answer: 'approve' }, login(served, 'stranger'))).status, 404);
  }
  assert.deepEqual(refusedIn(served.store, id).map(inShort), [
    'approver@default approve api_key: not_shown_whole',
    'customer@default approve page: author',
  ]);
});

test('one person leaves a bounded number of refusals on one approval, whatever they try', async (t) => {
  assert.ok(Object.keys(REFUSALS).length <= MAX_REFUSALS_EACH);
  const served = await serve(t);
  const { id } = await served.ask();
  for (let time = 0; time < 2 * MAX_REFUSALS_EACH; time++) {
    for (const answer of ['approve', 'edit', 'withdraw', 'happened'] as const) {
      const args = answer === 'edit' ? { args: { order: `${time}` } } : {};
      await decide(served, 'operator', id, { answer, id: `d${time}`, reason: `${time}`, ...args });
    }
  }
  assert.deepEqual(refusedIn(served.store, id).map(inShort), ['operator@default approve api_key: not_asked']);
});

const WITHOUT_RECORD: readonly (readonly [what: string, record: () => Promise<void>])[] = [
  ['fails', () => Promise.reject(new Error('permission denied'))],
  ['never comes back', () => new Promise(() => undefined)],
];

for (const [what, record] of WITHOUT_RECORD) {
  test(`a refusal is answered also where putting it on record ${what}, and the log has it`, async (t: TestContext) => {
    const served = await serve(t);
    const { id } = await served.ask();
    served.store.record = record;
    assert.equal(problem(await decide(served, 'operator', id, { answer: 'approve' })), '403 not_a_member');
    assert.match(served.logged.join(''), /"personId":"operator","why":"not_asked".*a refusal is not on record/);
  });
}
