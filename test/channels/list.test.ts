import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CHANNELS } from '../../channels/index.ts';
import { readSource, ROOT, sourceFiles } from '../support/sources.ts';

test('each channel is one file with its name, and holds the contract', () => {
  assert.ok(CHANNELS.length >= 2);
  for (const { name } of CHANNELS) {
    assert.match(name, /^[a-z][a-z0-9]{1,30}$/);
    assert.ok(existsSync(join(ROOT, `channels/${name}.ts`)), name);
    assert.match(readSource(`test/channels/${name}.test.ts`), /^channelContract\(/m);
  }
});

test('the settings of a channel begin with its name, and no two are the same', () => {
  const names = CHANNELS.flatMap(({ name, settings }) =>
    settings.map((one) => {
      assert.ok(one.name.startsWith(`${name.toUpperCase()}_`), one.name);
      return one.name;
    }),
  );
  assert.equal(new Set(names).size, names.length);
});

test('nothing outside of channels/ knows a channel by its name', () => {
  const names = new RegExp(`['"\`](?:${CHANNELS.map(({ name }) => name).join('|')})['"\`]`);
  const product = sourceFiles().filter((path) => !/^(?:channels|test|bench)\//.test(path));
  assert.deepEqual(
    product.filter((path) => names.test(readSource(path))),
    [],
  );
});
