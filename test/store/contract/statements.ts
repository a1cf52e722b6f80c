import assert from 'node:assert/strict';
import pg from 'pg';
import { STATEMENTS, statementOf } from '../../proofs/ledger/writer-statements.ts';
import { aConversationId, opened, proposed } from '../builders.ts';
import type { Contract } from '../contract.test.ts';

/** What the store asks the database meanwhile. */
async function statementsOf(work: () => Promise<void>): Promise<readonly string[]> {
  const { query } = pg.Client.prototype;
  const texts: string[] = [];
  pg.Client.prototype.query = function (this: pg.Client, ...args: [unknown, ...unknown[]]) {
    const [config] = args;
    texts.push(typeof config === 'string' ? config : ((config as { readonly text?: string }).text ?? ''));
    return Reflect.apply(query, this, args) as unknown;
  } as typeof query;
  try {
    await work();
  } finally {
    pg.Client.prototype.query = query;
  }
  return texts;
}

export const statementsContract: Contract = {
  'an append and a checkpoint come past each statement at which the proof of the writers strikes': async ({
    store,
  }) => {
    const id = aConversationId();
    const texts = await statementsOf(async () => {
      await store.record([opened(id), proposed(id)]);
      const made = await store.checkpoints.make({ from: 'last_checkpoint', sign: () => 'signed', nowMs: 7 });
      await store.checkpoints.published(made?.size ?? 0, 8);
    });
    const seen = new Set(texts.map(statementOf));
    const never = STATEMENTS.filter(([, name]) => !seen.has(name)).map(([, name]) => name);
    assert.deepEqual(never, []);
  },
};
