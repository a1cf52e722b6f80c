// How what Temporal keeps is encrypted: each payload under the key of the conversation that its Workflow belongs to. Runs
// beside Workflow code, never in it. Guarantees: payloads that are not encrypted pass as they are, so histories of before
// replay; of a conversation that was erased nothing new is kept, and nothing old can be read; one of a conversation does not
// open in another.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import {
  type DataConverter,
  defaultPayloadConverter,
  METADATA_ENCODING_KEY,
  type Payload,
  type PayloadCodec,
  type SerializationContext,
} from '@temporalio/common';
import type { WirePayload } from '../api/payloads-schema.ts';
import { decode, encode } from '@temporalio/common/lib/encoding.js';
import { conversationOfWorkflow, isBudgetWorkflow } from '../domain/ids.ts';
import type { SealedBytes } from '../store/bytes-port.ts';
import { KeyMissing } from '../store/keyring.ts';
import { isStoreUnavailable } from '../store/unavailable.ts';

const { WORDS_OF_FAILURE } = createRequire(import.meta.url)('./failure-converter.cjs') as { WORDS_OF_FAILURE: string };

/** Messages of failures become payloads, which the codec gets. */
export const FAILURES_AS_PAYLOADS = {
  failureConverterPath: fileURLToPath(new URL('./failure-converter.cjs', import.meta.url)),
};

const ENCODING = 'binary/encrypted';
/** Of the metadata; empty where the words were erased before they could be encrypted. */
const KEY_ID = 'key-id';
/** The conversation that it is bound to, which the id of its Workflow says too; '' of the house. */
const OF = 'of';

/** What clients and Workers are made with. */
export function encrypting(sealed: SealedBytes): DataConverter {
  return { payloadCodecs: [createPayloadCodec(sealed)], ...FAILURES_AS_PAYLOADS };
}

export function createPayloadCodec(sealed: SealedBytes): PayloadCodec {
  return {
    async encode(payloads, context) {
      const of = ownerOf(context);
      return of === undefined ? payloads : Promise.all(payloads.map((payload) => encrypted(sealed, of, payload)));
    },
    decode: (payloads, context) => Promise.all(payloads.map((payload) => decrypted(sealed, payload, ownerOf(context)))),
  };
}

/** The conversation that a Workflow belongs to; '' where it is the house's; undefined where it is not said, or nobody's. */
function ownerOf(context: SerializationContext | undefined): string | undefined {
  const { workflowId = '' } = context ?? {};
  return isBudgetWorkflow(workflowId) ? '' : conversationOfWorkflow(workflowId);
}

/** Its key was destroyed. */
export class PayloadErased extends Error {
  override readonly name = 'PayloadErased';
  constructor() {
    super('what this held was erased, and cannot be read any more');
  }
}

async function encrypted(sealed: SealedBytes, of: string, payload: Payload): Promise<Payload> {
  const { [WORDS_OF_FAILURE]: marked, ...metadata } = payload.metadata ?? {};
  const bare = marked === undefined ? payload : { ...payload, metadata };
  const sealedFor = (bytes: Uint8Array) => (of === '' ? sealed.sealForHouse(bytes) : sealed.seal(of, bytes));
  try {
    const result = await sealedFor(packed(bare));
    if (result.kind === 'plain') return bare;
    const { keyId, bytes: data } = result.kind === 'sealed' ? result : { keyId: '', bytes: new Uint8Array() };
    return { metadata: { [METADATA_ENCODING_KEY]: encode(ENCODING), [KEY_ID]: encode(keyId), [OF]: encode(of) }, data };
  } catch (error) {
    if (marked === undefined) throw error;
    return withheld(error);
  }
}

/**
 * In the place of what a failure said; of which type it is stays. A Worker ends when it cannot say that something failed: a
 * store that is away for a moment, or one conversation that it has lost, would end all that the process does.
 */
function withheld(error: unknown): Payload {
  // Not the words of the driver, which name hosts and ports to whoever is answered.
  const why = isStoreUnavailable(error) ? 'the database is not available now' : (error as Error).message;
  const message = `what it says could not be encrypted, so it is left out: ${why}`;
  return defaultPayloadConverter.toPayload({ message, stack_trace: '' });
}

/** undefined where it is not encrypted; the id is '' where it was erased before it could be. */
function keyIn({ metadata }: Payload): { readonly id: string; readonly of: string | undefined } | undefined {
  const encoding = metadata?.[METADATA_ENCODING_KEY];
  if (encoding === undefined || decode(encoding) !== ENCODING) return undefined;
  const of = metadata?.[OF];
  return { id: decode(metadata?.[KEY_ID] ?? new Uint8Array()), of: of && decode(of) };
}

/** `owner`: whose Workflow it stands in; undefined where that is not known. */
async function decrypted(sealed: SealedBytes, payload: Payload, owner?: string): Promise<Payload> {
  const key = keyIn(payload);
  if (key === undefined) return payload;
  if (owner !== undefined && key.of !== undefined && owner !== key.of)
    throw new Error(`a payload of ${key.of || 'the house'} stands in a Workflow of ${owner || 'the house'}`);
  const bytes = key.id === '' ? undefined : await sealed.open(key.id, payload.data ?? new Uint8Array(), key.of);
  if (bytes === undefined) throw new PayloadErased();
  return unpacked(bytes);
}

/**
 * As a codec server takes and gives them. What was erased, or cannot be read, says so in its place, and keeps nobody from
 * reading the rest; what was never encrypted stays as it is.
 */
export async function decodeWire(
  sealed: SealedBytes,
  payloads: readonly WirePayload[],
): Promise<{ readonly payloads: readonly WirePayload[]; readonly keyIds: readonly string[] }> {
  const read = payloads.map(fromWire);
  const keyIds = read.flatMap((payload) => keyIn(payload)?.id || []);
  const opened = read.map((payload) => decrypted(sealed, payload).catch(asUnread));
  return { payloads: (await Promise.all(opened)).map(toWire), keyIds: [...new Set(keyIds)] };
}

function asUnread(error: unknown): Payload {
  const said = (words: string) => defaultPayloadConverter.toPayload(words);
  if (error instanceof PayloadErased) return said('[erased]');
  if (error instanceof KeyMissing) return said('[cannot be read: its key is not in the store]');
  if (isStoreUnavailable(error)) throw error;
  return said('[cannot be read: it was altered, or is under another master key]');
}

const fromWire = ({ metadata = {}, data = '' }: WirePayload): Payload => ({
  metadata: bytesOf(metadata),
  data: Buffer.from(data, 'base64'),
});

const toWire = ({ metadata, data }: Payload): WirePayload => ({
  metadata: textsOf(metadata),
  data: Buffer.from(data ?? []).toString('base64'),
});

type Texts = Readonly<Record<string, string>>;
const textsOf = (metadata: Payload['metadata']): Texts =>
  Object.fromEntries(
    Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
  );
const bytesOf = (texts: Texts): Record<string, Uint8Array> =>
  Object.fromEntries(Object.entries(texts).map(([name, value]) => [name, Buffer.from(value, 'base64')]));

const LENGTH_BYTES = 4;

/** Its metadata as JSON, their length before them, and its data behind them. */
function packed({ metadata, data }: Payload): Buffer {
  const head = Buffer.from(JSON.stringify(textsOf(metadata)));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(head.length);
  // Where there is none, the protocol's classes have an empty list.
  return Buffer.concat([length, head, Uint8Array.from(data ?? [])]);
}

function unpacked(bytes: Uint8Array): Payload {
  const all = Buffer.from(bytes);
  const end = LENGTH_BYTES + all.readUInt32BE();
  const metadata = bytesOf(JSON.parse(all.subarray(LENGTH_BYTES, end).toString()) as Texts);
  return { metadata, data: all.subarray(end) };
}
