// docker-compose.yml and Dockerfile as texts: what can be told without starting anything.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { parse } from 'yaml';
import { secretsOf } from '../../workers/config.ts';
import { CONFIG_TABLE, SERVING_ROLES } from '../../workers/config-table.ts';
import { QUICK_SETTINGS } from '../../workers/dev-server/start.ts';
import { parseCompose, readCompose, type Service } from './compose-file.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const variables = {
  COUNTERSIGN_API_PUBLIC_KEYS: 'a',
  COUNTERSIGN_WORKFLOWS_PUBLIC_KEYS: 'w',
  OPENAI_MODEL: 'm',
  MAIL_FROM: 'f@example.com',
};
const { services, networks, secrets } = readCompose(ROOT, variables);
const each = Object.entries(services);

test('docker-compose.yml is what the compose schema allows', () => {
  const errors = schemaErrors(parseCompose(ROOT));
  assert.deepEqual(errors, []);
});

test('the Temporal server has the settings of the development server', () => {
  const text = readFileSync(join(ROOT, 'deploy/temporal/dynamic-config.yaml'), 'utf8');
  const settings = parse(text) as Readonly<Record<string, readonly { readonly value: unknown }[]>>;
  const told = Object.entries(settings).map(([name, [first]]) => `${name}=${JSON.stringify(first?.value)}`);
  assert.deepEqual(told.toSorted(), QUICK_SETTINGS.toSorted());
});

test('each metric that an alert asks for is one that the API tells', () => {
  const { groups } = parse(readFileSync(join(ROOT, 'deploy/prometheus/alerts.yaml'), 'utf8')) as {
    readonly groups: readonly { readonly rules: readonly { readonly expr: string }[] }[];
  };
  const asked = groups.flatMap(({ rules }) => rules.flatMap(({ expr }) => expr.match(/countersign_\w+/g) ?? []));
  const api = readdirSync(join(ROOT, 'api')).map((name) => readFileSync(join(ROOT, 'api', name), 'utf8'));
  const told = (name: string) => api.some((text) => text.includes(`'${name.replace('countersign_', '')}'`));
  assert.ok(asked.length >= 5);
  assert.deepEqual(
    asked.filter((name) => !told(name)),
    [],
  );
});

test('the compose schema refuses what Docker Compose would', () => {
  const wrong = parseCompose(ROOT) as { services: { api: Record<string, unknown> } };
  wrong.services.api['healtcheck'] = {};
  assert.match(schemaErrors(wrong).join('\n'), /additional properties/);
});

test('nothing starts before what only the operator knows is filled in', () => {
  for (const name of Object.keys(variables)) {
    assert.throws(() => readCompose(ROOT, { ...variables, [name]: '' }), new RegExp(`^Error: ${name}: .+`));
  }
});

test('no password, key or URL with one stands in the file', () => {
  const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
  assert.doesNotMatch(text, /:\/\/[^\s'"]*:[^\s'"]*@/);
  for (const [name, { environment = {} }] of each) {
    const secretNames = CONFIG_TABLE.flatMap((row) => (row.secret === true ? [row.name] : []));
    for (const key of Object.keys(environment)) {
      const plain = secretNames.includes(key) || /PASSWORD$|PWD$|SECRET$/.test(key);
      assert.ok(!plain, `${name} has ${key} in its environment; use ${key}_FILE and a secret`);
    }
  }
});

test('a service lists the secrets that its variables name, and no others', () => {
  for (const [name, { environment = {}, secrets: listed = [] }] of each) {
    const named = Object.values(environment).flatMap((value) => /^\/run\/secrets\/(\w+)$/.exec(value)?.[1] ?? []);
    assert.deepEqual([...listed].sort(), named.sort(), name);
    for (const secret of listed) assert.ok(secret in secrets, `${name} lists ${secret}, which is not defined`);
  }
});

test('a role holds the secrets that the configuration gives to it, and two roles share none but the master key', () => {
  for (const role of SERVING_ROLES) {
    const known = CONFIG_TABLE.flatMap((row) => (row.secret === true ? [row.name] : []));
    const held = Object.keys(services[role]?.environment ?? {}).map((name) => name.replace(/_FILE$/, ''));
    const own = secretsOf(role);
    for (const name of held) assert.ok(!known.includes(name) || own.includes(name), `${role} holds ${name}`);
  }
  const all = SERVING_ROLES.flatMap((role) => services[role]?.secrets ?? []);
  const held = all.filter((name) => name !== 'master_key');
  assert.equal(all.length - held.length, SERVING_ROLES.length, 'every role reads what is said');
  assert.equal(new Set(held).size, held.length, held.join(', '));
});

test('only the API, the UI, the assistant and the actor have a way out, and no two the same', () => {
  const wayOut = each.flatMap(([name, { networks: own = [] }]) => {
    const open = own.filter((network) => networks[network]?.internal !== true);
    return open.length === 0 ? [] : [[name, open.join(', ')]];
  });
  assert.deepEqual(Object.fromEntries(wayOut), {
    'temporal-ui': 'desk',
    api: 'front',
    assistant: 'model',
    actor: 'systems',
  });
});

test('every service has a limit, and one that stays comes up again and says whether it is healthy', () => {
  for (const [name, service] of each) {
    assert.ok(service.deploy?.resources?.limits, `${name} has no limit`);
    if (staysUp(service))
      assert.ok(service.healthcheck !== undefined || name === 'temporal-ui', `${name} has no health check`);
    else assert.equal(service.restart, 'no', name);
  }
});

test('a port is open on this machine only', () => {
  for (const [name, { ports = [] }] of each) {
    for (const port of ports) assert.match(port, /^127\.0\.0\.1:/, name);
  }
});

test('every file that the compose file and the Dockerfile name is there', () => {
  for (const [, { volumes = [] }] of each) {
    for (const volume of volumes.filter((one) => one.startsWith('./'))) {
      assert.ok(existsSync(join(ROOT, volume.split(':')[0]!)), volume);
    }
  }
  const copied = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').matchAll(/\/app\/((?:cli|agents|package)[\w./-]*)/g);
  for (const [, path = ''] of copied) assert.ok(existsSync(join(ROOT, path)), path);
});

function staysUp({ restart }: Service): boolean {
  return restart === 'unless-stopped';
}

// The durations and addresses that the schema has formats for, as Docker reads them.
const FORMATS = {
  duration: /^(\d+(\.\d+)?(us|ms|s|m|h))+$/,
  ports: true,
  expose: true,
  subnet_ip_address: true,
} as const;

function schemaErrors(file: unknown): readonly string[] {
  const text = readFileSync(new URL('./compose-spec.json', import.meta.url), 'utf8');
  // Its `id` and `$schema` are of an older draft than its keywords, and name nothing that is looked up.
  const schema = JSON.parse(text, (key, value) => (key === 'id' || key === '$schema' ? undefined : value)) as object;
  const validate = new Ajv2019({ strict: false, allErrors: true, formats: FORMATS }).compile(schema);
  validate(file);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
