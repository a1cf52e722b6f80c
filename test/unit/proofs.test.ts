import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom, freePort, spawnGroup, stopAll, waitFor } from '../proofs/support.ts';
import { FROM_SOURCE, run } from '../support/children.ts';
import { ROOT } from '../support/sources.ts';

// 30 s: two Node processes on a busy machine.
const LIMIT_MS = 30_000;
const prove = (...args: readonly string[]) =>
  run(process.execPath, [...FROM_SOURCE, 'test/proofs/run.ts', ...args], { limitMs: LIMIT_MS });

test('the same seed makes the same choices, another seed others', () => {
  const choices = (seed: number) => Array.from({ length: 20 }, createRandom(seed).next);
  assert.deepEqual(choices(7), choices(7));
  assert.notDeepEqual(choices(7), choices(8));
  const random = createRandom(1);
  const thrown = new Set(Array.from({ length: 200 }, () => random.between(1, 6)));
  assert.deepEqual(
    [...thrown].toSorted((a, b) => a - b),
    [1, 2, 3, 4, 5, 6],
  );
  assert.throws(() => random.pick([]));
});

test('waiting for what never comes ends, and says what it was and why', async () => {
  const never = waitFor('the moon', 100, () => {
    throw new Error('no moon');
  });
  await assert.rejects(
    never,
    (error: Error) => error.message.includes('the moon') && String(error.cause).includes('no moon'),
  );
});

test('a killed group takes along what it started', async () => {
  const port = await freePort();
  const server = `require('node:http').createServer((_, answer) => answer.end()).listen(${port}, '127.0.0.1')`;
  const parent = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(server)}]);`;
  const group = spawnGroup(process.execPath, ['-e', parent], { cwd: ROOT, env: process.env });
  const answers = () => fetch(`http://127.0.0.1:${port}`).then(({ ok }) => ok);
  assert.equal(await waitFor('the server', LIMIT_MS, answers), true);
  assert.equal(group.ended(), undefined);
  await group.kill('SIGKILL');
  assert.equal(group.ended(), 'SIGKILL');
  await waitFor('its end', LIMIT_MS, async () => !(await answers().catch(() => false)));
  stopAll();
});

test('an unknown proof is refused with the names of those that exist', async () => {
  const { code, output } = await prove('no-such-proof');
  assert.equal(code, 2);
  assert.match(output, /there is no proof no-such-proof; there are: /);
});

test('an unknown option or a seed that is no number proves nothing', async () => {
  const wrong = await prove('--fast');
  assert.deepEqual([wrong.code, wrong.output.trim()], [2, 'there is no option --fast; there are: --quick, --seed N']);
  assert.equal((await prove('--seed', 'x')).code, 2);
});
