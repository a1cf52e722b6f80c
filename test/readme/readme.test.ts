import { deepEqual, equal } from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PROOFS } from '../proofs/list.ts';
import { codeBlocks, consoleBlocks, untrueLines } from '../support/readme.ts';
import { ROOT } from '../support/sources.ts';

const README = join(ROOT, 'README.md');
const text = readFileSync(README, 'utf8');

test('the agent that the README shows is the file that it names, to the letter', () => {
  deepEqual(codeBlocks(README, 'ts'), [readFileSync(join(ROOT, 'agents/on-call/index.ts'), 'utf8')]);
});

test('every file that the README links to exists', () => {
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path = '']) => path);
  deepEqual(
    links.filter((path) => !existsSync(join(ROOT, path))),
    [],
  );
  equal(links.length > 5, true);
});

test('every proof that the README names is one that can be run', () => {
  const named = [...text.matchAll(/npm run prove -- ([a-z-]+)/g)].map(([, name = '']) => name);
  const known = PROOFS.map((proof) => proof.name);
  deepEqual(
    named.filter((name) => !known.includes(name)),
    [],
  );
  equal(named.length > 0, true);
});

test('every console block has commands, which the proof first-ten-minutes types one by one', () => {
  const blocks = consoleBlocks(README);
  equal(blocks.length, (text.match(/^```console$/gm) ?? []).length);
  equal(
    blocks.every((steps) => steps.length > 0),
    true,
  );
});

test('a line that the real output lacks is found, and what differs from run to run is not', () => {
  const output = 'key of Ada   cs_079e1ccffa88_ydsxdHF5 (customer)\nuntil 2026-11-24 00:35 UTC (in 1 d)\n';
  deepEqual(untrueLines(['key of Ada cs_1_x (customer)', 'until 2027-01-01 10:00 UTC (in 23 h)'], output), []);
  deepEqual(untrueLines(['key of Bob cs_1_x (customer)'], output), ['key of Bob cs_1_x (customer)']);
  deepEqual(untrueLines(['until 2027-01-01 10:00 UTC (in 1 d)', 'key of Ada cs_1_x (customer)'], output).length, 1);
});
