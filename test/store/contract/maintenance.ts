import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ConversationPhase } from '../../../domain/conversation.ts';
import type { Entry } from '../../../domain/entry.ts';
import type { Retention } from '../../../domain/retention.ts';
import { ada, aConversationId, aMessage, anApproval, anEntry, aProposal } from '../builders.ts';
import { BY_ITSELF, proposed, requested } from '../builders.ts';
import type { Contract, Subject } from '../contract.test.ts';

const DAY_MS = 86_400_000;
const NOW_MS = 1_000 * DAY_MS;
const agentName = (): string => `agent-${randomUUID()}`;

/** A conversation that changed last so many days ago. */
async function aTalk({ store }: Subject, agent: string, daysAgo: number, phase: ConversationPhase = 'open') {
  const id = aConversationId();
  const atMs = NOW_MS - daysAgo * DAY_MS;
  const whose = { agent, tenant: ada.tenant, owner: 'per_olga', principal: ada };
  const entries: Entry[] = [anEntry(id, id, 'opened', { kind: 'conversation_opened', ...whose }, atMs)];
  if (phase !== 'open')
    entries.push(anEntry(id, id, 'phase:1', { kind: 'phase', phase, by: 'olga', reason: 'a test' }, atMs));
  await store.record(entries);
  return id;
}

async function dueOf({ store }: Subject, agent: string, retention: Retention, limit = 100) {
  const works = await store.maintenance.due({ agents: [{ name: agent, retention }], nowMs: NOW_MS, limit });
  return Object.fromEntries(works.map(({ task, due, isCut }) => [task, { ids: due.map(({ id }) => id), due, isCut }]));
}

const TABLES = ['conversations', 'items', 'actions', 'approvals', 'claims', 'ledger', 'ledger_seals'];

const wholeOf = async ({ sql }: Subject) =>
  Promise.all(TABLES.map((table) => sql.query(`select t::text as row from countersign.${table} as t order by 1`)));

/** What was done, of an agent that declares this. */
async function runFor({ store }: Subject, agent: string, retention: Retention, nowMs = NOW_MS, limit = 100) {
  const works = await store.maintenance.run({
    agents: [{ name: agent, retention }],
    nowMs,
    limit,
    ...BY_ITSELF,
  });
  assert.deepEqual(
    works.flatMap(({ failed = [] }) => failed),
    [],
  );
  return Object.fromEntries(works.map((work) => [work.task, work]));
}

export const maintenanceContract: Contract = {
  'a conversation is due for closing once nothing was said in it for as long as its agent declares, the oldest first':
    async (subject) => {
      const agent = agentName();
      const old = await aTalk(subject, agent, 40);
      const exact = await aTalk(subject, agent, 30, 'stopped');
      await aTalk(subject, agent, 29);
      // Closed already; a person's; held by a person; another agent's, which declares nothing.
      for (const phase of ['closed', 'handed_over', 'paused'] as const) await aTalk(subject, agent, 90, phase);
      await aTalk(subject, agentName(), 90);
      const { close_idle: close, delete_texts: texts } = await dueOf(subject, agent, { closeIdleAfterDays: 30 });
      assert.deepEqual(close?.ids, [old, exact]);
      assert.deepEqual(
        close?.due.map(({ dueMs }) => NOW_MS - dueMs),
        [10 * DAY_MS, 0],
      );
      assert.deepEqual(texts?.ids, []);
    },

  'texts are due for deletion only of what is closed for as long as its agent declares': async (subject) => {
    const agent = agentName();
    const closed = await aTalk(subject, agent, 30, 'closed');
    await subject.store.items.append([aMessage(closed, 'm-1')]);
    await aTalk(subject, agent, 29, 'closed');
    await aTalk(subject, agent, 90);
    const { close_idle: close, delete_texts: texts } = await dueOf(subject, agent, { deleteTextsAfterDays: 30 });
    assert.deepEqual([close?.ids, texts?.ids], [[], [closed]]);
  },

  'nothing is due where somebody is still asked, an action has not ended, or may have happened': async (subject) => {
    const agent = agentName();
    const talks = await Promise.all([1, 2, 3, 4, 5].map((nth) => aTalk(subject, agent, 90 + nth, 'closed')));
    const [asked = '', running = '', unknown = '', claimed = '', ended = ''] = talks;
    const settled = (id: string, kind: 'unknown' | 'cancelled') =>
      anEntry(id, aProposal(id).actionId, 'settled', { kind: 'settled', outcome: { kind, reason: 'a test' } }, 10);
    await subject.store.record([requested(asked, anApproval(asked)), proposed(running)]);
    await subject.store.record([proposed(unknown), settled(unknown, 'unknown')]);
    await subject.store.record([proposed(ended), settled(ended, 'cancelled')]);
    await subject.sql.query(
      `insert into countersign.claims (action_id, conversation_id, digest, tool, claimed_ms) values ($1, $2, $1, 't', 1)`,
      [`${claimed}:1:0`, claimed],
    );
    const { delete_texts: texts } = await dueOf(subject, agent, { deleteTextsAfterDays: 1 });
    assert.deepEqual(texts?.ids, [ended]);
    await subject.sql.query('delete from countersign.claims where conversation_id = $1', [claimed]);
  },

  'what is due is counted up to a bound, says that there is more, and changes nothing': async (subject) => {
    const agent = agentName();
    const ids = [await aTalk(subject, agent, 93), await aTalk(subject, agent, 92)];
    await aTalk(subject, agent, 91);
    const before = await wholeOf(subject);
    const { close_idle: close } = await dueOf(subject, agent, { closeIdleAfterDays: 1, deleteTextsAfterDays: 1 }, 2);
    assert.deepEqual([close?.ids, close?.isCut], [ids, true]);
    assert.deepEqual(await wholeOf(subject), before);
  },

  'the function that deletes texts deletes none of what is open, or still waits': async (subject) => {
    const agent = agentName();
    const open = await aTalk(subject, agent, 90);
    const waits = await aTalk(subject, agent, 90, 'closed');
    for (const id of [open, waits]) await subject.store.items.append([aMessage(id, 'm-1')]);
    await subject.store.record([requested(waits, anApproval(waits))]);
    for (const id of [open, waits, 'nobody']) {
      const rows = await subject.sql.query('select countersign.delete_texts($1, 1) as deleted', [id]);
      assert.deepEqual(rows, [{ deleted: false }]);
    }
    const left = await Promise.all([open, waits].map((id) => subject.store.items.page(id, 0, 9)));
    assert.deepEqual(
      left.map(({ length }) => length),
      [1, 1],
    );
  },

  'a run does no more of a task than its bound, the longest due first, and counts what it did over all runs': async (
    subject,
  ) => {
    const agent = agentName();
    const ids = [await aTalk(subject, agent, 93, 'closed'), await aTalk(subject, agent, 92, 'closed')];
    const last = await aTalk(subject, agent, 91, 'closed');
    const retention = { deleteTextsAfterDays: 30 };
    const count = async () =>
      (await subject.store.maintenance.runs()).find(({ task }) => task === 'delete_texts')?.done ?? 0;
    const before = await count();
    const first = await runFor(subject, agent, retention, NOW_MS, 2);
    const second = await runFor(subject, agent, retention, NOW_MS + 1, 2);
    assert.deepEqual([first['delete_texts']?.ids, second['delete_texts']?.ids], [ids, [last]]);
    const run = (await subject.store.maintenance.runs()).find(({ task }) => task === 'delete_texts');
    assert.ok((run?.done ?? 0) >= before + 3, `${run?.done} after ${before}`);
    assert.ok((run?.lastMs ?? 0) >= NOW_MS + 1);
  },

  'what is due to be closed is asked, and closed by nobody else; of one conversation the record says whether it is idle':
    async (subject) => {
      const agent = agentName();
      const idle = await aTalk(subject, agent, 40);
      const young = await aTalk(subject, agent, 20);
      const retention = { closeIdleAfterDays: 30 };
      const { close_idle: done } = await runFor(subject, agent, retention);
      assert.deepEqual([done?.done, done?.ask], [0, [idle]]);
      assert.equal((await subject.store.conversations.get(idle))?.phase, 'open');
      const at = { agents: [{ name: agent, retention }], nowMs: NOW_MS, limit: 100, movedMs: 0 };
      const isIdle = (conversationId: string) => subject.store.maintenance.isIdle({ ...at, conversationId });
      assert.deepEqual([await isIdle(idle), await isIdle(young), await isIdle('nobody')], [true, false, false]);
    },

  'what was asked and goes on takes nobody else’s turn, and is asked again after a day': async (subject) => {
    const agent = agentName();
    const ids = [await aTalk(subject, agent, 93), await aTalk(subject, agent, 92)];
    const retention = { closeIdleAfterDays: 30 };
    const asked = [];
    for (const nowMs of [NOW_MS, NOW_MS + 1, NOW_MS + 2, NOW_MS + DAY_MS]) {
      const { ask = [] } = (await runFor(subject, agent, retention, nowMs, 1))['close_idle'] ?? {};
      // What is only about to be asked may be cut off: until it was, it is asked again.
      assert.deepEqual((await runFor(subject, agent, retention, nowMs, 1))['close_idle']?.ask, ask);
      await subject.store.maintenance.noteAsked(ask, nowMs);
      asked.push(...ask);
    }
    assert.deepEqual(asked, [...ids, ids[0]]);
    assert.deepEqual((await dueOf(subject, agent, retention))['close_idle']?.ids, ids, 'they are due all the same');
  },

  'one conversation that cannot be deleted is named, and holds up no other': async (subject) => {
    const agent = agentName();
    const ids = [];
    for (const days of [93, 92, 91]) ids.push(await aTalk(subject, agent, days, 'closed'));
    // A figure that PostgreSQL cannot count.
    await subject.sql.query('update countersign.conversations set intake = $2 where id = $1', [
      ids[1],
      '{"n":1e999999}',
    ]);
    const agents = [{ name: agent, retention: { deleteTextsAfterDays: 30 } }];
    const works = await subject.store.maintenance.run({
      ...{ agents, nowMs: NOW_MS, limit: 100, ...BY_ITSELF },
    });
    const { done, ids: deleted, failed = '' } = works.find(({ task }) => task === 'delete_texts') ?? {};
    assert.deepEqual([done, deleted], [2, [ids[0], ids[2]]]);
    assert.match(failed, new RegExp(`^${ids[1]}: `));
    await subject.sql.query('update countersign.conversations set intake = null where id = $1', [ids[1]]);
  },

  'archived are those that are idle for as long as their agent declares; a list leaves them out, or has them': async (
    subject,
  ) => {
    const agent = agentName();
    const old = await aTalk(subject, agent, 40);
    const young = await aTalk(subject, agent, 20);
    const held = await aTalk(subject, agent, 40, 'paused');
    const list = async (archived: readonly { readonly agent: string; readonly beforeMs: number }[]) => {
      const which = { tenant: ada.tenant, principalId: '', agents: [agent], archived, cursor: '', limit: 9 };
      return (await subject.store.conversations.list(which)).rows.map(({ id }) => id).sort();
    };
    const archived = [{ agent, beforeMs: NOW_MS - 30 * DAY_MS }];
    assert.deepEqual(await list(archived), [young, held].sort());
    assert.deepEqual(await list([]), [old, young, held].sort());
  },
};
