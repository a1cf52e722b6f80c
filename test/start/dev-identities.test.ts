import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { IdentitiesFile, identitiesIn } from '../../workers/dev-identities.ts';
import { developmentIdentities } from '../../workers/dev-keys.ts';
import { temporaryFolder } from './support.ts';

test('each person of the directory can be spoken as in development, and comes before whoever is not in it', async (t) => {
  const folder = temporaryFolder(t);
  const apiKeys = { add: async () => undefined };
  const nina = { id: 'nina', name: 'Nina' };
  const ids = async (people: readonly (typeof nina)[]) =>
    (await developmentIdentities(folder, apiKeys, { directory: { people }, nowMs: 0 })).map(
      ({ principal }) => principal.id,
    );
  assert.deepEqual(await ids([nina]), ['customer-ada', 'nina', 'finn', 'auditor', 'administrator']);
  const [, first] = await developmentIdentities(folder, apiKeys, { directory: { people: [nina] }, nowMs: 0 });
  // Of a directory of before, a key stays for when its person comes back; nobody speaks by it meanwhile.
  assert.deepEqual(await ids([{ id: 'finn', name: 'Finn' }]), ['customer-ada', 'finn', 'auditor', 'administrator']);
  const kept = IdentitiesFile.parse(JSON.parse(readFileSync(join(folder, 'identities.json'), 'utf8')));
  assert.deepEqual(
    identitiesIn(kept).map(({ principal }) => principal.id),
    ['customer-ada', 'finn', 'auditor', 'administrator'],
  );
  const [, again] = await developmentIdentities(folder, apiKeys, { directory: { people: [nina] }, nowMs: 0 });
  assert.equal(again?.key, first?.key);
});
