// The ledger: take an export, print its last checkpoint, and verify an export offline, without the API. An export gets its
// name once it is whole, so that a broken one is never taken for it.
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { linesOf } from '../../trust/ledger-file.ts';
import { type Verified, verifyExport } from '../../trust/verify-ledger.ts';
import { CommandFailed, EXIT } from '../failure.ts';
import { plainLine } from '../terminal.ts';
import { type AsOption, connect, type Context } from './context.ts';

export interface ExportOptions extends AsOption {
  readonly from?: string;
  readonly to?: string;
}

export interface VerifyOptions {
  readonly key?: string;
}

export interface CheckpointOptions extends AsOption {
  readonly key?: boolean;
}

const NEWLINE = 0x0a;
const KEY_HEADER = 'countersign-verifier-key';

export async function exportLedger(context: Context, file: string, options: ExportOptions): Promise<number> {
  const client = connect(context, 'ledger:read', options);
  const query = new URLSearchParams();
  for (const name of ['from', 'to'] as const) {
    const position = options[name];
    if (position !== undefined) query.set(name, position);
  }
  const begunMs = performance.now();
  const part = `${file}.part`;
  const counted = { lines: 0, bytes: 0 };
  try {
    await pipeline(
      Readable.from(client.download(`/v1/ledger/export?${query.toString()}`)),
      counting(counted),
      createWriteStream(part),
    );
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw asFailure(error, file);
  }
  const seconds = secondsSince(begunMs);
  const { terminal } = context;
  terminal.print(plainLine(`${counted.lines - 1} entries in ${file} (${counted.bytes} bytes, ${seconds} s).`));
  terminal.print(plainLine(`Verify them by what was published: npx countersign ledger verify ${file} CHECKPOINTS`));
  return EXIT.done;
}

/** Offline. Fails when anything does not hold. */
export async function verifyLedger(
  { terminal }: Pick<Context, 'terminal'>,
  file: string,
  checkpoints: string,
  { key }: VerifyOptions,
): Promise<number> {
  const begunMs = performance.now();
  const published = await textOf(checkpoints, 'name the file of published checkpoints');
  const verifierKey = await keyOf(key, checkpoints);
  const verified = await verifyExport(linesOf(bytesOf(file)), published, verifierKey);
  const seconds = secondsSince(begunMs);
  if (verified.kind === 'broken') {
    terminal.complain(plainLine(`broken at entry ${verified.seq}: ${verified.reason}`));
    terminal.complain(
      plainLine(`Up to entry ${verified.upTo} it is as it was published (${seconds} s, key ${verifierKey}).`),
    );
    return EXIT.failed;
  }
  for (const line of wordsOf(verified)) terminal.print(plainLine(line));
  terminal.print(plainLine(`${seconds} s, key ${verifierKey}`));
  return EXIT.done;
}

export async function showCheckpoint(context: Context, options: CheckpointOptions): Promise<number> {
  const { text, headers } = await connect(context, 'ledger:read', options).text('/v1/ledger/checkpoint');
  const key = headers[KEY_HEADER];
  if (options.key === true) {
    if (typeof key !== 'string') throw new CommandFailed('The API does not say by which key it is verified.');
    context.terminal.print(plainLine(key));
  } else {
    context.terminal.print(text.split('\n').map(plainLine).join('\n').trimEnd());
  }
  return EXIT.done;
}

function wordsOf({ entries, from, to, checkpoints, upTo }: Extract<Verified, { kind: 'holds' }>): readonly string[] {
  const held = `holds: ${entries} entries, ${from} to ${to}`;
  if (upTo === 0)
    return [held, 'None of them is in a published checkpoint: only the key of the ledger vouches for them.'];
  const proven = `Proven up to entry ${upTo}, by ${checkpoints} published ${checkpoints === 1 ? 'checkpoint' : 'checkpoints'}.`;
  return upTo >= to ? [held, proven] : [held, `${proven} After it only the key of the ledger vouches for them.`];
}

/** A verifier key is a text with pluses, or the file that holds it; without any, the file beside the checkpoints. */
async function keyOf(given: string | undefined, checkpoints: string): Promise<string> {
  if (given !== undefined && /^[^+]+\+[0-9a-f]{8}\+/.test(given)) return given.trim();
  const advice = 'give the verifier key by --key, as: countersign ledger checkpoint --key';
  return (await textOf(given ?? `${checkpoints}.key`, advice)).trim();
}

async function textOf(file: string, advice: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CommandFailed(`${file} cannot be read (${codeOf(error)}); ${advice}.`);
  }
}

async function* bytesOf(file: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(file)) yield chunk as Uint8Array;
  } catch (error) {
    throw new CommandFailed(`${file} cannot be read (${codeOf(error)}); name an export of the ledger.`);
  }
}

function counting(counted: { lines: number; bytes: number }): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      counted.bytes += chunk.length;
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) counted.lines += 1;
      done(null, chunk);
    },
  });
}

function asFailure(error: unknown, file: string): unknown {
  if (error instanceof CommandFailed || (error as NodeJS.ErrnoException).syscall === undefined) return error;
  return new CommandFailed(`${file} cannot be written (${codeOf(error)}); name another file.`);
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

const secondsSince = (begunMs: number): string => ((performance.now() - begunMs) / 1_000).toFixed(1);
