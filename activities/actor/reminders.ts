// Reminders: at one place people are told at once of all that waits there for long, not of each batch by itself, or a flood
// of approvals would ring until nobody listens. What is told is read from the record, as cards are; nothing that waits is
// left out of the count. May import domain, trust and store types.
import { ChannelFault, isRefused, isTaken } from '../../channels/definition.ts';
import type { Delivered } from '../../domain/activity-ports.ts';
import type { Approval } from '../../domain/approval.ts';
import type { MessageRef } from '../../domain/channel.ts';
import { careText, shownLine } from '../../domain/display.ts';
import { isRemindedBy, reminderOf } from '../../domain/notices.ts';
import { timeText } from '../../domain/text.ts';
import { sha256Hex } from '../../trust/digest.ts';
import { everywhere } from './everywhere.ts';
import { type CardPlace, placesOf } from './places.ts';
import { postOnce, recordPosted, renderedFor, type Run } from './posting.ts';

// 160 and 300 characters: one line about an approval, and what a reminder says first.
const LINE_CHARS = 160;
const NOTE_CHARS = 300;
// 5: a reminder says what waits, it does not show it; those that end first are named.
const NAMED = 5;
// 3 min: two reminders of one approval are at least 4 apart, and the second must ring again.
const TOGETHER_MS = 3 * 60_000;
// 10 pages of 100: more than anybody lets wait. Of what is older each batch still reminds by itself.
const OPEN_PAGES = 10;
const OPEN_PAGE = 100;

/** In words that are made here, and when it is due: whoever may write to Temporal chooses none of them. */
export function createReminding() {
  // Places where somebody is being told just now: who comes meanwhile comes again, and finds it told.
  const busy = new Set<string>();
  return async (run: Run, batchId: string, atMs: number): Promise<Delivered> => {
    const own = (await run.store.approvals.ofBatch(batchId)).filter((one) => isRemindedBy(one, atMs));
    const places = ownPlaces(run, own, atMs);
    if (places.length === 0) return { done: 0, refused: [] };
    const others = (await dueNow(run)).filter((one) => one.batchId !== batchId);
    const beside = byAddress(placesToRemind(run, others));
    return everywhere(run, places, ({ note, ...place }) => {
      const key = ['remind', batchId, sha256Hex(note), place.key].join(' ');
      const told = wordsOf(place.approvals, beside.get(place.key)?.approvals ?? [], note);
      return remindAt(run, place, { key, ...told, busy });
    });
  };
}

/** The approvals of one batch that were asked together are one reminder. */
function ownPlaces(run: Run, own: readonly Approval[], atMs: number) {
  const notes = [...new Set(own.map((one) => reminderOf(one, atMs)))];
  return notes.flatMap((note) => {
    const of = own.filter((one) => reminderOf(one, atMs) === note);
    const places = byAddress(placesToRemind(run, of));
    return [...places.values()].map((place) => ({ ...place, note }));
  });
}

/** Whoever has approved it has done their part, and waits for others; asked in person, they are told no more. */
const placesToRemind = ({ senders, directory, nowMs }: Run, approvals: readonly Approval[]) =>
  placesOf(senders, directory, approvals, nowMs(), ({ decisions }, id) =>
    decisions.every((one) => one.personId !== id),
  );

/** What is open and half over, of all batches. */
async function dueNow({ store, nowMs }: Run): Promise<readonly Approval[]> {
  const due: Approval[] = [];
  let cursor = '';
  for (let page = 0; page < OPEN_PAGES; page++) {
    const { rows, next } = await store.approvals.open({ cursor, limit: OPEN_PAGE });
    due.push(...rows.map(({ approval }) => approval).filter((one) => isRemindedBy(one, nowMs())));
    if (next === '') break;
    cursor = next;
  }
  return due;
}

/** Whatever messages their cards are. */
function byAddress(places: readonly CardPlace[]): ReadonlyMap<string, CardPlace> {
  const merged = new Map<string, CardPlace>();
  for (const place of places) {
    const key = ['reminded', place.sender.name, place.address.to, place.address.thread].join(' ');
    merged.set(key, { ...place, key, approvals: [...(merged.get(key)?.approvals ?? []), ...place.approvals] });
  }
  return merged;
}

interface Reminder {
  /** Of this batch and these words, at this place. */
  readonly key: string;
  readonly text: string;
  /** Tells it from another, whichever batch it comes from, and tells nothing of what people said. */
  readonly digest: string;
  readonly busy: Set<string>;
}

/** True where something was sent. Told once for each key: in the reminder that stands there, if that has just rung. */
async function remindAt(run: Run, place: CardPlace, { key, text, digest, busy }: Reminder): Promise<boolean> {
  const { deliveries } = run.store;
  await recordPosted(run, place.key);
  if ((await deliveries.get(key)) !== undefined) return false;
  const { sender, address } = place;
  const rendered = renderedFor(sender, { kind: 'text', text });
  const now = { channel: sender.name, digest, atMs: run.nowMs(), card: null };
  const last = await deliveries.get(place.key);
  // Either way: another actor's clock may be a moment ahead.
  const hasJustRung = last !== undefined && Math.abs(now.atMs - last.atMs) < TOGETHER_MS;
  const standing = hasJustRung && last.claimedBy === null ? last : undefined;
  if (standing?.digest === now.digest) {
    await deliveries.put({ ...now, key, ref: standing.ref }, []);
    return false;
  }
  if (busy.has(place.key)) throw new ChannelFault('later', 'a reminder is under way there');
  busy.add(place.key);
  // It rang when it was posted: an edited one keeps that time.
  const keep = async (ref: MessageRef, atMs: number): Promise<void> => {
    await deliveries.put({ ...now, key: place.key, ref, atMs }, []);
    await deliveries.put({ ...now, key, ref }, []);
  };
  try {
    const ref = standing?.ref ?? null;
    if (ref !== null && standing !== undefined && (await isTaken(sender.edit(ref, rendered))))
      await keep(ref, standing.atMs);
    else await postOnce(run, { key: place.key, sender, address, rendered }, (posted) => keep(posted, now.atMs));
  } catch (error) {
    if (isRefused(error)) await deliveries.put({ ...now, key, ref: null }, []);
    throw error;
  } finally {
    busy.delete(place.key);
  }
  return true;
}

function wordsOf(own: readonly Approval[], also: readonly Approval[], note: string): Pick<Reminder, 'text' | 'digest'> {
  const all = [...own, ...also].toSorted(
    (one, other) => one.deadlineMs - other.deadlineMs || (one.id < other.id ? -1 : 1),
  );
  const isOneBatch = also.length === 0;
  const said = isOneBatch
    ? note
    : `${all.length} wait here for an answer, and half of their time is over or more. The first ends ${timeOf(all[0])}.`;
  const named = all.slice(0, NAMED);
  const lines = named.map((one) => {
    const until = isOneBatch ? '' : ` · until ${timeOf(one)}`;
    const { text, flags } = shownLine(one.summary, LINE_CHARS);
    const care = careText(flags);
    return text + (care === '' ? '' : ` (${care})`) + until;
  });
  const more = all.length - lines.length;
  const text = [shownLine(said, NOTE_CHARS).text, ...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
  return { text, digest: sha256Hex(JSON.stringify([said, all.length, named.map(({ id }) => id)])) };
}

const timeOf = (approval: Approval | undefined): string => timeText(approval?.deadlineMs ?? 0);
