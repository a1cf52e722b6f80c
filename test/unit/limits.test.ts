// The limits that keep the code readable, over every source file. No waivers: a file that is too long is two files.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSource, sourceFiles } from '../support/sources.ts';

// 300 lines: what a reader holds in mind at once; the orchestrators of similar projects grew into thousands.
const MAX_LINES = 300;
// 125 columns: the formatter breaks code at 120; a comment may run over by a word.
const MAX_COMMENT_COLUMNS = 125;

/** Where a pattern stands, as "file:line: text". Written with [x] so that no pattern finds itself. */
function linesWith(pattern: RegExp, files: readonly string[] = sourceFiles()): readonly string[] {
  return files.flatMap((path) =>
    readSource(path)
      .split('\n')
      .flatMap((text, at) => (pattern.test(text) ? [`${path}:${at + 1}: ${text.trim()}`] : [])),
  );
}

function assertNone(found: readonly string[]): void {
  assert.equal(found.length, 0, `\n${found.join('\n')}\n`);
}

test(`no file is longer than ${MAX_LINES} lines`, () => {
  const lines = (path: string) => readSource(path).trimEnd().split('\n').length;
  assertNone(sourceFiles().flatMap((path) => (lines(path) > MAX_LINES ? [`${path}: ${lines(path)} lines`] : [])));
});

test(`no comment runs past column ${MAX_COMMENT_COLUMNS}`, () => {
  assertNone(linesWith(new RegExp(`^(?=.{${MAX_COMMENT_COLUMNS + 1}})\\s*(?://|/?\\*)`, 'u')));
});

test('every module of the product opens with a comment that says what it is for', () => {
  const modules = sourceFiles().filter((path) => !path.startsWith('test/'));
  assertNone(modules.filter((path) => !/^(?:#!.*\n)?(?:\/\/|\/\*)/.test(readSource(path))));
});

test('nothing is typed any', () => {
  assertNone(linesWith(/(?:[:<|&,=]|\bas)\s+[a]ny\s*(?:[;,)>\]|&={]|$)|<[a]ny>|\b[a]ny\[\]/));
});

test('no check is switched off by a comment', () => {
  assertNone(linesWith(/@ts-[i]gnore|@ts-[e]xpect-error|@ts-[n]ocheck|(?:ox|es)[l]int-disable|biome-[i]gnore/));
});

test('nothing is left to do in a comment', () => {
  assertNone(linesWith(/\b(?:TO[D]O|FIX[M]E|X[X]X)\b/));
});

test('no test is skipped, and none runs alone', () => {
  const tests = sourceFiles().filter((path) => path.startsWith('test/'));
  assertNone(
    linesWith(/\b(?:test|it|describe|suite|t)\.(?:[s]kip|[t]odo|[o]nly)\b|\b(?:[s]kip|[t]odo|[o]nly):/, tests),
  );
});
