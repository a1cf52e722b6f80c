// The proof `erase`: in a production with encryption a person is erased while something of theirs waits, and the API is
// killed in the midst of it. Afterwards no word of theirs is in any table, answer, export, log, prompt or history, the
// ledger verifies and says that it happened, and another person has lost nothing.
import { readFile } from 'node:fs/promises';
import { Client, Connection } from '@temporalio/client';
import { MASTER_KEY } from '../../support/master-key.ts';
import { inShort, ours, pythons } from '../../support/ledger-verifiers.ts';
import { rawText } from '../../support/raw-text.ts';
import { openStore } from '../../../store/store.ts';
import { createPayloadCodec } from '../../../workers/payload-codec.ts';
import { historiesOf } from '../../../workers/rebuild/replay.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import { ROLES } from '../rig/roles.ts';
import { ask } from '../rig/truth.ts';
import { type Http, type Proof, type ProofContext, waitFor } from '../support.ts';
import { createPerson, keysOf, type Person, readAll, say, talk } from './people.ts';

export const erase: Proof = { name: 'erase', run: prove };

const [GONE, STAYS] = ['quokkaword', 'numbatword'];
// 400 ms: an erasure waits half a second at least for what still runs, so that a kill until then strikes in the midst of it.
const KILL_WITHIN_MS = 400;
const ERASED_MS = 120_000;
// 90 s: a checkpoint is made once a minute.
const CHECKPOINT_MS = 90_000;

async function prove(context: ProofContext) {
  const rig = await startRig(context, { encrypts: true });
  const violations: string[] = [];
  let cases = 0;
  const check = (holds: boolean, what: string): void => {
    cases += 1;
    if (!holds) violations.push(`${what} (seed ${context.seed})`);
    if (!holds) context.log(`  ${what.slice(0, 600)}`);
  };
  const prompts: string[] = [];
  rig.model.hear = (text) => void prompts.push(text);
  try {
    const people = await keysOf(rig);
    const readers = [people.finn, people.audrey];
    const gone = createPerson(people.gone, 'gone', GONE);
    const stays = createPerson(people.stays, 'stays', STAYS);
    await Promise.all([talk(rig, gone), talk(rig, stays)]);
    await lookBefore(rig, gone, { readers, prompts, check });
    const before = await ownView(stays);
    await eraseThroughAKill(context, rig, people.edith, check);
    const heard = prompts.length;
    await lookAfter(rig, gone, readers, check);
    await readThroughTheServer(rig, people.ulla, check);
    check((await ownView(stays)) === before, 'the other person sees exactly what was there before');
    await say(stays, stays.open, `Still ${STAYS}. [${stays.open}]`);
    await beginAnew(rig, gone, check);
    check(!prompts.slice(heard).some((text) => text.includes(GONE)), 'no prompt has the word afterwards');
    await verifyLedger(context, rig, people.audrey, check);
    for (const role of ROLES) check(!rig.roles.allOutput(role).includes(GONE), `the log of ${role} has no word`);
    violations.push(...rig.roles.surprises);
    return { cases, violations };
  } finally {
    await rig.stop();
  }
}

type Check = (holds: boolean, what: string) => void;

/** That there is something to be erased, and that none of it can be read past the API. */
async function lookBefore(
  rig: Rig,
  gone: Person,
  { readers, prompts, check }: { readonly readers: readonly Http[]; readonly prompts: readonly string[]; check: Check },
): Promise<void> {
  const told = (await readAll(rig, gone, readers)).filter(({ text }) => text.includes(GONE)).length;
  check(told >= 5, `before, ${told} answers have the word: fewer than 5, so nothing would be shown`);
  check(
    prompts.some((text) => text.includes(GONE)),
    'before, prompts have the word',
  );
  check((await tablesWith(rig, GONE)).length === 0, 'before, no table can be read');
  const histories = await historiesText(rig);
  check(!histories.includes(GONE), 'before, no history can be read');
  check(histories.includes('binary/encrypted'), 'before, histories are encrypted');
}

async function eraseThroughAKill(context: ProofContext, rig: Rig, administrator: Http, check: Check): Promise<void> {
  const body = { subject: 'gone' };
  const dry = await administrator.post('/v1/erasures', { ...body, dryRun: true });
  const { isDone, conversations, open } = dry.body as { isDone: boolean; conversations: number; open: number };
  check(!isDone && conversations === 2 && open === 2, `the dry run says what there is: ${JSON.stringify(dry.body)}`);
  const first = administrator.post('/v1/erasures', body).catch(() => undefined);
  const afterMs = context.random.between(0, KILL_WITHIN_MS);
  await new Promise((resume) => setTimeout(resume, afterMs));
  await rig.roles.kill('api');
  const cut = await first;
  check(cut === undefined, `the API was killed ${afterMs} ms into the erasure, which was over: ${JSON.stringify(cut)}`);
  await rig.roles.untilUp();
  await waitFor('the erasure', ERASED_MS, async () => (await administrator.post('/v1/erasures', body)).status === 200);
  const again = await administrator.post('/v1/erasures', body);
  check(!(again.body as { isDone: boolean }).isDone, 'erased once more, there is nothing to erase');
  const entries = await ask<{ entry: string }>(rig, `select entry from countersign.ledger where kind = 'erased'`);
  check(entries.length === 1, `the erasure is on record once, not ${entries.length} times`);
}

async function lookAfter(rig: Rig, gone: Person, readers: readonly Http[], check: Check): Promise<void> {
  const answers = await readAll(rig, gone, readers);
  for (const { path, status, text } of answers) {
    if (text.includes(GONE)) check(false, `${path} still has the word`);
    if (status >= 500) check(false, `${path} is answered ${status}: ${text.slice(0, 300)}`);
  }
  check(
    answers.some(({ text }) => text.includes('[erased]')),
    'answers say that words are erased',
  );
  check(
    answers.some(({ status }) => status === 410),
    'a conversation of theirs is answered 410',
  );
  check((await tablesWith(rig, GONE)).length === 0, 'no table has the word');
  const store = await openStore({ pool: { connectionString: rig.databaseUrl }, migrate: false, masterKey: MASTER_KEY });
  try {
    const codec = createPayloadCodec(store.sealedBytes);
    const texts = await historiesText(rig, (payload) => codec.decode([payload]));
    check(texts.includes(STAYS), 'with the keys, histories of others can be read');
    check(!texts.includes(GONE), 'with the keys, no history has the word');
  } finally {
    await store.close();
  }
  const { connection, client } = await connect(rig);
  try {
    const query = `ExecutionStatus = 'Running' AND (WorkflowId STARTS_WITH 'action/gone' OR WorkflowId STARTS_WITH 'conversation/gone')`;
    const left: string[] = [];
    for await (const { workflowId } of client.workflow.list({ query })) left.push(workflowId);
    check(left.length === 0, `no Workflow of theirs is left at work: ${left.join()}`);
  } finally {
    await connection.close();
  }
}

/** As the Temporal UI reads: all payloads of both people, through the codec server of the API. */
async function readThroughTheServer(rig: Rig, reader: Http, check: Check): Promise<void> {
  const found: object[] = [];
  await historiesText(rig, async (payload) => {
    const metadata = Object.entries(payload.metadata ?? {}).map(([name, value]) => [name, base64(value)]);
    found.push({ metadata: Object.fromEntries(metadata), data: base64(payload.data ?? new Uint8Array()) });
    return [payload];
  });
  let text = '';
  for (let at = 0; at < found.length; at += WIRE_AT_ONCE) {
    const { status, body } = await reader.post('/v1/codec/decode', { payloads: found.slice(at, at + WIRE_AT_ONCE) });
    check(status === 200, `the codec server answers ${status}: ${JSON.stringify(body).slice(0, 300)}`);
    for (const { data = '' } of (body as { payloads?: { data?: string }[] }).payloads ?? [])
      text += `${Buffer.from(data, 'base64').toString()}\n`;
  }
  check(
    text.includes(STAYS) && text.includes('[erased]'),
    'the codec server gives what is there, and says what is erased',
  );
  check(!text.includes(GONE), 'the codec server gives no word of who was erased');
  const reads = await ask<{ entry: string }>(rig, `select entry from countersign.ledger where kind = 'ledger_read'`);
  check(
    reads.some(({ entry }) => entry.includes('"how":"payloads"') && entry.includes('"by":"ulla"')),
    'it is on record',
  );
}

// 20 payloads: well within what a request may weigh.
const WIRE_AT_ONCE = 20;
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** All of one person that could be lost. */
async function ownView({ http, done, open }: Person): Promise<string> {
  const answers = await Promise.all([done, open].map((id) => http.get(`/v1/conversations/${id}?limit=100`)));
  return JSON.stringify(answers.map(({ body }) => body));
}

async function beginAnew(rig: Rig, gone: Person, check: Check): Promise<void> {
  const id = 'gone-again';
  await gone.http.post('/v1/conversations', { agent: 'prover', id });
  await say(gone, id, `Here I am again. [${id}]`);
  const { items } = (await gone.http.get(`/v1/conversations/${id}`)).body as { items: { text: string }[] };
  check(
    items.some(({ text }) => text.startsWith('I read: Here I am again')),
    'whoever was erased begins anew',
  );
  const keys = await ask(rig, `select 1 from countersign.subject_keys where subject = 'gone'`);
  check(keys.length === 2, `under a new key: there are ${keys.length}`);
}

async function verifyLedger({ folder }: ProofContext, rig: Rig, auditor: Http, check: Check): Promise<void> {
  const [last] = await ask<{ seq: number }>(rig, `select seq::int from countersign.ledger where kind = 'erased'`);
  const { checkpointFile } = rig.ledger;
  // The last one counts as old, so that the next is made at the next look and not in a minute.
  await ask(rig, 'update countersign.checkpoints set made_ms = 0');
  const text = await waitFor('a checkpoint after the erasure', CHECKPOINT_MS, async () => {
    const { status, body } = await auditor.get('/v1/ledger/export');
    if (status !== 200 || typeof body !== 'string') return undefined;
    const { size } = JSON.parse(body.split('\n', 1)[0] ?? '{}') as { size: number };
    return size >= (last?.seq ?? 0) ? body : undefined;
  });
  const files = { export: Buffer.from(text), published: await readFile(checkpointFile, 'utf8') };
  const key = (await readFile(`${checkpointFile}.key`, 'utf8')).trim();
  const ownWords = inShort(await ours(files, key));
  check(ownWords.startsWith('holds'), `the ledger verifies: ${ownWords}`);
  check((await pythons(files, key, folder)) === ownWords, 'the verifier on one page says the same');
  check(!text.includes(GONE), 'the export has no word');
}

/** In which tables of ours the word stands. */
async function tablesWith(rig: Rig, word: string): Promise<readonly string[]> {
  const tables = await ask<{ name: string }>(
    rig,
    `select table_name as name from information_schema.tables where table_schema = 'countersign'`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await ask(rig, `select 1 from countersign.${name} as t where t::text ilike $1 limit 1`, [`%${word}%`]);
    if (rows.length > 0) found.push(name);
  }
  return found;
}

async function connect(rig: Rig) {
  const connection = await Connection.connect({ address: rig.temporal.address });
  return { connection, client: new Client({ connection }) };
}

type Payload = Parameters<ReturnType<typeof createPayloadCodec>['decode']>[0][number];

/** All histories as text; each payload as `decode` gives it, where it does. */
async function historiesText(rig: Rig, decode?: (payload: Payload) => Promise<Payload[]>): Promise<string> {
  const { connection, client } = await connect(rig);
  const codec = decode && { encode: async (all: Payload[]) => all, decode: ([one]: Payload[]) => decode(one ?? {}) };
  let text = '';
  try {
    for await (const { history } of historiesOf(client, { codec })) text += rawText(history);
    return text;
  } finally {
    await connection.close();
  }
}
