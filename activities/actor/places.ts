// Where approvals are shown: addresses of the directory and no others. A group has an address on a channel, or else each
// of its members is asked in person. May import domain.
import { type Approval, askedBy, mayStandInChannels } from '../../domain/approval.ts';
import type { ChannelAddress, ChannelSending, MessageRef } from '../../domain/channel.ts';
import { entitledPeople, groupsAt } from '../../domain/entitlement.ts';
import { parseApprovalId } from '../../domain/ids.ts';
import { type Directory, isMember } from '../../domain/principal.ts';

// 100 people: past that a group is asked in a channel of its own, or nobody feels asked.
const MAX_PEOPLE = 100;

/** One message: the approvals that it shows, in order, and where. */
export interface CardPlace {
  /** The same message, whatever becomes of the approvals. */
  readonly key: string;
  readonly sender: ChannelSending;
  readonly address: ChannelAddress;
  readonly approvals: readonly Approval[];
  /** A click has told where it stands: it is edited there, and never posted anew. */
  readonly ref?: MessageRef;
}

/**
 * Where the approvals of one batch are shown. What is asked anew is a message of its own, for an edited one rings nobody;
 * and where a channel shows few at once, each has its message, whatever came before it. `isFor`: whom of those who are
 * asked in person it is for; whoever reads a shared address reads all that stands there.
 */
export function placesOf(
  senders: readonly ChannelSending[],
  directory: Directory,
  approvals: readonly Approval[],
  nowMs: number,
  isFor: (approval: Approval, personId: string) => boolean = () => true,
): readonly CardPlace[] {
  const places = new Map<string, CardPlace>();
  for (const sender of senders) {
    for (const approval of approvals.filter(mayStandInChannels)) {
      const { index, round } = parseApprovalId(approval.id) ?? { index: 0, round: 0 };
      const part = Math.floor(index / sender.limits.asksPerMessage);
      for (const address of addressesOf(sender, directory, approval, nowMs, isFor)) {
        const where = [sender.name, address.to, address.thread];
        const key = ['card', approval.batchId, round, part, ...where].join(' ');
        const before = places.get(key)?.approvals ?? [];
        // Once, though two of its groups may share an address.
        if (!before.includes(approval)) places.set(key, { key, sender, address, approvals: [...before, approval] });
      }
    }
  }
  return [...places.values()];
}

/** Of the groups that are asked by now, those that have an address there; and in person, whoever may decide and has none. */
function addressesOf(
  sender: ChannelSending,
  directory: Directory,
  approval: Approval,
  nowMs: number,
  isFor: (approval: Approval, personId: string) => boolean,
): readonly ChannelAddress[] {
  const { addresses = {}, people } = directory;
  const asked = askedBy(approval);
  const addressOf = (group: string) => (Object.hasOwn(addresses, group) ? addresses[group]?.[sender.name] : undefined);
  const groups = groupsAt(asked, nowMs);
  const shared = groups.flatMap((group) => addressOf(group) ?? []);
  const inPerson = groups.filter((group) => addressOf(group) === undefined);
  // Who asks for leave cannot give it, nor who is above their limit: they are not asked.
  const entitled = new Set(entitledPeople(directory, asked, nowMs));
  const own = people
    .filter(
      ({ id }) => entitled.has(id) && isFor(approval, id) && inPerson.some((group) => isMember(directory, group, id)),
    )
    .flatMap(({ channels = {} }) => (Object.hasOwn(channels, sender.name) ? (channels[sender.name] ?? []) : []));
  return [...shared, ...own.slice(0, MAX_PEOPLE)].map((id) => sender.place(id));
}
