// What the parked state folders have in common: who waits for what in them, what the system talks to, and what a folder is
// as files. Both the recorder and the test use it, so that they mean the same.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { type FarSide, startFarSide } from '../../proofs/rig/far-side.ts';
import { type Model, startModel, type Wish, wordsFor } from '../../proofs/rig/model.ts';
import { ROOT } from '../../support/sources.ts';
import type { Answer, Stack } from '../../support/stack.ts';

export const PARKED = join(ROOT, 'test/replay/parked');
/** Of the one agent there, which is never changed. */
export const AGENTS = join(PARKED, 'agents');

/** The conversations, and what their one message asks for. */
export const WAITING = {
  /** Nobody has said anything; the write behind it waits with it. */
  untouched: [
    ['pay', 7_200],
    ['note', 50],
  ],
  /** It needs two people; one has approved already, by the older build. */
  'half-approved': [['pay', 60_000]],
  /** As the first; it will be denied. */
  unwanted: [['pay', 8_100]],
} as const satisfies Readonly<Record<string, readonly Wish[]>>;
export type Conversation = keyof typeof WAITING;
export const CONVERSATIONS = Object.keys(WAITING) as Conversation[];

/** The approval of a conversation: the first of its first turn. */
export const approvalOf = (conversation: Conversation): string => `${conversation}:1:0.0.0`;

/** What outlives every process, and is asked what happened. */
export interface Outside {
  readonly far: FarSide;
  readonly model: Model;
  /** What a start must know of it. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export async function startOutside(): Promise<Outside> {
  const [far, model] = await Promise.all([startFarSide(), startModel()]);
  const env = { OPENAI_BASE_URL: model.url, OPENAI_API_KEY: '', PARKED_FAR_SIDE_URL: far.url };
  return { far, model, env, stop: async () => void (await Promise.all([far.stop(), model.stop()])) };
}

export const asks = (conversation: Conversation): string => wordsFor(conversation, WAITING[conversation]);

export const say = (stack: Stack, conversation: string, text: string): Promise<Answer> =>
  stack.request('customer-ada', 'POST', `/v1/conversations/${conversation}/messages?wait=reply`, { text });

export const decide = (stack: Stack, as: string, conversation: Conversation, answer: object): Promise<Answer> =>
  stack.request(as, 'POST', `/v1/approvals/${approvalOf(conversation)}/decision`, answer);

/** Where the store's tables are as SQL, beside the files of the state folder. */
export const STORE_SQL = 'store.sql';
/** The checkpoints that the older build has published. */
export const PUBLISHED = 'published.txt';
/** All that is kept of a state folder: the rest is made anew at each start. */
const FILES = [
  ...['version.json', 'keys.json', 'identities.json', PUBLISHED, `${PUBLISHED}.key`, STORE_SQL],
  // What the server has written last stands in the second only, also after it was stopped in good order.
  ...['temporal.db', 'temporal.db-wal'],
];

// 16 MiB, the largest: a log of a database holds the same page again and again, far apart.
const WINDOW = { params: { [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS } };

/** Keep the files of a folder, each compressed; returns their size. */
export function pack(folder: string, version: string): number {
  const into = join(PARKED, version);
  mkdirSync(into, { recursive: true });
  const sizes = FILES.map((name) => {
    const bytes = brotliCompressSync(readFileSync(join(folder, name)), WINDOW);
    writeFileSync(join(into, `${name}.br`), bytes);
    return bytes.length;
  });
  return sizes.reduce((sum, size) => sum + size, 0);
}

export function unpack(version: string, folder: string): void {
  for (const name of FILES) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, brotliDecompressSync(readFileSync(join(PARKED, version, `${name}.br`))), { mode: 0o600 });
  }
}
