import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { apiKeySubject } from '../../../domain/ids.ts';
import type { Page } from '../../../store/ports.ts';
import { approvalHandle } from '../../../trust/digest.ts';
import { isCursorInvalid } from '../../../store/cursor.ts';
import {
  aConversationId,
  ada,
  aDecided,
  anApproval,
  anEntry,
  aSignedDecision,
  finn,
  opened,
  proposed,
  requested,
} from '../builders.ts';
import type { Contract } from '../contract.test.ts';

async function walk<Row>(page: (cursor: string) => Promise<Page<Row>>): Promise<Row[][]> {
  const pages: Row[][] = [];
  let cursor = '';
  do {
    const { rows, next } = await page(cursor);
    pages.push([...rows]);
    cursor = next;
  } while (cursor !== '');
  return pages;
}

const EVERY_ONE = { tenant: 'default', end: '', conversationId: '', cursor: '', limit: 9 } as const;

export const readModelsContract: Contract = {
  'a conversation is as opened, then follows its phases and its last message': async ({ store }) => {
    const id = aConversationId();
    assert.equal(await store.conversations.get(id), undefined);
    await store.record([opened(id)]);
    const at = { agent: 'support-desk', tenant: 'default', owner: 'per_olga', principal: ada };
    const row = { id, ...at, channel: null, intake: null, textsDeletedMs: null };
    assert.deepEqual(await store.conversations.get(id), { ...row, phase: 'open', createdMs: 10, updatedMs: 10 });
    const paused = { kind: 'phase', phase: 'paused', by: 'per_olga', reason: '' } as const;
    const message = {
      kind: 'message',
      turn: 1,
      messageId: 'm1',
      itemId: 'i1',
      itemDigest: 'd',
      principal: ada,
      signed: 's',
    } as const;
    await store.record([anEntry(id, id, 'message:m1', message, 40), anEntry(id, id, 'phase:1', paused, 30)]);
    assert.deepEqual(await store.conversations.get(id), { ...row, phase: 'paused', createdMs: 10, updatedMs: 40 });
  },

  'conversations are listed newest first, page by page, each once, to whom they belong': async ({ store }) => {
    const tenant = randomUUID();
    const ids = Array.from({ length: 7 }, aConversationId);
    const of = (n: number) => ({ ...(n % 2 === 0 ? ada : finn), tenant });
    // Three share one moment: the cursor must not skip or repeat among them.
    await store.record(ids.map((id, n) => opened(id, n < 3 ? 100 : 100 + n, of(n) as unknown as typeof ada)));
    const base = { tenant, principalId: '', agents: [], archived: [], limit: 2 };
    const pages = await walk((cursor) => store.conversations.list({ ...base, cursor }));
    assert.deepEqual(
      pages.map((rows) => rows.length),
      [2, 2, 2, 1],
    );
    const listed = pages.flat().map((row) => row.id);
    assert.deepEqual(listed.slice(0, 4), ids.slice(3).toReversed());
    assert.deepEqual(listed.slice(4).toSorted(), ids.slice(0, 3).toSorted());
    const own = await walk((cursor) => store.conversations.list({ ...base, principalId: finn.id, cursor }));
    assert.deepEqual(
      own.flat().map((row) => row.id),
      [ids[5], ids[3], ids[1]],
    );
    const list = (agents: string[]) => store.conversations.list({ ...base, agents, cursor: '', limit: 9 });
    assert.equal((await list(['support-desk', 'on-call'])).rows.length, 7);
    assert.deepEqual(await list(['on-call']), { rows: [], next: '' });
  },

  'a cursor that no list gave out is refused': async ({ store }) => {
    const forged = [
      '["1","a"]',
      '[1,"\\u0000"]',
      '[1,"\\ud800"]',
      `[1,"${'a'.repeat(301)}"]`,
      '[-1,"a"]',
      '[9e15,"a"]',
    ];
    for (const cursor of ['x', 'e30', ...forged.map((text) => Buffer.from(text).toString('base64url'))]) {
      const page = { cursor, limit: 1 };
      const all = { tenant: 'default', principalId: '', agents: [], archived: [] };
      const conversations = store.conversations.list({ ...all, ...page });
      await assert.rejects(conversations, isCursorInvalid, cursor);
      const approvals = store.approvals.list({
        ...{ tenant: 'default', end: '', groups: ['finance'], nowMs: 1, conversationId: '' },
        ...page,
      });
      await assert.rejects(approvals, isCursorInvalid, cursor);
    }
  },

  'an approval shows each counted decision while it is open, and then how it ended': async ({ store }) => {
    const id = aConversationId();
    const approval = { ...anApproval(id), quorum: 2 };
    await store.record([proposed(id), requested(id, approval)]);
    assert.deepEqual(await store.approvals.get(approval.id), approval);
    const signed = aSignedDecision(approval, 'd1');
    const decided = aDecided(approval.id, 'd1', signed);
    await store.record([
      anEntry(id, approval.id, 'decided:d1', decided),
      anEntry(id, approval.id, 'twice:d1', decided),
    ]);
    const decision = {
      decisionId: 'd1',
      personId: finn.id,
      answer: 'approve',
      reason: 'fine',
      atMs: 40,
      method: 'api_key',
      signed,
    } as const;
    assert.deepEqual(await store.approvals.get(approval.id), { ...approval, decisions: [decision] });
    const ended = { ...approval, decisions: [decision, { ...decision, decisionId: 'd2' }], end: 'approved' } as const;
    const settle = (state: typeof approval, step: string) =>
      anEntry(id, approval.id, step, { kind: 'approval_settled', approval: state });
    await store.record([settle(ended, 'settled')]);
    assert.deepEqual(await store.approvals.get(approval.id), ended);
    const late = { ...decided, signed: aSignedDecision(approval, 'd3') };
    await store.record([
      settle({ ...approval, end: 'expired' }, 'settled late'),
      anEntry(id, approval.id, 'decided:d3', late),
    ]);
    assert.deepEqual(await store.approvals.get(approval.id), ended);
  },

  'an approval is found by what its button carries, which another digest or id changes': async ({ store }) => {
    const id = aConversationId();
    const approval = anApproval(id);
    await store.record([requested(id, approval)]);
    const handle = approvalHandle(approval);
    assert.match(handle, /^[\w-]{22}$/);
    assert.deepEqual(await store.approvals.byHandle(handle), approval);
    const ended = { ...approval, end: 'expired' } as const;
    const settled = { kind: 'approval_settled', approval: ended } as const;
    await store.record([anEntry(id, approval.id, 'settled', settled)]);
    assert.deepEqual(await store.approvals.byHandle(handle), ended);
    for (const other of [
      { ...approval, digest: 'x' },
      { ...approval, id: 'x' },
    ]) {
      assert.equal(await store.approvals.byHandle(approvalHandle(other)), undefined);
    }
    assert.equal(await store.approvals.byHandle(''), undefined);
  },

  'the approvals of a batch are there together, in the order in which they were asked': async ({ store }) => {
    const id = aConversationId();
    const first = anApproval(id);
    const second = { ...first, id: `${first.batchId}.1.0`, askedMs: 40 };
    const anew = { ...first, id: `${first.batchId}.0.1`, askedMs: 50 };
    const longer = { ...first, id: `${first.batchId}0.0.0`, batchId: `${first.batchId}0` };
    await store.record([anew, longer, second, first].map((one) => requested(id, one)));
    assert.deepEqual(await store.approvals.ofBatch(first.batchId), [first, second, anew]);
    assert.deepEqual(await store.approvals.ofBatch('none'), []);
  },

  'a decision that cannot be read is on record, and changes no approval': async ({ store }) => {
    const id = aConversationId();
    const approval = anApproval(id);
    const decided = aDecided(approval.id, 'd1', 'no JWS');
    await store.record([requested(id, approval), anEntry(id, approval.id, 'decided:d1', decided)]);
    assert.deepEqual(await store.approvals.get(approval.id), approval);
    assert.equal((await store.ledger.ofSubject(approval.id)).length, 2);
  },

  'approvals are listed to their groups only, newest first, by end and by conversation': async ({ store }) => {
    const [finance, other] = [randomUUID(), randomUUID()];
    const approvals = Array.from({ length: 5 }, (_, n) =>
      anApproval(aConversationId(), n === 4 ? other : finance, 100 + n),
    );
    await store.record(approvals.flatMap((one) => [opened(one.conversationId), requested(one.conversationId, one)]));
    const base = {
      tenant: 'default',
      end: '',
      groups: [finance],
      nowMs: 200,
      conversationId: '',
      cursor: '',
      limit: 9,
    } as const;
    const ids = async (filter: Partial<Parameters<typeof store.approvals.list>[0]>) =>
      (await store.approvals.list({ ...base, ...filter })).rows.map((row) => row.id);
    const [a, b, c, d, e] = approvals.map((one) => one.id);
    assert.deepEqual(await ids({}), [d, c, b, a]);
    assert.deepEqual(await ids({ groups: [] }), []);
    assert.deepEqual(await ids({ groups: [finance, other] }), [e, d, c, b, a]);
    assert.deepEqual(await ids({ conversationId: approvals[1]!.conversationId }), [b]);
    const denied = { ...approvals[2]!, end: 'denied' } as const;
    const fact = { kind: 'approval_settled', approval: denied } as const;
    await store.record([anEntry(denied.conversationId, denied.id, 'settled', fact)]);
    assert.deepEqual(await ids({ end: 'denied' }), [c]);
    assert.deepEqual(await ids({ end: 'open' }), [d, b, a]);
    const pages = await walk((cursor) => store.approvals.list({ ...base, cursor, limit: 3 }));
    assert.deepEqual(
      pages.map((rows) => rows.map((row) => row.id)),
      [[d, c, b], [a]],
    );
  },

  'the next group sees an approval from its time on, and the first one still does': async ({ store }) => {
    const [finance, leads] = [randomUUID(), randomUUID()];
    const approval = { ...anApproval(aConversationId(), finance, 100), escalation: [{ group: leads, fromMs: 500 }] };
    await store.record([opened(approval.conversationId), requested(approval.conversationId, approval)]);
    const seen = async (group: string, nowMs: number) =>
      (await store.approvals.list({ ...EVERY_ONE, groups: [group], nowMs })).rows.length;
    assert.deepEqual([await seen(finance, 100), await seen(leads, 499), await seen(leads, 500)], [1, 0, 1]);
    assert.deepEqual([await seen(finance, 500), await seen(randomUUID(), 500)], [1, 0]);
  },

  'what people denied of a tool is known in its conversation, and nowhere else': async ({ store }) => {
    const [id, other] = [aConversationId(), aConversationId()];
    for (const one of [id, other]) {
      const approval = anApproval(one);
      const settled = {
        kind: 'approval_settled',
        approval: { ...approval, end: one === id ? 'denied' : 'expired' },
      } as const;
      await store.record([
        opened(one),
        proposed(one),
        requested(one, approval),
        anEntry(one, approval.id, 'settled', settled),
      ]);
    }
    const denied = async (of: string, tool: string) =>
      (await store.actions.deniedByPeople(of, tool)).map((row) => row.conversationId);
    assert.deepEqual(await denied(id, 'refund'), [id]);
    assert.deepEqual([...(await denied(other, 'refund')), ...(await denied(id, 'pay'))], []);
  },

  'the approvals of a tenant are listed to it alone, and its pages are full': async ({ store }) => {
    const group = randomUUID();
    const approvals = Array.from({ length: 6 }, (_, n) => ({ ...anApproval(aConversationId(), group, 100 + n), n }));
    const elsewhere = { ...ada, tenant: 'other' };
    // Of 0.1.0, without a tenant of its own, and with a text that is no text to PostgreSQL.
    const { tenant: _, ...old } = { ...approvals[0]!, summary: 'nul \0' };
    await store.record(
      [old, ...approvals.slice(1)].flatMap((one, n) => [
        opened(one.conversationId, 10, n % 2 === 0 ? ada : elsewhere),
        requested(one.conversationId, one),
      ]),
    );
    const base = { end: 'open', groups: [group], nowMs: 1, conversationId: '', limit: 2 } as const;
    const pagesOf = async (tenant: string) =>
      (await walk((cursor) => store.approvals.list({ ...base, tenant, cursor }))).map((rows) =>
        rows.map(({ askedMs }) => askedMs),
      );
    assert.deepEqual(await pagesOf('default'), [[104, 102], [100]]);
    assert.deepEqual(await pagesOf('other'), [[105, 103], [101]]);
    assert.deepEqual(await pagesOf('third'), [[]]);
  },

  'the open approvals are counted, and the age of the oldest is known': async ({ store, sql }) => {
    await sql.query('delete from countersign.approvals');
    assert.deepEqual(await store.approvals.openStats(500), { count: 0, oldestAgeMs: 0 });
    const approvals = [200, 300].map((askedMs) => anApproval(aConversationId(), 'finance', askedMs));
    await store.record(approvals.map((one) => requested(one.conversationId, one)));
    assert.deepEqual(await store.approvals.openStats(500), { count: 2, oldestAgeMs: 300 });
    assert.deepEqual(await store.approvals.openStats(100), { count: 2, oldestAgeMs: 0 });
  },

  'an API key is known by its hash until it is revoked, and who did either is on record once': async ({ store }) => {
    const [id, hash] = [randomUUID(), randomUUID()];
    const key = { id, hash, principal: ada, scopes: ['conversations:write'], nowMs: 5 };
    assert.equal(await store.apiKeys.byHash(hash), undefined);
    await store.apiKeys.add({ ...key, by: 'olga' });
    await store.apiKeys.add({ ...key, by: 'somebody else' });
    const row = { id, principal: ada, scopes: ['conversations:write'], createdMs: 5, revokedMs: null };
    assert.deepEqual(await store.apiKeys.byHash(hash), row);
    await assert.rejects(store.apiKeys.add({ ...key, hash: randomUUID() }), /is taken/);
    await assert.rejects(store.apiKeys.add({ ...key, id: randomUUID() }), /in use under another id/);
    assert.equal(await store.apiKeys.revoke(id, 9, 'finn'), true);
    assert.equal(await store.apiKeys.revoke(id, 9, 'finn'), false);
    assert.equal(await store.apiKeys.byHash(hash), undefined);
    const entries = await store.ledger.ofSubject(apiKeySubject(id));
    assert.deepEqual(
      entries.map(({ fact }) => fact),
      [
        { kind: 'api_key_added', keyId: id, principal: ada, scopes: key.scopes, by: 'olga' },
        { kind: 'api_key_revoked', keyId: id, by: 'finn' },
      ],
    );
    for (const { text } of await store.ledger.hashed((entries[0]?.seq ?? 0) - 1, 1))
      assert.ok(!text.includes(hash) && !text.includes(ada.name));
  },
};
