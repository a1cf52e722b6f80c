// Histories whose payloads are encrypted, as they were before. May import the Temporal SDK. Guarantees: what cannot be read,
// such as what was erased, stays as it is, so that the run counts as one that is not read.
import { defaultPayloadConverter, type Payload, type PayloadCodec } from '@temporalio/common';
import type { History } from './acts.ts';

export async function decodedHistory(codec: PayloadCodec, history: History): Promise<History> {
  await decodeIn(codec, history);
  return history;
}

async function decodeIn(codec: PayloadCodec, value: unknown): Promise<void> {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  const members = value as Record<string, unknown>;
  for (const [name, member] of Object.entries(members)) {
    if (!isPayload(member)) {
      await decodeIn(codec, member);
      continue;
    }
    const [payload = member] = await codec.decode([member]).catch(() => [member]);
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
