import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, test } from 'node:test';
import { asInImage, COPIED, IMAGE } from '../../bench/image.ts';
import { ROOT, sourceFiles } from '../support/sources.ts';

afterEach(() => void delete process.env[IMAGE]);

const isCopied = (path: string): boolean => COPIED.some((copied) => path === copied || path.startsWith(`${copied}/`));

test('an agent of the bench finds in the image every file that it imports', () => {
  const agents = sourceFiles().filter((path) => isCopied(path) && path.endsWith('.ts'));
  assert.ok(agents.length >= 5, agents.join());
  for (const path of agents) {
    const imported = readFileSync(join(ROOT, path), 'utf8').matchAll(/from '(\.[^']+)'/g);
    for (const [, to = ''] of imported)
      assert.ok(isCopied(join(dirname(path), to)), `${path} imports ${to}, which is not in COPIED of bench/image.ts`);
  }
});

test('what the image takes over is there, and in the Dockerfile too where it is no agent', () => {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  for (const path of COPIED) {
    assert.ok(existsSync(join(ROOT, path)), path);
    if (/^(?:bench|test)\//.test(path)) continue;
    assert.ok(statSync(join(ROOT, path)).isFile() && dockerfile.includes(path), path);
  }
  assert.match(dockerfile, /^FROM node:\d+/m);
});

test('a rig runs the copy of its agents in the image, and from source where there is none', () => {
  const agents = join(ROOT, 'bench', 'agents');
  assert.deepEqual(asInImage(agents), { agentsFolder: agents, unwatched: true });
  process.env[IMAGE] = '/image';
  assert.deepEqual(asInImage(agents), { agentsFolder: '/image/bench/agents', builtAt: '/image', unwatched: true });
});
