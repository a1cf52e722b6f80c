// What the proofs rely on in their rig, and no proof shows by itself.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client, Connection } from '@temporalio/client';
import { startTemporalServer } from '../proofs/rig/temporal.ts';

test('a Temporal server of the rig that was killed comes back at its address with what it knew', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-rig-'));
  const server = await startTemporalServer(folder);
  t.after(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const status = async (work: (client: Client) => Promise<{ status: { name: string } }>): Promise<string> => {
    const connection = await Connection.connect({ address: server.address });
    try {
      return (await work(new Client({ connection }))).status.name;
    } finally {
      await connection.close();
    }
  };
  const id = 'nobody-runs-it';
  const started = await status(async ({ workflow }) =>
    (await workflow.start('nothing', { workflowId: id, taskQueue: 'nobody' })).describe(),
  );
  await server.kill();
  await assert.rejects(Connection.connect({ address: server.address, connectTimeout: 500 }));
  await server.start();
  const found = await status(({ workflow }) => workflow.getHandle(id).describe());
  assert.deepEqual({ started, found }, { started: 'RUNNING', found: 'RUNNING' });
});
