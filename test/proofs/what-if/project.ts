// An adopter's project in a folder of its own: a git repository with an agents' folder, in which the proof edits rules.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../support/sources.ts';
import type { Edit } from './edits.ts';

const AGENTS = join(ROOT, 'test/proofs/what-if/agents');

export interface Project {
  readonly folder: string;
  /** As committed. */
  readonly agents: string;
  /** Puts the edit into the folder itself, or beside it; resolves to the folder in which it stands. */
  edited(edit: Edit, where: 'in_place' | 'beside'): string;
  /** What a replay has left behind, in words. */
  leftovers(): readonly string[];
}

export function createProject(folder: string): Project {
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  symlinkSync(ROOT, join(folder, 'node_modules/countersign'));
  symlinkSync(join(ROOT, 'node_modules/zod'), join(folder, 'node_modules/zod'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, '.gitignore'), 'node_modules\n');
  const agents = join(folder, 'agents');
  cpSync(AGENTS, agents, { recursive: true });
  const git = (...args: string[]) => {
    const who = ['-c', 'user.name=proof', '-c', 'user.email=proof@proof.example', '-c', 'commit.gpgsign=false'];
    return execFileSync('git', [...who, ...args], { cwd: folder, encoding: 'utf8' });
  };
  git('init', '--quiet');
  git('add', '.');
  git('commit', '--quiet', '--message', 'The rules as they are');
  const known = readdirSync(folder);
  return {
    folder,
    agents,
    edited(edit, where) {
      const to = where === 'in_place' ? agents : join(folder, 'edited');
      cpSync(AGENTS, to, { recursive: true });
      for (const [file, from, text] of edit.texts) replaceOnce(join(to, file), from, text);
      return to;
    },
    leftovers: () => [
      ...readdirSync(folder)
        .filter((name) => !known.includes(name) && name !== 'edited')
        .map((name) => `it left ${name} in the project`),
      ...(existsSync(join(folder, 'a-tool-was-called')) ? ['a tool was called'] : []),
      ...(git('diff', '--cached', '--name-only') === '' ? [] : ['the index of git has changed']),
    ],
  };
}

function replaceOnce(file: string, from: string, to: string): void {
  const text = readFileSync(file, 'utf8');
  const [before, after, ...more] = text.split(from);
  if (after === undefined || more.length > 0) throw new Error(`"${from}" must stand once in ${file}`);
  writeFileSync(file, `${before}${to}${after}`);
}
