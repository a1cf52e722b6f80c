import { deepEqual, equal, match, ok } from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { workflowBundle } from '../../workers/bundle.ts';

// As many as are kept, and one.
const OLDER = 21;
const LONG_AGO_MS = 86_400_000;

test('a bundle is kept where it can be, the twenty used last, and is found again', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bundles-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const kept = join(folder, 'kept');
  mkdirSync(kept);
  for (let nth = 0; nth < OLDER; nth++) {
    const path = join(kept, `workflows-older-${String(nth).padStart(2, '0')}.js`);
    writeFileSync(path, 'older');
    const at = new Date(Date.now() - LONG_AGO_MS + nth * 1_000);
    utimesSync(path, at, at);
  }
  const { code } = await workflowBundle(kept);
  const names = readdirSync(kept).toSorted();
  equal(names.length, 20);
  deepEqual([names.includes('workflows-older-01.js'), names.includes('workflows-older-02.js')], [false, true]);

  const [own = ''] = names.filter((name) => !name.includes('older'));
  ok(code.endsWith(readFileSync(join(kept, own), 'utf8')));
  writeFileSync(join(kept, own), 'as it was kept');
  const usedAt = new Date(Date.now() - LONG_AGO_MS);
  utimesSync(join(kept, own), usedAt, usedAt);
  ok((await workflowBundle(kept)).code.endsWith('as it was kept'));
  ok(statSync(join(kept, own)).mtimeMs > usedAt.getTime(), 'what is used is not the oldest');

  const nowhere = join(folder, 'a-file');
  writeFileSync(nowhere, '');
  match((await workflowBundle(join(nowhere, 'bundles'))).code, /webpackBootstrap/);
});
