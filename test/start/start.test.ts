// The order up and down, and the ends of a start, in a process of its own.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FROM_SOURCE, runNode, temporaryFolder } from './support.ts';

function start(t: TestContext, how = '', env: NodeJS.ProcessEnv = {}) {
  const state = join(temporaryFolder(t), 'state');
  const fixture = new URL('./fixtures/run-start.mts', import.meta.url).pathname;
  const { OPENAI_API_KEY: _key, OPENAI_BASE_URL: _url, ...clean } = process.env;
  const options = { env: { ...clean, COUNTERSIGN_STATE_DIR: state, ...env } };
  return { state, run: runNode(t, [...FROM_SOURCE, fixture, how], options) };
}

const downOf = (output: string) => [...output.matchAll(/down: (.*)/g)].map(([, name]) => name);

test('Ctrl-C stops everything in the opposite order, and the exit code is 0', async (t) => {
  const { state, run } = start(t);
  const table = await run.says('Ctrl-C stops it.');
  assert.match(table, /API +http:\/\/api\.test/);
  assert.match(table, /model +scripted demo model, no real one/);
  assert.match(table, /key of Ada +cs_.*\(customer\)/);
  assert.match(table, /key of Finn +cs_.*\(finance approver\)/);
  assert.match(table, /key of Audrey +cs_.*\(auditor\)/);
  assert.deepEqual(JSON.parse(readFileSync(join(state, 'api.json'), 'utf8')), { url: 'http://api.test' });
  run.process.kill('SIGINT');
  // A terminal, npm and the bootstrap may each hand on the same Ctrl-C.
  run.process.kill('SIGINT');
  const { code, output } = await run.ended;
  assert.equal(code, 0, output);
  assert.deepEqual(downOf(output), ['api', 'store', 'temporal', 'state folder']);
  assert.equal(existsSync(join(state, 'api.json')), false);
});

test('a second Ctrl-C ends a stop that hangs', async (t) => {
  const { run } = start(t, 'hangs');
  await run.says('Ctrl-C stops it.');
  const again = setInterval(() => run.process.kill('SIGINT'), 200);
  const { code, output } = await run.ended.finally(() => clearInterval(again));
  assert.equal(code, 130);
  assert.deepEqual(downOf(output), ['api']);
});

test('Ctrl-C during a start ends it at once', async (t) => {
  const { run } = start(t, 'waits');
  await run.says('opening the store');
  run.process.kill('SIGINT');
  const { code, output } = await run.ended;
  assert.equal(code, 130);
  assert.match(output, /stopped before it was up/);
});

test('a start that loses its Temporal server says so, stops the rest and fails', async (t) => {
  const { code, output } = await start(t, 'loses').run.ended;
  assert.equal(code, 1);
  assert.match(output, /the Temporal server has ended/);
  assert.deepEqual(downOf(output), ['api', 'store', 'temporal', 'state folder']);
});

test('a start that loses its embedded store says so, stops the rest and fails', async (t) => {
  const { code, output } = await start(t, 'loses its store').run.ended;
  assert.equal(code, 1);
  assert.match(output, /the embedded store has stopped/);
  assert.deepEqual(downOf(output), ['api', 'store', 'temporal', 'state folder']);
});

test('a start that fails closes what it had opened and says why', async (t) => {
  const { code, output } = await start(t, 'fails').run.ended;
  assert.equal(code, 1);
  assert.match(output, /^port 3000 is taken; set PORT$/m);
  assert.deepEqual(downOf(output), ['store', 'temporal', 'state folder']);
});

test('a wrong environment, or production, stops a start before it opens anything', async (t) => {
  const wrong = start(t, '', { PORT: 'http' });
  assert.match((await wrong.run.ended).output, /^PORT must be a whole number/);
  const production = start(t, '', { COUNTERSIGN_MODE: 'production' });
  assert.match((await production.run.ended).output, /refuses all roles in one process/);
  const deaf = start(t, '', { SLACK_BOT_TOKEN: 'xoxb-of-the-test' });
  assert.match((await deaf.run.ended).output, /the channel slack would ask and hear no answer/);
  assert.equal(
    [wrong, production, deaf].some(({ state }) => existsSync(state)),
    false,
  );
});
