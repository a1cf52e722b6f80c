// One card at one place, brought to what is on record: posted, edited where it stands, or taken back where it is no longer
// asked. What a channel refuses is on record, and tried again once there is news. May import domain,
// trust, the channels' faults and store types.
import { isRefused, isTaken } from '../../channels/definition.ts';
import type { ChannelSending, MessageRef } from '../../domain/channel.ts';
import type { DeliveryRow } from '../../domain/delivery.ts';
import type { Entry, Fact } from '../../domain/entry.ts';
import { namesOf } from '../../domain/principal.ts';
import { type About, cardAbout } from '../../store/about-card.ts';
import { sha256Hex } from '../../trust/digest.ts';
import type { CardPlace } from './places.ts';
import { postOnce, recordPosted, renderedFor, type Run } from './posting.ts';

const NO_LONGER_ASKED = 'This is no longer asked of you here; it cannot be answered here any more.';

export async function showCard(run: Run, place: CardPlace, about: About): Promise<boolean> {
  const { sender, address, key } = place;
  await recordPosted(run, key);
  const standing = await run.store.deliveries.get(key);
  const ref = standing?.ref ?? null;
  // What nobody was asked about when it ended is no news.
  if (ref === null && !isOpen(place)) return false;
  let digest = '';
  const how = { names: namesOf(run.directory), limits: sender.limits, nowMs: run.nowMs() };
  const card = cardAbout(about, place.approvals, how);
  try {
    const rendered = renderedFor(sender, { kind: 'card', card });
    digest = await markOf(run, place, rendered);
    if (standing?.claimedBy === null && standing.digest === digest) return false;
    const sha256 = sha256Hex(rendered);
    if (ref !== null && (await isEdited(place, ref, rendered))) await remember(run, place, { ref, digest, sha256 });
    else if (place.isFound === true) {
      await remember(run, place, { ref: null, digest, reason: 'somebody has taken it away' });
      return false;
    } else {
      const keep = (posted: MessageRef) => remember(run, place, { ref: posted, digest, sha256 });
      await postOnce(run, { key, sender, address, rendered }, keep);
    }
    return true;
  } catch (error) {
    if (isRefused(error)) {
      // What stood there stands there still, as far as anybody knows: the next change is tried there again.
      const mark = digest || (await markOf(run, place, error.message));
      await remember(run, place, { ref, digest: mark, reason: error.message });
    }
    throw error;
  }
}

/** By it a card is told from how it stood; of its words nothing can be told from it once they are erased. */
const markOf = ({ store }: Run, { approvals }: CardPlace, words: string): Promise<string> =>
  store.sealedBytes.mark(approvals[0]?.conversationId ?? '', words);

const isOpen = ({ approvals }: CardPlace): boolean => approvals.some(({ end }) => end === 'open');

/** False where somebody has taken it away while it is open: then it is posted again. */
async function isEdited(place: CardPlace, ref: MessageRef, rendered: string): Promise<boolean> {
  const edited = place.sender.edit(ref, rendered);
  if (isOpen(place)) return isTaken(edited);
  await edited;
  return true;
}

/** How it stands, and for each approval on it, that it was shown or refused. */
async function remember(
  { store, nowMs }: Run,
  place: CardPlace,
  {
    ref,
    digest,
    sha256 = '',
    reason,
  }: { readonly ref: MessageRef | null; readonly digest: string; readonly sha256?: string; readonly reason?: string },
): Promise<void> {
  const { sender, address, approvals, key } = place;
  const atMs = nowMs();
  const entries = approvals.map(({ id, batchId, conversationId }): Entry => {
    const of = { batchId, channel: sender.name, address } as const;
    const fact: Fact =
      reason !== undefined || ref === null
        ? { kind: 'card_not_shown', ...of, reason: reason ?? '' }
        : { kind: 'card_shown', ...of, ref, sha256 };
    const where = fact.kind === 'card_shown' ? `${fact.ref.to} ${fact.ref.id}` : `${address.to} ${address.thread}`;
    return { subject: id, step: `${fact.kind}:${sender.name} ${where}:${digest}`, conversationId, atMs, fact };
  });
  // Where nothing stands, nothing there says that it is open.
  const card = { batchId: approvals[0]?.batchId ?? '', isOpen: ref !== null && isOpen(place) };
  await store.deliveries.put({ key, channel: sender.name, ref, digest, atMs, card }, entries);
}

/** A card that stands where it is no longer asked keeps neither its values nor its buttons. */
export async function takeBack(
  { store, nowMs }: Run,
  {
    sender,
    standing,
    ref,
  }: { readonly sender: ChannelSending; readonly standing: DeliveryRow; readonly ref: MessageRef },
): Promise<boolean> {
  const { key, channel, card } = standing;
  const rendered = renderedFor(sender, { kind: 'text', text: NO_LONGER_ASKED });
  const stands = { key, channel, ref, digest: sha256Hex(rendered), atMs: nowMs() };
  const put = () => store.deliveries.put({ ...stands, card: card && { ...card, isOpen: false } }, []);
  try {
    await sender.edit(ref, rendered);
  } catch (error) {
    if (isRefused(error)) await put();
    throw error;
  }
  await put();
  return true;
}
