// What package-lock.json must hold so that `npm ci` gives a working project on every platform that we support, wherever
// the packages come from. A tool that ships one binary per platform lists all of them, though only one gets installed.
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

const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};
const packages = Object.entries(lock.packages).filter(([path]) => path !== '');

/** The platforms of our list that a package's locked binaries serve. */
function platformsOf(path: string, names: readonly string[]): readonly string[] {
  const binaries = names.flatMap((name) => {
    const locked = lock.packages[`${path}/node_modules/${name}`] ?? lock.packages[`node_modules/${name}`];
    return locked === undefined || locked.libc?.includes('musl') === true ? [] : [locked];
  });
  return PLATFORMS.filter((platform) => {
    const [os = '', cpu = ''] = platform.split('-');
    return binaries.some((locked) => locked.os?.includes(os) === true && locked.cpu?.includes(cpu) === true);
  });
}

test('a tool with one binary per platform has those of Linux and macOS, x64 and arm64, in the lock file', () => {
  const tools = packages.flatMap(([path, { optionalDependencies = {} }]) => {
    const names = Object.keys(optionalDependencies).filter((name) => PLATFORM_NAME.test(name));
    return names.length === 0 ? [] : [{ path, platforms: platformsOf(path, names) }];
  });
  assert.ok(tools.length >= 8, `only ${tools.length} such tools found: the pattern of their names is out of date`);
  for (const { path, platforms } of tools) assert.deepEqual(platforms, PLATFORMS, path);
});

test('the lock file names no place that packages come from', () => {
  assert.deepEqual(
    packages.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path),
    [],
  );
});

test('every locked package is pinned by its digest', () => {
  assert.deepEqual(
    packages.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path),
    [],
  );
});

test('all of the Temporal SDK shares one copy of protobufjs, or no history can be replayed', () => {
  // A direct dependency of ours puts version 8 where every @temporalio package finds it; gRPC keeps a 7 of its own.
  const copies = packages.filter(([path]) => /@temporalio\/[a-z-]+\/node_modules\/protobufjs$/.test(path));
  assert.deepEqual(
    copies.map(([path]) => path),
    [],
  );
  assert.match(lock.packages['node_modules/protobufjs']?.version ?? '', /^8\./);
});
