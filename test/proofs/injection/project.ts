// The agents of the proof in a project of their own, as an adopter has them: a folder for each with its tools in a file.
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../support/sources.ts';
import type { AgentFile } from './agent/agent.ts';

/**
 * Who may be asked. Who has denied is quoted in the report, and does not decide on what comes of it: as many people as one
 * conversation asks at most.
 */
export const DESK = ['dora', 'dirk', 'dana', 'dave', 'dina', 'drew', 'dunja'] as const;

const DIRECTORY = `import { defineDirectory } from 'countersign';
const ids = ['ada', 'finn', 'olga', ...${JSON.stringify(DESK)}];
export default defineDirectory({ people: ids.map((id) => ({ id, name: id })), groups: { desk: ${JSON.stringify(DESK)} } });
`;
const INDEX = `import { agentIn } from '../_agent/agent.ts';
export default agentIn(new URL('./agent.json', import.meta.url));
`;

/** Writes them; resolves to their folder. */
export function writeAgents(folder: string, agents: readonly AgentFile[]): string {
  const project = join(folder, 'project');
  mkdirSync(join(project, 'node_modules'), { recursive: true });
  symlinkSync(ROOT, join(project, 'node_modules/countersign'));
  symlinkSync(join(ROOT, 'node_modules/zod'), join(project, 'node_modules/zod'));
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
  const root = join(project, 'agents');
  cpSync(join(ROOT, 'test/proofs/injection/agent'), join(root, '_agent'), { recursive: true });
  writeFileSync(join(root, 'directory.ts'), DIRECTORY);
  for (const agent of agents) {
    mkdirSync(join(root, agent.name));
    writeFileSync(join(root, agent.name, 'index.ts'), INDEX);
    writeFileSync(join(root, agent.name, 'agent.json'), JSON.stringify(agent));
  }
  return root;
}
