// What package-lock.json must hold so that `npm ci` gives a working project on every platform that we support, wherever
// the packages come from. A tool that ships one binary per platform lists all of them, though only one gets installed. The
// peers of the bench have a lock file of their own, which holds the same.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../support/sources.ts';

interface Locked {
  readonly version: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}

const PLATFORMS = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];
const PLATFORM_NAME = /\b(?:linux|darwin)-(?:x64|arm64)(?:-gnu)?$/;

type Packages = Readonly<Record<string, Locked>>;

interface LockFile {
  readonly file: string;
  /** How many tools with a binary per platform it has at least. */
  readonly fewestTools: number;
}
const OURS: LockFile = { file: 'package-lock.json', fewestTools: 8 };
const LOCK_FILES: readonly LockFile[] = [OURS, { file: 'bench/peers/package-lock.json', fewestTools: 1 }];

function packagesIn({ file }: LockFile): Packages {
  const lock = JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as { readonly packages: Packages };
  return Object.fromEntries(Object.entries(lock.packages).filter(([path]) => path !== ''));
}

const pathsOf = (packages: Packages, are: (locked: Locked) => boolean): readonly string[] =>
  Object.keys(packages).filter((path) => are(packages[path]!));

/** The platforms of our list that a package's locked binaries serve. */
function platformsOf(packages: Packages, path: string, names: readonly string[]): readonly string[] {
  const binaries = names.flatMap((name) => {
    const locked = packages[`${path}/node_modules/${name}`] ?? packages[`node_modules/${name}`];
    return locked === undefined || locked.libc?.includes('musl') === true ? [] : [locked];
  });
  return PLATFORMS.filter((platform) => {
    const [os = '', cpu = ''] = platform.split('-');
    return binaries.some((locked) => locked.os?.includes(os) === true && locked.cpu?.includes(cpu) === true);
  });
}

for (const lockFile of LOCK_FILES) {
  const { file, fewestTools } = lockFile;
  const packages = packagesIn(lockFile);

  test(`a tool with one binary per platform has those of Linux and macOS, x64 and arm64, in ${file}`, () => {
    const tools = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) => {
      const names = Object.keys(optionalDependencies).filter((name) => PLATFORM_NAME.test(name));
      return names.length === 0 ? [] : [{ path, platforms: platformsOf(packages, path, names) }];
    });
    assert.ok(
      tools.length >= fewestTools,
      `only ${tools.length} such tools: the pattern of their names is out of date`,
    );
    for (const { path, platforms } of tools) assert.deepEqual(platforms, PLATFORMS, path);
  });

  test(`${file} names no place that packages come from`, () => {
    assert.deepEqual(
      pathsOf(packages, ({ resolved }) => resolved !== undefined),
      [],
    );
  });

  test(`every package in ${file} is pinned by its digest`, () => {
    assert.deepEqual(
      pathsOf(packages, ({ integrity }) => !integrity?.startsWith('sha512-')),
      [],
    );
  });
}

test('all of the Temporal SDK shares one copy of protobufjs, or no history can be replayed', () => {
  // A direct dependency of ours puts version 8 where every @temporalio package finds it; gRPC keeps a 7 of its own.
  const packages = packagesIn(OURS);
  const copies = Object.keys(packages).filter((path) => /@temporalio\/[a-z-]+\/node_modules\/protobufjs$/.test(path));
  assert.deepEqual(copies, []);
  assert.match(packages['node_modules/protobufjs']?.version ?? '', /^8\./);
});
