import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import type { RuleFacts } from '../../domain/rule.ts';
import { loadAgents } from '../../workers/load-agents.ts';
import { RULE_LIMIT_MS, RULE_STALL_MS } from '../../workers/rules/rules-process.ts';
import { type RunningRules, startRules } from '../../workers/rules/rules.ts';
import { FROM_SOURCE } from '../support/children.ts';
import { isAlive } from '../support/alive.ts';
import { ROOT } from '../support/sources.ts';
import { waitFor } from '../proofs/support.ts';
import { DEEDS } from './agents/unruly/index.ts';

const AGENTS = join(ROOT, 'test/workers/agents');
// 60 s: a role from source is up in two, and its end is noticed within one; a machine that does other things too is slower.
const WAIT_LIMIT_MS = 60_000;
let losses = 0;
const log = { warn: () => void (losses += 1), error: () => undefined };
let rules: RunningRules;

before(async () => {
  rules = startRules(await loadAgents(AGENTS), log);
  await rules.ready;
});
after(() => rules.stop());

let order = Date.now();
const aNote = (cents: number, of: Partial<RuleFacts> = {}): RuleFacts => ({
  actionId: `c-${(order += 1)}:1:0`,
  tool: 'note',
  effect: 'write',
  egress: false,
  input: { order, cents },
  evidence: null,
  principal: { id: 'ada', name: 'Ada', tenant: 'default' },
  groups: [],
  nowMs: 0,
  ...of,
});
const decide = (cents: number, of: Partial<RuleFacts> = {}) => asked(aNote(cents, of));

/** As an Activity asks: again, where the rules could not be asked. */
const asked = (ruleCase: RuleFacts) =>
  waitFor('the rules', WAIT_LIMIT_MS, () =>
    rules.decide('unruly', ruleCase).catch((error: unknown) => {
      if (!isNotReady(error)) throw error;
      return undefined;
    }),
  );
const isNotReady = (error: unknown) => error instanceof ApplicationFailure && error.type === 'RulesNotReady';

// Which of the two is the machine's matter: how much of the processor it has to give.
const LATE = new RegExp(`^the rule had not ended after (?:${RULE_LIMIT_MS}|${RULE_STALL_MS}) ms`);
const LATE_OR_ENDED = new RegExp(`${LATE.source}|^the rule ended its process`);

const MISBEHAVING: readonly [keyof typeof DEEDS, RegExp][] = [
  ['throws', /^the rule threw: boom$/],
  ['promises', /^the rule answers nonsense$/],
  ['loops', LATE],
  ['backtracks', LATE],
  ['sleeps', LATE],
  ['allocates', LATE_OR_ENDED],
  ['allocatesAtOnce', LATE_OR_ENDED],
  ['splits', LATE_OR_ENDED],
  ['fillsBuffers', LATE_OR_ENDED],
  ['exits', /^the rule ended its process \(exit code 3\)$/],
];

for (const [deed, reason] of MISBEHAVING) {
  test(`a rule that ${deed} is denied by its own id, and the next case is decided`, async () => {
    const verdict = await decide(DEEDS[deed]);
    assert.deepEqual([verdict.kind, verdict.ruleId], ['deny', 'unruly']);
    assert.match(verdict.reason, reason);
    assert.deepEqual((await decide(100)).ruleId, 'small');
  });
}

test('while a rule loops the role goes on, and what waits is decided afterwards', async (t) => {
  let beats = 0;
  const heart = setInterval(() => (beats += 1), 10);
  t.after(() => clearInterval(heart));
  const decided: string[] = [];
  const told = (name: string) => (verdict: { readonly ruleId: string }) =>
    void decided.push(`${name} ${verdict.ruleId}`);
  await Promise.all([
    decide(DEEDS.loops).then(told('first')),
    decide(2_000).then(told('second')),
    decide(100).then(told('third')),
  ]);
  assert.deepEqual(decided.toSorted(), ['first unruly', 'second asks', 'third small']);
  // Twice the time of a rule is fifty beats; a role that stood still meanwhile would have had two or three.
  assert.ok(beats > 20, `${beats} beats`);
});

test('a process that is lost over a rule once denies nothing: it is asked again', async () => {
  assert.deepEqual((await decide(DEEDS.isKilledOnce)).ruleId, 'small');
});

test('a loop that a rule leaves behind is not the next case’s fault', async () => {
  assert.equal((await decide(DEEDS.loopsLater)).ruleId, 'small');
  assert.equal((await decide(100)).ruleId, 'small');
});

test('who is denied because its rule misbehaved is not asked again when its Activity is tried again', async () => {
  const again = aNote(DEEDS.loops);
  const lostBefore = losses;
  const first = await asked(again);
  const lostOver = losses - lostBefore;
  await decide(100); // the process is up again
  assert.deepEqual(await rules.decide('unruly', { ...again, nowMs: 1 }), first);
  assert.deepEqual([lostOver > 0, losses - lostBefore], [true, lostOver]);
});

test('rules see nothing of the environment of the role', async () => {
  process.env.COUNTERSIGN_WORKFLOWS_SIGNING_KEY = 'secret';
  const verdict = await decide(DEEDS.readsTheEnvironment);
  delete process.env.COUNTERSIGN_WORKFLOWS_SIGNING_KEY;
  assert.equal(verdict.reason, 'sees ');
});

test('rules see the groups of who asks, and no other thing of the directory', async () => {
  assert.equal((await decide(100, { groups: ['operations'] })).ruleId, 'operations');
});

/** A copy of the agents in another project, to be spoilt. */
function aCopy(files: Readonly<Record<string, string>> = {}): string {
  const project = mkdtempSync(join(tmpdir(), 'countersign-rules-'));
  mkdirSync(join(project, 'node_modules'));
  symlinkSync(ROOT, join(project, 'node_modules/countersign'));
  symlinkSync(join(ROOT, 'node_modules/zod'), join(project, 'node_modules/zod'));
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
  cpSync(AGENTS, join(project, 'agents'), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(project, 'agents/unruly', name), text);
  return join(project, 'agents');
}

test('what a file says now speaks for nobody before the role has loaded it too', async (t) => {
  const folder = aCopy();
  t.after(() => rmSync(join(folder, '..'), { recursive: true }));
  const own = startRules(await loadAgents(folder), log);
  await own.ready;
  writeFileSync(join(folder, 'unruly/more.ts'), '// edited');
  assert.equal((await own.decide('unruly', aNote(100))).ruleId, 'small');
  const changed = /the files of the agent "unruly" have changed since this process was started; start it again/;
  // The process is lost over it once, which may be anybody's doing, and the next one has loaded something else.
  const lost = own.decide('unruly', aNote(DEEDS.exits));
  await assert.rejects(lost, isNotReady);
  await assert.rejects(own.done, changed);
  await assert.rejects(own.decide('unruly', aNote(100)), isNotReady);
});

test('an agent that cannot be loaded without an environment stops the start, with a sentence', async (t) => {
  const folder = aCopy({ 'needs.ts': "if (process.env.PATH === undefined) throw new Error('no PATH');" });
  t.after(() => rmSync(join(folder, '..'), { recursive: true }));
  const index = join(folder, 'unruly/index.ts');
  writeFileSync(index, `import './needs.ts';\n${spawnSync('cat', [index], { encoding: 'utf8' }).stdout}`);
  const own = startRules(await loadAgents(folder), log);
  await assert.rejects(own.ready, /unruly\/index\.ts cannot be loaded: no PATH/);
  await own.stop();
});

test('a role that is killed while a rule loops leaves no process behind', async (t) => {
  const script = join(mkdtempSync(join(tmpdir(), 'countersign-rules-')), 'role.mjs');
  const module = (path: string) => JSON.stringify(join(ROOT, path));
  writeFileSync(
    script,
    `const { loadAgents } = await import(${module('workers/load-agents.ts')});
    const { startRules } = await import(${module('workers/rules/rules.ts')});
    const quiet = { warn() {}, error() {} };
    const rules = startRules(await loadAgents(${module('test/workers/agents')}), quiet);
    await rules.ready;
    void rules.decide('unruly', ${JSON.stringify(aNote(DEEDS.loops))});
    // Frozen while the rule loops, so that nobody stops it.
    setTimeout(() => process.kill(process.pid, 'SIGSTOP'), 50);`,
  );
  const role = spawn(process.execPath, [...FROM_SOURCE, script], { cwd: ROOT, stdio: 'ignore' });
  t.after(() => role.kill('SIGKILL'));
  const looping = await waitFor('a process of rules that loops', WAIT_LIMIT_MS, () => busyChildOf(role));
  role.kill('SIGKILL');
  await waitFor('its end', WAIT_LIMIT_MS, () => !isAlive(looping));
});

/** The process that the role has started, once it uses the processor while the role stands still. */
function busyChildOf({ pid }: ChildProcess): number | undefined {
  const { stdout } = spawnSync('ps', ['-e', '-o', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' });
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/));
  const isStopped = rows.some(([of, , stat]) => Number(of) === pid && stat?.startsWith('T'));
  const child = rows.find(([, parent, stat]) => Number(parent) === pid && stat?.startsWith('R'));
  return isStopped && child !== undefined ? Number(child[0]) : undefined;
}
