// Edits on the page: how long one may be, what is told of one that is longer, and that nothing written is lost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORM_BYTES } from '../../api/limits.ts';
import { MAX_ARGUMENTS_BYTES } from '../../domain/tool.ts';
import { canonicalJson } from '../../trust/digest.ts';
import { plainJson } from '../../trust/export-lines.ts';
import { buttonsIn, endOf, formIn, get, login, post } from './support/browser.ts';
import { type Served, serve } from './support/served.ts';

/** Arguments of so many bytes, of the character as far as it goes. */
const argsOf = (character: string, bytes: number) => {
  const room = bytes - Buffer.byteLength(canonicalJson({ note: '' }));
  const each = Buffer.byteLength(JSON.stringify(character).slice(1, -1));
  return { note: character.repeat(room / each) + 'x'.repeat(room % each) };
};

const formOf = async (served: Served, id: string) =>
  formIn((await get(served, `/approvals/${id}`, login(served, 'approver'))).html);
const send = (served: Served, id: string, fields: object) => post(served, id, fields, login(served, 'approver'));
const textIn = (html: string) => /<textarea name="args"[^>]*>([^<]*)</.exec(html)?.[1]?.replaceAll('&quot;', '"') ?? '';

// What a form makes longest, by the bytes that a character has in the arguments: 8 for the one of DEL.
for (const [what, character] of [
  ['of control characters', '\u007f'],
  ['of quotes', '"'],
  ['of two bytes each', 'ä'],
] as const) {
  test(`the longest arguments that a decision may carry, ${what}, go through the form with the longest reason`, async (t) => {
    const served = await serve(t);
    const { id } = await served.ask();
    const args = argsOf(character, MAX_ARGUMENTS_BYTES);
    assert.equal(Buffer.byteLength(canonicalJson(args)), MAX_ARGUMENTS_BYTES);
    const fields = { form: await formOf(served, id), answer: 'edit', args: plainJson(args), reason: '語'.repeat(500) };
    const length = new URLSearchParams(fields).toString().length;
    assert.ok(length <= FORM_BYTES, `${length}`);
    assert.equal((await send(served, id, fields)).status, 303);
    const settled = await served.store.approvals.get(id);
    assert.deepEqual([settled?.end, settled?.decisions[0]?.args], ['superseded', canonicalJson(args)]);
  });
}

test('the longest arguments that the page shows whole can be edited there', async (t) => {
  const served = await serve(t);
  const args = canonicalJson(argsOf('"', MAX_ARGUMENTS_BYTES));
  const { id } = await served.ask({ args });
  const { html } = await get(served, `/approvals/${id}`, login(served, 'approver'));
  assert.ok(buttonsIn(html).includes('edit'));
  assert.equal(textIn(html), args);
  const fields = { form: formIn(html), answer: 'edit', args: textIn(html).replace('note', 'memo'), reason: '' };
  assert.equal((await send(served, id, fields)).status, 303);
});

test('longer arguments are told with both numbers, decide nothing, and stand on the page to be copied', async (t) => {
  const served = await serve(t);
  const { id } = await served.ask();
  const args = JSON.stringify(argsOf('x', MAX_ARGUMENTS_BYTES + 1));
  const refused = await send(served, id, { form: await formOf(served, id), answer: 'edit', args, reason: 'a & b' });
  assert.equal(refused.status, 400);
  assert.match(refused.html, /the arguments have 32769 bytes in UTF-8, and may have 32768; nothing was decided\./);
  assert.ok(refused.html.includes(args.replaceAll('"', '&quot;')), 'what was written is there');
  assert.ok(refused.html.includes('>a &amp; b</textarea>'));
  assert.match(refused.html, new RegExp(`<a href="/approvals/${id}" rel="noreferrer">Back to the approval</a>`));
  assert.equal(await endOf(served, id), 'open');
  const overHttp = await served.call('approver', 'POST', `/v1/approvals/${id}/decision`, {
    ...{ answer: 'edit', args: JSON.parse(args) as object },
  });
  assert.deepEqual([overHttp.status, /32769 bytes/.test(overHttp.body.detail)], [400, true]);
  assert.equal(JSON.stringify(overHttp.body).includes('xxxx'), false, 'a program is not sent its own words again');
});

test('a form beyond its bound is told so, and nothing is read or decided', async (t) => {
  const served = await serve(t);
  const { id } = await served.ask();
  const fields = { form: await formOf(served, id), answer: 'deny', reason: '' };
  const room = FORM_BYTES - new URLSearchParams(fields).toString().length;
  const large = await send(served, id, { ...fields, reason: 'x'.repeat(room + 1) });
  assert.equal(large.status, 413);
  assert.match(large.html, /larger than 264 KB, so nothing was read and nothing was decided; arguments of up to 32 KB/);
  const within = await send(served, id, { ...fields, reason: 'x'.repeat(room) });
  assert.deepEqual([within.status, /your reason has more than 500 characters/.test(within.html)], [400, true]);
  assert.equal(await endOf(served, id), 'open');
});

test('what was written is given back with whatever refuses it: no JSON, a page too old, Temporal away', async (t) => {
  const served = await serve(t);
  const { id } = await served.ask();
  const form = await formOf(served, id);
  for (const [what, fields, status] of [
    ['no JSON', { form, args: '{"order": 10' }, 400],
    ['no object', { form, args: '[10]' }, 400],
    ['an old page', { form: 'x', args: '{"order":"7"}' }, 403],
  ] as const) {
    const refused = await send(served, id, { answer: 'edit', reason: '', ...fields });
    assert.equal(refused.status, status, what);
    assert.ok(refused.html.includes(`>${fields.args.replaceAll('"', '&quot;')}</textarea>`), what);
  }
  served.gateway.state = 'down';
  const away = await send(served, id, { form, answer: 'deny', reason: '\nlong thought' });
  assert.equal(away.status, 503);
  assert.ok(away.html.includes('>\n\nlong thought</textarea>'), 'a browser drops one line end at the beginning');
});
