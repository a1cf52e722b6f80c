// The part of the proof `ledger` at size: a million entries in PostgreSQL, with the mix of kinds and sizes of the soak.
// They are exported by the API and verified in a stream within a time that an auditor waits; and `why` is answered within
// a second, just after the database has started and later.
import { createWriteStream } from 'node:fs';
import { copyFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pino from 'pino';
import { createApi } from '../../../api/app.ts';
import type { Gateway } from '../../../api/gateway.ts';
import { newApiKey } from '../../../api/keys.ts';
import { listen } from '../../../api/server.ts';
import { defineDirectory } from '../../../domain/principal.ts';
import { openStore } from '../../../store/store.ts';
import { createNoteSigner } from '../../../trust/note.ts';
import { createSigner, generateSigningKey } from '../../../trust/signing.ts';
import { FROM_SOURCE, run } from '../../support/children.ts';
import { inShort } from '../../support/ledger-verifiers.ts';
import type { PrivatePostgres } from '../../support/postgres.ts';
import { createHttp, type ProofContext, type ProofResult, secondsOf } from '../support.ts';
import { startDuty } from './duty.ts';
import type { Loaded } from './load.ts';
import type { Measured } from './verify.ts';

// A million: three weeks of a busy system, with 50,000 entries a day.
const SIZE = { quick: 20_000, full: 1_000_000 };
// 30 s: an auditor waits for it without a second window. Of CPU, as other processes of this machine are not what is
// measured.
const VERIFY_LIMIT_MS = 30_000;
// 64 MB: a small part of the million's 1.5 GB. Were entries kept, the process would end.
const HEAP_MEGABYTES = 64;
const HEAP = `--max-old-space-size=${HEAP_MEGABYTES}`;
// 200 actions, quickly 40, each asked about twice; 95 of a hundred within a second: whoever asks has a question on their
// mind.
const ASKED = { quick: 40, full: 200 };
const WHY_LIMIT_MS = 1_000;
// 20 minutes: a million takes four on two quiet cores.
const LOAD_LIMIT_MS = 20 * 60_000;
// A rate that no proof reaches.
const UNLIMITED = 1_000_000;

/** A ledger that is loaded, and what its API signs with. */
export interface Large {
  readonly loaded: Loaded;
  readonly size: number;
  readonly url: string;
  readonly signingKey: string;
  readonly file: string;
}

/** In a process of its own: other parts may go on meanwhile. */
export async function loadLarge({ quick, random, folder }: ProofContext, url: string): Promise<Large> {
  const size = quick ? SIZE.quick : SIZE.full;
  const signingKey = generateSigningKey();
  const file = join(folder, 'large.txt');
  const args = [url, String(size), String(random.between(0, 2 ** 31)), signingKey, file];
  const { output } = await run(process.execPath, [...FROM_SOURCE, 'test/proofs/ledger/loader.ts', ...args], {
    limitMs: LOAD_LIMIT_MS,
  });
  if (!output.startsWith('{')) throw new Error(`the load did not end: ${output.slice(-2_000)}`);
  return { loaded: JSON.parse(output) as Loaded, size, url, signingKey, file };
}

/** Kills the database: what is left to other parts in it comes before. */
export async function proveLarge(context: ProofContext, postgres: PrivatePostgres, large: Large): Promise<ProofResult> {
  const { quick, random, log } = context;
  const { loaded, size } = large;
  const { conversations, actions, mix, tookMs } = loaded;
  log(`loaded into PostgreSQL: ${size} entries in ${secondsOf(tookMs)} s, beside the other parts`);
  log(`of ${conversations} conversations, with ${actions.length} actions that have ended: ${mix}`);
  const first = await serveApi(large);
  const violations: string[] = [];
  try {
    violations.push(...(await verified(context, first, large)));
  } finally {
    await first.stop();
  }
  await postgres.kill();
  await postgres.start();
  const ids = Array.from({ length: quick ? ASKED.quick : ASKED.full }, () => random.pick(loaded.actions));
  const second = await serveApi(large);
  try {
    for (const when of ['just after the start of the database', 'again'])
      violations.push(...(await askWhy(second, ids, when, log)));
  } finally {
    await second.stop();
  }
  return { cases: 1 + 2 * ids.length, violations };
}

interface Serving {
  readonly url: string;
  /** Of an auditor. */
  readonly key: string;
  readonly duty: Awaited<ReturnType<typeof startDuty>>;
  stop(): Promise<void>;
}

/** The API over the store, without a Temporal, which nothing here asks. */
async function serveApi({ url: databaseUrl, signingKey, file }: Omit<Large, 'loaded'>): Promise<Serving> {
  const store = await openStore({ pool: { connectionString: databaseUrl, max: 4 } });
  const clock = { ms: Date.now() };
  const duty = await startDuty({ store }, createNoteSigner(await store.checkpoints.origin(), signingKey), file, clock);
  const { id, text: key, hash } = newApiKey();
  const principal = { id: 'audrey', name: 'Audrey', tenant: 'default' };
  await store.apiKeys.add({ id, hash, principal, scopes: ['ledger:read'], nowMs: clock.ms });
  const api = createApi({
    ...{ store, gateway: { giveUp: () => undefined } as unknown as Gateway, ledger: duty, agents: new Map() },
    signer: createSigner('api', generateSigningKey()),
    directory: defineDirectory({ people: [{ id: principal.id, name: principal.name }], groups: {} }),
    ...{ nowMs: Date.now, log: pino({ level: 'silent' }) },
    limits: { requestsPerKeyPerMinute: UNLIMITED, requestsPerAddressPerMinute: UNLIMITED },
  });
  const { url, close } = await listen(api, { port: 0, host: '127.0.0.1' });
  return {
    ...{ url, key, duty },
    async stop() {
      await close();
      await duty.stop();
      await store.close();
    },
  };
}

async function verified(
  { folder, log }: ProofContext,
  { url, key, duty }: Serving,
  { size, file }: Large,
): Promise<readonly string[]> {
  const path = join(folder, 'large.jsonl');
  // As it was published when the export began: the duty goes on, and an export knows nothing of what comes after it.
  const published = join(folder, 'large.published.txt');
  await copyFile(file, published);
  const begunMs = Date.now();
  const response = await fetch(`${url}/v1/ledger/export`, { headers: { authorization: `Bearer ${key}` } });
  if (response.status !== 200 || response.body === null) return [`the export was answered ${response.status}`];
  await pipeline(Readable.fromWeb(response.body), createWriteStream(path));
  const megabytes = (await stat(path)).size / 1e6;
  log(`exported by the API: ${megabytes.toFixed(0)} MB in ${secondsOf(Date.now() - begunMs)} s`);
  const { output } = await run(
    process.execPath,
    [HEAP, ...FROM_SOURCE, 'test/proofs/ledger/verify.ts', path, published, duty.verifierKey],
    { limitMs: 10 * VERIFY_LIMIT_MS },
  );
  if (!output.startsWith('{')) return [`the verification did not end: ${output}`];
  const measured = JSON.parse(output) as Measured;
  const { tookMs, cpuMs, peakMegabytes } = measured;
  log(
    `verified: ${size} entries in ${secondsOf(tookMs)} s (${secondsOf(cpuMs)} s of CPU), in a heap of ${HEAP_MEGABYTES} MB`,
  );
  log(`the most memory that its process held: ${peakMegabytes.toFixed(0)} MB`);
  const said = inShort(measured.verified);
  const holds = `holds: entries 1 to ${size}, proven up to ${size}`;
  return [
    ...(said === holds ? [] : [`"${said}" instead of "${holds}"`]),
    ...(cpuMs > VERIFY_LIMIT_MS ? [`${size} entries took ${secondsOf(cpuMs)} s of CPU to verify`] : []),
  ];
}

interface Why {
  readonly lines: readonly { readonly part: string; readonly text: string }[];
  readonly coverage: { readonly unknown: number };
}

// What the story of every action that has ended has.
const PARTS = ['asked', 'saw', 'proposed', 'rule', 'came back'];

async function askWhy(
  { url, key }: Serving,
  ids: readonly string[],
  when: string,
  log: ProofContext['log'],
): Promise<readonly string[]> {
  const http = createHttp(url, key);
  const timesMs: number[] = [];
  const violations: string[] = [];
  for (const id of ids) {
    const begunMs = performance.now();
    const { status, body } = await http.get(`/v1/actions/${encodeURIComponent(id)}/why`);
    timesMs.push(performance.now() - begunMs);
    const { lines = [], coverage } = body as Partial<Why>;
    const lacks = PARTS.filter((part) => !lines.some((line) => line.part === part));
    if (status !== 200 || coverage?.unknown !== 0 || lacks.length > 0)
      violations.push(`why ${id}: ${status}, lacks ${lacks.join(', ')}; ${JSON.stringify(body).slice(0, 300)}`);
  }
  const sorted = timesMs.toSorted((one, other) => one - other);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  const [p50, p95, p99] = [at(0.5), at(0.95), at(0.99)];
  const times = `p50 ${p50.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`;
  log(`why of ${ids.length} actions, ${when}: ${times}`);
  if (p95 >= WHY_LIMIT_MS) violations.push(`why, ${when}: ${times}`);
  return violations;
}
