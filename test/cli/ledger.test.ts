import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRandom } from '../proofs/support.ts';
import { temporaryFolder } from '../start/support.ts';
import { createLedger } from '../support/ledger-mutations.ts';
import { anApi, aProblem, aRunningStart, at, run } from './support.ts';

const EXPORT = 'GET /v1/ledger/export';
const CHECKPOINT = 'GET /v1/ledger/checkpoint';
// 64 entries, published at 20, 40 and 60.
const ledger = createLedger(64, 20, createRandom(5));
const { verifierKey } = ledger.signer;
const text = `${ledger.lines.join('\n')}\n`;

/** A folder with an export, what was published, and its key. */
function files(t: Parameters<typeof temporaryFolder>[0], lines = ledger.lines) {
  const folder = temporaryFolder(t);
  const paths = { export: join(folder, 'ledger.jsonl'), published: join(folder, 'published.txt') };
  writeFileSync(paths.export, `${lines.join('\n')}\n`);
  writeFileSync(paths.published, ledger.published);
  writeFileSync(`${paths.published}.key`, `${verifierKey}\n`);
  return paths;
}

test('an export is written as it comes, as the auditor of a development start, and named once it is whole', async (t) => {
  const api = await anApi(t, {
    [EXPORT]: () => ({ headers: { 'content-type': 'application/x-ndjson' }, body: text }),
  });
  const file = join(temporaryFolder(t), 'ledger.jsonl');
  const { code, output } = await run(
    t,
    ['ledger', 'export', '--from', '1', '--to', '64', file],
    aRunningStart(t, api.url),
  );
  assert.equal(code, 0, output);
  assert.match(output, /^64 entries in .*ledger\.jsonl \(\d+ bytes, \d+\.\d s\)\.\n/);
  assert.match(output, /npx countersign ledger verify .*ledger\.jsonl CHECKPOINTS\n$/);
  assert.equal(readFileSync(file, 'utf8'), text);
  const [asked] = api.asked;
  assert.deepEqual([asked?.query.get('from'), asked?.query.get('to')], ['1', '64']);
  assert.equal(asked?.headers.authorization, 'Bearer cs_auditor');
});

test('an export that breaks off, is refused or cannot be written leaves no file and says what to do', async (t) => {
  const folder = temporaryFolder(t);
  let broken = true;
  const api = await anApi(t, {
    [EXPORT]: (_asked, response) => {
      if (!broken) return aProblem('no_checkpoint', 404, 'There is no checkpoint yet.');
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.write(text.slice(0, 5_000));
      setImmediate(() => response.destroy());
      return undefined;
    },
  });
  const take = (file: string) => run(t, ['ledger', 'export', file], at(api.url));
  const off = await take(join(folder, 'a'));
  assert.equal(off.code, 1);
  assert.match(off.output, /does not answer \(.*\)\. Check that it runs/);
  broken = false;
  assert.deepEqual(await take(join(folder, 'a')), { code: 1, signal: null, output: 'There is no checkpoint yet.\n' });
  const nowhere = await take(join(folder, 'no', 'such'));
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.output, /no checkpoint yet|cannot be written \(ENOENT\); name another file/);
  assert.deepEqual(readdirSync(folder), []);
});

test('an export is verified offline, by the key beside the checkpoints, and it is said up to where it is proven', async (t) => {
  const paths = files(t);
  const { code, output } = await run(t, ['ledger', 'verify', paths.export, paths.published]);
  assert.equal(code, 0, output);
  const [held, proven, how] = output.split('\n');
  assert.equal(held, 'holds: 64 entries, 1 to 64');
  assert.equal(
    proven,
    'Proven up to entry 60, by 3 published checkpoints. After it only the key of the ledger vouches for them.',
  );
  assert.match(how ?? '', /^\d+\.\d s, key /);
  assert.ok(how?.endsWith(verifierKey));
});

test('damage is named by the first bad entry, and is a failure', async (t) => {
  const lines = ledger.lines.with(33, ledger.lines[33]?.replace('verdict', 'Verdict') ?? '');
  const paths = files(t, lines);
  const { code, output } = await run(t, ['ledger', 'verify', paths.export, paths.published]);
  assert.equal(code, 1);
  assert.match(output, /^broken at entry 33: .*\nUp to entry 20 it is as it was published/);
});

test('the verifier key is given as text or as a file; another key, or none, proves nothing and says what to do', async (t) => {
  const paths = files(t);
  const verify = (...more: string[]) => run(t, ['ledger', 'verify', paths.export, paths.published, ...more]);
  assert.equal((await verify('--key', verifierKey)).code, 0);
  assert.equal((await verify('--key', `${paths.published}.key`)).code, 0);
  const other = createLedger(1, 1, createRandom(6)).signer.verifierKey;
  const wrong = await verify('--key', other);
  assert.equal(wrong.code, 1);
  assert.match(wrong.output, /^broken at entry 0: the note is not signed by the key/);
  const missing = await verify('--key', join(paths.published, 'nowhere'));
  assert.match(
    missing.output,
    /cannot be read \(ENOTDIR\); give the verifier key by --key, as: countersign ledger checkpoint --key\./,
  );
  const none = await run(t, ['ledger', 'verify', `${paths.export}.gone`, paths.published]);
  assert.deepEqual(
    [none.code, /cannot be read \(ENOENT\); name an export of the ledger\./.test(none.output)],
    [1, true],
  );
  const unpublished = await run(t, ['ledger', 'verify', paths.export, `${paths.published}.gone`]);
  assert.match(unpublished.output, /cannot be read \(ENOENT\); name the file of published checkpoints\./);
});

test('the last checkpoint is printed as it was signed, or the key that verifies it', async (t) => {
  const note = ledger.signer.sign('countersign.test/ledger\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n');
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'countersign-verifier-key': verifierKey };
  const api = await anApi(t, { [CHECKPOINT]: () => ({ headers, body: note }) });
  const shown = await run(t, ['ledger', 'checkpoint'], at(api.url));
  assert.deepEqual([shown.code, shown.output], [0, note]);
  const key = await run(t, ['ledger', 'checkpoint', '--key'], at(api.url));
  assert.deepEqual([key.code, key.output], [0, `${verifierKey}\n`]);
});
