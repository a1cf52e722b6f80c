import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../support/children.ts';
import { ROOT, readSource, sourceFiles } from '../support/sources.ts';

// 60 s: the compiler needs two on a free machine.
const LIMIT_MS = 60_000;
// What the package ships. Agents are the adopter's, tests and measurements the project's own.
const SHIPPED = /^(?!agents\/|test\/|bench\/|cli\/[^/]+\.mjs$)/;

test('the build holds every module and every thread starter, and none of them imports a source file', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-build-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
  const built = await run(tsc, ['-p', 'tsconfig.build.json', '--outDir', folder], { limitMs: LIMIT_MS });
  assert.equal(built.code, 0, built.output);

  const scripts = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => /\.m?js$/.test(path));
  const wanted = sourceFiles().filter((path) => SHIPPED.test(path) && !path.endsWith('.d.ts'));
  assert.deepEqual(scripts.toSorted(), wanted.map((path) => path.replace(/\.ts$/, '.js')).toSorted());
  const stuck = scripts.filter((path) =>
    /(?:from|import\()\s*['"]\.[^'"]*\.ts['"]/.test(readFileSync(join(folder, path), 'utf8')),
  );
  assert.deepEqual(stuck, []);
});

test('the package offers what the build makes', () => {
  const { exports } = JSON.parse(readSource('package.json')) as {
    readonly exports: Readonly<
      Record<string, { readonly source: string; readonly types: string; readonly default: string }>
    >;
  };
  for (const [name, paths] of Object.entries(exports)) {
    const built = paths.source.replace('./', './dist/').replace(/\.ts$/, '');
    assert.deepEqual([paths.types, paths.default], [`${built}.d.ts`, `${built}.js`], name);
    assert.ok(sourceFiles().includes(paths.source.slice('./'.length)), `${name}: there is no ${paths.source}`);
  }
});
