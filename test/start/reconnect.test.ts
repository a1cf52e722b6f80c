// How this process comes back to a Temporal that was away.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { connectTemporal, TemporalUnusable } from '../../workers/temporal.ts';

// 5 s: the client's own pauses (1 s, 1.6 s, 2.6 s …, up to 2 minutes) have room for 4 tries in it.
const LIMIT_MS = 5_000;
const FEWEST_TRIES = 5;

test('the pauses between tries to reach Temporal do not grow beyond seconds', async (t) => {
  let tries = 0;
  const server = createServer((socket) => {
    tries += 1;
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await assert.rejects(connectTemporal({ env: {}, address, limitMs: LIMIT_MS }), TemporalUnusable);
  assert.ok(tries >= FEWEST_TRIES, `it tried ${tries} times in ${LIMIT_MS} ms`);
});
