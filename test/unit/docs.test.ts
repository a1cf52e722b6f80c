import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { configurationPage } from '../../workers/config-page.ts';
import { ROOT } from '../support/sources.ts';

const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...markdownIn('docs')];

function markdownIn(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
}

test('the page of the configuration is the one that the table makes', () => {
  assert.equal(readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8'), configurationPage());
});

test('what a page links to exists', () => {
  const broken = pages.flatMap((page) =>
    [...readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)]
      .map(([, path = '']) => path)
      .filter((path) => !existsSync(join(ROOT, dirname(page), path)))
      .map((path) => `${page}: ${path}`),
  );
  assert.deepEqual(broken, []);
});

test('a file that a page names in code exists', () => {
  const named = /`((?:\.ci|activities|agents|api|cli|docs|domain|store|test|trust|workers|workflows)\/[\w./-]+)`/g;
  const missing = pages.flatMap((page) =>
    [...readFileSync(join(ROOT, page), 'utf8').matchAll(named)]
      .map(([, path = '']) => path)
      .filter((path) => !existsSync(join(ROOT, path)))
      .map((path) => `${page}: ${path}`),
  );
  assert.deepEqual(missing, []);
});

test('the page of the peers names the versions that the bench runs', () => {
  const page = readFileSync(join(ROOT, 'bench/peers/README.md'), 'utf8');
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'bench/peers/package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const unnamed = Object.entries(dependencies).filter(([name, version]) => !page.includes(`\`${name}\` ${version}`));
  assert.deepEqual(unnamed, []);
});
