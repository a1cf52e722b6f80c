import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../support/children.ts';
import { readSource, sourceFiles } from '../support/sources.ts';
import { countsOf, emptyFiles, failuresOf, GROUPS, testFiles } from '../support/test-files.ts';

const TAP = [
  ['# Subtest: a rule holds', 'ok 1 - a rule holds', '    ok 1 - /clone/test/x/inner.test.ts'],
  ['ok 2 - /clone/test/x/empty.test.ts', 'not ok 3 - another', '1..3'],
  ['# tests 3', '# suites 0', '# pass 1', '# fail 1', '# cancelled 1', '# skipped 0', '# todo 0'],
]
  .flat()
  .join('\n');

test('a cancelled test counts as failed', () => {
  assert.deepEqual(countsOf(TAP), { tests: 3, passed: 1, failed: 2, skipped: 0 });
});

test('a report without its closing lines counts nothing', () => {
  assert.equal(countsOf(TAP.replace('# fail 1', '')), undefined);
});

test('a file that holds no test is found, though the runner calls it passed', () => {
  assert.deepEqual(emptyFiles(TAP, ['test/x/empty.test.ts', 'test/x/inner.test.ts']), ['test/x/empty.test.ts']);
});

test('what a failed test said is kept, from its name on, within some lines', () => {
  const said = ['  ---', '  error: |-', '    Property failed by { seed: 7 }', '  ...'];
  assert.deepEqual(failuresOf(['ok 1 - a', 'not ok 2 - b', ...said, 'ok 3 - c', ''].join('\n')), [
    ['not ok 2 - b', ...said].join('\n'),
  ]);
  const long = failuresOf(['not ok 1 - b', ...Array<string>(900).fill('  at a place'), ''].join('\n'));
  assert.ok((long[0] ?? '').split('\n').length < 100);
});

test('every test file is in one group, and a pattern narrows them', () => {
  const all = GROUPS.flatMap((group) => testFiles(group, []));
  assert.equal(new Set(all).size, all.length);
  assert.ok(all.includes('test/unit/test-files.test.ts'));
  assert.deepEqual(
    GROUPS.flatMap((group) => testFiles(group, ['unit/test-files'])),
    ['test/unit/test-files.test.ts'],
  );
});

test('a program past its limit is stopped, and what it printed is kept', async () => {
  const script = "process.stdout.write('begun'); setInterval(() => {}, 1000)";
  const ended = await run(process.execPath, ['-e', script], { limitMs: 1_500 });
  assert.deepEqual([ended.code, ended.timedOut], [1, true]);
  assert.match(ended.output, /^begun\n.*did not end within 1\.5 s/);
});

test('a program that is not there fails with a sentence', async () => {
  const ended = await run('no-such-program', [], { limitMs: 1_500 });
  assert.equal(ended.code, 1);
  assert.match(ended.output, /no-such-program/);
});

test('the scripts of package.json start with the bootstrap, which installs what is missing', () => {
  const { scripts } = JSON.parse(readSource('package.json')) as { readonly scripts: Readonly<Record<string, string>> };
  for (const name of ['start', 'test', 'prove', 'check'])
    assert.match(scripts[name] ?? '', /^node cli\/bootstrap\.mjs /);
});

test('a file that starts a Temporal server runs by itself, and has the time for it', () => {
  const alone = GROUPS.filter(({ filesAtOnce }) => filesAtOnce === 1).flatMap((group) => testFiles(group, []));
  const starts = sourceFiles('test').filter(
    (path) => path.endsWith('.test.ts') && /from '[./]+\/support\/temporal\.ts'/.test(readSource(path)),
  );
  assert.ok(starts.length > 10, `${starts.length} files`);
  assert.deepEqual(
    starts.filter((path) => !alone.includes(path)),
    [],
  );
});
