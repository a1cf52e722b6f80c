import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { BY_TSX, run } from '../support/children.ts';
import { ROOT } from '../support/sources.ts';

const CLI = [...BY_TSX, 'cli/main.ts', 'rules', 'check'];
// 120 s: a machine that does other things too; the command needs two.
const LIMIT_MS = 120_000;

async function check(folder: string, ...flags: string[]) {
  const { code, output } = await run(process.execPath, [...CLI, folder, ...flags], { limitMs: LIMIT_MS });
  return { code, output };
}

/** The on-call desk in another project, with files of its folder altered. */
function altered(t: TestContext, alter: Readonly<Record<string, (text: string) => string>>): string {
  const project = mkdtempSync(join(tmpdir(), 'countersign-check-'));
  t.after(() => rmSync(project, { recursive: true }));
  mkdirSync(join(project, 'node_modules'));
  symlinkSync(ROOT, join(project, 'node_modules/countersign'));
  symlinkSync(join(ROOT, 'node_modules/zod'), join(project, 'node_modules/zod'));
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
  const agents = join(project, 'agents');
  cpSync(join(ROOT, 'agents/directory.ts'), join(agents, 'directory.ts'));
  cpSync(join(ROOT, 'agents/on-call'), join(agents, 'on-call'), { recursive: true });
  for (const [name, change] of Object.entries(alter)) {
    const file = join(agents, 'on-call', name);
    const before = readFileSync(file, 'utf8');
    assert.notEqual(change(before), before, `${name} is as it was`);
    writeFileSync(file, change(before));
  }
  return agents;
}

test('rules that do as their table says pass, and reads without a rule are no gap', async () => {
  const { code, output } = await check('./agents', '--strict');
  assert.equal(code, 0, output);
  assert.match(output, /^on-call: 12 rows, 0 failed$/m);
  assert.match(output, /^ {2}reads without a rule: look_up_order, read_ticket/m);
});

test('a rule that answers otherwise than its table says fails the check, with the row and what it answered', async (t) => {
  const agents = altered(t, {
    'rules.ts': (text) => text.replace('MAX_RESTARTS_PER_HOUR = 3', 'MAX_RESTARTS_PER_HOUR = 4'),
  });
  const { code, output } = await check(agents);
  assert.equal(code, 1, output);
  assert.match(output, /^on-call: 12 rows, 1 failed$/m);
  assert.match(output, /FAILED restart_service \{"service":"checkout"/);
  assert.match(
    output,
    /expected: deny by restart\.not-again; the rules say: ask by restart\.asks-operations of operations/,
  );
});

test('a rule that loops fails its row, though it is denied as the row expects, and the check ends', async (t) => {
  const agents = altered(t, {
    'rules.ts': (text) => text.replace("deny('there is no such service')", '(() => { for (;;); })()'),
  });
  const { code, output } = await check(agents);
  assert.equal(code, 1, output);
  assert.match(output, /^on-call: 12 rows, 1 failed$/m);
  assert.match(output, /restart\.known: the rule had not ended after 250 ms/);
});

test('a rule that no row hits and a tool that no row calls are gaps, which fail where they must not be', async (t) => {
  const agents = altered(t, {
    'rules-table.ts': (text) =>
      text.replace(/^ {2}row\(acknowledgeAlert.*\n/gm, '').replace(/^ {2}row\(restart.*\('none.*\n/m, ''),
  });
  const lax = await check(agents);
  assert.equal(lax.code, 0, lax.output);
  assert.match(lax.output, /^ {2}rules that no row hits: acknowledge\.firing, restart\.known$/m);
  assert.match(lax.output, /^ {2}tools that no row calls: acknowledge_alert$/m);
  assert.equal((await check(agents, '--strict')).code, 1);
});

test('a row with arguments that its tool does not take fails: the model’s call would be no proposal', async (t) => {
  const agents = altered(t, { 'rules-table.ts': (text) => text.replaceAll("alertId: '7'", "alertId: 'seven'") });
  const { code, output } = await check(agents);
  assert.equal(code, 1);
  assert.match(
    output,
    /acknowledge_alert \{"alertId":"seven"\}\n +the tool does not take this: alertId: an alert number is 1 to 10 digits/,
  );
});

test('what is no row is named by its place, and what to write', async (t) => {
  const first = 'export const table: readonly RuleRow[] = [';
  const agents = altered(t, { 'rules-table.ts': (text) => text.replace(first, `${first} undefined as never,`) });
  const { code, output } = await check(agents);
  assert.equal(code, 1);
  assert.match(output, /rules-table\.ts: row 1 is none; write: row\(tool, \{ input: /);
});

test('a limit on which no row rests is a gap, and a row that says what was used of another fails', async (t) => {
  const limit = `defineLimit({ name: 'restarts', of: [restartService], per: 'agent', within: 'day', timeZone: 'UTC' })`;
  const declared = (text: string) =>
    text
      .replace('import { defineAgent }', 'import { defineAgent, defineLimit }')
      .replace('  rules,\n', `  rules,\n  periodLimits: [${limit}],\n`);
  const lax = await check(altered(t, { 'index.ts': declared }));
  assert.equal(lax.code, 0, lax.output);
  assert.match(lax.output, /^ {2}limits that no row rests on: restarts \(counted, and not limited\)$/m);
  const used = (text: string) => text.replace('({ input: { service', '({ used: { restart: 1 }, input: { service');
  const { code, output } = await check(altered(t, { 'index.ts': declared, 'rules-table.ts': used }));
  assert.equal(code, 1, output);
  assert.match(output, /the agent has no limit "restart" of restart_service/);
});

test('a row that expects people to be asked fails where the directory has none who could give leave', async (t) => {
  const misspelt = (text: string) => text.replaceAll("'operations'", "'operation'");
  const { code, output } = await check(altered(t, { 'rules.ts': misspelt, 'rules-table.ts': misspelt }));
  assert.equal(code, 1, output);
  assert.match(output, /it would be denied: the rule asks 1 of operation, where 0 may decide/);
});
