// Shows in channels what is on record: cards, reminders, replies. Each Activity brings what stands there to what the store
// says now, and may be run again at any time; what stands right already is left alone. A process that dies between posting
// and remembering may post twice: both say the same, and a click on either works. May import domain, trust and store types.
import type { Approval } from '../../domain/approval.ts';
import type { Delivered, DeliverActivities } from '../../domain/activity-ports.ts';
import { askedBackMs, LOOKED_AT, type SaidSince, saidSince } from '../../domain/asked-back.ts';
import { cardOf } from '../../domain/card.ts';
import type { ChannelSending, MessageRef } from '../../domain/channel.ts';
import type { Delivery } from '../../domain/delivery.ts';
import type { Entry, Fact } from '../../domain/entry.ts';
import type { ActionRow } from '../../store/ports.ts';
import { approvalHandle, sha256Hex } from '../../trust/digest.ts';
import { heartbeating } from '../heartbeat.ts';
import { type DeliverDeps, everywhere, isRefused } from './everywhere.ts';
import { type CardPlace, placesOf } from './places.ts';
import { createReminding } from './reminders.ts';
import { deliverReplies } from './replies.ts';
import { readShow } from './task.ts';

// 100 actions: of one turn; more than a model call may ask for at once.
const ACTIONS = 100;

export function createDeliverActivities(deps: DeliverDeps): DeliverActivities {
  const remind = createReminding();
  return {
    async showCards(input) {
      const { batchId, atMs } = readShow('showCards', input);
      return heartbeating((cancelled) => showCards(during(deps, cancelled, atMs), batchId));
    },
    async remind(input) {
      const { batchId, atMs } = readShow('remind', input);
      return heartbeating((cancelled) => remind(during(deps, cancelled, atMs), batchId, atMs));
    },
    async deliverReplies(input) {
      const { conversationId } = readShow('deliverReplies', input);
      return heartbeating((cancelled) => deliverReplies(during(deps, cancelled), conversationId));
    },
  };
}

/** With no clock behind the Workflow's, and calling nobody any more once it is cancelled: another run may do so then. */
function during({ nowMs, senders, ...deps }: DeliverDeps, cancelled: AbortSignal, atMs = 0): DeliverDeps {
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
  return { ...deps, senders: senders.map(whileAsked), nowMs: () => Math.max(nowMs(), atMs) };
}

async function showCards(deps: DeliverDeps, batchId: string): Promise<Delivered> {
  const approvals = await deps.store.approvals.ofBatch(batchId);
  const about = await aboutBatch(deps, approvals);
  const places = placesOf(deps.senders, deps.directory, approvals, deps.nowMs());
  return everywhere(deps, places, (place) => showCard(deps, place, about));
}

interface About {
  /** What the requester has said since each of them was asked back about, by its id. */
  readonly said: ReadonlyMap<string, readonly SaidSince[]>;
  readonly actions: ReadonlyMap<string, ActionRow>;
  readonly alsoRuns: readonly string[];
  readonly names: Readonly<Record<string, string>>;
}

/** What stands on a card beside its approvals: how their actions ended, what runs with them, what people are called. */
async function aboutBatch({ store, directory }: DeliverDeps, approvals: readonly Approval[]): Promise<About> {
  const names = Object.fromEntries(directory.people.map(({ id, name }) => [id, name]));
  const [first] = approvals;
  if (first === undefined) return { said: new Map(), actions: new Map(), alsoRuns: [], names };
  const asked = await Promise.all(approvals.map(({ actionId }) => store.actions.get(actionId)));
  const actions = new Map(asked.flatMap((row) => (row === undefined ? [] : [[row.id, row] as const])));
  const inTurn = await store.actions.ofConversation(first.conversationId, ACTIONS);
  const also = first.question === undefined ? inTurn.filter((row) => runsWith(first.batchId, row)) : [];
  return {
    said: await saidOn(store, approvals),
    actions,
    alsoRuns: also.map(({ summary }) => summary).toReversed(),
    names,
  };
}

async function saidOn(store: DeliverDeps['store'], approvals: readonly Approval[]): Promise<About['said']> {
  const said = new Map<string, readonly SaidSince[]>();
  for (const approval of approvals) {
    const fromMs = askedBackMs(approval);
    if (fromMs === undefined) continue;
    said.set(approval.id, saidSince(approval, await store.items.since(approval.conversationId, fromMs, LOOKED_AT)));
  }
  return said;
}

/** Of the same turn and from the batch's first action on, what was allowed waits with it. */
function runsWith(batchId: string, { id, verdict, approvalId }: ActionRow): boolean {
  const [turn, at] = [id.slice(0, id.lastIndexOf(':')), Number(id.slice(id.lastIndexOf(':') + 1))];
  const isAfter = batchId.startsWith(`${turn}:`) && at > Number(batchId.slice(turn.length + 1));
  return isAfter && approvalId === null && verdict?.kind === 'allow';
}

async function showCard(deps: DeliverDeps, place: CardPlace, about: About): Promise<boolean> {
  const { sender, approvals, key } = place;
  const asks = approvals.map((approval) => {
    const { outcome = null } = about.actions.get(approval.actionId) ?? {};
    return { approval, handle: approvalHandle(approval), outcome, saidSince: about.said.get(approval.id) ?? [] };
  });
  const { batchId: id } = approvals[0] ?? { batchId: '' };
  const card = cardOf({ id, asks, alsoRuns: about.alsoRuns, names: about.names }, sender.limits, deps.nowMs());
  const rendered = sender.render({ kind: 'card', card });
  const digest = sha256Hex(rendered);
  const standing = await deps.store.deliveries.get(key);
  const isOpen = approvals.some(({ end }) => end === 'open');
  // What nobody was asked about when it ended is no news; where it is refused, nothing is tried again.
  if (standing === undefined ? !isOpen : standing.ref === null || standing.digest === digest) return false;
  const ref = await stand(deps, place, { standing, rendered, isOpen, digest });
  await remember(deps, place, { key, ref, digest });
  return true;
}

/** Edit it where it stands. A card that somebody took away while it is open is posted again. */
async function stand(
  deps: DeliverDeps,
  place: CardPlace,
  now: { standing: Delivery | undefined; rendered: string; isOpen: boolean; digest: string },
): Promise<MessageRef> {
  const { sender, address, key } = place;
  const { standing, rendered, isOpen, digest } = now;
  try {
    if (standing?.ref) {
      try {
        await sender.edit(standing.ref, rendered);
        return standing.ref;
      } catch (error) {
        if (!isOpen || !isRefused(error)) throw error;
      }
    }
    return await sender.post(address, rendered);
  } catch (error) {
    if (isRefused(error)) await remember(deps, place, { key, ref: null, digest, reason: error.message });
    throw error;
  }
}

/** How it stands, and for each approval on it, that it was shown. */
async function remember(
  { store, nowMs }: DeliverDeps,
  { sender, address, approvals }: CardPlace,
  { key, ref, digest, reason = '' }: Pick<Delivery, 'key' | 'ref' | 'digest'> & { readonly reason?: string },
): Promise<void> {
  const atMs = nowMs();
  const entries = approvals.map(({ id, batchId, conversationId }): Entry => {
    const of = { batchId, channel: sender.name, address } as const;
    const fact: Fact =
      ref === null ? { kind: 'card_not_shown', ...of, reason } : { kind: 'card_shown', ...of, ref, sha256: digest };
    const where = ref === null ? `${address.to} ${address.thread}` : `${ref.to} ${ref.id}`;
    return { subject: id, step: `${fact.kind}:${sender.name} ${where}:${digest}`, conversationId, atMs, fact };
  });
  await store.deliveries.put({ key, channel: sender.name, ref, digest, atMs }, entries);
}
