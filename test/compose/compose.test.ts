// The production of docker-compose.yml, run from the parsed file as plain processes: what it says works, and what it
// would say wrongly does not.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { intake } from '../../agents/support-desk/intake.ts';
import { eventually } from '../support/system.ts';
import type { ComposeFile, Service } from './compose-file.ts';
import { type Production, startProduction } from './production.ts';
import type { Topology } from './topology.ts';

const ROLES = ['workflows', 'assistant', 'actor', 'api'] as const;
const REFUND = { orderId: '1042', amountCents: 7200, currency: 'EUR', reason: 'one bowl arrived broken' };

let production: Production;
let topology: Topology;

before(async () => {
  production = await startProduction();
  topology = production.topology();
});

after(async () => {
  await topology?.stop();
  await production?.stop();
});

test('PostgreSQL, the namespace and the tables are made by the services of the file', async () => {
  for (const volume of production.file.services['postgres']?.volumes ?? []) {
    const script = /:(\/docker-entrypoint-initdb\.d\/[^:]+)/.exec(volume)?.[1];
    if (script !== undefined) await succeeds(topology.exec('postgres', ['sh', script]));
  }
  await succeeds(topology.isHealthy('postgres'));
  await succeeds(topology.runOnce('temporal-namespace'));
  const migrated = await succeeds(topology.runOnce('migrate'));
  assert.match(migrated, /countersign_actor, countersign_api, countersign_assistant, countersign_workflows/);
});

test('what makes PostgreSQL, the namespace and the tables may run again and changes nothing', async () => {
  await succeeds(topology.exec('postgres', ['sh', '/docker-entrypoint-initdb.d/roles.sh']));
  await succeeds(topology.runOnce('temporal-namespace'));
  await succeeds(topology.runOnce('migrate'));
});

test('every role comes up with its own secrets and is healthy', async () => {
  const early = await topology.isHealthy('actor');
  assert.notEqual(early.code, 0, `a role that does not run must not be healthy: ${early.output}`);
  for (const role of ROLES) topology.up(role);
  for (const role of ROLES) await topology.untilHealthy(role);
});

test('a message is answered, a refund waits for finance, and an approval pays it once', async () => {
  const { model } = production;
  // The form of the desk's intake, which it is made to fill in: it finds nothing, of any fact.
  const nothing = Object.fromEntries(Object.keys(intake.facts).map((name) => [name, []]));
  model.on(
    { predicate: ({ tool_choice: choice }) => typeof choice === 'object' },
    { toolCalls: [{ id: 'facts-1', name: 'facts', arguments: JSON.stringify(nothing) }] },
  );
  model.on(
    { userMessage: /refund 1042/, hasToolResult: false },
    { toolCalls: [{ id: 'call-1', name: 'refund', arguments: JSON.stringify(REFUND) }] },
  );
  model.on({ userMessage: /What waited has ended/ }, { content: 'The refund of 72.00 EUR is on its way.' });
  model.on({ hasToolResult: true }, { content: 'It waits for finance.' });
  model.onMessage(/hello/, { content: 'Hello from the model.' });
  const customer = await caller('customer-ada', 'conversations:write,conversations:read');
  const finance = await caller('finn', 'approvals:decide');

  const { body: conversation } = await customer('POST', '/v1/conversations', { agent: 'support-desk' }, 201);
  const messages = `/v1/conversations/${String(conversation['id'])}/messages?wait=reply`;
  const hello = await customer('POST', messages, { text: 'hello' }, 200);
  assert.match(JSON.stringify(hello.body), /Hello from the model/);
  await customer('POST', messages, { text: 'please refund 1042' }, 200);

  const open = async () => rowsOf((await finance('GET', '/v1/approvals', undefined, 200)).body)[0];
  const approval = await eventually(open, 'an approval');
  assert.deepEqual(await refunds(), [], 'nothing is paid before anybody decided');
  const decision = `/v1/approvals/${encodeURIComponent(String(approval['id']))}/decision`;
  const receipt = await finance('POST', decision, { answer: 'approve' }, 200);
  await eventually(async () => ((await refunds()).length > 0 ? true : undefined), 'the refund');
  const told = async () => {
    const transcript = await customer('GET', `/v1/conversations/${String(conversation['id'])}`, undefined, 200);
    return JSON.stringify(transcript.body).includes('on its way') ? true : undefined;
  };
  await eventually(told, 'the reply about the refund');
  // A second click gets the first receipt, and pays nothing more.
  assert.deepEqual((await finance('POST', decision, { answer: 'approve' }, 200)).body, receipt.body);
  assert.deepEqual(await refunds(), [{ order_id: '1042', amount_cents: 7200 }]);
});

test('what happened verifies offline by the checkpoints that were published outside of the database', async () => {
  const auditor = await newKey('auditor', 'ledger:read');
  const look = async () => (await fetchText(auditor, '/v1/ledger/checkpoint')).status === 200 || undefined;
  await eventually(look, 'a checkpoint');
  const checkpoint = await fetchText(auditor, '/v1/ledger/checkpoint');
  const exported = await fetchText(auditor, '/v1/ledger/export');
  const folder = mkdtempSync(join(tmpdir(), 'countersign-audit-'));
  writeFileSync(join(folder, 'ledger.jsonl'), exported.text);
  writeFileSync(join(folder, 'published.txt'), checkpoint.text);
  const command = ['ledger', 'verify', join(folder, 'ledger.jsonl'), join(folder, 'published.txt')];
  const key = checkpoint.headers.get('countersign-verifier-key') ?? '';
  const verified = await topology.runOnce('migrate', [...command, '--key', key]);
  rmSync(folder, { recursive: true });
  assert.equal(verified.code, 0, verified.output);
  assert.match(verified.output, /^holds: \d+ entries, 1 to \d+\nProven up to entry \d+, by 1 published checkpoint\./);
  const kinds = exported.text.split('\n').flatMap((line) => /\\"kind\\":\\"(\w+)\\"/.exec(line)?.[1] ?? []);
  assert.ok(kinds.length > 0, exported.text);
});

test('an operator asks what the ledger has lost, and nothing is', async () => {
  const command = ['rebuild', '--by', 'olga', '--reason', 'a look', '--dry-run'];
  const looked = await succeeds(topology.runOnce('migrate', command));
  assert.match(
    looked,
    /entries are left; [1-9]\d* runs of Workflows were looked at\nnothing is lost; nothing was changed\n/,
  );
});

test('an API key that was revoked opens nothing', async () => {
  const key = await newKey('customer-ben', 'conversations:read');
  assert.equal((await request(key, 'GET', '/v1/conversations')).status, 200);
  await succeeds(topology.runOnce('migrate', ['api-key', 'revoke', key.split('_')[1] ?? '']));
  assert.equal((await request(key, 'GET', '/v1/conversations')).status, 401);
  const again = await topology.runOnce('migrate', ['api-key', 'revoke', 'nobody']);
  assert.equal(again.code, 1);
  assert.match(again.output, /there is no API key "nobody"/);
});

test('no role had anything to warn of', () => {
  for (const role of ROLES) {
    const lines = topology
      .output(role)
      .split('\n')
      .filter((line) => line.startsWith('{'));
    const said = lines.map((line) => JSON.parse(line) as { level: number; sdkComponent?: string; models?: unknown });
    // 40 is pino's warn. The SDK warns every Worker without Workflows that it has none; and the test's model has no price.
    const warned = said.filter(
      ({ level, sdkComponent, models }) => level >= 40 && sdkComponent === undefined && models === undefined,
    );
    assert.deepEqual(warned, [], role);
  }
});

test('every role stops in good order, and then the API is not ready', async () => {
  assert.deepEqual(await topology.stop(['workflows', 'assistant', 'actor']), { workflows: 0, assistant: 0, actor: 0 });
  assert.deepEqual(await topology.stop(['api']), { api: 0 });
  assert.notEqual((await topology.isHealthy('api')).code, 0);
});

const MISTAKES: readonly (readonly [
  what: string,
  role: string,
  change: (service: Service) => Service,
  says: RegExp,
])[] = [
  [
    'the assistant holding the key that signs verdicts',
    'assistant',
    (one) => withSecret(one, 'COUNTERSIGN_WORKFLOWS_SIGNING_KEY_FILE', 'workflows_signing_key'),
    /COUNTERSIGN_WORKFLOWS_SIGNING_KEY is not for the assistant role/,
  ],
  [
    'the assistant knowing where the shop is',
    'assistant',
    (one) => withSecret(one, 'SHOP_DATABASE_URL_FILE', 'shop_database_url'),
    /SHOP_DATABASE_URL_FILE is not for the assistant role/,
  ],
  [
    'the actor with the assistant’s database URL',
    'actor',
    (one) => withSecret(one, 'DATABASE_URL_FILE', 'assistant_database_url'),
    /has the rights of countersign_assistant; this process needs the rights of countersign_actor/,
  ],
  [
    'the workflows role with the owner’s database URL',
    'workflows',
    (one) => withSecret(one, 'DATABASE_URL_FILE', 'owner_database_url'),
    /has none of the roles’ rights/,
  ],
  [
    'a variable with a slip in its name',
    'api',
    (one) => renamed(one, 'COUNTERSIGN_API_SIGNING_KEY_FILE', 'COUNTERSIGN_API_SIGN_KEY_FILE'),
    /the api role needs COUNTERSIGN_API_SIGNING_KEY/,
  ],
  [
    'an API without a place for checkpoints outside of the database',
    'api',
    (one) => renamed(one, 'COUNTERSIGN_CHECKPOINT_FILE', 'CHECKPOINT_FILE'),
    /the api role needs COUNTERSIGN_CHECKPOINT_FILE, or COUNTERSIGN_CHECKPOINT_URL, or both/,
  ],
  [
    'a secret that the service does not list',
    'api',
    (one) => ({ ...one, secrets: ['api_database_url'] }),
    /COUNTERSIGN_API_SIGNING_KEY_FILE names a file that cannot be read \(ENOENT\)/,
  ],
  [
    'a role that there is not',
    'actor',
    (one) => ({ ...one, command: ['run', 'actors', './agents'] }),
    /no role "actors"/,
  ],
];

for (const [what, role, change, says] of MISTAKES) {
  test(`${what} keeps it from starting`, async () => {
    const wrong = production.topology(changed(production.file, role, change));
    const { code, output } = await wrong.runOnce(role);
    assert.equal(code, 1, output);
    assert.match(output, says);
  });
}

test('a role off Temporal’s network cannot be started', () => {
  const off = changed(production.file, 'actor', (one) => ({ ...one, networks: ['store', 'systems'] }));
  assert.throws(() => production.topology(off).up('actor'), /actor names temporal, and they share no network/);
});

function changed(file: ComposeFile, role: string, change: (service: Service) => Service): ComposeFile {
  const service = file.services[role];
  assert.ok(service);
  return { ...file, services: { ...file.services, [role]: change(service) } };
}

function withSecret(one: Service, variable: string, secret: string): Service {
  const environment = { ...one.environment, [variable]: `/run/secrets/${secret}` };
  return { ...one, environment, secrets: [...(one.secrets ?? []), secret] };
}

function renamed(one: Service, from: string, to: string): Service {
  const { [from]: value = '', ...environment } = one.environment ?? {};
  return { ...one, environment: { ...environment, [to]: value } };
}

async function succeeds(work: Promise<{ readonly code: number | null; readonly output: string }>): Promise<string> {
  const { code, output } = await work;
  assert.equal(code, 0, output);
  return output;
}

/** As docs/operating.md makes a key: `docker compose run --rm migrate api-key add …`. */
async function newKey(principal: string, scopes: string): Promise<string> {
  const args = ['api-key', 'add', '--principal', principal, '--scopes', scopes];
  return (await succeeds(topology.runOnce('migrate', args))).trim();
}

async function fetchText(key: string, path: string) {
  const response = await fetch(`${production.apiUrl}${path}`, { headers: { authorization: `Bearer ${key}` } });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function caller(principal: string, scopes: string) {
  const key = await newKey(principal, scopes);
  return async (method: string, path: string, body: unknown, expected: number): Promise<Answer> => {
    const answer = await request(key, method, path, body);
    assert.equal(answer.status, expected, JSON.stringify(answer.body));
    return answer;
  };
}

async function request(key: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${production.apiUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

function rowsOf(page: Answer['body']): readonly Readonly<Record<string, unknown>>[] {
  return page['rows'] as readonly Readonly<Record<string, unknown>>[];
}

async function refunds(): Promise<readonly object[]> {
  const text = `select order_id, amount_cents from shop.refunds`;
  return (await production.shop.query<{ order_id: string; amount_cents: number }>(text)).rows;
}
