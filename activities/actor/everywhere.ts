// Telling channels something at several places: one that fails holds up no other, what passes by itself is tried again, and
// what is refused for good is not. May import domain, the channels' faults and store types.
import { ApplicationFailure } from '@temporalio/common';
import type { Logger } from 'pino';
import { ChannelFault } from '../../channels/definition.ts';
import type { Delivered } from '../../domain/activity-ports.ts';
import type { ChannelAddress, ChannelSending } from '../../domain/channel.ts';
import type { FailureType } from '../../domain/failure.ts';
import type { Directory } from '../../domain/principal.ts';
import type { Store } from '../../store/ports.ts';

export interface DeliverDeps {
  readonly store: Pick<Store, 'approvals' | 'actions' | 'conversations' | 'deliveries' | 'items' | 'sealedBytes'>;
  readonly directory: Directory;
  readonly senders: readonly ChannelSending[];
  readonly nowMs: () => number;
  readonly log: Pick<Logger, 'warn'>;
}

// 3 places that a platform does not answer for, or for which it wants us to wait: then the rest of its places wait for the
// next attempt, so that a hundred calls that hang hold up no other channel, and none is pressed.
const AWAY_AFTER = 3;
// 30 s: however long one channel wants us to wait, the others are brought up to date by then. It is not called before all
// the same (see patient.ts).
const MAX_WAIT_MS = 30_000;

/**
 * Do it at every place; one that fails holds up no other. What is refused for good is told, and remembered; what passes by
 * itself is thrown at the end, so that it is all tried again: when the slowest says, within a bound.
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
      if (saysOfAll(error)) away.set(name, (away.get(name) ?? 0) + 1);
    }
  }
  for (const sentence of refused) log.warn({ sentence }, 'a channel refuses what it is to show');
  if (passing.length > 0) throw failureOf(passing);
  return { done, refused };
}

/** Whether it says something of the whole platform, and not just of one place. */
const saysOfAll = ({ kind }: ChannelFault): boolean => kind === 'unavailable' || kind === 'rate_limited';

function failureOf(faults: readonly ChannelFault[]): ApplicationFailure {
  const waits = faults.every(({ kind }) => kind === 'rate_limited' || kind === 'later');
  const type: FailureType = waits ? 'ChannelRateLimited' : 'ChannelUnavailable';
  const waitMs = Math.min(MAX_WAIT_MS, Math.max(...faults.map(({ retryAfterMs }) => retryAfterMs)));
  const when = waitMs > 0 ? { nextRetryDelay: waitMs } : {};
  return ApplicationFailure.create({ type, message: faults.map(({ message }) => message).join('; '), ...when });
}
