import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadAgents } from '../../workers/load-agents.ts';

const REPOSITORY = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Another project, as an adopter has it: the package and two libraries installed, and an agents folder. */
function aProject(files: Readonly<Record<string, string>> = {}): string {
  const project = mkdtempSync(join(tmpdir(), 'countersign-project-'));
  mkdirSync(join(project, 'node_modules'));
  symlinkSync(REPOSITORY, join(project, 'node_modules/countersign'));
  for (const name of ['zod', 'nodemailer']) {
    symlinkSync(join(REPOSITORY, 'node_modules', name), join(project, 'node_modules', name));
  }
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
  const agents = join(project, 'agents');
  mkdirSync(agents);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(agents, name)), { recursive: true });
    writeFileSync(join(agents, name), text);
  }
  return agents;
}

const DIRECTORY = `import { defineDirectory } from 'countersign';
export default defineDirectory({ people: [{ id: 'olga', name: 'Olga' }], groups: { support: ['olga'] } });`;
const agentText = (name: string, owner = 'olga', team = 'support') => `import { defineAgent } from 'countersign';
import { rules } from './rules.ts';
export default defineAgent({ name: '${name}', owner: '${owner}', team: '${team}', purpose: 'p', instructions: 'i',
  tools: [], rules });`;
const RULES = 'export const rules = [];';
const WHOLE = { 'directory.ts': DIRECTORY, 'desk/index.ts': agentText('desk'), 'desk/rules.ts': RULES };

test('the reference agents load from a copy in another project, unchanged', async () => {
  const agents = aProject();
  cpSync(join(REPOSITORY, 'agents'), agents, { recursive: true });
  const there = await loadAgents(agents);
  assert.deepEqual([...there.agents.keys()], ['on-call', 'support-desk']);
  assert.equal(there.agents.get('support-desk')?.agent.owner, 'olga');
  assert.ok(there.directory.groups.finance?.length);
  const here = await loadAgents(join(REPOSITORY, 'agents'));
  for (const [name, { ruleVersion }] of here.agents) assert.equal(there.agents.get(name)?.ruleVersion, ruleVersion);
});

test('the reference agents import countersign, zod, nodemailer, Node and their own folder only', () => {
  const root = join(REPOSITORY, 'agents');
  const lawful = new Set([
    'countersign',
    'countersign/workflows',
    'zod',
    'nodemailer',
    ...builtinModules.map((name) => `node:${name}`),
  ]);
  let seen = 0;
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const own = join(root, file.slice(root.length + 1).split('/')[0] ?? '');
    for (const [, from = ''] of readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
      const inside = from.startsWith('.') && resolve(dirname(file), from).startsWith(`${own}/`);
      assert.ok(inside || lawful.has(from), `${file} imports ${from}`);
      seen += 1;
    }
  }
  assert.ok(seen > 50, `only ${seen} imports were seen`);
});

test('a change in any source file of an agent is another rule version, of that agent only', async () => {
  const agents = aProject({ ...WHOLE, 'other/index.ts': agentText('other'), 'other/rules.ts': RULES });
  const versions = async () => {
    const loaded = await loadAgents(agents);
    return [...loaded.agents.values()].map(({ ruleVersion }) => ruleVersion);
  };
  const [desk, other] = await versions();
  assert.match(desk ?? '', /^[0-9a-f]{64}$/);
  writeFileSync(join(agents, 'desk/notes.md'), 'not a source');
  assert.deepEqual(await versions(), [desk, other]);
  writeFileSync(join(agents, 'desk/rules.ts'), `${RULES}\n// another`);
  const [edited, untouched] = await versions();
  assert.notEqual(edited, desk);
  assert.equal(untouched, other);
  mkdirSync(join(agents, 'desk/parts'));
  writeFileSync(join(agents, 'desk/parts/more.ts'), '');
  const [withMore] = await versions();
  rmSync(join(agents, 'desk/parts/more.ts'));
  writeFileSync(join(agents, 'desk/parts/moved.ts'), '');
  assert.equal(new Set([desk, edited, withMore, (await versions())[0]]).size, 4);
});

const DECLARING = `import { defineAgent, procedure } from 'countersign';
import { z } from 'zod';
const moves = procedure({ name: 'move_out', version: '1', description: 'd', input: z.object({}), critical: [] });
export default defineAgent({ name: 'desk', owner: 'olga', team: 'support', purpose: 'p', instructions: 'i',
  tools: [], procedures: [moves], rules: [] });`;
const CODE = `import { defineProcedure } from 'countersign/workflows';
export default defineProcedure({ name: 'move_out', run: async () => 'moved' });`;
const MOVES = { ...WHOLE, 'desk/index.ts': DECLARING, 'desk/procedures/move-out.ts': CODE };

test('the code of a procedure is found beside its declaration, with what it imports of its agent', async () => {
  const helped = `import { WORDS } from '../words.ts';\nimport type { Never } from 'nowhere';\n${CODE}`;
  const parts = { 'desk/words.ts': `export const WORDS = 'a';`, 'desk/procedures/_notes.ts': 'no procedure' };
  const agents = aProject({ ...MOVES, ...parts, 'desk/procedures/move-out.ts': helped });
  const found = async () => (await loadAgents(agents)).procedures;
  const [one, ...others] = await found();
  assert.deepEqual([one?.agent, one?.path, others], ['desk', join(agents, 'desk/procedures/move-out.ts'), []]);
  writeFileSync(join(agents, 'desk/words.ts'), `export const WORDS = 'b';`);
  assert.notEqual((await found())[0]?.sourceSha256, one?.sourceSha256);
});

const INTAKE = (pattern: string) => `import { defineAgent, defineIntake, fact } from 'countersign';
const to = { priority: 3, queue: 'support', handover: true };
const intake = defineIntake({ facts: { order: fact.id(${pattern}) }, route: () => to, unclear: to });
export default defineAgent({ name: 'desk', owner: 'olga', team: 'support', purpose: 'p', instructions: 'i',
  tools: [], rules: [], intake });`;

const BROKEN: readonly [string, Readonly<Record<string, string>>, RegExp][] = [
  [
    'a pattern of an intake that a text can hold up',
    { ...WHOLE, 'desk/index.ts': INTAKE(String.raw`/(?:a+)+\d/`) },
    /index\.ts: the pattern of the fact "order" may take for ever/,
  ],
  [
    'no directory',
    { 'desk/index.ts': agentText('desk') },
    /has no directory\.ts; make one: export default defineDirectory/,
  ],
  [
    'a directory without a default export',
    { ...WHOLE, 'directory.ts': 'export const a = 1;' },
    /directory\.ts: .*is no directory/,
  ],
  [
    'a plain directory that names an unknown person',
    { ...WHOLE, 'directory.ts': `export default { people: [], groups: { support: ['olga'] } };` },
    /directory\.ts: directory: group "support" names "olga"/,
  ],
  ['no agent', { 'directory.ts': DIRECTORY }, /holds no agent; make a folder/],
  ['a folder without an index', { ...WHOLE, 'parts/x.ts': '' }, /agents\/parts has no index\.ts/],
  [
    'an index that exports no agent',
    { ...WHOLE, 'desk/index.ts': 'export default {};' },
    /desk\/index\.ts: .*is no agent/,
  ],
  [
    'an index that cannot be read',
    { ...WHOLE, 'desk/index.ts': `throw new Error('no key');` },
    /desk\/index\.ts cannot be loaded: no key/,
  ],
  [
    'a missing import',
    { ...WHOLE, 'desk/index.ts': `import './gone.ts';` },
    /desk\/index\.ts cannot be loaded: .*gone\.ts/,
  ],
  ['another name than its folder', { ...WHOLE, 'desk/index.ts': agentText('shop') }, /named "shop"; name it "desk"/],
  [
    'an owner whom nobody knows',
    { ...WHOLE, 'desk/index.ts': agentText('desk', 'eve') },
    /its owner "eve" is not a person/,
  ],
  [
    'a procedure without its code',
    { ...WHOLE, 'desk/index.ts': DECLARING },
    /the procedure "move_out" has no code; make procedures\/move-out\.ts: export default defineProcedure/,
  ],
  [
    'code of a procedure that is not declared',
    { ...WHOLE, 'desk/procedures/move-out.ts': CODE },
    /move-out\.ts: the agent "desk" declares no such procedure; add it/,
  ],
  [
    'code under another name',
    { ...MOVES, 'desk/procedures/move-out.ts': CODE.replace('move_out', 'move_in') },
    /its code is named "move_in"; name it "move_out"/,
  ],
  [
    'code that is no procedure',
    { ...MOVES, 'desk/procedures/move-out.ts': 'export default {};' },
    /its default export is no procedure; write: export default defineProcedure/,
  ],
  ...['zod', 'countersign', 'node:fs', '@temporalio/workflow', '../../directory.ts'].map(
    (from): [string, Readonly<Record<string, string>>, RegExp] => [
      `code of a procedure that imports ${from}`,
      { ...MOVES, 'desk/procedures/move-out.ts': `import * as x from '${from}';\n${CODE}` },
      /move-out\.ts imports .*; what a tool must do is a step/,
    ],
  ),
  [
    'code of a procedure that imports a file which imports zod',
    {
      ...MOVES,
      'desk/tool.ts': `import { z } from 'zod';\nexport const a = z;`,
      'desk/procedures/move-out.ts': `import { a } from '../tool.ts';\n${CODE}`,
    },
    /tool\.ts imports zod: its code runs in a Workflow/,
  ],
  [
    'code of a procedure that imports as it runs',
    { ...MOVES, 'desk/procedures/move-out.ts': `${CODE}\nexport const x = () => import('node:fs');` },
    /a procedure imports at its top, and nowhere else/,
  ],
  [
    'a team that is no group',
    { ...WHOLE, 'desk/index.ts': agentText('desk', 'olga', 'ops') },
    /its team "ops" is no group/,
  ],
];

for (const [what, files, sentence] of BROKEN) {
  test(`agents with ${what} do not start, and the sentence says what to do`, async () => {
    await assert.rejects(loadAgents(aProject(files)), sentence);
  });
}

test('a folder that is not there is named', async () => {
  await assert.rejects(loadAgents('/nowhere/agents'), /there is no folder \/nowhere\/agents/);
});

test('a linked file or agent is refused, because its content could change without the rule version', async () => {
  const file = aProject(WHOLE);
  symlinkSync(join(file, 'directory.ts'), join(file, 'desk/linked.ts'));
  await assert.rejects(loadAgents(file), /desk\/linked\.ts is a link; put a copy there/);
  const folder = aProject(WHOLE);
  symlinkSync(join(file, 'desk'), join(folder, 'linked'));
  await assert.rejects(loadAgents(folder), /agents\/linked is a link/);
});

test('folders that begin with a dot or an underscore are no agents', async () => {
  const agents = aProject({ ...WHOLE, '_parts/x.ts': '', '.git/config.js': '' });
  assert.deepEqual([...(await loadAgents(agents)).agents.keys()], ['desk']);
});
