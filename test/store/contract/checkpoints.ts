import assert from 'node:assert/strict';
import { createProver } from '../../../trust/merkle.ts';
import type { Store } from '../../../store/ports.ts';
import { aConversationId, noted } from '../builders.ts';
import type { Contract } from '../contract.test.ts';

const sign = (tree: { readonly size: number; readonly root: Buffer }): string =>
  `${tree.size} ${tree.root.toString('hex')}`;
const make = ({ checkpoints }: Store, from: 'last_checkpoint' | 'first_entry' = 'last_checkpoint') =>
  checkpoints.make({ from, sign, nowMs: 7 });

const write = (store: Store, count = 1): Promise<void> => {
  const id = aConversationId();
  return store.record(Array.from({ length: count }, (_, at) => noted(id, `${at}`)));
};

/** The root of the first entries, from all of them. */
async function rootOf({ ledger }: Store, size: number): Promise<Buffer> {
  const entries = await ledger.hashed(0, size);
  return createProver(entries.map(({ leaf }) => leaf)).root(size);
}

export const checkpointsContract: Contract = {
  'a checkpoint covers every entry so far, and the next one goes on from it': async ({ store }) => {
    await write(store, 3);
    const first = await make(store);
    assert.ok(first);
    assert.deepEqual(first.root, await rootOf(store, first.size));
    assert.deepEqual(await store.checkpoints.last(), first);
    await write(store, 5);
    let before: unknown;
    const second = await store.checkpoints.make({
      from: 'last_checkpoint',
      sign: (tree, last) => {
        before = last;
        return sign(tree);
      },
      nowMs: 8,
    });
    assert.deepEqual(before, first);
    const size = first.size + 5;
    const root = await rootOf(store, size);
    assert.deepEqual(second, { size, root, note: sign({ size, root }), madeMs: 8, publishedMs: null });
  },

  'where nothing is new, no checkpoint is made': async ({ store }) => {
    await write(store);
    assert.ok(await make(store));
    assert.equal(await make(store), undefined);
    assert.equal(await make(store, 'first_entry'), undefined);
  },

  'of makers at once one makes a checkpoint, and the others make no other of that size': async ({ store }) => {
    await write(store, 2);
    const made = await Promise.all([1, 2, 3, 4].map(() => make(store)));
    assert.equal(made.filter((one) => one !== undefined).length, 1);
  },

  'a maker that cannot sign leaves nothing behind, and the next one makes it': async ({ store }) => {
    await write(store);
    const before = await store.checkpoints.last();
    const refuse = () => {
      throw new Error('the key is gone');
    };
    await assert.rejects(
      store.checkpoints.make({ from: 'last_checkpoint', sign: refuse, nowMs: 7 }),
      /the key is gone/,
    );
    assert.deepEqual(await store.checkpoints.last(), before);
    assert.ok(await make(store));
  },

  'the root at any size is that of its entries, and there is none beyond the last': async ({ store }) => {
    await write(store, 4);
    const { entries } = await store.checkpoints.stats();
    for (const size of [0, 1, entries - 3, entries]) {
      assert.deepEqual(await store.checkpoints.rootAt(size), await rootOf(store, size), `${size}`);
    }
    assert.equal(await store.checkpoints.rootAt(entries + 1), undefined);
    const leaves = (await store.ledger.hashed(entries - 3, 2)).map(({ leaf }) => leaf);
    assert.deepEqual(await store.checkpoints.leaves(entries - 3, 2), leaves);
  },

  'checkpoints wait, oldest first, until they are published, and are counted': async ({ store }) => {
    const { checkpoints } = store;
    for (const one of await checkpoints.unpublished(100)) await checkpoints.published(one.size, 9);
    await write(store);
    const first = await make(store);
    await write(store);
    const second = await make(store);
    assert.ok(first && second);
    assert.deepEqual(await checkpoints.unpublished(100), [first, second]);
    assert.deepEqual(await checkpoints.unpublished(1), [first]);
    const { size } = second;
    assert.deepEqual(await checkpoints.stats(), { entries: size, size, madeMs: 7, unpublished: 2 });
    await checkpoints.published(first.size, 9);
    await checkpoints.published(first.size, 10);
    assert.deepEqual(await checkpoints.unpublished(100), [second]);
    assert.equal((await checkpoints.stats()).unpublished, 1);
    await checkpoints.published(second.size, 9);
    assert.deepEqual(await checkpoints.last(), { ...second, publishedMs: 9 });
  },

  'a stored checkpoint that was altered is seen by its root; begun anew, the next one is right': async ({
    store,
    sql,
  }) => {
    await write(store);
    const honest = await make(store);
    assert.ok(honest);
    const alter = 'update countersign.checkpoints set frontier = set_byte(frontier, 3, 255 - get_byte(frontier, 3))';
    await sql.query(`${alter} where size = $1`, [honest.size]);
    assert.notDeepEqual((await store.checkpoints.last())?.root, honest.root);
    await write(store);
    const anew = await make(store, 'first_entry');
    assert.deepEqual(anew?.root, await rootOf(store, anew?.size ?? 0));
  },

  'nothing is signed over a ledger that lacks an entry': async ({ store, sql }) => {
    await write(store, 2);
    const { entries } = await store.checkpoints.stats();
    const move = async (from: number, to: number) => {
      await sql.query('alter table countersign.ledger disable trigger ledger_is_append_only');
      await sql.query('update countersign.ledger set seq = $2 where seq = $1', [from, to]);
      await sql.query('alter table countersign.ledger enable always trigger ledger_is_append_only');
    };
    await move(entries, 9e15);
    const gap = new RegExp(`entry ${entries} of the ledger is missing`);
    await assert.rejects(make(store), gap);
    await assert.rejects(make(store, 'first_entry'), gap);
    assert.equal(await store.checkpoints.rootAt(entries), undefined);
    assert.ok(await store.checkpoints.rootAt(entries - 1));
    await move(9e15, entries);
    assert.equal((await make(store))?.size, entries);
  },

  'a ledger has one name, and keeps it': async ({ store }) => {
    const origin = await store.checkpoints.origin();
    assert.match(origin, /^countersign\/ledger\/[0-9a-f]{16}$/);
    assert.equal(await store.checkpoints.origin(), origin);
  },
};
