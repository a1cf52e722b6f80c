// The keys of people, by hand of an operator: wrapped anew under another master key, or kept and brought back by themselves.
// With the DATABASE_URL of the tables' owner. No key is ever printed or logged as it is; master keys are told apart by their
// names.
import { open } from 'node:fs/promises';
import { z } from 'zod';
import { bringKeysBack, type CopiedKey, copyKeys } from '../store/keyring-copies.ts';
import { rotateKeys } from '../store/rotation.ts';
import { ownersPool, personOf } from './admin.ts';
import { ConfigInvalid, masterKeyIn, readConfig } from './config.ts';

interface RotateInput {
  readonly by?: string;
  readonly dryRun: boolean;
}

/** Wrap the keys of people anew under the first of the master keys. Resolves to what was done, as a sentence. */
export async function rotate(
  { by, dryRun }: RotateInput,
  env: NodeJS.ProcessEnv,
  report: (line: string) => void,
): Promise<string> {
  const onBatch = (left: number) => report(`${left} keys are left`);
  const rotating = { masterKey: masterKeyOf(env), by: personOf(by), nowMs: Date.now(), dryRun, onBatch };
  const { master, done, left } = await rotateKeys(ownersPool(env), rotating);
  if (dryRun) return `${left} keys do not lie under the master key ${master} yet; nothing was changed`;
  return `${done} keys were wrapped anew; all lie under the master key ${master}, and no other is needed any more`;
}

function masterKeyOf(env: NodeJS.ProcessEnv): string {
  const masterKey = masterKeyIn(readConfig(env));
  if (masterKey !== undefined) return masterKey;
  throw new ConfigInvalid([
    'set COUNTERSIGN_MASTER_KEY or COUNTERSIGN_MASTER_KEY_FILE: the new key, and behind it, after a comma, the one before',
  ]);
}

const KIND = 'countersign keyring 1';
const Line = z.strictObject({
  id: z.string().min(1),
  tenant: z.string(),
  subject: z.string(),
  wrapped: z.base64().nullable(),
  master: z.string(),
  madeMs: z.int(),
  destroyedMs: z.int().nullable(),
});

/** The keyring as lines of text, for a file that is kept apart: wrapped keys, and how many there are at the end. */
export async function* exportKeys(env: NodeJS.ProcessEnv): AsyncGenerator<string> {
  yield `${JSON.stringify({ kind: KIND })}\n`;
  let keys = 0;
  for await (const { wrapped, ...key } of copyKeys(ownersPool(env))) {
    keys += 1;
    yield `${JSON.stringify({ ...key, wrapped: wrapped?.toString('base64') ?? null } satisfies z.output<typeof Line>)}\n`;
  }
  yield `${JSON.stringify({ keys })}\n`;
}

/** Bring back what such a file holds. Resolves to what was done, as a sentence. */
export async function importKeys(path: string, env: NodeJS.ProcessEnv): Promise<string> {
  const back = await bringKeysBack(ownersPool(env), masterKeyOf(env), keysIn(path));
  const { added, destroyed, known } = back;
  return `${added} keys were brought back, ${destroyed} were destroyed as the file says, and ${known} were there already`;
}

async function* keysIn(path: string): AsyncGenerator<CopiedKey> {
  const file = await open(path);
  try {
    yield* keysOf(path, file.readLines());
  } finally {
    await file.close();
  }
}

/** Throws where the file is none, or does not end as it was written. */
async function* keysOf(path: string, lines: AsyncIterable<string>): AsyncGenerator<CopiedKey> {
  const problem = (what: string) => new Error(`${path} ${what}; nothing was changed`);
  let [line, keys, isWhole] = [0, 0, false];
  for await (const text of lines) {
    line += 1;
    if (isWhole) throw problem(`goes on behind its end, in line ${line}`);
    const value = parsed(text);
    if (line === 1) {
      if (!isKind(value)) throw problem('is no keyring that countersign keys export has written');
      continue;
    }
    const key = Line.safeParse(value);
    if (key.success) {
      keys += 1;
      const { wrapped, ...rest } = key.data;
      yield { ...rest, wrapped: wrapped === null ? null : Buffer.from(wrapped, 'base64') };
    } else if (End.safeParse(value).data?.keys === keys) isWhole = true;
    else throw problem(`cannot be read in line ${line}`);
  }
  if (!isWhole) throw problem('ends too early; take another copy');
}

const End = z.strictObject({ keys: z.int() });
const isKind = (value: unknown): boolean => z.strictObject({ kind: z.literal(KIND) }).safeParse(value).success;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
