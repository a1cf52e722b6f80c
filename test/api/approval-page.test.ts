// The page of one approval: what it shows, and what an answer on it comes to.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLinks } from '../../api/links.ts';
import type { DecisionStatement } from '../../domain/signed.ts';
import type { ActionRow } from '../../store/ports.ts';
import { statementIn } from '../../trust/signing.ts';
import { buttonsIn, endOf, follow, formIn, get, linkFor, login, personOf, post } from './support/browser.ts';
import { NOW_MS, serve } from './support/served.ts';

test('the page shows three lines, every value, the rule, who asks, the deadline and what happens then', async (t) => {
  const served = await serve(t);
  const evidence = { asOfMs: NOW_MS - 120_000, version: '7', subject: 'customer', record: { state: 'delivered' } };
  const says = { forWhom: 'customer Cleo (customer)', howMuch: '72.00 EUR', critical: ['order'], evidence };
  const { id } = await served.ask({ ...says, args: '{"note":"a\\nb","order":"1042"}' });
  const { status, html, headers } = await get(served, `/approvals/${id}`, login(served, 'approver'));
  assert.equal(status, 200);
  for (const words of [
    /<h1 dir="auto">refund order 1042<\/h1>\s*<p dir="auto">customer Cleo \(customer\)<\/p>\s*<p dir="auto">72\.00 EUR<\/p>/,
    /<tr class="critical"><th scope="row" dir="auto">order<\/th><td dir="auto">&quot;1042&quot;<\/td>/,
    /<td dir="auto">a\nb<\/td>/,
    /waits for 1 of finance until 2027-01-15 08:01 UTC \(in 1 min\); then it is denied by itself/,
    /read 2 min ago \(2027-01-15 07:58 UTC\), version 7/,
    /refund\.large/,
    /above 50 EUR/,
    /customer, through the agent support-desk/,
  ]) {
    assert.match(html, words);
  }
  assert.deepEqual(buttonsIn(html), ['approve', 'deny', 'edit', 'ask_back']);
  assert.match(html, /<textarea name="reason" rows="2" maxlength="500" required>/);
  const labels = Array.from(
    html.matchAll(/<label>(Reason [^\n]+)[^]*?name="answer" value="(\w+)"/g),
    ([, label, answer]) => `${answer}: ${label}`,
  );
  assert.deepEqual(labels, [
    'approve: Reason (if you like; it goes on record)',
    'deny: Reason (whoever asked for it reads it)',
    'edit: Reason (if you like; it goes on record)',
    'ask_back: Reason (whoever asked for it reads it)',
  ]);
  const csp = headers.get('content-security-policy') ?? '';
  assert.match(
    csp,
    /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
  );
  assert.deepEqual(
    ['x-frame-options', 'referrer-policy', 'cache-control'].map((name) => headers.get(name)),
    ['DENY', 'no-referrer', 'no-store'],
  );
  assert.doesNotMatch(html, /<script|javascript:|\son\w+=|https?:\/\//);
});

test('what others wrote is text on the page: markup is escaped, and what hides is written out and named', async (t) => {
  const served = await serve(t);
  const evil = '<script>alert(1)</script>"\' \u202e';
  const args = JSON.stringify({ '<img src=x>': 'раураl@example.com', note: evil });
  const record = { '<b>': '<i>&amp;' };
  const { id } = await served.ask({
    ...{ args, summary: evil, forWhom: evil, reason: evil, ruleId: evil },
    evidence: { asOfMs: NOW_MS, version: '<u>', subject: '', record },
  });
  const { html } = await get(served, `/approvals/${id}`, login(served, 'approver'));
  assert.doesNotMatch(html, /<script|<img|<b>|<i>|<u>|\u202e/);
  assert.match(
    html,
    /&lt;script&gt;alert\(1\)&lt;\/script&gt;&quot;&#39; &lt;U\+202E&gt; <mark>careful: characters that turn text around/,
  );
  assert.match(html, /&lt;U\+0440&gt;.*<mark>careful: letters of different alphabets in one word/);
});

test('an approval by key, on the page, is the decision of the API, and ends at the page with its receipt', async (t) => {
  const served = await serve(t);
  const { id } = await served.ask();
  const { html } = await get(served, `/approvals/${id}`, login(served, 'approver'));
  const fields = { form: formIn(html), answer: 'approve', reason: 'looks\r\nright' };
  const sent = await post(served, id, fields, login(served, 'approver'));
  assert.deepEqual([sent.status, sent.headers.get('location')], [303, `/approvals/${id}`]);
  const settled = await served.store.approvals.get(id);
  const [decision] = settled?.decisions ?? [];
  assert.deepEqual([settled?.end, decision?.personId, decision?.reason], ['approved', 'approver', 'looks\nright']);
  assert.equal(statementIn<DecisionStatement>(decision?.signed ?? '').method, 'api_key');
  const after = await get(served, `/approvals/${id}`, login(served, 'approver'));
  assert.match(after.html, /<p>Approved<\/p>/);
  assert.match(after.html, /<p role="status"><strong>Your answer is counted: approve, 2027-01-15 08:00 UTC\./);
  assert.deepEqual(buttonsIn(after.html), []);
});

test('pressing twice on one page is one answer with one receipt; the other button afterwards is too late', async (t) => {
  const served = await serve(t);
  const { id } = await served.ask();
  const { html } = await get(served, `/approvals/${id}`, login(served, 'approver'));
  const send = (answer: string) =>
    post(served, id, { form: formIn(html), answer, reason: 'r' }, login(served, 'approver'));
  assert.deepEqual([(await send('approve')).status, (await send('approve')).status], [303, 303]);
  const late = await send('deny');
  assert.equal(late.status, 409);
  assert.match(late.html, /<h1>The approval is already settled<\/h1>/);
  assert.equal((await served.store.approvals.get(id))?.decisions.length, 1);
});

test('a deny needs a reason, and an answer must be one of those that it has', async (t) => {
  const served = await serve(t);
  const { id } = await served.ask();
  const { html } = await get(served, `/approvals/${id}`, login(served, 'approver'));
  const send = (fields: object) => post(served, id, { form: formIn(html), ...fields }, login(served, 'approver'));
  for (const fields of [
    { answer: 'deny', reason: ' \r\n ' },
    { answer: 'deny' },
    { answer: 'happened' },
    { answer: 'x' },
    { answer: 'approve', reason: 'x'.repeat(501) },
    { answer: 'approve', extra: '1' },
    {},
  ]) {
    const refused = await send(fields);
    assert.equal(refused.status, 400, JSON.stringify(fields));
    if (fields.answer === 'deny') assert.match(refused.html, /<p>This cannot be taken: a deny needs a reason/);
  }
  assert.equal(await endOf(served, id), 'open');
  assert.equal((await send({ answer: 'deny', reason: 'not ours' })).status, 303);
  assert.equal(await endOf(served, id), 'denied');
});

test('too late is said in words, and changes nothing', async (t) => {
  const served = await serve(t);
  const due = await served.ask({ deadlineMs: NOW_MS - 1 });
  const { html } = await get(served, `/approvals/${due.id}`, login(served, 'approver'));
  assert.match(html, /The time to answer is over\./);
  assert.deepEqual([buttonsIn(html), formIn(html)], [[], '']);
  const links = createLinks({ signer: served.signer, nowMs: () => NOW_MS });
  const { page, cookie } = await follow(served, await linkFor(served, due, 'approver'));
  assert.match(page.html, /The time to answer is over\./);
  const caller = { keyId: '', principal: personOf('approver'), scopes: [], link: cookie.split('=')[1]! };
  const late = await post(served, due.id, { form: await links.formFor(caller, due), answer: 'approve' }, { cookie });
  assert.equal(late.status, 410);
  assert.match(late.html, /<h1>The approval has expired<\/h1>/);
  const ended = await get(served, `/approvals/${due.id}`, login(served, 'approver'));
  assert.match(ended.html, /<p>Expired: nobody decided in time/);
});

test('what even the page cannot show whole is not approved there, says how much is hidden, and may be denied', async (t) => {
  const served = await serve(t);
  const long = await served.ask({ args: JSON.stringify({ to: Array.from({ length: 2_500 }, (_, at) => `a${at}`) }) });
  const { html } = await get(served, `/approvals/${long.id}`, login(served, 'approver'));
  assert.match(html, /This is more than can be shown: 500 of its 2500 values are hidden\./);
  assert.deepEqual(buttonsIn(html), ['deny', 'ask_back']);
  const send = (answer: string) =>
    post(served, long.id, { form: formIn(html), answer, reason: 'too much' }, login(served, 'approver'));
  const refused = await send('approve');
  assert.deepEqual([refused.status, /It cannot be shown whole/.test(refused.html)], [403, true]);
  assert.equal(await endOf(served, long.id), 'open');
  assert.equal((await send('deny')).status, 303);
  assert.equal(await endOf(served, long.id), 'denied');
});

test('the longest arguments that a call may have are shown whole', async (t) => {
  const served = await serve(t);
  const text = 'ä'.repeat(16_000);
  const { id } = await served.ask({ args: JSON.stringify({ text }) });
  const { html } = await get(served, `/approvals/${id}`, login(served, 'approver'));
  assert.ok(html.includes(text));
  assert.deepEqual(buttonsIn(html), ['approve', 'deny', 'edit', 'ask_back']);
});

test('what was asked with it is named, each to be answered for itself; what others are asked is not', async (t) => {
  const served = await serve(t);
  const first = await served.ask();
  const { conversationId, batchId } = first;
  const second = await served.ask({ id: `${batchId}.1.0`, conversationId, summary: 'mail to <a@b>' });
  await served.ask({ id: `${batchId}.2.0`, conversationId, group: 'desk', summary: 'not for finance' });
  const { html } = await get(served, `/approvals/${first.id}`, login(served, 'approver'));
  assert.match(html, new RegExp(`<a href="/approvals/${second.id}" rel="noreferrer">mail to &lt;a@b&gt;</a>`));
  assert.doesNotMatch(html, /not for finance/);
});

test('what rules have allowed and runs with it is named, as on a card', async (t) => {
  const served = await serve(t);
  const { id, batchId, conversationId } = await served.ask();
  const beside = {
    ...({ id: batchId.replace(/\d+$/, '7'), conversationId, summary: 'note <b>this</b>', approvalId: null } as const),
    verdict: { kind: 'allow', ruleId: 'note', ruleVersion: '1', reason: '' },
  };
  served.store.put({ actions: [beside as unknown as ActionRow] });
  const { html } = await get(served, `/approvals/${id}`, login(served, 'approver'));
  assert.match(
    html,
    /Allowed by rules, and waits with it<\/h2>\n<ul><li dir="auto">note &lt;b&gt;this&lt;\/b&gt;<\/li>/,
  );
});

test('a question is answered on its page in its own words', async (t) => {
  const served = await serve(t);
  const question = await served.ask({ question: 'unknown', group: '@operator', id: 'c-7:1:0.question.0.0' });
  const { html } = await get(served, `/approvals/${question.id}`, login(served, 'operator'));
  assert.deepEqual(buttonsIn(html), ['happened', 'did_not_happen']);
  const fields = { form: formIn(html), answer: 'did_not_happen' };
  assert.equal((await post(served, question.id, fields, login(served, 'operator'))).status, 303);
  assert.equal(await endOf(served, question.id), 'did_not_happen');
});

test('a form that has too many fields is refused', async (t) => {
  const served = await serve(t);
  const { id } = await served.ask();
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`f${at}`, 'x']));
  assert.equal(Math.floor((await post(served, id, many, login(served, 'approver'))).status / 100), 4);
});

test('an error of a page is a page to a browser, and a problem to a program', async (t) => {
  const served = await serve(t);
  const path = '/approvals/nothing';
  const shown = await get(served, path, login(served, 'approver'));
  assert.match(shown.html, /<h1>Not found<\/h1>/);
  assert.match(shown.headers.get('content-security-policy') ?? '', /^default-src 'none'/);
  const told = await fetch(served.server.url + path, { headers: login(served, 'approver') });
  assert.match(told.headers.get('content-type') ?? '', /^application\/problem\+json/);
});

test('an edit on the page starts from the arguments, and ends the approval for a new proposal', async (t) => {
  const served = await serve(t);
  const { id } = await served.ask({ args: '{"note":"a\u202eb","order":"1042"}' });
  const { html } = await get(served, `/approvals/${id}`, login(served, 'approver'));
  assert.match(
    html,
    /<textarea name="args"[^>]*>\{&quot;note&quot;:&quot;a\\u202eb&quot;,&quot;order&quot;:&quot;1042&quot;\}</,
  );
  const send = (args: string) =>
    post(served, id, { form: formIn(html), answer: 'edit', reason: '', args }, login(served, 'approver'));
  assert.equal((await send('{"order":')).status, 400);
  assert.equal((await send('{"order":"1043"}')).status, 303);
  const settled = await served.store.approvals.get(id);
  assert.deepEqual([settled?.end, settled?.decisions[0]?.args], ['superseded', '{"order":"1043"}']);
});

test('who has approved may take it back on the page, while more are needed', async (t) => {
  const served = await serve(t);
  const own = {
    decisionId: 'approver/1',
    personId: 'approver',
    answer: 'approve',
    reason: '',
    atMs: 1,
    signed: '',
  } as const;
  const { id } = await served.ask({ quorum: 2, decisions: [own] });
  const { html } = await get(served, `/approvals/${id}`, login(served, 'approver'));
  assert.deepEqual(buttonsIn(html), ['deny', 'edit', 'withdraw', 'ask_back']);
  const fields = { form: formIn(html), answer: 'withdraw', reason: '' };
  assert.equal((await post(served, id, fields, login(served, 'approver'))).status, 303);
});

test('what the requester has said since somebody asked back stands on the page, neutralised', async (t) => {
  const served = await serve(t);
  const question = {
    decisionId: 'approver/1',
    personId: 'approver',
    reason: 'for whom?',
    atMs: 0,
    signed: '',
  } as const;
  const { id, conversationId, requester } = await served.ask({ asides: [{ ...question, answer: 'ask_back' }] });
  const from = { id: requester, name: requester, tenant: 'default' };
  const body = { kind: 'message', text: 'for <b>Dana\u202e</b>', from } as const;
  const item = { key: 'message:m1', conversationId, turn: 2, trust: 'principal', body } as const;
  await served.store.items.append([
    item,
    { ...item, key: 'message:m2', body: { ...body, text: 'of another', from: { ...from, id: 'x' } } },
  ]);
  const { html } = await get(served, `/approvals/${id}`, login(served, 'approver'));
  assert.match(
    html,
    /has said since it was asked back<\/h2>\n<ul><li dir="auto">[^<]*: for &lt;b&gt;Dana&lt;U\+202E&gt;/,
  );
  assert.doesNotMatch(html, /of another/);
});
