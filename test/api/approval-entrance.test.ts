// The ways into the page of an approval, by link and by key, and what is refused to whoever only seems to be let in.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashOfApiKey } from '../../api/keys.ts';
import { LINK_VALID_MS } from '../../api/limits.ts';
import { createLinks } from '../../api/links.ts';
import type { Approval } from '../../domain/approval.ts';
import type { DecisionStatement, LinkStatement } from '../../domain/signed.ts';
import { createSigner, generateSigningKey, statementIn } from '../../trust/signing.ts';
import { buttonsIn, endOf, follow, formIn, get, linkFor, login, personOf, post } from './support/browser.ts';
import { NOW_MS, serve, type Who } from './support/served.ts';

test('a link lets in the one person it was made for, without a key, to that one page', async (t) => {
  const served = await serve(t);
  const approval = await served.ask();
  const { id } = approval;
  const link = await linkFor(served, approval, 'approver');
  const entering = await get(served, link);
  const cookie = entering.headers.get('set-cookie') ?? '';
  const token = link.split('?link=')[1] ?? '';
  assert.equal(cookie, `countersign_link=${token}; Path=/approvals/${id}; Max-Age=87300; HttpOnly; SameSite=Strict`);
  assert.equal(entering.html.includes(token), false, 'the page that goes on does not carry the token');
  const { page, cookie: kept } = await follow(served, link);
  assert.deepEqual(buttonsIn(page.html), ['approve', 'deny', 'edit', 'ask_back']);
  const sent = await post(served, id, { form: formIn(page.html), answer: 'approve' }, { cookie: kept });
  assert.equal(sent.status, 303);
  const [decision] = (await served.store.approvals.get(id))?.decisions ?? [];
  const { person, method, digest } = statementIn<DecisionStatement>(decision?.signed ?? '');
  assert.deepEqual([person, method, digest], [personOf('approver'), 'page', approval.digest]);
  for (const path of [`/v1/approvals/${id}`, '/v1/approvals', `/actions/${approval.actionId}/why`]) {
    assert.equal((await get(served, path, { cookie: kept })).status, 401, path);
  }
  assert.equal(served.logged.join('').includes(token), false, 'no log line has the token');
});

test('beyond this machine the cookie of a link goes over TLS only', async () => {
  const links = createLinks({ signer: createSigner('api', generateSigningKey()), nowMs: () => NOW_MS });
  const id = 'c-7:1:0.0.0';
  const [, link = ''] = (await links.pathFor({ id, digest: 'd' }, personOf('approver'))).split('?link=');
  for (const [host, isSecure] of [
    ['127.0.0.1:3000', false],
    ['localhost', false],
    ['[::1]:3000', false],
    ['countersign.example', true],
    ['127.0.0.1.example', true],
    ['localhost.example:80', true],
    ['', true],
  ] as const) {
    assert.equal((await links.cookieOf(link, id, host)).endsWith('; Secure'), isSecure, host);
  }
});

test('a link that has run out, was altered, or is for another approval or action opens nothing', async (t) => {
  const served = await serve(t);
  const approval = await served.ask();
  const other = await served.ask();
  const good = await linkFor(served, approval, 'approver');
  const [path = '', token = ''] = good.split('?link=');
  const [header = '', payload = '', signature = ''] = token.split('.');
  const forged = {
    ...(JSON.parse(Buffer.from(payload, 'base64url').toString()) as object),
    person: personOf('colleague'),
  };
  const elsewhere = await linkFor(served, other, 'approver');
  const decision = await served.signer.sign<DecisionStatement>({
    ...{ kind: 'decision', decisionId: 'd', approvalId: approval.id, digest: approval.digest, answer: 'approve' },
    ...{ reason: '', person: personOf('approver'), method: 'page', atMs: NOW_MS },
  });
  for (const [what, link] of [
    ['run out', await linkFor(served, approval, 'approver', LINK_VALID_MS)],
    ['altered', `${path}?link=${header}.${Buffer.from(JSON.stringify(forged)).toString('base64url')}.${signature}`],
    ['unsigned', `${path}?link=${header}.${payload}.`],
    ['cut', `${path}?link=${token.slice(0, -2)}`],
    ['empty', `${path}?link=`],
    ['no token', `${path}?link=x`],
    ['of another approval', `${path}?link=${elsewhere.split('?link=')[1]}`],
    ['another signed statement', `${path}?link=${decision}`],
    ['of another digest', await linkFor(served, { ...approval, digest: 'e'.repeat(64) }, 'approver')],
  ] as const) {
    const refused = await get(served, link);
    assert.deepEqual([refused.status, refused.headers.get('set-cookie')], [403, null], what);
    const said = what === 'run out' ? /This link has run out/ : /This link is for something else, or was changed/;
    assert.match(refused.html, said, what);
    assert.match(refused.html, /Press “See everything” on the/);
    assert.match(refused.html, new RegExp(`<a href="${path}\\?by=key" rel="noreferrer">Come with a key</a>`));
  }
  assert.equal((await get(served, `${path}?link=${'x'.repeat(2_000)}`)).status, 403);
  assert.equal((await get(served, `${path}?link=a&link=b`)).status, 403);
});

test('who comes back by a link that has run out is told how to get another, and may come with a key', async (t) => {
  const served = await serve(t);
  const approval = await served.ask();
  const url = `/approvals/${approval.id}`;
  const cookie = `countersign_link=${(await linkFor(served, approval, 'approver', LINK_VALID_MS)).split('?link=')[1]}`;
  for (const page of [
    await get(served, url, { cookie }),
    await post(served, approval.id, { form: 'x', answer: 'approve' }, { cookie }),
  ]) {
    assert.deepEqual([page.status, page.headers.get('www-authenticate')], [403, null], 'no login is asked for');
    assert.match(page.html, /has run out, and nothing was decided by it just now\. Press “See everything” on the card/);
  }
  const asksKey = await get(served, `${url}?by=key`, { cookie });
  assert.deepEqual([asksKey.status, asksKey.headers.get('www-authenticate')], [401, 'Basic realm="countersign"']);
  assert.equal((await get(served, url, { cookie, ...login(served, 'colleague') })).status, 200);
  assert.equal(await endOf(served, approval.id), 'open');
});

test('a link shows what was asked with it, by a link that ends with it, and names no page that it does not open', async (t) => {
  const served = await serve(t);
  const first = await served.ask();
  const { conversationId, batchId } = first;
  const second = await served.ask({ id: `${batchId}.1.0`, conversationId });
  await served.ask({ id: `${batchId}.2.0`, conversationId, group: 'desk', summary: 'not for finance' });
  const { page } = await follow(served, await linkFor(served, first, 'approver', LINK_VALID_MS - 60_000));
  const links = Array.from(page.html.matchAll(/href="([^"]+)"/g), ([, url = '']) => url);
  assert.deepEqual(
    links.map((url) => url.split('=')[0]),
    [`/approvals/${second.id}?link`],
    'neither its story nor what others are asked',
  );
  assert.match(page.html, new RegExp(`with a key: countersign why ${first.actionId}`));
  assert.match(page.html, /Your link is good until 2027-01-15 08:01 UTC/);
  const onward = await follow(served, links[0] ?? '');
  assert.equal(onward.page.status, 200);
  const { expMs, person } = statementIn<LinkStatement>(onward.cookie.split('=')[1] ?? '');
  assert.deepEqual([expMs, person], [NOW_MS + 60_000, personOf('approver')], 'no link makes itself last longer');
  const byKey = await get(served, `/approvals/${first.id}`, login(served, 'approver'));
  assert.match(byKey.html, new RegExp(`href="/approvals/${second.id}"`));
  assert.match(byKey.html, new RegExp(`href="/actions/${first.actionId}/why"`));
});

test('a cookie of another approval, or that is none of ours, is as none: the key is asked for', async (t) => {
  const served = await serve(t);
  const approval = await served.ask();
  const other = await served.ask();
  const cookieOf = async (of: Approval, agoMs: number) =>
    `countersign_link=${(await linkFor(served, of, 'approver', agoMs)).split('?link=')[1]}`;
  for (const cookie of [await cookieOf(other, LINK_VALID_MS), await cookieOf(other, 0), 'countersign_link=x']) {
    const { status, headers } = await get(served, `/approvals/${approval.id}`, { cookie });
    assert.deepEqual([status, headers.get('www-authenticate')], [401, 'Basic realm="countersign"']);
    assert.equal((await post(served, approval.id, { form: 'x', answer: 'approve' }, { cookie })).status, 401);
  }
  const both = { cookie: 'countersign_link=x', ...login(served, 'colleague') };
  assert.equal((await get(served, `/approvals/${approval.id}`, both)).status, 200);
});

test('a link helps nobody who may not decide: no member, no longer a member, another tenant, or who asked', async (t) => {
  const served = await serve(t);
  const approval = await served.ask();
  for (const who of ['stranger', 'operator']) {
    assert.equal((await get(served, await linkFor(served, approval, who))).status, 404, who);
  }
  const links = createLinks({ signer: served.signer, nowMs: () => NOW_MS });
  const foreign = await links.pathFor(approval, { ...personOf('approver'), tenant: 'other' });
  assert.equal((await get(served, foreign)).status, 404);
  const { page, cookie } = await follow(served, await linkFor(served, approval, 'customer'));
  assert.match(page.html, /Who asks for an action, or whose words it rests on, cannot decide it\./);
  const own = await links.formFor(
    { keyId: '', principal: personOf('customer'), scopes: [], link: cookie.split('=')[1]! },
    approval,
  );
  assert.equal((await post(served, approval.id, { form: own, answer: 'approve' }, { cookie })).status, 403);
  assert.equal(await endOf(served, approval.id), 'open');
});

test('an operator and a key of another house look as the API lets them, and answer nothing', async (t) => {
  const served = await serve(t);
  const { id } = await served.ask();
  const seen = await get(served, `/approvals/${id}`, login(served, 'operator'));
  assert.match(seen.html, /Only members of the group &quot;finance&quot; may decide this\./);
  assert.deepEqual(buttonsIn(seen.html), []);
  for (const who of ['stranger', 'approver@other', 'operator@other'] as const) {
    assert.equal((await get(served, `/approvals/${id}`, login(served, who))).status, 404, who);
  }
  assert.equal((await get(served, `/approvals/${id}`, login(served, 'auditor'))).status, 403);
  assert.equal((await get(served, `/approvals/${id}`)).status, 401);
});

test('no form counts but the one that was shown to this person, in this session, for this very action', async (t) => {
  const served = await serve(t);
  const approval = await served.ask();
  const other = await served.ask();
  const { id } = approval;
  const formOf = async (who: Who, of: string) =>
    formIn((await get(served, `/approvals/${of}`, login(served, who))).html);
  const { page, cookie } = await follow(served, await linkFor(served, approval, 'approver'));
  const old = createLinks({ signer: served.signer, nowMs: () => NOW_MS - 3_600_000 });
  const person = { principal: personOf('approver'), scopes: [] };
  const keyId = (await served.store.apiKeys.byHash(hashOfApiKey(served.keys.approver) ?? ''))?.id ?? '';
  const good = await formOf('approver', id);
  for (const [what, form] of [
    ['none', undefined],
    ['empty', ''],
    ['no token', 'x'],
    ['altered', good.replace(/\.(.)(?=[^.]*$)/, (_, first) => (first === 'A' ? '.B' : '.A'))],
    ['of a colleague', await formOf('colleague', id)],
    ['of another approval', await formOf('approver', other.id)],
    ['of the session of a link', formIn(page.html)],
    ['of yesterday', await old.formFor({ ...person, keyId }, approval)],
    ['of another digest', await old.formFor({ ...person, keyId }, { ...approval, digest: 'e' })],
    ['the link itself', cookie.split('=')[1]],
  ] as const) {
    const fields = { answer: 'approve', ...(form === undefined ? {} : { form }) };
    const refused = await post(served, id, fields, login(served, 'approver'));
    assert.deepEqual([refused.status, /This page is too old/.test(refused.html)], [403, true], what);
  }
  const byLink = await post(served, id, { form: good, answer: 'approve' }, { cookie });
  assert.equal(byLink.status, 403, 'the form of the session of a key');
  assert.equal(await endOf(served, id), 'open');
  assert.equal((await post(served, id, { form: good, answer: 'approve' }, login(served, 'approver'))).status, 303);
});

test('a form from another site is refused before anything is read, with a login or a cookie all the same', async (t) => {
  const served = await serve(t);
  const approval = await served.ask();
  const { html } = await get(served, `/approvals/${approval.id}`, login(served, 'approver'));
  const fields = { form: formIn(html), answer: 'approve' };
  const host = new URL(served.server.url).host;
  const send = (headers: Record<string, string>) =>
    fetch(`${served.server.url}/approvals/${approval.id}`, {
      method: 'POST',
      headers: { ...login(served, 'approver'), ...headers },
      body: new URLSearchParams(fields),
      redirect: 'manual',
    });
  for (const headers of [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    { origin: 'https://evil.example' },
    { origin: `http://${host}.evil.example` },
    { origin: 'x' },
    { 'sec-fetch-site': 'cross-site', origin: `http://${host}` },
  ] as Record<string, string>[]) {
    assert.equal((await send(headers)).status, 403, JSON.stringify(headers));
  }
  assert.equal((await send({ 'content-type': 'application/json' })).status, 415);
  assert.equal(await endOf(served, approval.id), 'open');
  assert.equal((await send({ origin: `http://${host}` })).status, 303);
});
