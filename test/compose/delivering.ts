// All that the actor does in the store to show something in channels, for the test of its rights.
import assert from 'node:assert/strict';
import type { Store } from '../../store/ports.ts';

export async function assertKeepsDeliveries({ deliveries, actions }: Store): Promise<void> {
  const claim = { key: 'k2', channel: 'c', attempt: 'a' };
  for (let time = 0; time < 2; time++) {
    assert.equal(await deliveries.claim(claim, 9), true);
    await deliveries.release(claim);
  }
  for (let time = 0; time < 2; time++) await deliveries.told({ conversationId: 'none', seq: 1, keys: ['k2'] });
  assert.deepEqual(await deliveries.ofBatch('none'), []);
  assert.deepEqual(await deliveries.stale({ channels: ['c'], after: '', limit: 9 }), []);
  await deliveries.forget(0);
  assert.deepEqual(await actions.some(['none']), []);
}
