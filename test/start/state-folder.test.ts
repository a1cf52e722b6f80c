import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStateFolder, type Migration } from '../../workers/state-folder.ts';
import { FROM_SOURCE, runNode, temporaryFolder } from './support.ts';

const HOLDER = new URL('./fixtures/hold-state-folder.mts', import.meta.url).pathname;

test('the state folder is private, and may be opened again after its release', async (t) => {
  const path = join(temporaryFolder(t), 'state');
  const first = await openStateFolder(path);
  assert.equal(statSync(path).mode & 0o777, 0o700);
  assert.equal(first.version, 1);
  assert.deepEqual(JSON.parse(readFileSync(join(path, 'version.json'), 'utf8')), { version: 1 });
  first.release();
  first.release();
  (await openStateFolder(path)).release();
});

test('a second start on the folder is refused at once and names the first', async (t) => {
  const path = join(temporaryFolder(t), 'state');
  const holder = runNode(t, [...FROM_SOURCE, HOLDER, path]);
  await holder.says('held');
  const startedMs = Date.now();
  await assert.rejects(openStateFolder(path), {
    name: 'StateFolderUnusable',
    message: `another countersign (pid ${holder.process.pid}) is using ${path}; stop it first`,
  });
  assert.ok(Date.now() - startedMs < 2_000);
  assert.equal(existsSync(join(path, 'temporal.db')), false);
});

test('a killed holder whose guard still stops is waited for, not refused', async (t) => {
  const path = join(temporaryFolder(t), 'state');
  // Its child inherits the lock and ends 700 ms after its parent: what a guard does.
  const holder = runNode(t, [...FROM_SOURCE, HOLDER, path, '700']);
  await holder.says('held');
  const exited = new Promise((resolve) => holder.process.once('exit', resolve));
  holder.process.kill('SIGKILL');
  await exited;
  const lines: string[] = [];
  const startedMs = Date.now();
  const opened = await openStateFolder(path, { report: (line) => lines.push(line) });
  assert.ok(Date.now() - startedMs > 300, 'the lock was free too early');
  assert.deepEqual(lines, ['the Temporal server of a killed start is still stopping; waiting for it']);
  opened.release();
});

test('a state of a newer version is refused and left as it is', async (t) => {
  const path = join(temporaryFolder(t), 'state');
  (await openStateFolder(path)).release();
  writeFileSync(join(path, 'version.json'), '{"version":99}');
  await assert.rejects(
    openStateFolder(path),
    /written by a newer Countersign \(state version 99, this one knows 1\); update/,
  );
  assert.equal(readFileSync(join(path, 'version.json'), 'utf8'), '{"version":99}');
});

test('an older state is migrated step by step, and a step that failed runs again', async (t) => {
  const path = join(temporaryFolder(t), 'state');
  (await openStateFolder(path)).release();
  const ran: string[] = [];
  let broken = true;
  const migrations: readonly Migration[] = [
    { name: 'second', run: () => void ran.push('second') },
    {
      name: 'third',
      run: () => {
        ran.push('third');
        if (broken) throw new Error('disk full');
      },
    },
  ];
  await assert.rejects(openStateFolder(path, { migrations }), /disk full/);
  broken = false;
  const migrated = await openStateFolder(path, { migrations });
  assert.equal(migrated.version, 3);
  assert.deepEqual(ran, ['second', 'third', 'third']);
  migrated.release();
  (await openStateFolder(path, { migrations })).release();
  assert.equal(ran.length, 3);
});

test('a folder with other people’s files, or a damaged version, is refused with what to do', async (t) => {
  const path = temporaryFolder(t);
  writeFileSync(join(path, 'thesis.doc'), 'mine');
  await assert.rejects(openStateFolder(path), /has files, but none of Countersign's; set COUNTERSIGN_STATE_DIR/);
  writeFileSync(join(path, 'version.json'), '{"version":"one"}');
  await assert.rejects(openStateFolder(path), /version\.json is damaged/);
  await assert.rejects(openStateFolder(join(path, 'thesis.doc', 'state')), /cannot use .* set COUNTERSIGN_STATE_DIR/);
});
