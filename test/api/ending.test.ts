// An end that the API meets is put on record once: not again where the conversation has said of itself that it ended.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEnding } from '../../api/ending.ts';
import { GatewayError } from '../../api/gateway-error.ts';
import type { Entry } from '../../domain/entry.ts';
import type { ConversationRow, Store } from '../../store/ports.ts';

const OPEN = {
  id: 'c1',
  agent: 'a',
  tenant: 'default',
  owner: 'olga',
  principal: { id: 'ada', name: 'Ada', tenant: 'default' },
  phase: 'open',
  channel: null,
} as ConversationRow;

/** Its Workflow is over; the store says this of it by now. Resolves to what was put on record. */
async function meet(phase: ConversationRow['phase']): Promise<readonly Entry[]> {
  const recorded: Entry[] = [];
  const store: Pick<Store, 'record'> & { conversations: Pick<Store['conversations'], 'get'> } = {
    record: async (entries) => void recorded.push(...entries),
    conversations: { get: async () => ({ ...OPEN, phase }) },
  };
  const ending = createEnding(store as Pick<Store, 'record' | 'conversations'>, () => 7);
  const over = new GatewayError({ kind: 'ended' }, undefined);
  await assert.rejects(
    ending.whileOpen(OPEN, () => Promise.reject(over)),
    over,
  );
  return recorded;
}

test('an end that nobody has put on record is, as nobody’s', async () => {
  const [entry, ...more] = await meet('open');
  assert.deepEqual([entry?.step, entry?.atMs, more.length], ['closed', 7, 0]);
  assert.deepEqual(entry?.fact, {
    ...{ kind: 'phase', phase: 'closed', by: '' },
    reason: 'its Workflow had ended in Temporal',
  });
});

test('an end that the conversation itself has put on record meanwhile is not put there again', async () => {
  assert.deepEqual(await meet('closed'), []);
});
