import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { msToTs } from '@temporalio/common/lib/time.js';
import { generateSigningKey } from '../../trust/signing.ts';
import { readConfig } from '../../workers/config.ts';
import { createInspect } from '../../workers/doctor.ts';
import { startTemporal } from '../support/temporal.ts';
import { eventually } from '../support/system.ts';
import { atEnd, temporaryFolder } from './support.ts';

const NAMESPACE = 'kept-for-a-day';
const DAY_MS = 86_400_000;

test('a namespace that forgets too early or lacks search attributes is a problem, and what mends it is said', async (t) => {
  const temporal = await startTemporal();
  atEnd(t, () => temporal.teardown());
  const { connection, nativeConnection } = temporal;
  const workflowExecutionRetentionPeriod = msToTs(DAY_MS);
  await connection.workflowService.registerNamespace({ namespace: NAMESPACE, workflowExecutionRetentionPeriod });
  const known = () => connection.workflowService.describeNamespace({ namespace: NAMESPACE }).catch(() => undefined);
  await eventually(known, 'the namespace');
  const inspect = (namespace: string, env: NodeJS.ProcessEnv = {}) => {
    const temporalOf = { connection, nativeConnection, namespace, address: 'there', close: async () => undefined };
    return createInspect({ config: readConfig(env), temporal: temporalOf })();
  };
  const kinds = (checks: Awaited<ReturnType<typeof inspect>>) => checks.map(({ name, kind }) => `${name}: ${kind}`);

  const short = await inspect(NAMESPACE);
  assert.deepEqual(kinds(short), [
    'Node of the API: ok',
    'Temporal: problem',
    'search attributes: problem',
    'model: warning',
    'keys: ok',
  ]);
  const text = short.map((check) => check.text).join('\n');
  assert.match(
    text,
    /keeps closed Workflows for 1 day, and 30 are needed .*: temporal operator namespace update --retention 720h/,
  );
  assert.match(text, /CountersignAgent.* are not registered/);

  const gone = await inspect('no-such-namespace');
  assert.match(
    gone.find(({ name }) => name === 'Temporal')?.text ?? '',
    /namespace "no-such-namespace" cannot be read/,
  );
  const well = await inspect('default', { OPENAI_API_KEY: 'k', HOST: '0.0.0.0' });
  assert.deepEqual(kinds(well).slice(1), ['Temporal: ok', 'search attributes: ok', 'model: ok', 'keys: warning']);

  const ledger = async () => ({ name: 'ledger', kind: 'problem', text: 'not the one that was published' }) as const;
  const temporalOf = {
    connection,
    nativeConnection,
    namespace: 'default',
    address: 'there',
    close: async () => undefined,
  };
  const looked = await createInspect({ config: readConfig({}), temporal: temporalOf }, ledger)();
  assert.deepEqual(looked.at(-1), await ledger());

  const folder = temporaryFolder(t);
  const key = generateSigningKey();
  writeFileSync(join(folder, 'keys.json'), JSON.stringify({ workflows: generateSigningKey(), api: key }));
  const production = {
    COUNTERSIGN_MODE: 'production',
    COUNTERSIGN_STATE_DIR: folder,
    COUNTERSIGN_API_SIGNING_KEY: key,
  };
  const refused = (await inspect('default', production)).find(({ name }) => name === 'keys');
  assert.deepEqual([refused?.kind, refused?.text.includes(key)], ['problem', false]);
});
