import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { switchSubject } from '../../../domain/ids.ts';
import type { Switch } from '../../../domain/switch.ts';
import type { Store } from '../../../store/ports.ts';
import { aConversationId, anApproval, anEntry, ada, opened, requested } from '../builders.ts';
import type { Contract, Subject } from '../contract.test.ts';

const aSwitch = (over: Partial<Switch> = {}): Switch => ({
  scope: 'tool',
  name: randomUUID(),
  setBy: 'per_olga',
  reason: 'it pays twice',
  setMs: 100,
  ...over,
});

/** The switches of one name: all tests share one database. */
const named = async (store: Store, name: string): Promise<readonly Switch[]> =>
  (await store.switches.thrown()).filter((one) => one.name === name);

export const switchesContract: Contract = {
  'a switch is thrown until it is taken back, and both are on record with who and why': async ({ store }) => {
    const one = aSwitch();
    await store.switches.set({ id: 'kill', isThrown: true, switch: one });
    assert.deepEqual(await named(store, one.name), [one]);
    const back = { ...one, setBy: 'per_finn', reason: 'repaired', setMs: 200 };
    await store.switches.set({ id: 'revive', isThrown: false, switch: back });
    assert.deepEqual(await named(store, one.name), []);
    const entries = await store.ledger.ofSubject(switchSubject('tool', one.name));
    const about = { kind: 'switched', scope: 'tool', name: one.name } as const;
    assert.deepEqual(
      entries.map(({ step, atMs, fact }) => ({ step, atMs, fact })),
      [
        { step: 'kill', atMs: 100, fact: { ...about, isThrown: true, by: 'per_olga', reason: 'it pays twice' } },
        { step: 'revive', atMs: 200, fact: { ...about, isThrown: false, by: 'per_finn', reason: 'repaired' } },
      ],
    );
  },

  'a change sent again does not undo what came after it': async ({ store }) => {
    const one = aSwitch();
    const kill = { id: 'kill', isThrown: true, switch: one };
    await store.switches.set(kill);
    await store.switches.set({ id: 'revive', isThrown: false, switch: one });
    await store.switches.set(kill);
    assert.deepEqual(await named(store, one.name), []);
    await store.switches.set({ ...kill, id: 'kill again' });
    await store.switches.set({ id: 'revive', isThrown: false, switch: one });
    assert.equal((await named(store, one.name)).length, 1);
    assert.equal((await store.ledger.ofSubject(switchSubject('tool', one.name))).length, 3);
  },

  'the same change sent by several at once is one change': async ({ store }) => {
    const one = aSwitch();
    const change = { id: 'kill', isThrown: true, switch: one };
    await Promise.all(Array.from({ length: 5 }, () => store.switches.set(change)));
    assert.deepEqual(await named(store, one.name), [one]);
    assert.equal((await store.ledger.ofSubject(switchSubject('tool', one.name))).length, 1);
  },

  'a switch that is thrown again has the newer reason, and is still one': async ({ store }) => {
    const one = aSwitch();
    const again = { ...one, reason: 'and it is slow', setBy: 'per_finn', setMs: 300 };
    await Promise.all([
      store.switches.set({ id: 'first', isThrown: true, switch: one }),
      store.switches.set({ id: 'beside it', isThrown: true, switch: one }),
    ]);
    await store.switches.set({ id: 'later', isThrown: true, switch: again });
    assert.deepEqual(await named(store, one.name), [again]);
  },

  'the switch for all comes first, then the oldest; a name is one per scope': async ({ store, sql }) => {
    await sql.query('delete from countersign.switches');
    const [young, old] = [aSwitch({ setMs: 20 }), aSwitch({ setMs: 10 })];
    const agent: Switch = { ...old, scope: 'agent', setMs: 15 };
    const all = aSwitch({ scope: 'all', name: '', setMs: 99 });
    for (const one of [young, old, agent, all]) {
      await store.switches.set({ id: randomUUID(), isThrown: true, switch: one });
    }
    assert.deepEqual(await store.switches.thrown(), [all, old, agent, young]);
    await sql.query('delete from countersign.switches');
  },

  'what waits is found for a switch with its tenant, page by page, whatever its group': async (subject) => {
    await emptyApprovals(subject);
    const { store } = subject;
    const acme = { ...ada, tenant: 'acme' } as unknown as typeof ada;
    const [one, other, orphan] = [aConversationId(), aConversationId(), aConversationId()];
    const approvals = [
      anApproval(one, randomUUID(), 100),
      anApproval(other, randomUUID(), 200),
      anApproval(orphan, randomUUID(), 300),
    ] as const;
    await store.record([opened(one), opened(other, 10, acme)]);
    await store.record(approvals.map((approval) => requested(approval.conversationId, approval)));
    const first = await store.approvals.open({ cursor: '', limit: 2 });
    assert.deepEqual(first.rows, [
      { approval: approvals[2], tenant: '' },
      { approval: approvals[1], tenant: 'acme' },
    ]);
    const rest = await store.approvals.open({ cursor: first.next, limit: 2 });
    assert.deepEqual(rest, { rows: [{ approval: approvals[0], tenant: 'default' }], next: '' });
    const fact = { kind: 'approval_settled', approval: { ...approvals[1], end: 'cancelled' } } as const;
    await store.record([anEntry(other, approvals[1].id, 'settled', fact)]);
    const ids = (await store.approvals.open({ cursor: '', limit: 9 })).rows.map(({ approval }) => approval.id);
    assert.deepEqual(ids, [approvals[2].id, approvals[0].id]);
  },

  'what a role noticed replaces what it noticed before, in its order, and leaves other roles alone': async ({
    store,
  }) => {
    const [role, other] = [`a-${randomUUID()}`, `b-${randomUUID()}`];
    const of = async (name: string) => (await store.notices.all()).filter((one) => one.role === name);
    await store.notices.replace(role, ['z is wide', 'a is old'], 5);
    await store.notices.replace(other, ['it is slow'], 6);
    assert.deepEqual(await of(role), [
      { role, sentence: 'z is wide', notedMs: 5 },
      { role, sentence: 'a is old', notedMs: 5 },
    ]);
    await store.notices.replace(role, ['a is old'], 7);
    assert.deepEqual(await of(role), [{ role, sentence: 'a is old', notedMs: 7 }]);
    await store.notices.replace(role, [], 8);
    assert.deepEqual(await of(role), []);
    assert.equal((await of(other)).length, 1);
  },
};

const emptyApprovals = ({ sql }: Subject): Promise<unknown> => sql.query('delete from countersign.approvals');
