// The one door through which agents come in, the reference agents and an adopter's alike: a folder with a directory
// file and one folder per agent. May import domain, the digest of declarations, Node built-ins and safe-regex2.
// Guarantees: what it returns fits together (names, owners, teams), each agent has the hash of its own sources, and each
// tool the digest of what it declares.
import { createHash } from 'node:crypto';
import { type Dirent, existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import safeRegex from 'safe-regex2';
import { sentenceOf } from '../domain/sentence-of.ts';
import { declarationsOf } from '../activities/declaration.ts';
import { withBuiltIns } from '../activities/built-in.ts';
import { type Agent, type LoadedAgent, problemsOf } from '../domain/agent.ts';
import { type Directory, defineDirectory } from '../domain/principal.ts';
import { assertBothHalves, findProcedures, isAgentFolder, type ProcedureFile } from './procedures.ts';

export interface LoadedAgents {
  /** The folder that they came from, as an absolute path. */
  readonly folder: string;
  readonly directory: Directory;
  /** By name. */
  readonly agents: ReadonlyMap<string, LoadedAgent>;
  /** The code of their procedures, for the bundle of the Workflows. */
  readonly procedures: readonly ProcedureFile[];
}

/** Read `<folder>/directory` and `<folder>/<name>/index`, as .ts or .js. Throws a sentence that names the file. */
export async function loadAgents(folder: string): Promise<LoadedAgents> {
  const root = resolve(folder);
  const directory = await loadDirectory(root);
  const loaded: [string, LoadedAgent][] = [];
  for (const name of await agentFolders(root)) {
    const agent = withBuiltIns(await loadAgent(join(root, name), name));
    const ruleVersion = await hashOfSources(join(root, name));
    loaded.push([name, { agent, ruleVersion, declarations: declarationsOf(agent) }]);
  }
  if (loaded.length === 0) {
    throw new Error(`${root} holds no agent; make a folder <name>/ with an index.ts that exports defineAgent({ … })`);
  }
  const problems = problemsOf(
    loaded.map(([, { agent }]) => agent),
    directory,
  );
  if (problems.length > 0) throw new Error(`the agents in ${root} do not fit together: ${problems.join('; ')}`);
  const procedures = await findProcedures(root);
  for (const [, { agent }] of loaded) await assertBothHalves(agent, procedures);
  return { folder: root, directory, agents: new Map(loaded), procedures };
}

async function loadDirectory(root: string): Promise<Directory> {
  if (!existsSync(root)) throw new Error(`there is no folder ${root}; name the folder that holds your agents`);
  const file = sourceFile(root, 'directory');
  if (file === undefined) {
    throw new Error(
      `${root} has no directory.ts; make one: export default defineDirectory({ people: […], groups: {…} })`,
    );
  }
  const value = await defaultExport(file);
  if (!isDirectory(value)) {
    throw new Error(`${file}: its default export is no directory; write: export default defineDirectory({ … })`);
  }
  return checked(file, () => defineDirectory(value));
}

async function loadAgent(folder: string, name: string): Promise<Agent> {
  const file = sourceFile(folder, 'index');
  if (file === undefined) {
    throw new Error(`${folder} has no index.ts, so it is no agent; add one, or begin the folder's name with "_"`);
  }
  const value = await defaultExport(file);
  if (!isAgent(value)) {
    throw new Error(`${file}: its default export is no agent; write: export default defineAgent({ … })`);
  }
  if (value.name !== name) {
    throw new Error(
      `${file}: the agent is named "${value.name}"; name it "${name}", as its folder is, or rename the folder`,
    );
  }
  assertPatternsEnd(file, value);
  return value;
}

/** Whoever writes to the agent chooses the text: a pattern that takes twice as long with each character holds up all. */
function assertPatternsEnd(file: string, { intake }: Agent): void {
  for (const [name, kind] of Object.entries(intake?.facts ?? {})) {
    if (kind.kind !== 'id' || safeRegex(kind.pattern)) continue;
    throw new Error(
      `${file}: the pattern of the fact "${name}" may take for ever over a text that is made for it; write it without a ` +
        'repetition or an option within another, such as (a+)+ or (ab?)?, and with at most 25 of them',
    );
  }
}

async function agentFolders(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { withFileTypes: true });
  const meant = entries.filter(isAgentFolder);
  for (const entry of meant) refuseLink(root, entry);
  return meant
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

function sourceFile(folder: string, base: string): string | undefined {
  return [`${base}.ts`, `${base}.js`].map((name) => join(folder, name)).find((file) => existsSync(file));
}

async function defaultExport(file: string): Promise<unknown> {
  let module: { readonly default?: unknown };
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    throw new Error(`${file} cannot be loaded: ${sentenceOf(error)}${hintOf(error)}`, { cause: error });
  }
  return module.default;
}

/** Agents find packages from where they lie, as any module does. */
function hintOf(error: unknown): string {
  const isMissing = sentenceOf(error).includes("'countersign'") && sentenceOf(error).includes('Cannot find');
  return isMissing
    ? '\nThe folder of agents needs a project around it that has the package: npm init -y && npm install PATH-OF-COUNTERSIGN zod'
    : '';
}

const SOURCE = /\.(?:[cm]?[jt]s|json)$/;

/** Names count as contents do, so that moving a rule to another file is another version too. */
async function hashOfSources(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files: string[] = [];
  for (const entry of entries) {
    refuseLink(entry.parentPath, entry);
    if (entry.isFile() && SOURCE.test(entry.name)) files.push(join(entry.parentPath, entry.name));
  }
  const named = files.map((path) => [relative(folder, path).replaceAll(sep, '/'), path] as const);
  const hash = createHash('sha256');
  for (const [name, path] of named.sort(([a], [b]) => (a < b ? -1 : 1))) {
    const content = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    hash.update(`${JSON.stringify([name, content])}\n`);
  }
  return hash.digest('hex');
}

/** What a link points at could change without the hash, and so the rules without their version. */
function refuseLink(folder: string, entry: Dirent): void {
  if (!entry.isSymbolicLink()) return;
  throw new Error(`${join(folder, entry.name)} is a link; put a copy there, so that the rule version covers it`);
}

function checked<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(`${file}: ${sentenceOf(error)}`, { cause: error });
  }
}

function isDirectory(value: unknown): value is Directory {
  return isObject(value) && Array.isArray(value.people) && isObject(value.groups);
}

function isAgent(value: unknown): value is Agent {
  return (
    isObject(value) &&
    typeof value.name === 'string' &&
    [value.tools, value.rules, value.systems, value.demo].every(Array.isArray) &&
    isObject(value.limits)
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
