import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { aConversationId, ada, noted, opened, proposed, ruled } from '../builders.ts';
import type { Fact } from '../../../domain/entry.ts';
import { leafOf } from '../../../store/entry-text.ts';
import type { Contract } from '../contract.test.ts';

const FORBIDDEN = [
  "update countersign.ledger set step = 'x'",
  'delete from countersign.ledger',
  'truncate countersign.ledger cascade',
  "insert into countersign.ledger select * from countersign.ledger on conflict (seq) do update set step = 'x'",
  "delete from countersign.ledger where subject = 'nobody'",
];

const refuses =
  (statement: string): Contract[string] =>
  async ({ store, sql }) => {
    const id = aConversationId();
    await store.record([noted(id, 'a')]);
    await assert.rejects(sql.query(statement), /the ledger is append-only/);
    await assert.rejects(
      sql.transaction(async (tx) => {
        await tx.query('set local session_replication_role = replica');
        await tx.query(statement);
      }),
      /the ledger is append-only/,
    );
    assert.equal((await store.ledger.ofConversation(id, 0, 10)).length, 1);
  };

/** What only the owner of the tables can do. */
async function asOwner(sql: Parameters<Contract[string]>[0]['sql'], statement: string, values: readonly unknown[]) {
  const trigger = 'trigger ledger_is_append_only';
  await sql.query(`alter table countersign.ledger disable ${trigger}`);
  await sql.query(statement, [...values]);
  await sql.query(`alter table countersign.ledger enable always ${trigger}`);
}

export const ledgerContract: Contract = {
  'an entry recorded again changes nothing, also inside one call': async ({ store }) => {
    const id = aConversationId();
    await store.record([opened(id), noted(id, 'a'), noted(id, 'a')]);
    const before = await store.ledger.ofConversation(id, 0, 10);
    assert.deepEqual(
      before.map((entry) => entry.step),
      ['opened', 'a'],
    );
    const other = { ...opened(id), atMs: 99, fact: { ...opened(id).fact, agent: 'other' } } as (typeof before)[0];
    await store.record([other, noted(id, 'a'), noted(id, 'b')]);
    const after = await store.ledger.ofConversation(id, 0, 10);
    assert.deepEqual(after.slice(0, 2), before);
    assert.equal(after.length, 3);
    assert.equal((await store.conversations.get(id))?.agent, 'support-desk');
  },

  'an entry comes back as recorded, by conversation, position and subject': async ({ store }) => {
    const id = aConversationId();
    await store.record([]);
    await store.record([opened(id), noted(id, 'a')]);
    const [first, second] = await store.ledger.ofConversation(id, 0, 10);
    assert.ok(first && second);
    const { seq, seal, ...entry } = first;
    assert.deepEqual([entry, seal], [opened(id), 'fits']);
    assert.equal(second.seal, 'none');
    assert.deepEqual(await store.ledger.ofConversation(id, seq, 10), [second]);
    assert.deepEqual(await store.ledger.ofConversation(id, 0, 1), [first]);
    assert.deepEqual(await store.ledger.ofSubject(id), [first, second]);
    assert.deepEqual(await store.ledger.ofSubject('nobody'), []);
  },

  'what was ruled comes newest first, each with what it was ruled on': async ({ store }) => {
    const [one, other] = [aConversationId(), aConversationId()];
    const verdict = { kind: 'deny', ruleId: 'r', ruleVersion: 'v', reason: 'no' } as const;
    await store.record([opened(one), proposed(one), ruled(one, verdict), opened(other), proposed(other)]);
    await store.record([ruled(other, verdict), ruled(one, verdict, 'ruled again'), noted(one, 'a')]);
    const [again, second, ...more] = await store.ledger.rulings(Number.MAX_SAFE_INTEGER, 2);
    assert.ok(again && second && more.length === 0);
    assert.deepEqual([again.ruled.step, again.proposed?.subject], ['ruled again', again.ruled.subject]);
    assert.deepEqual([second.ruled.conversationId, second.proposed?.fact.kind], [other, 'proposed']);
    const [first] = await store.ledger.rulings(second.ruled.seq, 1);
    assert.deepEqual([first?.ruled.conversationId, first?.ruled.seal, first?.proposed?.seal], [one, 'fits', 'fits']);
  },

  'an entry is kept as the text that was hashed, and its leaf is the hash of exactly that': async ({ store }) => {
    const id = aConversationId();
    const odd = { ...noted(id, 'a').fact, reason: 'odd: \u0000 " \ud800 ümläut 🙂' } as Fact;
    await store.record([opened(id), { ...noted(id, 'a'), fact: odd }]);
    const [first] = await store.ledger.ofConversation(id, 0, 10);
    assert.ok(first);
    const hashed = await store.ledger.hashed(first.seq - 1, 2);
    for (const { seq, text, leaf } of hashed) {
      const bytes = Buffer.concat([Buffer.of(0), Buffer.from(text, 'utf8')]);
      assert.equal(leaf.toString('hex'), createHash('sha256').update(bytes).digest('hex'));
      const entry = JSON.parse(text) as {
        seq: number;
        subject: string;
        v: number;
        kind: string;
        fact: { kind: string };
      };
      assert.deepEqual([entry.seq, entry.subject, entry.v, entry.kind], [seq, id, 2, entry.fact.kind]);
      assert.deepEqual(Object.keys(entry), Object.keys(entry).toSorted());
    }
    assert.equal(hashed.length, 2);
  },

  'a chain is all entries of some subjects, and named steps of one more, in order': async ({ store }) => {
    const [id, other] = [aConversationId(), aConversationId()];
    await store.record([noted(id, 'a'), noted(other, 'x'), noted(id, 'b'), noted(other, 'y')]);
    const steps = async (subjects: readonly string[], named: readonly string[]) =>
      (await store.ledger.chain(subjects, { subject: other, steps: named })).map(({ step }) => step);
    assert.deepEqual(await steps([id], ['y']), ['a', 'b', 'y']);
    assert.deepEqual(await steps([], ['x', 'nothing']), ['x']);
    assert.deepEqual(await steps([id, 'nobody'], []), ['a', 'b']);
    assert.deepEqual(await steps([], []), []);
  },

  'what people are called is sealed: not in the text, there while what is beside it is, and never another': async ({
    store,
    sql,
  }) => {
    const id = aConversationId();
    await store.record([opened(id), proposed(id)]);
    const [first] = await store.ledger.ofConversation(id, 0, 1);
    assert.ok(first?.fact.kind === 'conversation_opened' && first.seal === 'fits');
    assert.equal(first.fact.principal.name, ada.name);
    for (const { text } of await store.ledger.hashed(first.seq - 1, 2)) {
      assert.doesNotMatch(text, /"Ada"|\b1042\b|salt of/);
      assert.match(text, /"sealed":"[0-9a-f]{64}"/);
    }
    const { seq } = first;
    await sql.query('update countersign.ledger_seals set body = $2 where seq = $1', [seq, '{"principal.name":"Eve"}']);
    const [forged] = await store.ledger.ofConversation(id, 0, 1);
    assert.deepEqual(
      [forged?.seal, forged && 'name' in (forged.fact as typeof first.fact).principal],
      ['broken', false],
    );
    await sql.query('delete from countersign.ledger_seals where seq = $1', [seq]);
    assert.equal((await store.ledger.ofConversation(id, 0, 1))[0]?.seal, 'gone');
  },

  'an entry that stands where its text does not belong is broken wherever it is found': async ({ store, sql }) => {
    const [id, other] = [aConversationId(), aConversationId()];
    await store.record([proposed(id), opened(other)]);
    const [one] = await store.ledger.ofConversation(id, 0, 1);
    assert.equal(one?.seal, 'fits');
    const move = (subject: string) =>
      asOwner(sql, 'update countersign.ledger set subject = $2 where seq = $1', [one.seq, subject]);
    await move(other);
    const [moved] = await store.ledger.chain([other], { subject: '', steps: [] });
    assert.deepEqual([moved?.subject, moved?.seal, moved?.isAltered], [other, 'broken', true]);
    assert.deepEqual(moved?.fact, { kind: 'proposed' });
    await move(one.subject);
    assert.deepEqual(await store.ledger.ofSubject(one.subject), [one]);
  },

  'an entry whose text was edited is broken, and says nothing; so is one that is no entry any more': async ({
    store,
    sql,
  }) => {
    const id = aConversationId();
    await store.record([opened(id)]);
    const [one] = await store.ledger.ofConversation(id, 0, 1);
    const [hashed] = await store.ledger.hashed((one?.seq ?? 0) - 1, 1);
    assert.ok(one && hashed);
    const put = (text: string, leaf: Buffer) =>
      asOwner(sql, 'update countersign.ledger set entry = $2, leaf = $3 where seq = $1', [one.seq, text, leaf]);
    const forged = hashed.text.replace(ada.id, 'olga');
    const nonsense = 'this is no JSON';
    for (const [text, leaf] of [
      [forged, hashed.leaf],
      [nonsense, hashed.leaf],
      [nonsense, leafOf(nonsense)],
      ['null', leafOf('null')],
    ] as const) {
      await put(text, leaf);
      const [read] = await store.ledger.ofConversation(id, 0, 1);
      assert.deepEqual(read, { ...one, fact: { kind: one.fact.kind }, seal: 'broken', isAltered: true }, text);
    }
    await put(hashed.text, hashed.leaf);
    assert.deepEqual(await store.ledger.ofConversation(id, 0, 1), [one]);
  },

  'positions have no gaps and are seen in order, however many write at once': async ({ store, sql }) => {
    const id = aConversationId();
    const written = new AbortController();
    const seen: number[] = [];
    const reader = (async () => {
      while (!written.signal.aborted) {
        const rows = await store.ledger.ofConversation(id, seen.at(-1) ?? 0, 100);
        seen.push(...rows.map((row) => row.seq));
      }
    })();
    const writers = Array.from({ length: 24 }, (_, n) => {
      const entries = [noted(id, `one ${n}`), noted(id, `two ${n}`), noted(id, 'shared')];
      return n % 5 === 0
        ? store.items.append([], () => {
            throw new Error('rolled back');
          })
        : store.record(entries);
    });
    const ended = await Promise.allSettled(writers);
    written.abort();
    await reader;
    assert.equal(ended.filter((one) => one.status === 'rejected').length, 5);
    const all = await store.ledger.ofConversation(id, 0, 100);
    assert.equal(all.length, 19 * 2 + 1);
    // A reader that goes on after the last position it has seen misses none.
    const tail = all.map((row) => row.seq);
    assert.deepEqual(seen, tail.slice(0, seen.length));
    const ledger = await sql.query<{ seq: number }>('select seq from countersign.ledger order by seq');
    assert.deepEqual(
      ledger.map((row) => row.seq),
      ledger.map((_, index) => index + 1),
    );
  },

  'an entry comes right after the last one, also where somebody writes it past our code': async ({ store, sql }) => {
    const id = aConversationId();
    await store.record([noted(id, 'a')]);
    for (const by of [-1, 0, 1, 1_000_000]) {
      const place = `(select max(seq) + 1 + ${by} from countersign.ledger)`;
      const insert = `insert into countersign.ledger (seq, subject, step, conversation_id, at_ms, kind, entry, leaf)
        select ${place}, 'forged', $1, conversation_id, at_ms, kind, entry, leaf from countersign.ledger where subject = $2`;
      const inserted = sql.transaction(async (tx) => {
        await tx.query(insert, [`${by}`, id]);
        throw new Error('rolled back');
      });
      await assert.rejects(inserted, by === 0 ? /rolled back/ : /the ledger has no gaps/, `${by}`);
    }
  },

  'what is sealed is that of an entry, or it is not kept': async ({ sql }) => {
    const seal = "insert into countersign.ledger_seals select max(seq) + 1, '', '' from countersign.ledger";
    await assert.rejects(sql.query(seal), /foreign key/);
  },

  ...Object.fromEntries(FORBIDDEN.map((statement) => [`the ledger refuses: ${statement}`, refuses(statement)])),
};
