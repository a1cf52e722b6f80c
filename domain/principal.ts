// Who speaks and who may decide. Identities come from authentication and the directory, never from model output or
// message text. Pure. May import domain only.
import { OF_DIRECTORY, OF_PERSON } from './declared-agent.ts';
import { problemOfFields } from './declared.ts';

/** The tenant of the house itself: of a deployment that has no others, and of those who run one that has. */
export const DEFAULT_TENANT = 'default';

/** An authenticated caller. `id` is immutable; `name` is for display only. */
export interface Principal {
  readonly id: string;
  readonly name: string;
  readonly tenant: string;
}

/** A person of the directory. `channels` holds immutable ids by channel, such as T024BE7LD/U024BE7LH, never names. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly channels?: Readonly<Record<string, string>>;
  /** Ids of the people in whose place this one acts. Those who act for one another are one pair of eyes. */
  readonly actsFor?: readonly string[];
  /** The most that the person may approve, in the smallest units of each currency; absent: as much as the group may. */
  readonly approvesUpTo?: Readonly<Record<string, number>>;
}

/** The file that names people and groups. A group is a list of person ids; an empty or unknown one decides nothing. */
export interface Directory {
  readonly people: readonly Person[];
  readonly groups: Readonly<Record<string, readonly string[]>>;
  /** Where a group is asked, by channel; without one each member is, in person. */
  readonly addresses?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export const CURRENCY = /^[A-Z]{3}$/;

// 64 characters that look like no others: people read ids on cards and in the ledger, and compare them. An e-mail address is
// none, as it changes, and whoever gets it next would be taken for whoever had it.
const ID = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$/;
const ID_FORM =
  'it must be 1 to 64 letters of English, digits, ".", "_", "-" or "/", and begin with a letter or digit. An id never changes, so it is no name and no e-mail address';
// As in the URL of its webhooks.
const CHANNEL = /^[a-z][a-z0-9]{0,31}$/;
// 128 characters: several times the ids of the platforms that we know.
const CHANNEL_ID = /^[!-~]{1,128}$/;

/** Check a directory where it is written. Throws with a sentence when an id has not its form, is unknown, or repeats. */
export function defineDirectory(directory: Directory): Directory {
  const problem = problemOfFields(OF_DIRECTORY, directory);
  if (problem !== undefined) throw new Error(`directory: ${problem}`);
  const ids = new Set<string>();
  for (const person of directory.people) {
    if (!ID.test(person.id)) throw new Error(`directory: "${person.id}" cannot be the id of a person; ${ID_FORM}`);
    if (ids.has(person.id)) throw new Error(`directory: the person id "${person.id}" stands twice; ids must be unique`);
    ids.add(person.id);
    const strange = problemOfFields(OF_PERSON, person, ['id', 'name']);
    if (strange !== undefined) throw new Error(`directory: of "${person.id}", ${strange}`);
  }
  for (const { id, actsFor = [], approvesUpTo = {} } of directory.people) {
    const unknown = actsFor.find((other) => !ids.has(other));
    if (unknown !== undefined) {
      throw new Error(`directory: "${id}" acts for "${unknown}", who is not among the people`);
    }
    for (const [currency, most] of Object.entries(approvesUpTo)) {
      if (CURRENCY.test(currency) && Number.isSafeInteger(most) && most >= 0) continue;
      throw new Error(`directory: approvesUpTo of "${id}" needs currencies such as EUR, and whole numbers of cents`);
    }
  }
  for (const [group, members] of Object.entries(directory.groups)) {
    if (group.startsWith('@')) throw new Error(`directory: group "${group}" must not begin with "@"; rename it`);
    if (!ID.test(group)) throw new Error(`directory: "${group}" cannot be the id of a group; ${ID_FORM}`);
    for (const member of members) {
      if (!ids.has(member))
        throw new Error(`directory: group "${group}" names "${member}", who is not among the people`);
    }
  }
  for (const [group, addresses] of Object.entries(directory.addresses ?? {})) {
    if (!Object.hasOwn(directory.groups, group))
      throw new Error(`directory: there is an address of "${group}", which is not among the groups`);
    assertChannelForms(group, addresses);
  }
  assertChannelIdsDiffer(directory.people);
  return Object.freeze(directory);
}

/** Of a person, or the addresses of a group. What is compared whole holds no blank and no sign that nobody sees. */
function assertChannelForms(of: string, ids: Readonly<Record<string, string>>): void {
  for (const [channel, id] of Object.entries(ids)) {
    if (!CHANNEL.test(channel))
      throw new Error(`directory: "${channel}", of "${of}", cannot be the name of a channel; name one such as slack`);
    if (id.trim() === '') throw new Error(`directory: the ${channel} id of "${of}" is blank; take it out`);
    if (!CHANNEL_ID.test(id))
      throw new Error(
        `directory: the ${channel} id "${id}" of "${of}" has a blank, or what is no sign of ASCII, or more than 128 characters; copy it as the platform gives it, such as T024BE7LD/U024BE7LH`,
      );
  }
}

/** One id that stood for two people would let each speak for the other. */
function assertChannelIdsDiffer(people: readonly Person[]): void {
  const owners = new Map<string, string>();
  for (const { id, channels = {} } of people) {
    assertChannelForms(id, channels);
    for (const [channel, channelId] of Object.entries(channels)) {
      const owner = owners.get(`${channel} ${channelId}`);
      if (owner !== undefined)
        throw new Error(`directory: "${owner}" and "${id}" have the same ${channel} id "${channelId}"`);
      owners.set(`${channel} ${channelId}`, id);
    }
  }
}

/** Whose id on the channel this is; undefined for a stranger. Only whole ids match, never names. */
export function personOnChannel({ people }: Directory, channel: string, channelId: string): Person | undefined {
  return people.find(
    ({ channels = {} }) => Object.hasOwn(channels, channel) && channels[channel] === channelId && channelId !== '',
  );
}

/** What people are called, by id. */
export const namesOf = ({ people }: Directory): Readonly<Record<string, string>> =>
  Object.fromEntries(people.map(({ id, name }) => [id, name]));

/** A group of one: the person alone. No group of a directory begins so. */
export const onlyPerson = (personId: string): string => `@${personId}`;

/** The person of a group of one; undefined where it is a group of the directory. */
export const onlyPersonOf = (group: string): string | undefined =>
  group.startsWith(onlyPerson('')) ? group.slice(onlyPerson('').length) : undefined;

/** Whether the group, or anybody in it, can be written to on some channel. */
export function isReachable(directory: Directory, group: string): boolean {
  const { people } = directory;
  return (
    channelsOfGroup(directory, group).length > 0 ||
    people.some(({ id, channels = {} }) => isMember(directory, group, id) && Object.keys(channels).length > 0)
  );
}

/** The channels on which the group has an address of its own. */
export function channelsOfGroup({ addresses = {} }: Directory, group: string): readonly string[] {
  return Object.hasOwn(addresses, group) ? Object.keys(addresses[group] ?? {}) : [];
}

/** True when the person stands in the group now. An unknown group has no members, so nobody does. */
export function isMember(directory: Directory, group: string, personId: string): boolean {
  if (group === onlyPerson(personId)) return directory.people.some((person) => person.id === personId);
  return Object.hasOwn(directory.groups, group) && (directory.groups[group]?.includes(personId) ?? false);
}

/** The groups of the directory that the person stands in now. */
export const groupsOf = ({ groups }: Directory, personId: string): readonly string[] =>
  Object.keys(groups).filter((group) => groups[group]?.includes(personId));
