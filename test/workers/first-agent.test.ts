// The page of a first agent: what it says to write is what is run here.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { BY_TSX, run } from '../support/children.ts';
import { ROOT } from '../support/sources.ts';

// 120 s: a machine that does other things too; the command needs two.
const LIMIT_MS = 120_000;

test('the agent of the page loads, and its rules do as its table says, without a gap', async (t) => {
  const project = mkdtempSync(join(tmpdir(), 'countersign-first-'));
  t.after(() => rmSync(project, { recursive: true }));
  mkdirSync(join(project, 'node_modules'));
  symlinkSync(ROOT, join(project, 'node_modules/countersign'));
  symlinkSync(join(ROOT, 'node_modules/zod'), join(project, 'node_modules/zod'));
  // As `npm init -y` makes it.
  writeFileSync(join(project, 'package.json'), '{"type":"commonjs"}');
  const page = readFileSync(join(ROOT, 'docs/agents.md'), 'utf8');
  const files = [...page.matchAll(/^```ts\n\/\/ (\S+)\n([\s\S]*?)^```$/gm)];
  assert.equal(files.length, 5);
  for (const [, path = '', text = ''] of files) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), text);
  }
  const command = [...BY_TSX, 'cli/main.ts', 'rules', 'check'];
  const { code, output } = await run(process.execPath, [...command, join(project, 'agents'), '--strict'], {
    limitMs: LIMIT_MS,
  });
  assert.equal(code, 0, output);
  assert.match(output, /^notes: 3 rows, 0 failed$/m);
});
