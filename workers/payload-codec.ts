// How what Temporal keeps is encrypted: each payload under the key of the conversation that its Workflow belongs to. Runs
// beside Workflow code, never in it. Guarantees: payloads that are not encrypted pass as they are, so histories of before
// replay; of a conversation that was erased nothing new is kept, and nothing old can be read.
import { fileURLToPath } from 'node:url';
import {
  type DataConverter,
  defaultPayloadConverter,
  METADATA_ENCODING_KEY,
  type Payload,
  type PayloadCodec,
} from '@temporalio/common';
import type { WirePayload } from '../api/payloads-schema.ts';
import { decode, encode } from '@temporalio/common/lib/encoding.js';
import { conversationOfWorkflow } from '../domain/ids.ts';
import type { SealedBytes } from '../store/bytes-port.ts';

/** Messages of failures become payloads, which the codec gets. */
export const FAILURES_AS_PAYLOADS = {
  failureConverterPath: fileURLToPath(new URL('./failure-converter.cjs', import.meta.url)),
};

const ENCODING = 'binary/encrypted';
/** Of the metadata; empty where the words were erased before they could be encrypted. */
const KEY_ID = 'key-id';

/** What clients and Workers are made with. */
export function encrypting(sealed: SealedBytes): DataConverter {
  return { payloadCodecs: [createPayloadCodec(sealed)], ...FAILURES_AS_PAYLOADS };
}

export function createPayloadCodec(sealed: SealedBytes): PayloadCodec {
  return {
    async encode(payloads, context) {
      const conversationId = context?.workflowId === undefined ? undefined : conversationOfWorkflow(context.workflowId);
      if (conversationId === undefined) return payloads;
      return Promise.all(payloads.map((payload) => encrypted(sealed, conversationId, payload)));
    },
    decode: (payloads) => Promise.all(payloads.map((payload) => decrypted(sealed, payload))),
  };
}

/** Its key was destroyed. */
export class PayloadErased extends Error {
  override readonly name = 'PayloadErased';
  constructor() {
    super('what this held was erased, and cannot be read any more');
  }
}

async function encrypted(sealed: SealedBytes, conversationId: string, payload: Payload): Promise<Payload> {
  const result = await sealed.seal(conversationId, packed(payload));
  if (result.kind === 'plain') return payload;
  const { keyId, bytes } = result.kind === 'sealed' ? result : { keyId: '', bytes: new Uint8Array() };
  return { metadata: { [METADATA_ENCODING_KEY]: encode(ENCODING), [KEY_ID]: encode(keyId) }, data: bytes };
}

/** '' where it was erased before it could be encrypted; undefined where it is not encrypted. */
function keyIdIn({ metadata }: Payload): string | undefined {
  const encoding = metadata?.[METADATA_ENCODING_KEY];
  if (encoding === undefined || decode(encoding) !== ENCODING) return undefined;
  return decode(metadata?.[KEY_ID] ?? new Uint8Array());
}

async function decrypted(sealed: SealedBytes, payload: Payload): Promise<Payload> {
  const keyId = keyIdIn(payload);
  if (keyId === undefined) return payload;
  const bytes = keyId === '' ? undefined : await sealed.open(keyId, payload.data ?? new Uint8Array());
  if (bytes === undefined) throw new PayloadErased();
  return unpacked(bytes);
}

/** As a codec server takes and gives them. What was erased says so; what was never encrypted stays as it is. */
export async function decodeWire(
  sealed: SealedBytes,
  payloads: readonly WirePayload[],
): Promise<{ readonly payloads: readonly WirePayload[]; readonly keyIds: readonly string[] }> {
  const read = payloads.map(fromWire);
  const keyIds = read.flatMap((payload) => keyIdIn(payload) || []);
  const opened = read.map((payload) => decrypted(sealed, payload).catch(asErased));
  return { payloads: (await Promise.all(opened)).map(toWire), keyIds: [...new Set(keyIds)] };
}

function asErased(error: unknown): Payload {
  if (error instanceof PayloadErased) return defaultPayloadConverter.toPayload('[erased]');
  throw error;
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
