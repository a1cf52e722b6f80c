#!/usr/bin/env node
// The first lines of every command on a fresh clone: check Node, install what is missing, run a source file by tsx.
// Node built-ins only, plain JavaScript: nothing is installed yet. Guarantees: two bootstraps never install at once, an
// interrupted installation is repeated, and signals and the exit code of the program pass through.
//
//   node cli/bootstrap.mjs FILE ARGS…
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const NEEDED_NODE = [20, 19];
// 15 minutes: a cold installation of the whole set on a slow line took four; a second start waits no longer for it.
const OTHER_INSTALL_LIMIT_MS = 15 * 60_000;
const OTHER_INSTALL_POLL_MS = 500;
// 30 lines: npm's own explanation of a failure fits.
const SHOWN_NPM_LINES = 30;
const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** Which lock file we installed last. `npm ci` by hand removes it; npm's own record can be ahead of what is there. */
const STAMP = join(ROOT, 'node_modules', '.countersign-lock-sha256');

/** Install what is missing, then run a TypeScript file of the project until its end. Does not return. */
export async function runFromSource(file, args) {
  checkNode();
  await installIfNeeded();
  runChild(resolve(ROOT, file), args);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NEEDED_NODE[0] || (major === NEEDED_NODE[0] && minor >= NEEDED_NODE[1])) return;
  stop(
    `Countersign needs Node ${NEEDED_NODE.join('.')} or newer; this is ${process.versions.node}. Install a newer one.`,
  );
}

async function installIfNeeded() {
  if (!needsInstall()) return;
  const { file, unlock } = await lockInstall();
  try {
    // Somebody else may have installed it all while this one waited.
    if (needsInstall()) await install(file);
  } finally {
    unlock();
  }
}

/** True when node_modules is not what package-lock.json asks for. A symlink is somebody else's to keep up to date. */
function needsInstall() {
  const modules = lstatSync(join(ROOT, 'node_modules'), { throwIfNoEntry: false });
  if (modules?.isSymbolicLink()) return false;
  const stamp = readText(STAMP);
  if (stamp !== undefined) return stamp !== lockHash();
  // Installed by hand, then: compare package by package.
  const wanted = readPackages(join(ROOT, 'package-lock.json'));
  if (wanted === undefined) return modules === undefined;
  // npm writes this file last, so an installation that was cut short has none.
  const installed = readPackages(join(ROOT, 'node_modules', '.package-lock.json'));
  if (installed === undefined) return true;
  return Object.entries(wanted).some(([path, { version, integrity, optional, devOptional, peer, link }]) => {
    if (path === '' || link) return false;
    const present = installed[path];
    // Optional packages of other platforms are in the lock file and never in node_modules.
    if (present === undefined) return !(optional || devOptional || peer);
    return present.version !== version || present.integrity !== integrity;
  });
}

function readPackages(file) {
  const text = readText(file);
  return text === undefined ? undefined : JSON.parse(text).packages;
}

function lockHash() {
  return createHash('sha256')
    .update(readText(join(ROOT, 'package-lock.json')) ?? '')
    .digest('hex');
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Hold a file named after this clone that lists the pids at work; a file of dead ones is taken over. */
async function lockInstall() {
  const name = createHash('sha256').update(realpathSync(ROOT)).digest('hex').slice(0, 16);
  const file = join(tmpdir(), `countersign-install-${name}.lock`);
  const giveUpMs = Date.now() + OTHER_INSTALL_LIMIT_MS;
  for (let told = false; ; ) {
    try {
      writeFileSync(file, `${process.pid}`, { flag: 'wx' });
      const unlock = () => {
        process.removeListener('exit', unlock);
        rmSync(file, { force: true });
      };
      process.once('exit', unlock);
      return { file, unlock };
    } catch (error) {
      if (error.code !== 'EEXIST') stop(`cannot write ${file}: ${error.message}`);
    }
    if (!heldBySomeone(file)) {
      rmSync(file, { force: true });
      continue;
    }
    if (!told) console.error('another countersign command is installing packages here; waiting for it');
    told = true;
    if (Date.now() > giveUpMs) stop(`the other installation does not end; stop it, remove ${file} and run this again`);
    await new Promise((resume) => setTimeout(resume, OTHER_INSTALL_POLL_MS));
  }
}

function heldBySomeone(file) {
  try {
    const pids = readFileSync(file, 'utf8').split(' ').map(Number);
    // An empty file: its maker stands between two system calls.
    return pids.some((pid) => pid === 0 || isAlive(pid));
  } catch {
    return false;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
  try {
    // In a container without an init process the dead keep their pid, as zombies.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

function install(lockFile) {
  const hash = lockHash();
  rmSync(STAMP, { force: true });
  const startedMs = Date.now();
  const seconds = () => Math.round((Date.now() - startedMs) / 1000);
  const inTerminal = process.stderr.isTTY;
  const show = () =>
    process.stderr.write(`${inTerminal ? '\r' : ''}installing packages … ${seconds()} s${inTerminal ? '' : '\n'}`);
  show();
  const timer = setInterval(show, inTerminal ? 1_000 : 10_000);
  const { command, args } = npm(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
  return new Promise((done) => {
    let output = '';
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    // npm's pid too: it goes on for a while when only this process is killed.
    if (child.pid !== undefined) writeFileSync(lockFile, `${process.pid} ${child.pid}`);
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    const end = (problem) => {
      clearInterval(timer);
      if (inTerminal) process.stderr.write('\n');
      if (problem === undefined) {
        writeFileSync(STAMP, hash);
        console.error(`packages installed in ${seconds()} s`);
        return done();
      }
      console.error(output.split('\n').slice(-SHOWN_NPM_LINES).join('\n').trim());
      stop(
        `the packages could not be installed: ${problem}. Mend what npm says above, then run the same command again.`,
      );
    };
    child.once('error', (error) => end(error.code === 'ENOENT' ? 'npm is not on the PATH' : error.message));
    child.once('close', (code, signal) =>
      end(code === 0 ? undefined : `npm ci ended with ${signal ?? `code ${code}`}`),
    );
  });
}

/** The npm that runs us, if one does; else the one on the PATH. */
function npm(args) {
  const running = process.env.npm_execpath;
  if (running?.endsWith('npm-cli.js') && existsSync(running))
    return { command: process.execPath, args: [running, ...args] };
  return { command: 'npm', args };
}

function runChild(file, args) {
  if (!existsSync(file)) stop(`there is no ${file}`);
  const tsx = createRequire(join(ROOT, 'package.json')).resolve('tsx');
  // The channel carries nothing: the program sees it close when this process is killed, and stops in good order.
  const child = spawn(process.execPath, ['--conditions=source', '--import', pathToFileURL(tsx).href, file, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  // A terminal sends Ctrl-C and its own end to the child as well: sent on, they would arrive twice.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM']) {
    process.on(signal, () => {
      if (signal === 'SIGTERM' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.once('error', (error) => stop(`cannot run ${file}: ${error.message}`));
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const name of ['SIGINT', 'SIGHUP', 'SIGTERM']) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

function stop(sentence) {
  console.error(sentence);
  process.exit(1);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [file, ...args] = process.argv.slice(2);
  if (file === undefined) stop('usage: node cli/bootstrap.mjs FILE ARGS…');
  await runFromSource(file, args);
}
