// The state folder of a development start: one process may hold it, and a newer version migrates it. Owns the lock file
// and version.json. Node built-ins and the lock only. Guarantees: nothing in the folder is opened before the lock is
// held; the lock is the operating system's, so it ends with its last holder (the guard of the Temporal server inherits
// it); nothing ever unlocks it by a call, which would take it from the other holders as well.
import {
  chmodSync,
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import fsExt from 'fs-native-extensions';
import { sentenceOf } from '../domain/sentence-of.ts';
import { makeFolder } from './make-folder.ts';

export interface StateFolder {
  readonly path: string;
  /** Open file that carries the lock. A child that inherits it keeps the folder locked until it ends. */
  readonly lockFd: number;
  readonly version: number;
  /** Give the folder up. Idempotent. */
  release(): void;
}

/** One step from a version of the folder's layout to the next. Runs under the lock; repeated when it was cut short. */
export interface Migration {
  readonly name: string;
  run(path: string): void | Promise<void>;
}

/** Steps from version 1 on, in order. Never edit or remove one that was released. */
export const MIGRATIONS: readonly Migration[] = [];

/** The folder cannot be used; the message says why and what to do. */
export class StateFolderUnusable extends Error {
  override readonly name = 'StateFolderUnusable';
}

// 15 s: the guard of a killed start gives its Temporal server 10 s to stop, then kills it.
export const STOPPING_GUARD_LIMIT_MS = 15_000;
const POLL_MS = 100;
const LOCK_FILE = 'lock';
const VERSION_FILE = 'version.json';
/** Where the guard writes the pid of its Temporal server. */
export const SERVER_PID_FILE = 'temporal.pid';

export interface OpenStateFolderOptions {
  readonly migrations?: readonly Migration[];
  readonly report?: (line: string) => void;
}

/** Lock the folder, making it if need be, and bring it to today's version. Throws StateFolderUnusable. */
export async function openStateFolder(folder: string, options: OpenStateFolderOptions = {}): Promise<StateFolder> {
  const { migrations = MIGRATIONS, report = () => {} } = options;
  const path = resolve(folder);
  const lockFd = openLockFile(path);
  let held = true;
  try {
    await takeLock(path, lockFd, report);
    ftruncateSync(lockFd);
    writeSync(lockFd, `${process.pid}\n`, 0);
    const version = await bringUpToDate(path, migrations, report);
    return {
      path,
      lockFd,
      version,
      release() {
        if (!held) return;
        held = false;
        ftruncateSync(lockFd);
        closeSync(lockFd);
      },
    };
  } catch (error) {
    closeSync(lockFd);
    throw error;
  }
}

function openLockFile(path: string): number {
  try {
    makeFolder(path);
    const strangers = readdirSync(path).filter((name) => name !== LOCK_FILE);
    if (strangers.length > 0 && !strangers.includes(VERSION_FILE)) {
      throw new StateFolderUnusable(
        `${path} has files, but none of Countersign's; set COUNTERSIGN_STATE_DIR to a folder of its own`,
      );
    }
    chmodSync(path, 0o700);
    // Open for writing without truncating: the file names the holder until we hold the lock.
    return openSync(join(path, LOCK_FILE), 'a+', 0o600);
  } catch (error) {
    if (error instanceof StateFolderUnusable) throw error;
    throw new StateFolderUnusable(
      `cannot use ${path} as the state folder: ${sentenceOf(error)}; set COUNTERSIGN_STATE_DIR to a folder that can be written`,
    );
  }
}

async function takeLock(path: string, lockFd: number, report: (line: string) => void): Promise<void> {
  const giveUpMs = Date.now() + STOPPING_GUARD_LIMIT_MS;
  for (let told = false; !tryLock(path, lockFd); ) {
    const holder = readPid(join(path, LOCK_FILE));
    if (holder !== undefined && isAlive(holder)) {
      throw new StateFolderUnusable(`another countersign (pid ${holder}) is using ${path}; stop it first`);
    }
    if (Date.now() > giveUpMs) throw new StateFolderUnusable(leftOver(path));
    if (!told) report('the Temporal server of a killed start is still stopping; waiting for it');
    told = true;
    await wait(POLL_MS);
  }
}

function tryLock(path: string, lockFd: number): boolean {
  try {
    return fsExt.tryLock(lockFd);
  } catch (error) {
    throw new StateFolderUnusable(
      `${path} cannot be locked: ${sentenceOf(error)}; set COUNTERSIGN_STATE_DIR to a folder on a local disk`,
    );
  }
}

function leftOver(path: string): string {
  const server = readPid(join(path, SERVER_PID_FILE));
  if (server !== undefined && isAlive(server)) {
    return `the Temporal server of a killed start (pid ${server}) still uses ${path}; stop it with: kill ${server}`;
  }
  return `another process holds ${join(path, LOCK_FILE)} and does not say which; stop it first`;
}

async function bringUpToDate(
  path: string,
  migrations: readonly Migration[],
  report: (line: string) => void,
): Promise<number> {
  const known = migrations.length + 1;
  const found = readVersion(path);
  if (found === undefined) {
    writeVersion(path, known);
    return known;
  }
  if (found > known) {
    throw new StateFolderUnusable(
      `${path} was written by a newer Countersign (state version ${found}, this one knows ${known}); ` +
        'update Countersign, or set COUNTERSIGN_STATE_DIR to another folder',
    );
  }
  for (const [at, migration] of migrations.entries()) {
    const version = at + 2;
    if (version <= found) continue;
    report(`migrating ${path} to state version ${version}: ${migration.name}`);
    await migration.run(path);
    writeVersion(path, version);
  }
  return known;
}

function readVersion(path: string): number | undefined {
  const file = join(path, VERSION_FILE);
  if (!existsSync(file)) return undefined;
  const version: unknown = parsed(readFileSync(file, 'utf8'))?.['version'];
  if (typeof version === 'number' && Number.isInteger(version) && version > 0) return version;
  throw new StateFolderUnusable(
    `${file} is damaged: it should read like {"version":1}; restore it, or set COUNTERSIGN_STATE_DIR to another folder`,
  );
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function writeVersion(path: string, version: number): void {
  writePrivateFile(join(path, VERSION_FILE), `${JSON.stringify({ version })}\n`);
}

/** Replace a file as a whole: readers see the old text or the new one. Only its owner can read it. */
export function writePrivateFile(file: string, text: string): void {
  const fresh = `${file}.new`;
  writeFileSync(fresh, text, { mode: 0o600 });
  renameSync(fresh, file);
}

function readPid(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8').trim());
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  try {
    // In a container without an init process the dead keep their pid, as zombies.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}
