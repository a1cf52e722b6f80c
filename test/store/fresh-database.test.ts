import { deepEqual, equal, match } from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { layFreshDatabase } from '../../store/fresh-database.ts';

let folder: string;
let keptIn: string;
let made = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-fresh-'));
  keptIn = join(folder, 'kept');
  made = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const make = async (dataDir: string) => {
  made += 1;
  mkdirSync(join(dataDir, 'base'), { recursive: true });
  writeFileSync(join(dataDir, 'base', 'one'), 'a table');
};

const tableIn = (name: string) => readFileSync(join(folder, name, 'base', 'one'), 'utf8');

test('an empty database is made once; each later one is a copy of it', async () => {
  mkdirSync(join(folder, 'first'));
  await layFreshDatabase(join(folder, 'first'), keptIn, make);
  await layFreshDatabase(join(folder, 'second'), keptIn, make);
  deepEqual([tableIn('first'), tableIn('second'), made], ['a table', 'a table', 1]);
  writeFileSync(join(folder, 'first', 'base', 'one'), 'written since');
  equal(tableIn('second'), 'a table');
  // Nothing unfinished is left, neither here nor there.
  deepEqual(readdirSync(folder).toSorted(), ['first', 'kept', 'second']);
  equal(readdirSync(keptIn).length, 1);
});

test('a folder that holds anything is left as it is', async () => {
  mkdirSync(join(folder, 'mine'));
  writeFileSync(join(folder, 'mine', 'PG_VERSION'), '17');
  await layFreshDatabase(join(folder, 'mine'), keptIn, make);
  deepEqual([readdirSync(join(folder, 'mine')), made], [['PG_VERSION'], 0]);
});

test('what was cut short is nowhere taken for a database', async () => {
  const cutShort = async (dataDir: string) => {
    await make(dataDir);
    throw new Error('the disk is full');
  };
  mkdirSync(join(folder, 'first'));
  await layFreshDatabase(join(folder, 'first'), keptIn, cutShort);
  deepEqual([readdirSync(join(folder, 'first')), readdirSync(keptIn)], [[], []]);
  await layFreshDatabase(join(folder, 'first'), keptIn, make);
  equal(tableIn('first'), 'a table');
});

test('where nothing can be kept nothing is laid, and nobody fails', async () => {
  writeFileSync(keptIn, 'a file in the place of the folder');
  await layFreshDatabase(join(folder, 'first'), keptIn, make);
  deepEqual(readdirSync(folder), ['kept']);
});

test('of two that begin at once both have a database', async () => {
  await Promise.all(['first', 'second'].map((name) => layFreshDatabase(join(folder, name), keptIn, make)));
  deepEqual([tableIn('first'), tableIn('second')], ['a table', 'a table']);
});

test('what a killed process left unfinished goes: beside a store at once, where it is kept once it is old', async () => {
  await make(join(folder, 'first.some.unfinished'));
  await make(join(keptIn, 'pglite-0.0.1.just-now.unfinished'));
  const old = join(keptIn, 'pglite-0.0.1.old.unfinished');
  await make(old);
  const longAgo = new Date(Date.now() - 3_600_000);
  utimesSync(old, longAgo, longAgo);
  await make(join(keptIn, 'pglite-0.0.1-digest'));
  await layFreshDatabase(join(folder, 'first'), keptIn, make);
  deepEqual(readdirSync(folder).toSorted(), ['first', 'kept']);
  const [unfinished, kept, ...others] = readdirSync(keptIn).toSorted();
  deepEqual([unfinished, others], ['pglite-0.0.1.just-now.unfinished', []]);
  match(kept ?? '', /^pglite-\d+\.\d+\.\d+-[0-9a-f]{64}$/);
});

test('of what is kept nothing is laid that has changed since: it goes, and the next one is made anew', async () => {
  await layFreshDatabase(join(folder, 'first'), keptIn, make);
  const [kept = ''] = readdirSync(keptIn);
  writeFileSync(join(keptIn, kept, 'base', 'one'), 'A table');
  await layFreshDatabase(join(folder, 'second'), keptIn, make);
  deepEqual([readdirSync(folder).toSorted(), readdirSync(keptIn)], [['first', 'kept'], []]);
  await layFreshDatabase(join(folder, 'second'), keptIn, make);
  equal(tableIn('second'), 'a table');
  rmSync(join(keptIn, kept, 'base', 'one'));
  await layFreshDatabase(join(folder, 'third'), keptIn, make);
  deepEqual(readdirSync(folder).toSorted(), ['first', 'kept', 'second']);
});
