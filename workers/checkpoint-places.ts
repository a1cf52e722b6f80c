// Where checkpoints are published, outside of the database: a file that grows, and a webhook. May import trust and Node.
// Guarantees: a note is in the file whole or not at all; every wait is bounded; what a place says is kept to a sentence
// without secrets.
import { mkdir, open, writeFile } from 'node:fs/promises';
import { request as requestPlainly } from 'node:http';
import { request as requestOverTls } from 'node:https';
import { dirname } from 'node:path';
import { notesIn } from '../trust/ledger-file.ts';

export interface Published {
  readonly size: number;
  readonly note: string;
}

export interface Place {
  /** For people. */
  readonly name: string;
  /** Resolves once it is there. Rejects with a sentence. A note that was published before may come again. */
  publish(checkpoint: Published): Promise<void>;
}

export interface FilePlace extends Place {
  /** The last note that it held when it was opened; undefined where it was empty, or not there. */
  readonly last: string | undefined;
}

// 64 KB: some two hundred notes. The last one is looked for, and the file grows by a note a minute.
const TAIL_BYTES = 65_536;
// 1,000 characters: a note has some three hundred.
const LONGEST_NOTE_CHARS = 1_000;
// 5 s: a note is small, and there is another round in a minute.
const WEBHOOK_MS = 5_000;

/**
 * Open the file, and make it and its folder where they are not. Beside it lies the verifier key, as FILE.key. Rejects with a
 * sentence where it cannot be written, or holds something else.
 */
export async function openCheckpointFile(path: string, verifierKey: string): Promise<FilePlace> {
  try {
    await mkdir(dirname(path), { recursive: true });
    const last = await lastNote(path, nameIn(verifierKey));
    await keepKey(`${path}.key`, verifierKey, last === undefined);
    return { name: path, last, publish: ({ note }) => append(path, note) };
  } catch (error) {
    if (error instanceof NotCheckpoints) throw error;
    const advice = 'let this process write it, or name another file in COUNTERSIGN_CHECKPOINT_FILE';
    throw new Error(`checkpoints cannot be published to ${path} (${reasonOf(error)}); ${advice}`, { cause: error });
  }
}

/** A URL that takes each note as the body of a POST. Its own words stay out of what is said: they may hold a token. */
export function createWebhook(url: string, verifierKey: string): Place {
  const name = `the webhook at ${new URL(url).host}`;
  return {
    name,
    async publish({ note }) {
      const status = await post(new URL(url), note, verifierKey).catch((error: unknown) => {
        throw new Error(`${name} does not take checkpoints (${reasonOf(error)})`, { cause: error });
      });
      if (status < 200 || status > 299) throw new Error(`${name} does not take checkpoints (it answers ${status})`);
    },
  };
}

class NotCheckpoints extends Error {
  override readonly name = 'NotCheckpoints';
}

/** A verifier key begins with the name of the ledger, which holds no plus. */
const nameIn = (verifierKey: string): string => verifierKey.slice(0, verifierKey.indexOf('+'));

/**
 * The last whole note. What a crash left of another one behind it, or of the first one, is cut off: nobody has ever read
 * it as a note.
 */
async function lastNote(path: string, name: string): Promise<string | undefined> {
  const file = await open(path, 'a+');
  try {
    const { size } = await file.stat();
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
    await file.read(bytes, 0, bytes.length, size - bytes.length);
    const lines = bytes.subarray(0, bytes.lastIndexOf('\n') + 1);
    const signature = lines.lastIndexOf('\n\u2014 ');
    const end = signature < 0 ? 0 : lines.indexOf('\n', signature + 1) + 1;
    if (end > 0) {
      if (bytes.toString('utf8', end).trim() !== '') await file.truncate(size - bytes.length + end);
      return notesIn(bytes.toString('utf8', 0, end)).at(-1);
    }
    const text = bytes.toString('utf8');
    if (isBegunNote(text, name)) await file.truncate(0);
    else if (text.trim() !== '')
      throw new NotCheckpoints(`${path} holds no checkpoint; if it is no other file, empty it, and start again`);
    return undefined;
  } finally {
    await file.close();
  }
}

/** The beginning of a note of this ledger, up to somewhere before the end of its signature. */
function isBegunNote(text: string, name: string): boolean {
  const first = `${name}\n`;
  return text !== '' && text.length < LONGEST_NOTE_CHARS && (text.startsWith(first) || first.startsWith(text));
}

/** A key that is there stays: the notes in the file are its own. An empty file begins with the key of today. */
async function keepKey(path: string, verifierKey: string, isNew: boolean): Promise<void> {
  await writeFile(path, `${verifierKey}\n`, { flag: isNew ? 'w' : 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

async function append(path: string, note: string): Promise<void> {
  const file = await open(path, 'a');
  try {
    const { size } = await file.stat();
    try {
      await file.appendFile(`${note}\n`);
      await file.sync();
    } catch (error) {
      // Half a note, on a full disk, would spoil the next one.
      await file.truncate(size).catch(() => undefined);
      throw error;
    }
  } catch (error) {
    throw new Error(`${path} cannot be written (${reasonOf(error)})`, { cause: error });
  } finally {
    await file.close();
  }
}

/** Not by `fetch`: on Node 20 its time limit may be collected as garbage while it waits. Follows no redirect. */
function post(url: URL, body: string, verifierKey: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? requestOverTls : requestPlainly;
    const headers = {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'countersign-verifier-key': verifierKey,
    };
    const sent = send(url, { method: 'POST', headers }, (response) => {
      response.resume();
      response.once('end', () => settle(() => resolve(response.statusCode ?? 0)));
      response.on('error', (error) => settle(() => reject(error)));
    });
    const timer = setTimeout(
      () => sent.destroy(new Error(`it did not answer within ${WEBHOOK_MS / 1_000} s`)),
      WEBHOOK_MS,
    );
    const settle = (done: () => void): void => {
      clearTimeout(timer);
      done();
    };
    sent.on('error', (error) => settle(() => reject(error)));
    sent.end(body);
  });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
