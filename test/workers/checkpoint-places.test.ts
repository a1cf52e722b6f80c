import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkpointText, createNoteSigner } from '../../trust/note.ts';
import { generateSigningKey } from '../../trust/signing.ts';
import { openCheckpointFile } from '../../workers/checkpoint-places.ts';
import { temporaryFolder } from '../start/support.ts';

const origin = 'countersign/ledger/test';
const { sign, verifierKey } = createNoteSigner(origin, generateSigningKey());
const note = sign(checkpointText({ origin, size: 1, root: Buffer.alloc(32) }));

test('whatever a crash left of the very first note is cut off, and the file is used', async (t) => {
  const path = join(temporaryFolder(t), 'published.txt');
  for (let length = 0; length < note.length; length += 5) {
    writeFileSync(path, note.slice(0, length));
    const file = await openCheckpointFile(path, verifierKey);
    assert.deepEqual([file.last, readFileSync(path, 'utf8')], [undefined, ''], `after ${length} characters`);
    await file.publish({ size: 1, note });
    assert.equal((await openCheckpointFile(path, verifierKey)).last, note);
  }
});

test('another file, or what was begun of another ledger, is left as it is', async (t) => {
  const path = join(temporaryFolder(t), 'published.txt');
  const long = `${origin}\n${'words of somebody\n'.repeat(100)}`;
  for (const words of ['groceries: milk\n', 'countersign/ledger/other\n1\n', long]) {
    writeFileSync(path, words);
    await assert.rejects(
      openCheckpointFile(path, verifierKey),
      /holds no checkpoint; if it is no other file, empty it/,
    );
    assert.equal(readFileSync(path, 'utf8'), words);
  }
});
