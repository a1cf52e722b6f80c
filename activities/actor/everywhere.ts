// Telling channels something at several places: one that fails holds up no other, what passes by itself is tried again, and
// what is refused for good is not. May import domain, trust and store types.
import { ApplicationFailure } from '@temporalio/common';
import type { Logger } from 'pino';
import { ChannelFault } from '../../channels/definition.ts';
import type { Delivered } from '../../domain/activity-ports.ts';
import type { ChannelAddress, ChannelSending, MessageRef } from '../../domain/channel.ts';
import type { FailureType } from '../../domain/failure.ts';
import type { Directory } from '../../domain/principal.ts';
import type { Store } from '../../store/ports.ts';
import { sha256Hex } from '../../trust/digest.ts';

export interface DeliverDeps {
  readonly store: Pick<Store, 'approvals' | 'actions' | 'conversations' | 'deliveries' | 'items'>;
  readonly directory: Directory;
  readonly senders: readonly ChannelSending[];
  readonly nowMs: () => number;
  readonly log: Pick<Logger, 'warn'>;
}

// 3 places that a platform does not answer for: then it is away, and the rest of its places wait for the next attempt, so
// that a hundred calls that hang hold up no other channel.
const AWAY_AFTER = 3;

/** Post a text once. False where it was posted before. */
export async function say(
  { store, nowMs }: DeliverDeps,
  sender: ChannelSending,
  address: ChannelAddress,
  { key, text }: { readonly key: string; readonly text: string },
): Promise<boolean> {
  if ((await store.deliveries.get(key)) !== undefined) return false;
  const rendered = sender.render({ kind: 'text', text });
  const put = (ref: MessageRef | null) =>
    store.deliveries.put({ key, channel: sender.name, ref, digest: sha256Hex(rendered), atMs: nowMs() }, []);
  try {
    await put(await sender.post(address, rendered));
  } catch (error) {
    if (isRefused(error)) await put(null);
    throw error;
  }
  return true;
}

export const isRefused = (error: unknown): error is ChannelFault =>
  error instanceof ChannelFault && error.kind === 'refused';

/**
 * Do it at every place; one that fails holds up no other. What is refused for good is told, and remembered; what passes by
 * itself is thrown at the end, so that it is all tried again, when the slowest says.
 */
export async function everywhere<Place extends { readonly sender: ChannelSending; readonly address: ChannelAddress }>(
  { log }: DeliverDeps,
  places: readonly Place[],
  work: (place: Place) => Promise<boolean>,
): Promise<Delivered> {
  const refused: string[] = [];
  const passing: ChannelFault[] = [];
  const away = new Map<string, number>();
  let done = 0;
  for (const place of places) {
    const { name } = place.sender;
    if ((away.get(name) ?? 0) >= AWAY_AFTER) continue;
    try {
      if (await work(place)) done += 1;
    } catch (error) {
      if (!(error instanceof ChannelFault)) throw error;
      if (error.kind !== 'refused') passing.push(error);
      else refused.push(`${name} ${place.address.to}: ${error.message}`);
      if (error.kind === 'unavailable') away.set(name, (away.get(name) ?? 0) + 1);
    }
  }
  for (const sentence of refused) log.warn({ sentence }, 'a channel refuses what it is to show');
  if (passing.length > 0) throw failureOf(passing);
  return { done, refused };
}

function failureOf(faults: readonly ChannelFault[]): ApplicationFailure {
  const type: FailureType = faults.some(({ kind }) => kind === 'unavailable')
    ? 'ChannelUnavailable'
    : 'ChannelRateLimited';
  const waitMs = Math.max(...faults.map(({ retryAfterMs }) => retryAfterMs));
  const when = waitMs > 0 ? { nextRetryDelay: waitMs } : {};
  return ApplicationFailure.create({ type, message: faults.map(({ message }) => message).join('; '), ...when });
}
