// Histories whose payloads are encrypted, as they were before. May import the Temporal SDK. Guarantees: what cannot be read,
// such as what was erased, stays as it is, and it is told why, so that the run counts as one that is not read.
import { defaultPayloadConverter, type Payload, type PayloadCodec } from '@temporalio/common';
import { KeyMissing } from '../../store/keyring.ts';
import { PayloadErased } from '../payload-codec.ts';
import type { History } from './acts.ts';

/** Why a history, or a part of it, could not be read. `no_key`: the key of its words was lost with the store. */
export interface Unread {
  readonly kind: 'no_key' | 'erased' | 'failed';
  readonly why: string;
}

export interface Decoded {
  readonly history: History;
  /** Of the first payload that could not be read. */
  readonly unread?: Unread;
}

export async function decodedHistory(codec: PayloadCodec, history: History): Promise<Decoded> {
  const errors: unknown[] = [];
  await decodeIn(codec, history, (error) => errors.push(error));
  return errors.length === 0 ? { history } : { history, unread: unreadOf(errors[0]) };
}

function unreadOf(error: unknown): Unread {
  const why = error instanceof Error ? error.message : String(error);
  if (error instanceof KeyMissing) return { kind: 'no_key', why };
  return { kind: error instanceof PayloadErased ? 'erased' : 'failed', why };
}

async function decodeIn(codec: PayloadCodec, value: unknown, onError: (error: unknown) => void): Promise<void> {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  const members = value as Record<string, unknown>;
  for (const [name, member] of Object.entries(members)) {
    if (!isPayload(member)) {
      await decodeIn(codec, member, onError);
      continue;
    }
    const [payload = member] = await codec.decode([member]).catch((error: unknown) => {
      onError(error);
      return [member];
    });
    members[name] = payload;
    // What a failure says stands in a payload of its own, and was taken out of its own members.
    if (name === 'encodedAttributes') Object.assign(members, saidIn(payload));
  }
}

function saidIn(payload: Payload): object {
  try {
    const { message = '', stack_trace: stackTrace = '' } = Object(defaultPayloadConverter.fromPayload(payload));
    return { message, stackTrace };
  } catch {
    return {};
  }
}

const isPayload = (value: unknown): value is Payload =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, 'metadata') && Object.hasOwn(value, 'data');
