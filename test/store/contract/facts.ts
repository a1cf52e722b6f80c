// Remembered facts: one life each, of one principal, tenant and agent; and words that are gone when they are over.
import { deepEqual, equal, ok } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { MAX_FACTS_EACH, standingOf } from '../../../domain/memory.ts';
import type { Facts } from '../../../store/fact-port.ts';
import type { Store } from '../../../store/ports.ts';
import { factIdOf } from '../../../trust/digest.ts';
import { aConversationId, aProposal, BY_ITSELF } from '../builders.ts';
import type { Contract, Subject } from '../contract.test.ts';

type New = Parameters<Facts['remember']>[0];

const DAY_MS = 86_400_000;
const AT_MS = 1_000 * DAY_MS;

/** A memory of its own. */
function aMemory() {
  const conversationId = aConversationId();
  const whose = { tenant: 'default', agent: 'desk', subject: `cus-${randomUUID()}` };
  let made = 0;
  const fact = (more: Partial<New> = {}): New => ({
    ...{ ...whose, kind: 'contact', key: '', value: { by: 'mail' }, trust: 'principal', owner: 'olga' },
    source: { conversationId, actionId: `${conversationId}:1:${made++}`, items: [{ id: 'i', digest: 'd' }] },
    ...{ fromMs: AT_MS, expiresMs: AT_MS + 10 * DAY_MS, freshUntilMs: AT_MS + DAY_MS, historyMs: 0 },
    ...more,
  });
  const all = { ...whose, kind: '', key: '', id: '' };
  return { conversationId, whose, all, fact };
}

const valuesOf = async ({ store }: Subject, whose: Parameters<Facts['shownOf']>[0], nowMs: number) =>
  (await store.facts.shownOf(whose, nowMs)).map(({ value }) => value);

/** How many of what is over maintenance erases. */
async function eraseOver(store: Store, nowMs: number): Promise<number> {
  const works = await store.maintenance.run({ agents: [], nowMs, limit: 1_000, ...BY_ITSELF });
  const { done = -1, failed } = works.find(({ task }) => task === 'erase_facts') ?? {};
  equal(failed, undefined);
  return done;
}

export const factsContract: Contract = {
  'a fact is remembered once for each action, with where it comes from, and nobody else has it': async (subject) => {
    const { store } = subject;
    const { whose, fact } = aMemory();
    const one = fact();
    equal(await store.facts.remember(one), 'remembered');
    equal(await store.facts.remember({ ...one, value: 'another' }), 'remembered');
    const [kept, ...more] = await store.facts.shownOf(whose, AT_MS);
    deepEqual(more, []);
    deepEqual([kept?.value, kept?.trust, kept?.source], [{ by: 'mail' }, 'principal', one.source]);
    deepEqual(await store.facts.byAction(one.source.actionId), kept);
    deepEqual(await store.facts.some(whose, [kept?.id ?? '']), [kept]);
    for (const other of [{ tenant: 'acme' }, { agent: 'other' }, { subject: 'finn' }]) {
      deepEqual(await store.facts.shownOf({ ...whose, ...other }, AT_MS), []);
      deepEqual(await store.facts.some({ ...whose, ...other }, [kept?.id ?? '']), []);
    }
  },
  'a newer fact of the same kind and key ends the older, of another key stands beside it': async (subject) => {
    const { store } = subject;
    const { whose, fact } = aMemory();
    const keyed = (key: string, value: string, at: number) =>
      fact({ key, value, fromMs: AT_MS + at, historyMs: 5 * DAY_MS });
    for (const one of [keyed('a', 'old a', 0), keyed('b', 'b', 1), keyed('a', 'new a', 2)]) {
      await store.facts.remember(one);
    }
    const shown = await store.facts.shownOf(whose, AT_MS + 3);
    deepEqual(
      shown.map((one) => [one.value, standingOf(one, AT_MS + 3)]),
      [
        ['new a', 'in_force'],
        ['b', 'in_force'],
        ['old a', 'was'],
      ],
    );
    deepEqual(shown[2]?.ended, { as: 'replaced', atMs: AT_MS + 2 });
  },
  'there is a bound to what one principal has with one agent; what has ended counts no more': async (subject) => {
    const { store } = subject;
    const { all, fact } = aMemory();
    for (let at = 0; at < MAX_FACTS_EACH; at++) await store.facts.remember(fact({ key: `${at}` }));
    equal(await store.facts.remember(fact({ key: 'more' })), 'full');
    equal(await store.facts.remember(fact({ key: '0' })), 'remembered', 'it takes the place of another');
    const later = AT_MS + 10 * DAY_MS;
    equal(await store.facts.remember(fact({ key: 'more', fromMs: later, expiresMs: later + 1 })), 'remembered');
    // With the one that was replaced.
    equal(await store.facts.forget(all, 'ada', later), MAX_FACTS_EACH + 2);
  },
  'a fact is gone at the very moment at which its time is over': async (subject) => {
    const { store } = subject;
    const { whose, fact } = aMemory();
    await store.facts.remember(fact());
    const end = AT_MS + 10 * DAY_MS;
    deepEqual(await valuesOf(subject, whose, end - 1), [{ by: 'mail' }]);
    deepEqual(await valuesOf(subject, whose, end), []);
    const listed = (nowMs: number) => store.facts.list({ ...whose, nowMs, cursor: '', limit: 10 });
    equal((await listed(end - 1)).rows.length, 1);
    equal((await listed(end)).rows.length, 0);
  },
  'what is forgotten has no words any more, nor has what is over: not in its table, its action, its approval or a seal':
    async (subject) => {
      const { store } = subject;
      for (const why of ['forgotten', 'over'] as const) {
        const { conversationId, all, fact } = aMemory();
        const canary = `canary-${randomUUID()}`;
        const one = fact({ value: canary });
        const { actionId } = one.source;
        const proposal = {
          ...aProposal(conversationId),
          actionId,
          args: JSON.stringify({ contact: canary, nul: '\0' }),
        };
        const proposed = { kind: 'proposed', proposal } as const;
        await store.record([{ subject: actionId, step: 'proposed', conversationId, atMs: 1, fact: proposed }]);
        await store.facts.remember(one);
        equal(await hits(subject, canary), 3, 'the fact, the action, the seal');
        const end = AT_MS + 10 * DAY_MS;
        if (why === 'forgotten') equal(await store.facts.forget(all, 'ada', AT_MS + 1), 1);
        else {
          await eraseOver(store, end - 1);
          const at = { agents: [], nowMs: end, limit: 1_000 };
          const due = (await store.maintenance.due(at)).find(({ task }) => task === 'erase_facts')?.due ?? [];
          deepEqual([due.some(({ id }) => id === factIdOf(actionId)), await hits(subject, canary)], [true, 3]);
          ok((await eraseOver(store, end)) > 0);
          equal(await eraseOver(store, end), 0);
        }
        equal(await hits(subject, canary), 0);
        const left = await store.facts.byAction(actionId);
        deepEqual([left?.value, left?.ended?.as], [null, why === 'over' ? 'expired' : 'forgotten']);
        ok(left?.digest);
        equal((await store.actions.get(actionId))?.args, '');
        const [entry] = await store.ledger.ofSubject(actionId);
        equal(entry?.seal, 'gone');
        const erased = await store.ledger.ofSubject(`facts/${why === 'over' ? '' : 'default'}`);
        const fitting = erased.filter(
          (row) => row.fact.kind === 'facts_erased' && row.fact.factIds.includes(left?.id ?? ''),
        );
        deepEqual(
          fitting.map((row) => row.fact.kind === 'facts_erased' && [row.fact.why, row.fact.by]),
          [[why, why === 'over' ? '' : 'ada']],
        );
        equal(await store.facts.forget(all, 'ada', end), 0, 'once');
      }
    },
  'what is in force is erased by nobody, and one kind is forgotten without the others': async (subject) => {
    const { store, sql } = subject;
    const { whose, all, fact } = aMemory();
    for (const kind of ['contact', 'diet']) await store.facts.remember(fact({ kind, value: kind }));
    const facts = await store.facts.shownOf(whose, AT_MS);
    const ids = facts.map(({ id }) => id);
    await sql.query('select countersign.erase_facts($1)', [ids]);
    deepEqual(await store.facts.shownOf(whose, AT_MS), facts);
    equal(await store.facts.forget({ ...all, kind: 'diet' }, 'ada', AT_MS), 1);
    deepEqual(await valuesOf(subject, whose, AT_MS), ['contact']);
  },
};

/** In how many places of the database the words stand. */
async function hits({ sql }: Subject, words: string): Promise<number> {
  const tables = [
    "select count(*) as n from countersign.facts where value::text like '%' || $1 || '%'",
    "select count(*) as n from countersign.actions where proposal::text like '%' || $1 || '%'",
    "select count(*) as n from countersign.ledger_seals where body like '%' || $1 || '%'",
    "select count(*) as n from countersign.ledger where entry like '%' || $1 || '%'",
  ];
  let found = 0;
  for (const table of tables) found += Number((await sql.query<{ n: string }>(table, [words]))[0]?.n);
  return found;
}
