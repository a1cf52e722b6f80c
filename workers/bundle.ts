// The Workflow bundle: built once and kept by the hash of its sources, so that the second start takes no seconds for it.
import { createHash } from 'node:crypto';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import { makeFolder } from './make-folder.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SUFFIX = import.meta.url.endsWith('.ts') ? '.ts' : '.js';

/** The code of the bundle, from `cacheFolder` when its sources and the SDK are unchanged. */
export async function workflowBundle(cacheFolder: string): Promise<{ readonly code: string }> {
  const path = join(cacheFolder, `workflows-${await sourceHash()}.js`);
  const kept = await readFile(path, 'utf8').catch(() => undefined);
  if (kept !== undefined) return { code: kept };
  const { code } = await bundleWorkflows();
  makeFolder(cacheFolder);
  // Whole or not at all: a start may be killed in the middle, and two may write at once.
  const unfinished = `${path}.${process.pid}.new`;
  await writeFile(unfinished, code);
  await rename(unfinished, path);
  return { code };
}

/** The code of all Workflows, with modules of interceptors beside it. Takes seconds, and keeps nothing. */
export function bundleWorkflows(workflowInterceptorModules: string[] = []): Promise<{ readonly code: string }> {
  const workflowsPath = join(ROOT, 'workflows', `index${SUFFIX}`);
  return bundleWorkflowCode({ workflowsPath, workflowInterceptorModules, logger: quiet });
}

async function sourceHash(): Promise<string> {
  const sdk = createRequire(import.meta.url)('@temporalio/worker/package.json') as { readonly version: string };
  const hash = createHash('sha256').update(`${sdk.version} ${process.version}`);
  for (const folder of ['domain', 'workflows']) {
    const names = (await readdir(join(ROOT, folder))).filter((name) => name.endsWith(SUFFIX)).toSorted();
    for (const name of names) hash.update(name).update(await readFile(join(ROOT, folder, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** The bundler's progress lines help nobody who starts an agent; its errors are thrown. */
const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
