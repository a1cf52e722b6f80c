// Countersign with everything on, as in production: four roles in processes of their own, each with its own secrets and
// login; rules, ledger, provenance, warrants; words and payloads encrypted. Callers are people, each with a key and an
// address of their own, since the API counts the requests of both.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { newApiKey } from '../../api/keys.ts';
import { openStore } from '../../store/store.ts';
import { rowsOf } from '../../test/proofs/flat/measure.ts';
import { type Rig, startRig } from '../../test/proofs/rig/rig.ts';
import { ROLES } from '../../test/proofs/rig/roles.ts';
import { MASTER_KEY } from '../../test/support/master-key.ts';
import { DEV_SERVER, type Engine } from '../engines.ts';
import { type Answered, createSender, type Sender } from '../http.ts';
import { asInImage } from '../image.ts';
import type { Running, Subject, Surroundings } from '../measure.ts';
import { wordsFor } from '../words.ts';
import { modelCallsOf } from './model-calls.ts';
import { historiesOf } from './sample.ts';

export const countersignOn = (engine: Engine): Subject => ({
  name: `countersign${engine.suffix}`,
  start: async (at) => (await startCountersign(at, engine)).running,
});

export const countersign = countersignOn(DEV_SERVER);

/** For measures that look closer than a subject lets them. */
export interface Countersign {
  readonly rig: Rig;
  /** An API key of each caller. */
  readonly keys: readonly string[];
  readonly running: Running;
}

/** The agent of the bench, in its folder. */
export const AGENTS = fileURLToPath(new URL('../agents/', import.meta.url));
// 64: at 600 requests a minute for each key, 640 requests a second; more than a machine of two cores answers.
const CALLERS = 64;
const SCOPES = ['conversations:write', 'conversations:read'];
// 127.0.1.1 and on: all of 127/8 is this machine, on Linux. Elsewhere callers share an address, and 3,000 requests a minute.
const addressOf = (caller: number) => (process.platform === 'linux' ? `127.0.1.${caller + 1}` : undefined);

const Sent = z.object({ status: z.literal('answered'), reply: z.object({ text: z.string() }) });

/** Whatever was started is stopped where it fails. `running.stop` stops all of it. */
export async function startCountersign(at: Surroundings, engine = DEV_SERVER): Promise<Countersign> {
  const rig = await startRig(at, {
    startTemporal: () => engine.start(at),
    databaseUrl: at.databaseUrl,
    encrypts: true,
    ...asInImage(AGENTS),
    more: (role) => (role === 'assistant' ? { OPENAI_BASE_URL: at.modelUrl } : {}),
  });
  try {
    const keys = await addKeys(rig.databaseUrl);
    const senders = keys.map((key, caller) => {
      const localAddress = addressOf(caller);
      const headers = { authorization: `Bearer ${key}` };
      return createSender(rig.apiUrl, localAddress === undefined ? { headers } : { headers, localAddress });
    });
    const turn = createTurn(senders);
    const running: Running = {
      turn,
      pids: () => pidsOf(rig),
      spent: (conversations) => spentOn(rig, conversations),
      modelCalls: (conversations) => modelCallsOf(rig.temporal.address, 'callModel', conversations),
      async stop() {
        for (const sender of senders) sender.end();
        const { surprises } = rig.roles;
        await rig.stop();
        if (surprises.length > 0) throw new Error(surprises.join('\n'));
      },
    };
    return { rig, keys, running };
  } catch (error) {
    await rig.stop();
    throw error;
  }
}

/** One for each caller, who is a principal of their own; made in the store itself, where a command each takes a second. */
async function addKeys(databaseUrl: string): Promise<readonly string[]> {
  const pool = { connectionString: databaseUrl, max: 1 };
  const store = await openStore({ pool, migrate: false, masterKey: MASTER_KEY });
  try {
    const texts: string[] = [];
    for (let caller = 0; caller < CALLERS; caller++) {
      const { id, text, hash } = newApiKey();
      const principal = { id: `caller-${caller}`, name: `caller-${caller}`, tenant: 'default' };
      await store.apiKeys.add({ id, hash, principal, scopes: SCOPES, nowMs: Date.now() });
      texts.push(text);
    }
    return texts;
  } finally {
    await store.close();
  }
}

/** The first turn opens the conversation; a reply is waited for in the request itself, which is the fastest way there is. */
function createTurn(senders: readonly Sender[]): Running['turn'] {
  const of = new Map<string, Sender>();
  let opened = 0;
  return async (conversation, n) => {
    const known = of.get(conversation);
    const sender = known ?? senders[opened++ % senders.length]!;
    if (known === undefined) {
      const made = await patiently(() => sender.post('/v1/conversations', { agent: 'weather', id: conversation }));
      if (made.status !== 201 && made.status !== 200) throw new Error(`the conversation was not opened: ${told(made)}`);
      of.set(conversation, sender);
    }
    const url = `/v1/conversations/${conversation}/messages?wait=reply`;
    const key = { 'idempotency-key': `${conversation}-${n}` };
    const answered = await patiently(() => sender.post(url, { text: wordsFor(conversation, n) }, key));
    const sent = Sent.safeParse(answered.body);
    if (answered.status !== 200 || !sent.success) throw new Error(`no reply: ${told(answered)}`);
    return sent.data.reply.text;
  };
}

// 30 s: whoever was not answered by then counts as an error.
const PATIENCE_MS = 30_000;
const NOT_NOW = [429, 503];

/** As the API asks of its clients: what was refused for now is sent again under its key, and the wait counts as its time. */
async function patiently(send: () => Promise<Answered>): Promise<Answered> {
  const untilMs = Date.now() + PATIENCE_MS;
  for (;;) {
    // A kept connection may be shut just as it is used again; then it is sent once more, over a new one.
    const answered = await send().catch(send);
    const pauseMs = Number(answered.headers['retry-after']) * 1_000;
    if (!NOT_NOW.includes(answered.status) || !(Date.now() + pauseMs < untilMs)) return answered;
    await sleep(pauseMs);
  }
}

const told = ({ status, body }: Answered): string => `${status} ${JSON.stringify(body)}`;

function pidsOf({ roles, temporal }: Rig): Readonly<Record<string, number>> {
  const own = Object.fromEntries(ROLES.map((role) => [role, roles.pid(role)]));
  return { ...own, temporal: temporal.pid() ?? 0 };
}

async function spentOn(rig: Rig, conversations: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const rows = await Promise.all(conversations.map((conversation) => rowsOf(rig, conversation)));
  const row_bytes = rows.flat().reduce((sum, { amount }) => sum + amount, 0);
  return { ...(await historiesOf(rig.temporal.address, conversations)), row_bytes };
}
