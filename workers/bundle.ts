// The Workflow bundle, with the code of the agents' procedures: built once and kept by the hash of its sources, so that the
// second start takes no seconds for it.
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { bundleWorkflowCode } from '@temporalio/worker';
import { makeFolder } from './make-folder.ts';
import { entryOf, type ProcedureFile } from './procedures.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SUFFIX = import.meta.url.endsWith('.ts') ? '.ts' : '.js';

// 3 frames: where an error of a Workflow was thrown. The SDK notes of each promise where it was made, in frames mapped back
// to the sources, for a query that nobody asks here: with V8's ten of them a fifth of what Workflow code cost.
const SHORT_STACKS = 'Error.stackTraceLimit = 3; ';

// 20 of 3 MB: as many as somebody who edits procedures in several projects goes back to.
const KEPT_BUNDLES = 20;

/** The code of the bundle, from `cacheFolder` when its sources and the SDK are unchanged. */
export async function workflowBundle(
  cacheFolder: string,
  procedures: readonly ProcedureFile[] = [],
  converter: Pick<DataConverter, 'failureConverterPath'> = {},
): Promise<{ readonly code: string }> {
  const path = join(cacheFolder, `workflows-${await sourceHash(procedures, converter)}.js`);
  const kept = await readFile(path, 'utf8').catch(() => undefined);
  if (kept !== undefined) {
    await touch(path).catch(() => undefined);
    return { code: SHORT_STACKS + kept };
  }
  const code = await bundled(procedures, [], converter);
  // A folder that cannot be written keeps nothing: each start then takes its seconds.
  await keep(path, code).catch(() => undefined);
  return { code: SHORT_STACKS + code };
}

async function keep(path: string, code: string): Promise<void> {
  const cacheFolder = dirname(path);
  makeFolder(cacheFolder);
  // Whole or not at all: a start may be killed in the middle, and two may write at once.
  const unfinished = `${path}.${process.pid}.new`;
  await writeFile(unfinished, code);
  await rename(unfinished, path);
  await forgetOlder(cacheFolder);
}

/** So that the newest are those that were used last; in an image nobody may write. */
const touch = (path: string): Promise<void> => utimes(path, new Date(), new Date());

/** Whoever needs one that is gone makes it anew. */
async function forgetOlder(cacheFolder: string): Promise<void> {
  const names = (await readdir(cacheFolder)).filter((name) => name.startsWith('workflows-'));
  const made = await Promise.all(
    names.map(async (name) => {
      const path = join(cacheFolder, name);
      return {
        path,
        atMs: await stat(path).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        ),
      };
    }),
  );
  const older = made.toSorted((one, other) => other.atMs - one.atMs).slice(KEPT_BUNDLES);
  await Promise.all(older.map(({ path }) => rm(path, { force: true })));
}

/** The code of all Workflows, with modules of interceptors beside it. Takes seconds, and keeps nothing. */
export async function bundleWorkflows(
  procedures: readonly ProcedureFile[],
  workflowInterceptorModules: string[] = [],
  converter: Pick<DataConverter, 'failureConverterPath'> = {},
): Promise<{ readonly code: string }> {
  return { code: SHORT_STACKS + (await bundled(procedures, workflowInterceptorModules, converter)) };
}

async function bundled(
  procedures: readonly ProcedureFile[],
  workflowInterceptorModules: string[],
  { failureConverterPath }: Pick<DataConverter, 'failureConverterPath'>,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-bundle-'));
  try {
    const workflowsPath = join(folder, 'entry.js');
    await writeFile(workflowsPath, entryOf(procedures, workflow));
    // Wherever an agent's folder lies, its procedures get this copy of ours, which the Workflows have.
    const alias = { 'countersign/workflows$': workflow('index') };
    const { code } = await bundleWorkflowCode({
      ...{ workflowsPath, workflowInterceptorModules, preloadModules, logger: quiet },
      ...(failureConverterPath === undefined ? {} : { failureConverterPath }),
      webpackConfigHook: ({ resolve, ...config }) => ({
        ...config,
        resolve: {
          ...resolve,
          alias: { ...resolve?.alias, ...alias },
          modules: [...(resolve?.modules ?? []), packages],
        },
      }),
    });
    return code;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const require = createRequire(import.meta.url);
/** Where the SDK is found for an entry that lies outside of this package. */
const packages = join(dirname(require.resolve('@temporalio/workflow/package.json')), '../..');

const workflow = (name: string): string => join(ROOT, 'workflows', `${name}${SUFFIX}`);

// Read once for all runs of a process, in the place of once for each: a run then takes half as much in the cache, and finds
// its code compiled. So none of ours keeps anything of a run (workflows/per-run.ts). That of procedures is the agents',
// which may; each run has it of its own.
const preloadModules = ['all', 'procedure', 'index'].map(workflow);

async function sourceHash(
  procedures: readonly ProcedureFile[],
  { failureConverterPath = '' }: Pick<DataConverter, 'failureConverterPath'>,
): Promise<string> {
  const sdk = require('@temporalio/worker/package.json') as { readonly version: string };
  const hash = createHash('sha256').update(`${sdk.version} ${process.version}`);
  // What is here says how it is made.
  hash.update(await readFile(fileURLToPath(import.meta.url)));
  for (const folder of ['domain', 'workflows']) {
    const names = (await readdir(join(ROOT, folder))).filter((name) => name.endsWith(SUFFIX)).toSorted();
    for (const name of names) hash.update(name).update(await readFile(join(ROOT, folder, name)));
  }
  if (failureConverterPath !== '') hash.update(await readFile(failureConverterPath));
  for (const { agent, path, sourceSha256 } of procedures) hash.update(JSON.stringify([agent, path, sourceSha256]));
  return hash.digest('hex').slice(0, 16);
}

/** The bundler's progress lines help nobody who starts an agent; its errors are thrown. */
const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
