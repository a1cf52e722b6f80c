// What bounds maintenance: a wrong clock, a message that waits, what was delivered before it was deleted, what a run does.
import { deepEqual, equal, match } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ConversationPhase } from '../../../domain/conversation.ts';
import { ada, aConversationId, aMessage, anEntry, aReply, BY_ITSELF } from '../builders.ts';
import type { Contract, Subject } from '../contract.test.ts';
import { aCall, daysAgo, DAY_MS, makeCall } from '../growing.ts';

const YEARS_MS = 3 * 365 * DAY_MS;
const retention = { closeIdleAfterDays: 30, deleteTextsAfterDays: 30 };

async function aTalk({ store }: Subject, agent: string, phase: ConversationPhase, atMs: number): Promise<string> {
  const id = aConversationId();
  const whose = { agent, tenant: ada.tenant, owner: 'per_olga', principal: ada };
  await store.record([anEntry(id, id, 'opened', { kind: 'conversation_opened', ...whose }, atMs)]);
  await store.items.append([aMessage(id, 'm-1'), aReply(id, 1)]);
  if (phase !== 'open')
    await store.record([anEntry(id, id, 'phase:1', { kind: 'phase', phase, by: 'olga', reason: 'a test' }, atMs)]);
  return id;
}

async function runAt({ store }: Subject, agent: string, nowMs: number, movedMs = 0) {
  const at = { agents: [{ name: agent, retention }], nowMs, limit: 100, ...BY_ITSELF, movedMs };
  return Object.fromEntries((await store.maintenance.run(at)).map((work) => [work.task, work]));
}

export const maintenanceBoundsContract: Contract = {
  'a clock that is ahead of the database’s closes, deletes and erases nothing, and says so; one that a proof moved does':
    async (subject) => {
      const agent = `agent-${randomUUID()}`;
      const realMs = Date.now();
      const closed = await aTalk(subject, agent, 'closed', realMs);
      const open = await aTalk(subject, agent, 'open', realMs);
      const nowMs = realMs + YEARS_MS;
      const ahead = await runAt(subject, agent, nowMs);
      for (const task of ['close_idle', 'delete_texts', 'erase_facts']) {
        deepEqual([ahead[task]?.done, ahead[task]?.ids, ahead[task]?.ask], [0, [], []]);
        match(
          ahead[task]?.failed ?? '',
          /^the clock of this process is \d+ minutes ahead of the database's; set it right/,
        );
      }
      equal((await subject.store.items.page(closed, 0, 9)).length, 2);
      const at = { agents: [{ name: agent, retention }], nowMs, limit: 9, conversationId: open };
      equal(await subject.store.maintenance.isIdle({ ...at, movedMs: 0 }), false);
      equal(await subject.store.maintenance.isIdle({ ...at, movedMs: YEARS_MS }), true);
      // Clocks differ by seconds.
      equal((await runAt(subject, agent, Date.now() + 60_000))['delete_texts']?.failed, undefined);
      deepEqual((await runAt(subject, agent, nowMs, YEARS_MS))['delete_texts']?.ids, [closed]);
    },

  'a message that waits and is not on record is the last change of its conversation, which is then not due': async (
    subject,
  ) => {
    const agent = `agent-${randomUUID()}`;
    const nowMs = Date.now();
    const id = await aTalk(subject, agent, 'open', nowMs - 90 * DAY_MS);
    const at = { agents: [{ name: agent, retention }], nowMs, limit: 9, movedMs: 0 };
    const isIdle = (heardMs: number) => subject.store.maintenance.isIdle({ ...at, conversationId: id, heardMs });
    equal(await isIdle(nowMs - 30 * DAY_MS), true);
    equal(await isIdle(nowMs - 29 * DAY_MS), false);
    equal((await subject.store.conversations.get(id))?.updatedMs, nowMs - 29 * DAY_MS);
    const [close] = await subject.store.maintenance.due(at);
    deepEqual(close?.due, []);
    // What has ended keeps its last change, by which its texts go.
    const closed = await aTalk(subject, agent, 'closed', nowMs - 90 * DAY_MS);
    const asked = { ...at, conversationId: closed, heardMs: nowMs };
    equal(await subject.store.maintenance.isIdle(asked), false);
    equal((await subject.store.conversations.get(closed))?.updatedMs, nowMs - 90 * DAY_MS);
  },

  'what was deleted counts as delivered, for good: what is said there once more reaches no channel': async (
    subject,
  ) => {
    const { store } = subject;
    const agent = `agent-${randomUUID()}`;
    const [id, told, other] = [
      await aTalk(subject, agent, 'closed', daysAgo(40)),
      await aTalk(subject, agent, 'closed', daysAgo(40)),
      await aTalk(subject, agent, 'closed', daysAgo(20)),
    ];
    const replies = async (conversationId: string) =>
      (await store.deliveries.replies({ conversationId, channel: 'slack', limit: 9 })).map(({ turn }) => turn);
    const [first] = await store.deliveries.replies({ conversationId: told, channel: 'slack', limit: 9 });
    await store.deliveries.told({ conversationId: told, seq: first?.seq ?? 0, keys: ['reply:none'] });
    deepEqual([await replies(id), await replies(told), await replies(other)], [[1], [], [1]]);
    const { delete_texts: done } = await runAt(subject, agent, daysAgo(0));
    deepEqual(done?.ids.toSorted(), [id, told].toSorted());
    // As after a Reset in Temporal, which does its turns again.
    for (const again of [id, told]) {
      await store.items.append([aMessage(again, 'm-1'), aReply(again, 1), aReply(again, 2)]);
      await store.deliveries.told({ conversationId: again, seq: 1, keys: ['reply:none'] });
      deepEqual(await replies(again), []);
    }
    await runAt(subject, agent, daysAgo(0));
    deepEqual(await replies(other), [1]);
  },

  'which of some conversations are closed is known; when a task elsewhere was last done, too': async (subject) => {
    const agent = `agent-${randomUUID()}`;
    const closed = await aTalk(subject, agent, 'closed', 1);
    const open = await aTalk(subject, agent, 'open', 1);
    const { maintenance } = subject.store;
    deepEqual(await maintenance.closedOf([open, closed, 'nobody']), [closed]);
    const task = `task-${randomUUID()}`;
    equal(await maintenance.lastRunMs(task), 0);
    await maintenance.noteRun(task, 2, 77);
    equal(await maintenance.lastRunMs(task), 77);
  },

  'a look counts as many rows as one run would drop': async (subject) => {
    const { conversationId } = await makeCall(subject, aCall(aConversationId(), 1, daysAgo(90)));
    for (let turn = 2; turn <= 6; turn++) await makeCall(subject, aCall(conversationId, turn, daysAgo(90)));
    const due = async (limit: number, rows?: number) => {
      const at = { agents: [], nowMs: daysAgo(0), limit, ...(rows === undefined ? {} : { rows }) };
      const works = await subject.store.maintenance.due(at);
      const work = works.find(({ task }) => task === 'drop_reservations');
      return [work?.due.length, work?.isCut];
    };
    deepEqual([await due(2), await due(1, 3), (await due(1, 1_000))[1]], [[2, true], [3, true], false]);
  },
};
