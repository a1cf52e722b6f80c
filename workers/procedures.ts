// The code of procedures: one file each in the folder `procedures` of an agent. It runs in Workflows, so it is bundled and
// not called here. May import domain and Node built-ins. Guarantees: what is found imports `countersign/workflows` and
// files of its own agent, and nothing else; and it is covered by a hash.
import { createHash } from 'node:crypto';
import { type Dirent, existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type AnyProcedure, fileOfProcedure } from '../domain/procedure.ts';
import type { ProcedureCode } from '../domain/steps.ts';

/** The file that holds the code of one procedure. */
export interface ProcedureFile {
  readonly agent: string;
  readonly path: string;
  /** SHA-256, hex, of it and of what it imports. */
  readonly sourceSha256: string;
}

/** Whether an entry of the agents folder is an agent. */
export const isAgentFolder = ({ name }: Pick<Dirent, 'name'>): boolean =>
  !/^[._]/.test(name) && name !== 'node_modules';

/** Those of all agents of a folder, in a stable order. A file whose name begins with "_" is none. */
export async function findProcedures(agentsFolder: string): Promise<readonly ProcedureFile[]> {
  const root = resolve(agentsFolder);
  const entries = existsSync(root) ? await readdir(root, { withFileTypes: true }) : [];
  const agents = entries.filter((one) => one.isDirectory() && isAgentFolder(one)).map(({ name }) => name);
  const found = await Promise.all(agents.toSorted().map((agent) => proceduresOf(join(root, agent), agent)));
  return found.flat();
}

async function proceduresOf(folder: string, agent: string): Promise<readonly ProcedureFile[]> {
  const own = join(folder, 'procedures');
  const names = existsSync(own) ? await readdir(own) : [];
  return names
    .filter((name) => /^[^._].*(?<!\.d)\.[jt]s$/.test(name))
    .toSorted()
    .map((name) => {
      const path = join(own, name);
      return { agent, path, sourceSha256: hashOf(sourcesOf(path, folder), folder) };
    });
}

const hashOf = (sources: ReadonlyMap<string, string>, folder: string): string => {
  const hash = createHash('sha256');
  for (const [path, text] of sources) hash.update(JSON.stringify([relative(folder, path).replaceAll(sep, '/'), text]));
  return hash.digest('hex');
};

// `import type` is gone once it runs. What is written in any other way is found by the bundler, in other words.
const IMPORT = /^\s*(?:import|export)\b(?!\s+type\b)(?:[\s\w$*,]|\{[^}]*\})*?(?:\bfrom\s*)?['"]([^'"]+)['"]/gm;
const COMPUTED = /(?<![\w$.])(?:import|require)\s*\(/;
const LAWFUL = 'countersign/workflows';

/** A file and what it imports of its own agent, by path. Throws with a sentence where it imports anything else. */
function sourcesOf(path: string, folder: string, found = new Map<string, string>()): ReadonlyMap<string, string> {
  if (found.has(path)) return found;
  const text = readFileSync(path, 'utf8');
  found.set(path, text);
  if (COMPUTED.test(text)) throw new Error(`${path}: a procedure imports at its top, and nowhere else`);
  for (const [, from = ''] of text.matchAll(IMPORT)) {
    if (from === LAWFUL) continue;
    const file = from.startsWith('.') ? resolve(dirname(path), from) : '';
    if (!file.startsWith(`${folder}${sep}`) || !existsSync(file)) {
      throw new Error(
        `${path} imports ${from}: its code runs in a Workflow, so it imports ${LAWFUL} and files of its own agent only; ` +
          'what a tool must do is a step, and a type comes by "import type"',
      );
    }
    sourcesOf(file, folder, found);
  }
  return found;
}

/** Throws with a sentence where an agent declares a procedure without its code, or has code that it does not declare. */
export async function assertBothHalves(
  agent: { readonly name: string; readonly procedures?: readonly AnyProcedure[] },
  files: readonly ProcedureFile[],
): Promise<void> {
  const own = files.filter((one) => one.agent === agent.name);
  const declared = (agent.procedures ?? []).map(({ name }) => ({ name, file: fileOfProcedure(name) }));
  for (const { name, file } of declared) {
    if (own.some(({ path }) => nameOf(path) === file)) continue;
    throw new Error(
      `agent "${agent.name}": the procedure "${name}" has no code; make procedures/${file}.ts: ` +
        `export default defineProcedure({ name: '${name}', run })`,
    );
  }
  for (const { path } of own) {
    const name = declared.find(({ file }) => file === nameOf(path))?.name;
    if (name === undefined) {
      throw new Error(
        `${path}: the agent "${agent.name}" declares no such procedure; add it to its procedures, or begin the file's name with "_"`,
      );
    }
    await assertCode(path, name);
  }
}

const nameOf = (path: string): string => basename(path, extname(path));

async function assertCode(path: string, name: string): Promise<void> {
  const { default: code } = (await import(pathToFileURL(path).href)) as { readonly default?: Partial<ProcedureCode> };
  if (typeof code?.run !== 'function') {
    throw new Error(`${path}: its default export is no procedure; write: export default defineProcedure({ … })`);
  }
  if (code.name === name) return;
  throw new Error(`${path}: its code is named "${code.name}"; name it "${name}", as it is declared`);
}

/** The entry of the bundle: our Workflows, and the code of these procedures. `workflows`: where ours are. */
export function entryOf(files: readonly ProcedureFile[], workflows: (name: string) => string): string {
  const path = (text: string) => JSON.stringify(text);
  return [
    `export * from ${path(workflows('all'))};`,
    `import { procedureOf } from ${path(workflows('procedure'))};`,
    ...files.map((one, nth) => `import code${nth} from ${path(one.path)};`),
    `export const procedure = procedureOf([`,
    ...files.map(({ agent }, nth) => `  { agent: ${JSON.stringify(agent)}, code: code${nth} },`),
    ']);',
    '',
  ].join('\n');
}
