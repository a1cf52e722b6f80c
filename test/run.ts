// `npm test`: the check, then every test file, in groups. `npm test -- PATTERN…` runs only the files whose path holds a
// pattern (or the group of that name), without the check. Node's runner finds no TypeScript file by itself on Node 20
// and passes all the same, so the list is explicit, and too few tests are a failure. Node built-ins only.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FROM_SOURCE, run } from './support/children.ts';
import { type Counts, countsOf, emptyFiles, failuresOf, type Group, GROUPS, testFiles } from './support/test-files.ts';

// The number of tests when this was last raised: fewer means that files were not found. Raise it as tests grow.
const FEWEST_TESTS = 3_050;
// 10 minutes for the check and 55 for a group: far above what they take, far below the patience of a CI.
const CHECK_LIMIT_MS = 10 * 60_000;
const GROUP_LIMIT_MS = 55 * 60_000;

// 5: what broke most tests is told by the first of them.
const MOST_FAILURES = 5;

const NONE: Counts = { tests: 0, passed: 0, failed: 0, skipped: 0 };
const patterns = process.argv.slice(2);
const reports = mkdtempSync(join(tmpdir(), 'countersign-tests-'));
const problems: string[] = [];
const failures: string[] = [];

async function runGroup(group: Group): Promise<Counts> {
  const files = testFiles(group, patterns);
  if (files.length === 0) return NONE;
  console.log(`\n== ${group.name}: ${files.length} files, ${group.filesAtOnce} at once`);
  const report = join(reports, `${group.name}.tap`);
  const { code, seconds } = await run(
    process.execPath,
    [
      ...FROM_SOURCE,
      '--test',
      `--test-concurrency=${group.filesAtOnce}`,
      `--test-timeout=${group.fileLimitMs}`,
      ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
      ...['--test-reporter=tap', `--test-reporter-destination=${report}`],
      ...files,
    ],
    { limitMs: GROUP_LIMIT_MS, show: true },
  );
  console.log(`== ${group.name}: ${seconds.toFixed(1)} s`);
  const tap = readFileSync(report, 'utf8');
  for (const file of emptyFiles(tap, files)) problems.push(`${file} holds no test`);
  failures.push(...failuresOf(tap));
  const counts = countsOf(tap);
  if (code !== 0) problems.push(`the group ${group.name} ended with code ${code}`);
  if (counts === undefined) problems.push(`the group ${group.name} was cut short: its report has no closing lines`);
  return counts ?? NONE;
}

async function checked(): Promise<boolean> {
  if (patterns.length > 0) return true;
  console.log('== check');
  const args = [...FROM_SOURCE, 'test/check.ts'];
  return (await run(process.execPath, args, { limitMs: CHECK_LIMIT_MS, show: true })).code === 0;
}

function sum(all: readonly Counts[]): Counts {
  return all.reduce((one, other) => ({
    tests: one.tests + other.tests,
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
  }));
}

if (!(await checked())) problems.push('the check failed; npm run check repeats it alone');
const counts: Counts[] = [];
for (const group of GROUPS) counts.push(await runGroup(group));
rmSync(reports, { recursive: true, force: true });

const { tests, passed, failed, skipped } = sum(counts);
if (skipped > 0) problems.push(`${skipped} tests were skipped; a test runs or is removed`);
if (patterns.length > 0 && tests === 0) problems.push(`no test file matches ${patterns.join(' or ')}`);
if (patterns.length === 0 && tests < FEWEST_TESTS) problems.push(`only ${tests} tests ran, of ${FEWEST_TESTS} or more`);

// Once more, where whoever reads the end of a long log finds them: the seed of a generated case is told nowhere else.
for (const failure of failures.slice(0, MOST_FAILURES)) console.log(`\n${failure}`);
console.log(`\n# tests ${tests}\n# pass ${passed}\n# fail ${failed}\n# skipped ${skipped}`);
for (const problem of problems) console.log(`problem: ${problem}`);
console.log(`${passed} passed, ${failed} failed`);
if (problems.length > 0 || failed > 0) process.exitCode = 1;
