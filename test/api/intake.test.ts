import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry, FactOf } from '../../domain/entry.ts';
import { NOW_MS, serve } from './support/served.ts';

const taken: FactOf<'intake'> = {
  ...({ kind: 'intake', turn: 1, version: 'v1', itemId: 'i9', priority: 2, queue: 'finance' } as const),
  ...{ open: ['amount'], next: 'asks', asked: { amount: [1] }, called: [] },
  facts: [
    { name: 'orderId', state: 'verified', why: '', quotes: [{ id: 'i1', digest: 'd' }] },
    { name: 'amount', state: 'unverified', why: 'more than one value is said', quotes: [] },
  ],
  values: {
    orderId: { said: ['1042'], quoted: ['1042'], isUnread: false },
    amount: {
      said: [
        { currency: 'EUR', minorUnits: 70_000 },
        { currency: 'EUR', minorUnits: 500 },
      ],
      quoted: [],
      isUnread: false,
    },
  },
};
const intakeOf = (conversationId: string): Entry => ({
  ...{ subject: conversationId, step: 'intake:1', conversationId, atMs: NOW_MS },
  fact: taken,
});

test('who may see a conversation sees its priority and queue; what was said of its facts is for staff', async (t) => {
  const { call, open, store } = await serve(t);
  const id = await open();
  const before = await call('operator', 'GET', `/v1/conversations/${id}`);
  assert.deepEqual([before.body.priority, before.body.queue, before.body.intake], [null, null, null]);
  await store.record([intakeOf(id)]);
  const own = await call('customer', 'GET', `/v1/conversations/${id}`);
  assert.deepEqual([own.body.priority, own.body.queue, own.body.intake], [2, 'finance', undefined]);
  const staff = await call('operator', 'GET', `/v1/conversations/${id}`);
  assert.deepEqual(staff.body.intake, {
    ...{ turn: 1, version: 'v1', priority: 2, queue: 'finance', next: 'asks', open: ['amount'] },
    facts: [
      { name: 'orderId', state: 'verified', why: '', said: ['1042'] },
      {
        ...{ name: 'amount', state: 'unverified', why: 'more than one value is said' },
        said: [
          { currency: 'EUR', minorUnits: 70_000 },
          { currency: 'EUR', minorUnits: 500 },
        ],
      },
    ],
  });
  const { rows } = (await call('operator', 'GET', '/v1/conversations?of=staff')).body;
  assert.match(JSON.stringify(rows), /"priority":2,"queue":"finance"/);
});

test('the events of a conversation say what came of an intake, and nothing that people said', async (t) => {
  const { open, store, server, keys } = await serve(t);
  const id = await open();
  const closed = { kind: 'phase', phase: 'closed', by: '', reason: '' } as const;
  await store.record([intakeOf(id)]);
  const headers = { authorization: `Bearer ${keys.customer}` };
  const response = await fetch(`${server.url}/v1/conversations/${id}/events`, { headers });
  // The stream ends with its conversation.
  await store.record([{ subject: id, step: 'closed', conversationId: id, atMs: NOW_MS, fact: closed }]);
  const text = await response.text();
  const data = /event: intake\ndata: (.*)\n/.exec(text)?.[1] ?? '{}';
  const { turn, priority, queue, next } = JSON.parse(data) as FactOf<'intake'>;
  assert.deepEqual([turn, priority, queue, next], [1, 2, 'finance', 'asks']);
  assert.ok(!data.includes('70000') && !data.includes('1042'));
});
