// One message of ours, posted once: claimed on record, posted, and recorded. What cannot be claimed is not posted, so a
// store that cannot be written makes no copies. A process that dies between posting and recording leaves a claim, and after
// a while the message is posted again: once for each process that dies, or stands still for so long. May import domain,
// trust, the channels' faults and store types.
import { randomUUID } from 'node:crypto';
import { ChannelFault, isRefused } from '../../channels/definition.ts';
import type { ChannelAddress, ChannelSending, MessageRef, OutMessage } from '../../domain/channel.ts';
import type { DeliverDeps } from './everywhere.ts';
import { HELD_MS, whileHeld } from './held.ts';

// 1,000 messages, which are some hundred bytes each: a store that cannot be written holds up new claims, too.
const MAX_UNRECORDED = 1_000;

/** What this process has posted and could not record, by key: how to record it, as long as nobody else has claimed it. */
export type Unrecorded = Map<string, { readonly attempt: string; readonly record: () => Promise<void> }>;

/** One run of an Activity. */
export interface Run extends DeliverDeps {
  /** Tells it from all other runs. */
  readonly attempt: string;
  readonly unrecorded: Unrecorded;
}

/** With no clock behind the Workflow's, and calling nobody any more once it is cancelled: another run may do so then. */
export function runOf(deps: DeliverDeps, unrecorded: Unrecorded, cancelled: AbortSignal, atMs = 0): Run {
  const whileAsked = (sender: ChannelSending): ChannelSending => ({
    ...sender,
    async post(address, rendered) {
      cancelled.throwIfAborted();
      return sender.post(address, rendered);
    },
    async edit(ref, rendered) {
      cancelled.throwIfAborted();
      return sender.edit(ref, rendered);
    },
  });
  const nowMs = () => Math.max(deps.nowMs(), atMs);
  return { ...deps, senders: deps.senders.map(whileAsked), nowMs, attempt: randomUUID(), unrecorded };
}

interface Message {
  readonly key: string;
  readonly sender: ChannelSending;
  readonly address: ChannelAddress;
  readonly rendered: string;
}

/** `record` ends the claim. Where it fails, this process tries it again before anything else under that key. */
export async function postOnce(
  { store: { deliveries }, attempt, unrecorded }: Run,
  { key, sender, address, rendered }: Message,
  record: (ref: MessageRef) => Promise<void>,
): Promise<void> {
  const claim = { key, channel: sender.name, attempt };
  if (!(await deliveries.claim(claim, HELD_MS))) {
    throw new ChannelFault('later', `another attempt may be posting to ${sender.name} ${address.to}`, HELD_MS);
  }
  let ref: MessageRef;
  try {
    ref = await whileHeld(
      () => deliveries.renew(claim),
      () => sender.post(address, rendered),
    );
  } catch (error) {
    // Where this fails the claim lapses by itself.
    await deliveries.release(claim).catch(() => undefined);
    throw error;
  }
  try {
    await record(ref);
  } catch (error) {
    const [oldest] = unrecorded.keys();
    if (unrecorded.size >= MAX_UNRECORDED && oldest !== undefined) unrecorded.delete(oldest);
    unrecorded.set(key, { attempt, record: () => record(ref) });
    throw error;
  }
}

/** Record what this process has posted under the key and could not record. True where there was such. */
export async function recordPosted({ unrecorded, store }: Run, key: string): Promise<boolean> {
  const posted = unrecorded.get(key);
  if (posted === undefined) return false;
  const isOurs = (await store.deliveries.get(key))?.claimedBy === posted.attempt;
  if (isOurs) await posted.record();
  unrecorded.delete(key);
  return isOurs;
}

/** Exactly what will stand there. What cannot be shown there at all is refused like what the platform does not take. */
export function renderedFor({ name, render }: ChannelSending, message: OutMessage): string {
  try {
    return render(message);
  } catch (error) {
    throw new ChannelFault('refused', `${name} cannot show it: ${error instanceof Error ? error.message : 'unknown'}`);
  }
}

/** What is told once is compared with nothing later: nothing of it is kept. */
export const TOLD_ONCE = '';

/**
 * Post a text once. False where it was posted before. `keep` remembers how it stands, or that it is refused for good; by
 * itself it is remembered under its key.
 */
export async function say(
  run: Run,
  sender: ChannelSending,
  address: ChannelAddress,
  { key, text, keep }: { key: string; text: string; keep?: (ref: MessageRef | null) => Promise<void> },
): Promise<boolean> {
  if (await recordPosted(run, key)) return false;
  const { deliveries } = run.store;
  const standing = await deliveries.get(key);
  if (standing !== undefined && standing.claimedBy === null) return false;
  const asItStands = { key, channel: sender.name, digest: TOLD_ONCE, atMs: run.nowMs(), card: null };
  const remember = keep ?? ((ref) => deliveries.put({ ...asItStands, ref }, []));
  try {
    const rendered = renderedFor(sender, { kind: 'text', text });
    await postOnce(run, { key, sender, address, rendered }, remember);
  } catch (error) {
    if (isRefused(error)) await remember(null);
    throw error;
  }
  return true;
}
