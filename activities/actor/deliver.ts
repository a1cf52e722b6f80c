// Shows in channels what is on record: cards, reminders, replies. Each Activity brings what stands there to what the store
// says now, and may be run again at any time; what stands right already is left alone. What is posted is claimed before
// (posting.ts). May import domain, trust and store types.
import type { Approval } from '../../domain/approval.ts';
import type { Delivered, DeliverActivities } from '../../domain/activity-ports.ts';
import type { ChannelAddress, ChannelSending, MessageRef } from '../../domain/channel.ts';
import type { Clicked, DeliveryRow } from '../../domain/delivery.ts';
import { parseApprovalId } from '../../domain/ids.ts';
import { aboutBatch } from '../../store/about-card.ts';
import { heartbeating } from '../heartbeat.ts';
import { type DeliverDeps, everywhere } from './everywhere.ts';
import { type CardPlace, placesOf } from './places.ts';
import { type Run, runOf, type Unrecorded } from './posting.ts';
import { createReminding } from './reminders.ts';
import { deliverReplies } from './replies.ts';
import { showCard, takeBack } from './show-card.ts';
import { readShow } from './task.ts';

export function createDeliverActivities(deps: DeliverDeps): DeliverActivities {
  const unrecorded: Unrecorded = new Map();
  const remind = createReminding();
  const running = (work: (run: Run) => Promise<Delivered>, atMs?: number): Promise<Delivered> =>
    heartbeating((cancelled) => work(runOf(deps, unrecorded, cancelled, atMs)));
  return {
    async showCards(input) {
      const { batchId, atMs } = readShow('showCards', input);
      return running((run) => showCards(run, batchId), atMs);
    },
    async remind(input) {
      const { batchId, atMs } = readShow('remind', input);
      return running((run) => remind(run, batchId, atMs), atMs);
    },
    async deliverReplies(input) {
      const { conversationId } = readShow('deliverReplies', input);
      return running((run) => deliverReplies(run, conversationId));
    },
  };
}

/** One thing to do at one place. */
interface Job {
  readonly sender: ChannelSending;
  readonly address: ChannelAddress;
  /** True where something was posted or edited. */
  readonly work: () => Promise<boolean>;
}

export async function showCards(run: Run, batchId: string): Promise<Delivered> {
  const approvals = await run.store.approvals.ofBatch(batchId);
  const jobs = [...(await jobsOf(run, batchId, approvals)), ...(await jobsOfQuestion(run, approvals))];
  return everywhere(run, jobs, ({ work }) => work());
}

async function jobsOf(run: Run, batchId: string, approvals: readonly Approval[]): Promise<readonly Job[]> {
  const about = await aboutBatch(run.store, approvals);
  const places = placesOf(run.senders, run.directory, approvals, run.nowMs());
  const known = await run.store.deliveries.ofBatch(batchId);
  const all = [...places, ...foundOf(places, known)];
  const show = all.map((place) => ({ ...place, work: () => showCard(run, place, about) }));
  const asked = new Set(all.map(({ key }) => key));
  const takeAway: Job[] = [];
  for (const standing of known) {
    const { key, channel, ref, card } = standing;
    const sender = run.senders.find(({ name }) => name === channel);
    if (asked.has(key) || card?.isOpen !== true || ref === null || sender === undefined) continue;
    const address = { to: ref.to, thread: '' };
    takeAway.push({ sender, address, work: () => takeBack(run, { sender, standing, ref }) });
  }
  return [...show, ...takeAway];
}

const foundKey = (approvalId: string, channel: string, { to, id }: MessageRef): string =>
  ['found', approvalId, channel, to, id].join(' ');

/** Cards that a click has told of: each shows what the card shows on which its approval stands, at an address of that. */
function foundOf(places: readonly CardPlace[], known: readonly DeliveryRow[]): readonly CardPlace[] {
  return known.flatMap(({ key, channel, ref }) => {
    if (ref === null) return [];
    const isThere = (place: CardPlace): boolean =>
      place.sender.name === channel &&
      place.approvals.some(({ id }) => foundKey(id, channel, ref) === key) &&
      (place.address.to === ref.to || known.some((row) => row.key === place.key && row.ref?.to === ref.to));
    const place = places.find(isThere);
    return place === undefined ? [] : [{ ...place, key, ref }];
  });
}

/**
 * A card that nobody knows of: whoever posted it died before it was noted where it stands. A click on it tells; from then on
 * it is shown like the others. False where something is known to stand there, or nobody is asked there: a client may send a
 * handle that it has seen from whatever message it likes.
 */
export async function showFound(run: Run, channel: string, { ref, approvalId }: Clicked): Promise<boolean> {
  const { deliveries } = run.store;
  const { batchId } = parseApprovalId(approvalId) ?? {};
  if (batchId === undefined || (await deliveries.standsAt({ channel, ref }))) return false;
  const key = foundKey(approvalId, channel, ref);
  const approvals = await run.store.approvals.ofBatch(batchId);
  const places = placesOf(run.senders, run.directory, approvals, run.nowMs());
  const row: DeliveryRow = { key, channel, ref, digest: '', atMs: run.nowMs(), card: null, claimedBy: null };
  if (foundOf(places, [row, ...(await deliveries.ofBatch(batchId))]).length === 0) return false;
  await deliveries.put({ key, channel, ref, digest: '', atMs: run.nowMs(), card: { batchId, isOpen: true } }, []);
  await showCards(run, batchId);
  return true;
}

/**
 * Once people have answered whether an action happened, the card on which it was approved says so too. Not before: its own
 * Workflow may still be showing it.
 */
async function jobsOfQuestion(run: Run, approvals: readonly Approval[]): Promise<readonly Job[]> {
  const [first] = approvals;
  if (first?.question === undefined || approvals.some(({ end }) => end === 'open')) return [];
  const { approvalId } = (await run.store.actions.get(first.actionId)) ?? {};
  const { batchId } = parseApprovalId(approvalId ?? '') ?? {};
  if (batchId === undefined) return [];
  return jobsOf(run, batchId, await run.store.approvals.ofBatch(batchId));
}
