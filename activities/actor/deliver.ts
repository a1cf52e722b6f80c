// Shows in channels what is on record: cards, reminders, replies. Each Activity brings what stands there to what the store
// says now, and may be run again at any time; what stands right already is left alone. What is posted is claimed before
// (posting.ts). May import domain, trust and store types.
import type { Approval } from '../../domain/approval.ts';
import type { Delivered, DeliverActivities } from '../../domain/activity-ports.ts';
import type { ChannelAddress, ChannelSending } from '../../domain/channel.ts';
import { shownLine } from '../../domain/display.ts';
import { parseApprovalId } from '../../domain/ids.ts';
import { sha256Hex } from '../../trust/digest.ts';
import { heartbeating } from '../heartbeat.ts';
import { aboutBatch } from './about.ts';
import { type DeliverDeps, everywhere } from './everywhere.ts';
import { type CardPlace, placesOf } from './places.ts';
import { type Run, runOf, say, type Unrecorded } from './posting.ts';
import { deliverReplies } from './replies.ts';
import { showCard, takeBack } from './show-card.ts';

// 160 and 300 characters: one line about an approval, and what a reminder may add.
const LINE_CHARS = 160;
const NOTE_CHARS = 300;
// 5: a reminder says what waits, it does not show it.
const REMINDED = 5;

export function createDeliverActivities(deps: DeliverDeps): DeliverActivities {
  const unrecorded: Unrecorded = new Map();
  const running = (work: (run: Run) => Promise<Delivered>, atMs?: number): Promise<Delivered> =>
    heartbeating((cancelled) => work(runOf(deps, unrecorded, cancelled, atMs)));
  return {
    showCards: ({ batchId, atMs }) => running((run) => showCards(run, batchId), atMs),
    remind: ({ batchId, note, atMs }) => running((run) => remind(run, batchId, note), atMs),
    deliverReplies: ({ conversationId }) => running((run) => deliverReplies(run, conversationId)),
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
  const about = await aboutBatch(run, approvals);
  const places = placesOf(run.senders, run.directory, approvals, run.nowMs());
  const show = places.map((place) => ({ ...place, work: () => showCard(run, place, about) }));
  const asked = new Set(places.map(({ key }) => key));
  const takeAway: Job[] = [];
  for (const standing of await run.store.deliveries.ofBatch(batchId)) {
    const { key, channel, ref, card } = standing;
    const sender = run.senders.find(({ name }) => name === channel);
    if (asked.has(key) || card?.isOpen !== true || ref === null || sender === undefined) continue;
    const address = { to: ref.to, thread: '' };
    takeAway.push({ sender, address, work: () => takeBack(run, { sender, standing, ref }) });
  }
  return [...show, ...takeAway];
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

async function remind(run: Run, batchId: string, note: string): Promise<Delivered> {
  const open = (await run.store.approvals.ofBatch(batchId)).filter(({ end }) => end === 'open');
  const places = new Map<string, CardPlace>();
  for (const place of placesOf(run.senders, run.directory, open, run.nowMs())) {
    const { sender, address, approvals } = place;
    const key = ['remind', batchId, sha256Hex(note), sender.name, address.to, address.thread].join(' ');
    places.set(key, { ...place, key, approvals: [...(places.get(key)?.approvals ?? []), ...approvals] });
  }
  return everywhere(run, [...places.values()], async ({ sender, address, key, approvals }) => {
    const said = shownLine(note, NOTE_CHARS).text;
    const lines = approvals.slice(0, REMINDED).map(({ summary }) => shownLine(summary, LINE_CHARS).text);
    const more = approvals.length - lines.length;
    const text = [said, ...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
    return say(run, sender, address, { key, text });
  });
}
