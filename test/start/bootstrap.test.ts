// The bootstrap on a tiny project of its own, with packages from files, so that no network is needed.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isAlive } from '../support/alive.ts';
import { ROOT, runNode, temporaryFolder } from './support.ts';

const PROGRAM = `
import tiny from 'tiny/package.json' with { type: 'json' };
const words: string[] = process.argv.slice(2);
console.log('tiny', tiny.version, words.join(','));
if (words[0] === 'wait') {
  setInterval(() => {}, 1_000);
  process.on('SIGTERM', () => process.exit(7));
  process.on('disconnect', () => { console.log('left alone'); process.exit(8); });
  console.log('waiting', process.pid);
} else {
  process.exitCode = Number(words[0]);
}
`;

/** A clone with a lock file and nothing installed. Its packages: `tiny`, and a `tsx` that loads the real one. */
function aClone(t: TestContext): string {
  const clone = temporaryFolder(t);
  mkdirSync(join(clone, 'cli'));
  copyFileSync(join(ROOT, 'cli', 'bootstrap.mjs'), join(clone, 'cli', 'bootstrap.mjs'));
  writeFileSync(join(clone, 'program.mts'), PROGRAM);
  lockTo(clone, '1.0.0');
  return clone;
}

function lockTo(clone: string, version: string): void {
  const dependencies = {
    tiny: packed(clone, { name: 'tiny', version }, ''),
    tsx: packed(clone, { name: 'tsx', version }, `import ${JSON.stringify(import.meta.resolve('tsx'))};`),
  };
  writeFileSync(
    join(clone, 'package.json'),
    JSON.stringify({ name: 'clone', version: '0.0.0', type: 'module', dependencies }),
  );
  npm(clone, 'install', '--package-lock-only', '--offline', '--silent', '--no-audit');
}

/** Makes a package and packs it; returns how a package.json names it. */
function packed(clone: string, manifest: { readonly name: string; readonly version: string }, code: string): string {
  const source = join(clone, `${manifest.name}-${manifest.version}-source`);
  mkdirSync(source);
  writeFileSync(join(source, 'package.json'), JSON.stringify({ ...manifest, type: 'module', main: 'index.js' }));
  writeFileSync(join(source, 'index.js'), code);
  npm(clone, 'pack', source, '--silent');
  return `file:${manifest.name}-${manifest.version}.tgz`;
}

function npm(cwd: string, ...args: string[]): void {
  execFileSync('npm', args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}

function bootstrap(t: TestContext, clone: string, ...args: string[]) {
  return runNode(t, [join(clone, 'cli', 'bootstrap.mjs'), 'program.mts', ...args], { cwd: clone });
}

test('a fresh clone installs itself, hands on arguments and exit code, and installs again only when the lock changes', async (t) => {
  const clone = aClone(t);
  const first = await bootstrap(t, clone, '3', 'b c').ended;
  assert.match(first.output, /installing packages … 0 s/);
  assert.match(first.output, /tiny 1\.0\.0 3,b c/);
  assert.equal(first.code, 3);

  const second = await bootstrap(t, clone, '0').ended;
  assert.equal(second.output, 'tiny 1.0.0 0\n');
  assert.equal(second.code, 0);

  lockTo(clone, '1.1.0');
  const third = await bootstrap(t, clone, '0').ended;
  assert.match(third.output, /packages installed/);
  assert.match(third.output, /tiny 1\.1\.0/);
});

test('two bootstraps at once install once', async (t) => {
  const clone = aClone(t);
  const ends = await Promise.all([bootstrap(t, clone, '0').ended, bootstrap(t, clone, '0').ended]);
  assert.deepEqual(
    ends.map(({ code }) => code),
    [0, 0],
  );
  const text = ends.map(({ output }) => output).join('');
  assert.equal(text.match(/packages installed/g)?.length, 1, text);
});

test('a failed installation shows what npm said, and the next one starts anew', async (t) => {
  const clone = aClone(t);
  const manifest = readFileSync(join(clone, 'package.json'), 'utf8');
  writeFileSync(
    join(clone, 'package.json'),
    manifest.replace('"dependencies":{', '"dependencies":{"left-out":"1.0.0",'),
  );
  const failed = await bootstrap(t, clone, '0').ended;
  assert.equal(failed.code, 1);
  assert.match(failed.output, /left-out@1\.0\.0/);
  assert.match(failed.output, /could not be installed: npm ci ended with code/);
  writeFileSync(join(clone, 'package.json'), manifest);
  assert.equal((await bootstrap(t, clone, '0').ended).code, 0);
});

test('packages behind a symlink are somebody else’s and left alone', async (t) => {
  const clone = aClone(t);
  const elsewhere = temporaryFolder(t);
  mkdirSync(join(elsewhere, 'tiny'));
  writeFileSync(join(elsewhere, 'tiny', 'package.json'), JSON.stringify({ name: 'tiny', version: '9.9.9' }));
  symlinkSync(join(ROOT, 'node_modules', 'tsx'), join(elsewhere, 'tsx'));
  symlinkSync(elsewhere, join(clone, 'node_modules'));
  assert.equal((await bootstrap(t, clone, '0').ended).output, 'tiny 9.9.9 0\n');
  assert.equal(existsSync(join(elsewhere, '.package-lock.json')), false);
});

test('a signal reaches the program, its end is waited for, and a killed bootstrap is noticed', async (t) => {
  const clone = aClone(t);
  const stopped = bootstrap(t, clone, 'wait');
  await stopped.says('waiting');
  stopped.process.kill('SIGTERM');
  assert.equal((await stopped.ended).code, 7);

  const killed = bootstrap(t, clone, 'wait');
  const program = Number(/waiting (\d+)/.exec(await killed.says('waiting'))?.[1]);
  killed.process.kill('SIGKILL');
  // `ended` waits for the streams, which the program holds open until it ends as well.
  assert.match((await killed.ended).output, /left alone/);
  assert.equal(isAlive(program), false);
});

test('an old Node is told which one is needed', async (t) => {
  const clone = aClone(t);
  const old = 'data:text/javascript,Object.defineProperty(process,"versions",{value:{node:"18.20.1"}})';
  const run = runNode(t, ['--import', old, join(clone, 'cli', 'bootstrap.mjs'), 'program.mts'], { cwd: clone });
  const { code, output } = await run.ended;
  assert.equal(code, 1);
  assert.match(output, /needs Node 20\.19 or newer; this is 18\.20\.1/);
});
