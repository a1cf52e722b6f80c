// A real Temporal server, found in the way of every start.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SEARCH_ATTRIBUTES } from '../../domain/protocol.ts';
import { findTemporal } from '../../workers/dev-server/find.ts';
import { startDevServer } from '../../workers/dev-server/start.ts';
import { openStateFolder } from '../../workers/state-folder.ts';
import { connectTemporal, missingAttributes, prepareNamespace, retentionDays } from '../../workers/temporal.ts';
import { isAlive } from '../support/alive.ts';
import { atEnd, FROM_SOURCE, runNode, temporaryFolder } from './support.ts';

const FREE_PORTS = { grpc: 0, ui: 0 };

test('a namespace keeps closed Workflows 30 days and has our search attributes, however often it is prepared', async (t) => {
  const stateFolder = await openStateFolder(join(temporaryFolder(t), 'state'));
  atEnd(t, () => stateFolder.release());
  const binary = await findTemporal({ env: process.env });
  const server = await startDevServer({ binary, stateFolder, ports: FREE_PORTS });
  atEnd(t, () => server.stop());
  const { connection, namespace, close } = await connectTemporal({ env: {}, address: server.address });
  atEnd(t, close);

  assert.equal(await retentionDays(connection, namespace), 1);
  // One of ours gone, as on a server that an older version prepared.
  await connection.operatorService.removeSearchAttributes({ namespace, searchAttributes: [SEARCH_ATTRIBUTES.tenant] });
  assert.deepEqual(await missingAttributes(connection, namespace), [SEARCH_ATTRIBUTES.tenant]);

  const both = await Promise.all([prepareNamespace(connection, namespace), prepareNamespace(connection, namespace)]);
  assert.deepEqual(both, [[], []]);
  assert.equal(await retentionDays(connection, namespace), 30);
  assert.deepEqual(await missingAttributes(connection, namespace), []);
  assert.deepEqual(await prepareNamespace(connection, namespace), []);
  await assert.rejects(prepareNamespace(connection, 'nowhere'), /namespace "nowhere" cannot be read/);

  const ui = await fetch(server.uiUrl);
  assert.equal(ui.status, 200);
});

test('a start that is killed leaves no server behind, and the next start goes on with its data', async (t) => {
  const path = join(temporaryFolder(t), 'state');
  const holder = runNode(t, [
    ...FROM_SOURCE,
    new URL('./fixtures/hold-dev-server.mts', import.meta.url).pathname,
    path,
  ]);
  const pid = Number(/server (\d+) up/.exec(await holder.says(' up\n'))?.[1]);
  assert.equal(isAlive(pid), true);
  const exited = new Promise((resolve) => holder.process.once('exit', resolve));
  holder.process.kill('SIGKILL');
  await exited;

  // The guard holds the lock until its server is gone.
  const stateFolder = await openStateFolder(path);
  atEnd(t, () => stateFolder.release());
  assert.equal(isAlive(pid), false);
  assert.equal(existsSync(join(path, 'temporal.pid')), false);

  const binary = await findTemporal({ env: process.env });
  const server = await startDevServer({ binary, stateFolder, ports: FREE_PORTS });
  const { connection, close } = await connectTemporal({ env: {}, address: server.address });
  assert.equal(await retentionDays(connection, 'default'), 30);
  await close();
  await server.stop();
  await server.stop();
  assert.equal(isAlive(server.pid), false);
  await server.ended;
});

test('a guard that is killed takes its server with it, and the start learns of it', async (t) => {
  const stateFolder = await openStateFolder(join(temporaryFolder(t), 'state'));
  atEnd(t, () => stateFolder.release());
  const binary = await findTemporal({ env: process.env });
  const server = await startDevServer({ binary, stateFolder, ports: FREE_PORTS });
  atEnd(t, () => server.stop());
  process.kill(server.guardPid, 'SIGKILL');
  await server.ended;
  await server.stop();
  assert.equal(isAlive(server.pid), false);
});

test('a server that does not start shows the end of its log', async (t) => {
  const stateFolder = await openStateFolder(join(temporaryFolder(t), 'state'));
  atEnd(t, () => stateFolder.release());
  // Node takes the server's arguments for a file to run, and says that there is none.
  await assert.rejects(startDevServer({ binary: process.execPath, stateFolder, ports: FREE_PORTS }), (error: Error) => {
    assert.match(error.message, /did not start: it ended/);
    assert.match(error.message, /Cannot find module/);
    return true;
  });
  assert.match(readFileSync(join(stateFolder.path, 'temporal.log'), 'utf8'), /Cannot find module/);
});

test('a Temporal that is not there is said, with what to do, in bounded time', async () => {
  await assert.rejects(
    connectTemporal({ env: { TEMPORAL_ADDRESS: '127.0.0.1:1' }, limitMs: 1_000 }),
    (error: Error) => {
      assert.match(error.message, /^Temporal at 127\.0\.0\.1:1 cannot be reached: .* Check that it runs/);
      return true;
    },
  );
});
