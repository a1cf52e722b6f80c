// An approval over HTTP says what its card says, neutralised and flagged; its values as they are stand beside that.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WORDS } from '../../store/words.ts';
import { NOW_MS, serve } from './support/served.ts';

test('an approval carries its three lines as its card does, and what of it hides or pretends, by name', async (t) => {
  const { call, ask } = await serve(t);
  const says = { summary: 'refund p\u0430ul · 72.00 EUR', forWhom: 'customer \u202eAda', howMuch: '72.00 EUR' };
  const evidence = { asOfMs: NOW_MS, version: '1', subject: '', record: { name: 'a\u200bb', state: 'paid' } };
  const { id } = await ask({ ...says, evidence, args: '{"note":"a\u007fb","order":"1042"}', reason: 'x\u202ey' });
  const headline = {
    what: { text: 'refund p<U+0430>ul', flags: ['mixed_script'] },
    forWhom: { text: 'customer <U+202E>Ada', flags: ['bidi'] },
    howMuch: { text: '72.00 EUR', flags: [] },
  };
  const [listed] = (await call('approver', 'GET', '/v1/approvals')).body.rows;
  assert.deepEqual([listed?.headline, listed?.flagged], [headline, undefined]);
  const { body } = await call('approver', 'GET', `/v1/approvals/${id}`);
  assert.deepEqual([body.headline, body.isWhole], [headline, true]);
  assert.deepEqual(body.flagged, [
    { of: 'argument', name: 'note', text: 'a<U+007F>b', flags: ['control'] },
    { of: 'evidence', name: 'name', text: 'a<U+200B>b', flags: ['invisible'] },
    { of: 'reason', name: '', text: 'x<U+202E>y', flags: ['bidi'] },
  ]);
  const unsaid = await ask({ id: 'c-9:1:0.0.0', args: '[]x' });
  const plainly = (await call('approver', 'GET', `/v1/approvals/${unsaid.id}`)).body;
  assert.deepEqual(
    [plainly.headline, plainly.isWhole],
    [
      {
        what: { text: 'refund order 1042 · 72.00 EUR', flags: [] },
        forWhom: { text: 'customer', flags: [] },
        howMuch: { text: 'no amount is stated', flags: [] },
      },
      false,
    ],
  );
});

test('an approval says where each of its values comes from, and of one that nobody traced nothing', async (t) => {
  const { call, ask } = await serve(t);
  const value = { path: 'to', name: 'to', origin: 'untrusted', source: 'read\u202email', itemId: 'i1' } as const;
  const { id } = await ask({ args: '{"to":"ann"}', provenance: { context: 'untrusted', values: [value] } });
  const { origins } = (await call('approver', 'GET', `/v1/approvals/${id}`)).body;
  assert.deepEqual(origins, [
    { path: 'to', origin: 'untrusted', text: 'read<U+202E>mail (untrusted)', flags: ['bidi'] },
  ]);
  const other = await ask({ id: 'c-9:1:0.0.0' });
  assert.deepEqual((await call('approver', 'GET', `/v1/approvals/${other.id}`)).body.origins, []);
});

test('an approval says how much it is about, and nothing of it once its words are gone', async (t) => {
  const { call, ask } = await serve(t);
  const amount = { currency: 'EUR', minorUnits: 7_200 };
  const { id } = await ask({ amount });
  assert.deepEqual((await call('approver', 'GET', `/v1/approvals/${id}`)).body.amount, amount);
  const erased = await ask({ id: 'c-9:1:0.0.0', amount: WORDS['approvals.approval'].amount });
  assert.equal((await call('approver', 'GET', `/v1/approvals/${erased.id}`)).body.amount, null);
});
