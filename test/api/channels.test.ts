import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WEBHOOK_BYTES } from '../../api/limits.ts';
import { statementIn } from '../../trust/signing.ts';
import type { DecisionStatement, MessageStatement } from '../../domain/signed.ts';
import { direct, envelope, mention, slackFixture, tsOf } from '../channels/slack-fixture.ts';
import { because, button, clicked, idOf, listening, said, sign, TEAM } from './support/listening.ts';

test('a mention opens the conversation of its thread, and the thread continues it, each for its own sender', async (t) => {
  const { send, gateway, store } = await listening(t);
  assert.equal(await send(said('customer', 'refund 1042', 1)), '200');
  const reply = { ...mention({ from: idOf('colleague'), text: 'and 1043', event: 2 }), thread_ts: tsOf(1) };
  assert.equal(await send(envelope(reply)), '200');
  assert.equal(await send(said('customer', 'another matter', 3)), '200');
  assert.equal(gateway.conversations.size, 2);
  // Its Workflow knows that what it says is told in a channel.
  assert.ok([...gateway.conversations.values()].every(({ delivery }) => delivery !== undefined));
  const statements = gateway.taken.map(({ signed }) => statementIn<MessageStatement>(signed));
  assert.deepEqual(
    statements.map(({ principal, conversationId }) => [principal.id, principal.tenant, conversationId.slice(0, 6)]),
    [
      ['customer', 'default', 'slack-'],
      ['colleague', 'default', 'slack-'],
      ['customer', 'default', 'slack-'],
    ],
  );
  assert.equal(statements[0]?.conversationId, statements[1]?.conversationId);
  assert.match(statements[0]?.conversationId ?? '', /^slack-[\w-]{22}$/);
  const row = await store.conversations.get(statements[0]?.conversationId ?? '');
  assert.deepEqual(row?.channel, { name: 'slack', address: { to: 'C0FINANCE', thread: tsOf(1) } });
  assert.deepEqual([row?.agent, row?.principal.id], ['support-desk', 'customer']);
  const isToldThere = [...gateway.conversations.values()].map(({ delivery }) => delivery !== undefined);
  assert.deepEqual(isToldThere, [true, true], 'the Workflow knows that it is to be answered in its channel');
});

test('a webhook that is delivered again is taken once', async (t) => {
  const { send, gateway, heard } = await listening(t);
  for (let time = 0; time < 3; time++) assert.equal(await send(envelope(direct)), '200');
  gateway.renew([...gateway.conversations.keys()][0] ?? '');
  assert.equal(await send(envelope(direct)), '200');
  assert.equal(gateway.taken.length, 0, 'nobody of the directory sent it');
  for (let time = 0; time < 3; time++) assert.equal(await send(said('customer', 'hello')), '200');
  gateway.renew([...gateway.conversations.keys()][0] ?? '');
  assert.equal(await send(said('customer', 'hello')), '200');
  assert.equal(gateway.taken.length, 1);
  assert.equal(heard().length, 1, 'the stranger is told once a day');
});

test('whoever the directory does not name is told which id to put there, and nothing starts', async (t) => {
  const { send, gateway, heard, ask } = await listening(t);
  const approval = await ask();
  await send(slackFixture.message({ from: `${TEAM}/U0EVE`, displayName: 'customer' }));
  await send(
    slackFixture.click({
      from: `${TEAM}/U0MALLORY`,
      displayName: 'approver',
      payload: button('approve', approval),
    }),
  );
  // The right user id of another workspace is somebody else.
  await send(envelope({ ...mention({ from: idOf('customer') }), team: 'T0OTHER' }));
  assert.deepEqual(
    heard().map((text) => /slack: "([^"]+)"$/.exec(text)?.[1]),
    [`${TEAM}/U0EVE`, `${TEAM}/U0MALLORY`, 'T0OTHER/U0CUSTOMER'],
  );
  assert.deepEqual([gateway.taken.length, [...gateway.conversations.keys()].length], [0, 1]);
});

test('what does not prove where it comes from is 401, and what is not there 404', async (t) => {
  const { post, gateway } = await listening(t);
  for (const [what, webhook] of Object.entries(slackFixture.forgeries(said('customer', 'hello')))) {
    const headers = Object.fromEntries(Object.entries(webhook.headers).filter(([, value]) => value !== undefined));
    const known = await post({ ...webhook, headers });
    assert.equal(known, '401 webhook_refused', what);
  }
  const right = sign(said('customer', 'hello'));
  assert.equal(await post(right, 'telegram'), '404 not_found');
  assert.equal(await post(right, 'slack%2f..'), '404 not_found');
  const zipped = { ...right, headers: { ...right.headers, 'content-encoding': 'gzip' } };
  assert.match(await post(zipped), /^4\d\d /);
  const large = sign(JSON.stringify({ text: 'x'.repeat(WEBHOOK_BYTES) }));
  assert.equal(await post(large), '413 too_large');
  assert.equal(gateway.taken.length, 0);
});

test('the bytes are verified as they came: not parsed, and not under another type', async (t) => {
  const { post, gateway } = await listening(t);
  const spaced = sign(` ${said('customer', 'ünïcode \\u0041 ☃')}\n`);
  for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded'])
    assert.equal(await post({ ...spaced, headers: { ...spaced.headers, 'content-type': type } }), '200');
  assert.equal(gateway.taken.length, 1);
  assert.equal(await post(sign(JSON.stringify({ type: 'url_verification', challenge: 'abc' }))), 'abc');
});

test('a click decides as over HTTP: signed for the person, known by the channel, with its receipt told alone', async (t) => {
  const { send, ask, store, heard } = await listening(t);
  const approval = await ask();
  const payload = button('approve', approval);
  for (let time = 0; time < 2; time++) assert.equal(await send(clicked('approver', payload)), '200');
  const settled = await store.approvals.get(approval.id);
  assert.equal(settled?.end, 'approved');
  const statement = statementIn<DecisionStatement>(settled?.decisions[0]?.signed ?? '');
  assert.deepEqual(
    [statement.person.id, statement.method, statement.answer, statement.digest],
    ['approver', 'slack', 'approve', approval.digest],
  );
  assert.match(statement.decisionId, /^approver\/slack-[\w-]{22}$/);
  assert.deepEqual(heard(), ['approved: refund order 1042 · 72.00 EUR']);
  assert.equal(store.told.at(-1)?.note.clicked?.approvalId, approval.id, 'the actor learns which card it was');
  assert.equal(
    store.told.at(-1)?.conversationId,
    approval.conversationId,
    'it goes with the words of that conversation',
  );
  await send(clicked('colleague', payload, 2));
  assert.deepEqual(heard(), ['Too late: it is already approved.']);
});

test('a deny asks for its reason first, and counts with it', async (t) => {
  const { send, ask, store, heard } = await listening(t);
  const approval = await ask();
  const payload = button('deny', approval);
  await send(clicked('approver', payload));
  assert.deepEqual(heard(), ['why deny? refund order 1042 · 72.00 EUR']);
  assert.equal(store.told.at(-1)?.conversationId, approval.conversationId);
  assert.equal((await store.approvals.get(approval.id))?.end, 'open');
  await send(because('approver', payload, '   '));
  assert.deepEqual(heard(), [
    'This cannot be taken: a deny needs a reason, and who asks back a question; say it in one sentence.',
  ]);
  await send(said('customer', 'a\u0000b', 7));
  assert.deepEqual(heard(), ['This cannot be taken: your message has a NUL character or broken Unicode; remove it.']);
  await send(because('approver', payload, 'not in March'));
  const settled = await store.approvals.get(approval.id);
  assert.deepEqual([settled?.end, settled?.decisions[0]?.reason], ['denied', 'not in March']);
});

test('a reason that is too long is told, and never cut and signed', async (t) => {
  const { send, ask, store, heard } = await listening(t);
  const approval = await ask();
  await send(because('approver', button('deny', approval), '😀'.repeat(300)));
  assert.match(heard().join(), /Your reason has 600 characters, and a reason may have 500, so nothing was decided/);
  assert.equal((await store.approvals.get(approval.id))?.end, 'open');
});

test('who is not in the group, or asked for it, decides nothing by clicking, and is told why', async (t) => {
  const { send, ask, store, heard } = await listening(t);
  const approval = await ask();
  for (const answer of ['approve', 'deny', 'happened'] as const) {
    await send(clicked('operator', button(answer, approval)));
    await send(clicked('customer', button(answer, approval)));
  }
  await send(because('customer', button('deny', approval), 'no'));
  await send(clicked('approver', button('happened', approval)));
  await send(clicked('approver', `approve.${'x'.repeat(33)}`));
  assert.equal((await store.approvals.get(approval.id))?.end, 'open');
  const told = heard().join('\n');
  assert.match(
    told,
    /^You are not among those who are asked this, so nothing was done[^]*Who asks for an action, or whose words it rests on, cannot decide it[^]*answer "approve" or "deny"[^]*not here/,
  );
  assert.doesNotMatch(told, /why deny/);
});

test('whoever was not offered to approve cannot: no button tells the handle of another answer', async (t) => {
  const { send, ask, store, heard } = await listening(t);
  const approval = await ask();
  for (const offered of ['view', 'deny'] as const) {
    const handle = button(offered, approval).split('.')[1];
    await send(clicked('approver', `approve.${handle}`));
    await send(because('approver', `approve.${handle}`, 'go'));
    assert.match(heard().join(), /What this button was for is not here/);
  }
  assert.equal((await store.approvals.get(approval.id))?.end, 'open');
  await send(clicked('approver', button('approve', approval), 2));
  assert.equal((await store.approvals.get(approval.id))?.end, 'approved');
});

test('whoever sends only a file is told that it is not read, and no conversation begins', async (t) => {
  const { send, gateway, heard } = await listening(t);
  const file = { ...direct, user: 'U0CUSTOMER', text: '', subtype: 'file_share', files: [{ id: 'F0' }] };
  assert.equal(await send(envelope(file)), '200');
  assert.deepEqual([heard(), gateway.conversations.size], [['Files are not read here; say it in words.'], 0]);
});

test('what was not surely taken is 503, so that it comes again, and counts once', async (t) => {
  const { send, gateway, ask, store, heard } = await listening(t);
  const approval = await ask();
  const payload = button('approve', approval);
  gateway.state = 'down';
  assert.equal(await send(said('customer', 'hello')), '503 unavailable');
  assert.equal(await send(clicked('approver', payload)), '503 unavailable');
  gateway.state = 'up';
  assert.equal(await send(said('customer', 'hello')), '200');
  assert.equal(await send(clicked('approver', payload)), '200');
  assert.equal(gateway.taken.length, 1);
  assert.equal((await store.approvals.get(approval.id))?.end, 'approved');
  store.fail(Object.assign(new Error('gone'), { name: 'StoreUnavailable' }));
  assert.equal(await send(said('customer', 'again', 5)), '503 unavailable');
  store.fail(undefined);
  assert.equal(heard().length, 1);
});

test('what the Workflow refuses is told to the sender, and does not come again', async (t) => {
  const { send, gateway, heard } = await listening(t);
  await send(said('customer', 'hello'));
  const [id = ''] = gateway.conversations.keys();
  const [state] = gateway.conversations.values();
  if (state !== undefined) state.phase = 'stopped';
  assert.equal(await send(envelope({ ...mention({ from: idOf('customer'), event: 2 }), thread_ts: tsOf(1) })), '200');
  gateway.ended.add(id);
  assert.equal(await send(envelope({ ...mention({ from: idOf('customer'), event: 3 }), thread_ts: tsOf(1) })), '200');
  assert.deepEqual(
    gateway.taken.map((_, at) => at),
    [0, 1],
    'what has ended is followed by another one',
  );
  assert.equal(await send(said('customer', 'x'.repeat(17_000), 5)), '200');
  const told = heard();
  assert.equal(told.length, 2);
  assert.match(told.join('\n'), /Refused: ConversationStopped/);
  assert.equal(told[1], 'This cannot be taken: your message has more than 16000 characters; shorten it.');
});

test('a Workflow that does not answer in time is 503 before the platform gives up', async (t) => {
  const { send, gateway } = await listening(t);
  gateway.onMessage = () => new Promise(() => undefined);
  const begunMs = performance.now();
  assert.equal(await send(said('customer', 'hello')), '503 unavailable');
  assert.ok(performance.now() - begunMs < 3_000, 'Slack waits 3 s');
});
