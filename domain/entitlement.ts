// Who may decide on an approval. One function, asked three times: by the API at the click, by the Workflow when it counts,
// by the actor when it acts. Pure. May import domain only.
import { channelsOfGroup, type Directory, isMember, isReachable, onlyPersonOf, type Person } from './principal.ts';
import type { Refusal } from './refusal.ts';

/** How much an action is about. `minorUnits` is a whole number of the currency's smallest unit: 7200 is 72.00 EUR. */
export interface Amount {
  readonly currency: string;
  readonly minorUnits: number;
}

/** A group that may decide too, from then on. */
export interface Escalation {
  readonly group: string;
  readonly fromMs: number;
}

/** Whom an approval asks. */
export interface Asked {
  readonly group: string;
  /** The groups after the first, each from its time on. */
  readonly escalation: readonly Escalation[];
  /** Who asked for the action, or whose words it rests on; neither they nor who acts for them count. */
  readonly authors: readonly string[];
  readonly amount?: Amount | undefined;
}

/** Why the person may not decide it at that time, in a sentence for the person; undefined when they may. */
export function whyNotEntitled(directory: Directory, asked: Asked, personId: string, atMs: number): string | undefined {
  return entitlementRefusal(directory, asked, personId, atMs)?.text;
}

/** The same, and which of the reasons it is. */
export function entitlementRefusal(
  directory: Directory,
  asked: Asked,
  personId: string,
  atMs: number,
): { readonly why: Refusal; readonly text: string } | undefined {
  const groups = groupsAt(asked, atMs);
  if (!groups.some((group) => isMember(directory, group, personId))) {
    return { why: 'not_asked', text: `only ${peopleOf(groups)} may decide this` };
  }
  const author = asked.authors.find((one) => isSameEyes(directory, one, personId));
  if (author === personId) return { why: 'author', text: AUTHOR };
  if (author !== undefined) {
    const text = `you and ${author} act for one another, so you cannot decide what ${author} asks for`;
    return { why: 'same_eyes', text };
  }
  const person = directory.people.find(({ id }) => id === personId);
  if (asked.amount !== undefined && person !== undefined && !reaches(person, asked.amount)) {
    const text = `it is about more than you may approve; somebody else of ${peopleOf(groups)} must decide it`;
    return { why: 'above_limit', text };
  }
  return undefined;
}

/** The people who may decide it at that time. */
export const entitledPeople = (directory: Directory, asked: Asked, atMs: number): readonly string[] =>
  directory.people.map(({ id }) => id).filter((id) => whyNotEntitled(directory, asked, id, atMs) === undefined);

/** The groups that may decide at that time, the first one first. */
export const groupsAt = (
  { group, escalation }: Pick<Asked, 'group' | 'escalation'>,
  atMs: number,
): readonly string[] => [group, ...escalation.filter(({ fromMs }) => fromMs <= atMs).map((one) => one.group)];

/** Whether anybody who may decide it, sooner or later, can be written to on some channel. */
export const isAskedInChannels = (directory: Directory, { group, escalation }: Asked): boolean =>
  [group, ...escalation.map((one) => one.group)].some((one) => isReachable(directory, one));

/** Whether anybody who may decide it at that time is written to on one of these channels, in person or as a group. */
export function isShownOn(channels: readonly string[], directory: Directory, asked: Asked, atMs: number): boolean {
  const entitled = entitledPeople(directory, asked, atMs);
  return (
    groupsAt(asked, atMs).some((group) => channelsOfGroup(directory, group).some((one) => channels.includes(one))) ||
    directory.people.some(
      ({ id, channels: own = {} }) => entitled.includes(id) && Object.keys(own).some((one) => channels.includes(one)),
    )
  );
}

const AUTHOR = 'who asks for an action, or whose words it rests on, cannot decide it';

/** One pair of eyes: the same person, or one of them acts for the other. */
function isSameEyes({ people }: Directory, one: string, other: string): boolean {
  const actsFor = (id: string, forId: string) => people.find((person) => person.id === id)?.actsFor?.includes(forId);
  return one === other || actsFor(one, other) === true || actsFor(other, one) === true;
}

/** Without limits a member's word has the whole weight of the group; with some, only in the currencies that are named. */
function reaches({ approvesUpTo }: Person, { currency, minorUnits }: Amount): boolean {
  if (approvesUpTo === undefined) return true;
  return Object.hasOwn(approvesUpTo, currency) && minorUnits <= (approvesUpTo[currency] ?? 0);
}

const peopleOf = (groups: readonly string[]): string =>
  groups.map((group) => onlyPersonOf(group) ?? `members of the group "${group}"`).join(' or ');
