import { deepEqual, equal } from 'node:assert/strict';
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

test('what a killed process left unfinished goes with the next one', async () => {
  const left = join(folder, 'first.some.unfinished');
  await make(left);
  const longAgo = new Date(Date.now() - 3_600_000);
  utimesSync(left, longAgo, longAgo);
  await make(join(folder, 'first.just-now.unfinished'));
  await layFreshDatabase(join(folder, 'first'), keptIn, make);
  deepEqual(readdirSync(folder).toSorted(), ['first', 'first.just-now.unfinished', 'kept']);
});
