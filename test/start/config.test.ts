import assert from 'node:assert/strict';
import { MASTER_KEY } from '../support/master-key.ts';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { generateSealingKey, sealingPublicKey } from '../../trust/sealing.ts';
import { generateSigningKey } from '../../trust/signing.ts';
import {
  channelsOf,
  ConfigInvalid,
  modelProtocolOf,
  oneSidedChannels,
  readConfig,
  roleProblems,
  secretsOf,
} from '../../workers/config.ts';
import { configurationPage } from '../../workers/config-page.ts';
import { CONFIG_TABLE } from '../../workers/config-table.ts';
import { developmentIdentities, developmentKeyProblems, developmentKeys } from '../../workers/dev-keys.ts';
import { temporaryFolder } from './support.ts';

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigInvalid);
    return error.problems;
  }
}

const NOBODY = { directory: { people: [] }, nowMs: 0 };

test('an empty environment is a development start with every default', () => {
  const config = readConfig({ PORT: '' });
  assert.equal(Object.isFrozen(config), true);
  assert.deepEqual(Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined)), {
    mode: 'development',
    port: 3000,
    host: '127.0.0.1',
    stateDir: '.countersign',
    turnsAtOnce: 100,
    models: [],
    modelProtocol: 'auto',
    workflowsPublicKeys: [],
    apiPublicKeys: [],
    logLevel: 'info',
    maintenanceEveryS: 600,
    clockOffsetMs: 0,
    channelSettings: {},
  });
});

test('a wrong value is one sentence that names the variable and what it must be', () => {
  const rows: readonly (readonly [NodeJS.ProcessEnv, string])[] = [
    [{ COUNTERSIGN_MODE: 'prod' }, 'COUNTERSIGN_MODE must be one of development, production, not "prod"'],
    [{ PORT: '70000' }, 'PORT must be a whole number from 0 to 65535, not "70000"'],
    [{ PORT: '3000x' }, 'PORT must be a whole number from 0 to 65535, not "3000x"'],
    [{ PORT: '0x10' }, 'PORT must be a whole number from 0 to 65535, not "0x10"'],
    [
      { OPENAI_BASE_URL: 'localhost:1234' },
      'OPENAI_BASE_URL must be a URL that starts with http:// or https://, not "localhost:1234"',
    ],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent, not "loud"'],
    [
      { COUNTERSIGN_MODEL_PROTOCOL: 'chat' },
      'COUNTERSIGN_MODEL_PROTOCOL is chat, so set OPENAI_API_KEY, or OPENAI_BASE_URL of your server',
    ],
    [
      { COUNTERSIGN_MODE: 'production', COUNTERSIGN_CLOCK_OFFSET_MS: '5' },
      'COUNTERSIGN_CLOCK_OFFSET_MS moves the clock, which production refuses; take it out of the environment',
    ],
    [
      { OPENAI_API_KEY_FILE: '/no/such/file' },
      'OPENAI_API_KEY_FILE names a file that cannot be read (ENOENT); correct the path or its permissions',
    ],
    [
      { OPENAI_API_KEY: 'a', OPENAI_API_KEY_FILE: '/b' },
      'OPENAI_API_KEY and OPENAI_API_KEY_FILE are both set; keep one of them',
    ],
  ];
  for (const [env, sentence] of rows) assert.deepEqual(problemsOf(env), [sentence]);
  assert.equal(problemsOf({ PORT: 'a', LOG_LEVEL: 'b' }).length, 2);
});

test('a sentence about a secret never shows it', () => {
  for (const row of CONFIG_TABLE.filter(({ secret }) => secret === true)) {
    const problems = problemsOf({ [row.name]: 'hunter2 is wrong' }).join('\n');
    assert.doesNotMatch(problems, /hunter2/);
    if (row.name !== 'OPENAI_API_KEY') assert.match(problems, new RegExp(`^${row.name} must be `));
  }
});

test('a secret may stand in a file', (t) => {
  const file = join(temporaryFolder(t), 'key');
  writeFileSync(file, 'sk-from-file\n');
  assert.equal(readConfig({ OPENAI_API_KEY_FILE: file }).openaiApiKey, 'sk-from-file');
  writeFileSync(file, '\n');
  assert.deepEqual(problemsOf({ OPENAI_API_KEY_FILE: file }), [
    'OPENAI_API_KEY_FILE names an empty file; write the value into it',
  ]);
});

test('a channel is set whole or not at all, and a blank secret stops the start', (t) => {
  const file = join(temporaryFolder(t), 'secret');
  writeFileSync(file, '\n');
  const hears = { SLACK_TEAM_ID: 'T024BE7LD', SLACK_APP_ID: 'A0KRD7HC3', SLACK_AGENT: 'support-desk' };
  const needs = `${Object.keys(hears).join(', ')} is set, and SLACK_SIGNING_SECRET is not or blank; set all of them, or none`;
  for (const blank of [{}, { SLACK_SIGNING_SECRET: '' }, { SLACK_SIGNING_SECRET_FILE: file }])
    assert.deepEqual(problemsOf({ ...hears, ...blank }), [needs]);
  assert.match(problemsOf({ ...hears, SLACK_SIGNING_SECRET: '     ' }).join(), /^SLACK_SIGNING_SECRET must be /);
  const token = { SLACK_BOT_TOKEN: 'xoxb-of-the-test' };
  const hearing = { ...hears, SLACK_SIGNING_SECRET: 'x'.repeat(32) };
  assert.match(
    oneSidedChannels(readConfig(hearing)).join(),
    /slack would hear and never answer; set SLACK_BOT_TOKEN too/,
  );
  assert.match(
    oneSidedChannels(readConfig(token)).join(),
    /slack would ask and hear no answer; set SLACK_SIGNING_SECRET, /,
  );
  for (const both of [{}, { ...hearing, ...token }]) assert.deepEqual(oneSidedChannels(readConfig(both)), []);
  assert.deepEqual(channelsOf('api', readConfig({ SLACK_SIGNING_SECRET_FILE: file })), []);
  const whole = readConfig({ ...hears, SLACK_SIGNING_SECRET: 'x'.repeat(32), TELEGRAM_BOT_TOKEN: '123:abcdefgh' });
  const names = (['api', 'actor'] as const).map((role) => channelsOf(role, whole).map(({ name }) => name));
  assert.deepEqual(names, [['slack'], ['telegram']]);
});

test('lists are split and trimmed, and each key of a list is checked', () => {
  assert.deepEqual(readConfig({ OPENAI_MODEL: ' a, b,,' }).models, ['a', 'b']);
  assert.deepEqual(problemsOf({ COUNTERSIGN_API_PUBLIC_KEYS: 'x' }), [
    'COUNTERSIGN_API_PUBLIC_KEYS must be an Ed25519 key in base64 of DER; make one with: countersign keys, not "x"',
  ]);
});

test('the model’s protocol follows from the server that is named', () => {
  const rows = [
    [{}, 'scripted'],
    [{ OPENAI_API_KEY: 'k' }, 'responses'],
    [{ OPENAI_API_KEY: 'k', OPENAI_BASE_URL: 'https://api.openai.com/v1' }, 'responses'],
    [{ OPENAI_BASE_URL: 'http://localhost:11434/v1' }, 'chat'],
    [{ OPENAI_API_KEY: 'k', COUNTERSIGN_MODEL_PROTOCOL: 'scripted' }, 'scripted'],
  ] as const;
  for (const [env, protocol] of rows) assert.equal(modelProtocolOf(readConfig(env)), protocol);
});

test('in production a role starts with its own secrets only, and not without them', (t) => {
  const folder = temporaryFolder(t);
  const base = {
    COUNTERSIGN_MODE: 'production',
    DATABASE_URL: 'postgres://db/x',
    TEMPORAL_ADDRESS: 't:7233',
    COUNTERSIGN_STATE_DIR: folder,
    COUNTERSIGN_MASTER_KEY: MASTER_KEY,
  };
  const problems = (role: Parameters<typeof roleProblems>[0], env: NodeJS.ProcessEnv) =>
    roleProblems(role, readConfig(env), env);
  const signing = generateSigningKey();

  assert.deepEqual(problems('assistant', { ...base, OPENAI_API_KEY: 'k' }), []);
  const api = { ...base, COUNTERSIGN_API_SIGNING_KEY: signing, COUNTERSIGN_LEDGER_SIGNING_KEY: signing };
  assert.deepEqual(problems('api', { ...api, COUNTERSIGN_CHECKPOINT_FILE: '/outside/checkpoints.txt' }), []);
  assert.deepEqual(problems('api', { ...api, COUNTERSIGN_CHECKPOINT_URL: 'https://example.com/hook' }), []);
  assert.deepEqual(problems('api', api), [
    'the api role needs COUNTERSIGN_CHECKPOINT_FILE, or COUNTERSIGN_CHECKPOINT_URL, or both: where checkpoints of the ' +
      'ledger are published, outside of the database',
  ]);
  assert.match(
    problems('workflows', { ...base, COUNTERSIGN_LEDGER_SIGNING_KEY: signing }).join(),
    /COUNTERSIGN_LEDGER_SIGNING_KEY is not for the workflows role/,
  );
  assert.deepEqual(problems('assistant', base), [
    'the assistant role needs OPENAI_API_KEY, or OPENAI_BASE_URL of a server that wants none',
  ]);
  assert.deepEqual(problems('assistant', { ...base, OPENAI_API_KEY: 'k', COUNTERSIGN_API_SIGNING_KEY: signing }), [
    'COUNTERSIGN_API_SIGNING_KEY is not for the assistant role; take it out of this process’s environment',
  ]);
  assert.match(
    problems('actor', base).join(),
    /needs COUNTERSIGN_WORKFLOWS_PUBLIC_KEYS.*needs COUNTERSIGN_API_PUBLIC_KEYS/,
  );
  assert.match(problems('actor', { ...base, OPENAI_API_KEY: 'k' }).join(), /OPENAI_API_KEY is not for the actor role/);
  const token = { SLACK_BOT_TOKEN: 'xoxb-of-the-test' };
  assert.match(problems('api', { ...api, ...token }).join(), /SLACK_BOT_TOKEN is not for the api role/);
  const secret = { TELEGRAM_WEBHOOK_SECRET: 's'.repeat(16), TELEGRAM_BOT_NAME: 'desk_bot', TELEGRAM_AGENT: 'desk' };
  assert.match(problems('actor', { ...base, ...secret }).join(), /TELEGRAM_WEBHOOK_SECRET is not for the actor role/);
  assert.match(problems('api', { ...base, TEMPORAL_ADDRESS: '' }).join(), /needs TEMPORAL_ADDRESS/);
  assert.deepEqual(roleProblems('actor', readConfig({}), {}), [
    'the actor role needs DATABASE_URL: the embedded store serves a development start only',
  ]);
  const { COUNTERSIGN_MASTER_KEY: _, ...withoutMaster } = base;
  for (const role of ['api', 'workflows', 'assistant', 'actor'] as const)
    assert.match(problems(role, withoutMaster).join(), new RegExp(`the ${role} role needs COUNTERSIGN_MASTER_KEY`));
  assert.match(problemsOf({ COUNTERSIGN_MASTER_KEY: 'short' }).join(), /must be 32 bytes in base64/);
  const linkKey = generateSealingKey();
  const links = { ...api, ...secret, COUNTERSIGN_PUBLIC_URL: 'https://desk.example' };
  assert.match(problems('api', links).join(), /the api role needs COUNTERSIGN_LINK_PUBLIC_KEY/);
  const given = { COUNTERSIGN_LINK_PUBLIC_KEY: sealingPublicKey(linkKey) };
  assert.doesNotMatch(problems('api', { ...links, ...given }).join(), /LINK/);
  const held = { COUNTERSIGN_LINK_KEY: linkKey };
  assert.match(problems('api', { ...api, ...held }).join(), /COUNTERSIGN_LINK_KEY is not for the api role/);
  for (const wrong of [generateSigningKey(), sealingPublicKey(linkKey)])
    assert.match(
      problemsOf({ COUNTERSIGN_LINK_KEY: wrong }).join(),
      /LINK_KEY must be the private key of an X25519 pair/,
    );
  assert.deepEqual(secretsOf('assistant'), ['DATABASE_URL', 'OPENAI_API_KEY', 'COUNTERSIGN_MASTER_KEY']);
  assert.deepEqual(secretsOf('actor'), [
    'DATABASE_URL',
    'COUNTERSIGN_MASTER_KEY',
    'COUNTERSIGN_LINK_KEY',
    'SMTP_URL',
    'SLACK_BOT_TOKEN',
    'TELEGRAM_BOT_TOKEN',
  ]);
});

test('development keys are made once, private, and refused in production', async (t) => {
  const folder = temporaryFolder(t);
  const config = readConfig({ COUNTERSIGN_STATE_DIR: folder });
  const keys = developmentKeys(folder, config);
  assert.deepEqual(developmentKeys(folder, config), keys);
  assert.deepEqual(developmentKeyProblems(config), []);
  const production = readConfig({ COUNTERSIGN_STATE_DIR: folder, COUNTERSIGN_API_SIGNING_KEY: keys.apiSigningKey });
  assert.match(developmentKeyProblems(production).join(), /^COUNTERSIGN_API_SIGNING_KEY is a development key/);

  const added: { id: string; hash: string }[] = [];
  const apiKeys = { add: async (key: { id: string; hash: string }) => void added.push({ id: key.id, hash: key.hash }) };
  const first = await developmentIdentities(folder, apiKeys, NOBODY);
  const second = await developmentIdentities(folder, apiKeys, NOBODY);
  assert.deepEqual(second, first);
  assert.deepEqual(
    first.map(({ principal }) => principal.id),
    ['customer-ada', 'finn', 'auditor', 'administrator'],
  );
  assert.deepEqual(added.slice(4), added.slice(0, 4));
  assert.match(first[0]!.key, /^cs_[0-9a-f]{12}_[\w-]{43}$/);
  for (const file of ['keys.json', 'identities.json']) assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600);
  writeFileSync(join(folder, 'identities.json'), '{');
  await assert.rejects(
    developmentIdentities(folder, apiKeys, NOBODY),
    /identities\.json is damaged; restore it, or remove it/,
  );
});

test('a state folder of before gets the key and the identity that it lacks, and keeps the others', async (t) => {
  const folder = temporaryFolder(t);
  const config = readConfig({ COUNTERSIGN_STATE_DIR: folder });
  const apiKeys = { add: async () => undefined };
  const [first, identities] = [developmentKeys(folder, config), await developmentIdentities(folder, apiKeys, NOBODY)];
  const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const { ledger, ...before } = read('keys.json') as Record<string, string>;
  assert.equal(ledger, first.ledgerSigningKey);
  writeFileSync(join(folder, 'keys.json'), JSON.stringify(before));
  writeFileSync(join(folder, 'identities.json'), JSON.stringify((read('identities.json') as unknown[]).slice(0, 2)));
  const again = developmentKeys(folder, config);
  assert.deepEqual({ ...again, ledgerSigningKey: '' }, { ...first, ledgerSigningKey: '' });
  assert.deepEqual(developmentKeys(folder, config), again);
  const known = await developmentIdentities(folder, apiKeys, NOBODY);
  assert.deepEqual(known.slice(0, 2), identities.slice(0, 2));
  assert.deepEqual(await developmentIdentities(folder, apiKeys, NOBODY), known);
  const used = readConfig({ COUNTERSIGN_STATE_DIR: folder, COUNTERSIGN_LEDGER_SIGNING_KEY: again.ledgerSigningKey });
  assert.match(developmentKeyProblems(used).join(), /^COUNTERSIGN_LEDGER_SIGNING_KEY is a development key/);
});

test('the page lists every variable, and the file form of each secret', () => {
  const page = configurationPage();
  for (const { name, secret } of CONFIG_TABLE)
    assert.equal(page.includes(secret === true ? `\`${name}_FILE\`` : `\`${name}\``), true, name);
});

test('while the master key is changed there are two, and never more', () => {
  const changing = (...keys: readonly string[]) => problemsOf({ COUNTERSIGN_MASTER_KEY: keys.join(',') }).join();
  assert.equal(changing(MASTER_KEY, MASTER_KEY), '');
  assert.match(changing(MASTER_KEY, MASTER_KEY, MASTER_KEY), /must be 32 bytes in base64, and behind a comma another/);
});
