// Open approvals that reach nobody: no channel has shown them to anybody who may decide them. They wait all the same, are
// found by whoever looks, and expire. For the metrics and the doctor. May import domain, store types.
import { type Approval, askedBy, mayStandInChannels } from '../domain/approval.ts';
import { shownLine } from '../domain/display.ts';
import { groupsAt, isShownOn } from '../domain/entitlement.ts';
import { isMember, onlyPersonOf } from '../domain/principal.ts';
import { timeText } from '../domain/text.ts';
import type { ApiDeps } from './deps.ts';
import type { Check } from './doctor.ts';

type Deps = Pick<ApiDeps, 'store' | 'directory' | 'channels' | 'nowMs'>;

/** `no_channel`: nobody has one. `refused`: a channel does not take the card. `late`: none has taken it so far. */
export const UNREACHED = ['no_channel', 'refused', 'late'] as const;

export interface Unreached {
  readonly approval: Approval;
  readonly why: (typeof UNREACHED)[number];
  /** Of the entry that says which channel refused it; '' for another why. */
  readonly step: string;
}

// 5 min: a card is posted within seconds, and after an outage of the actor or the platform within a minute or two.
const LATE_MS = 5 * 60_000;
// 5 approvals and 5 groups: one fault mostly has many, and the first ones tell what to do.
const MAX_NAMED = 5;
const SUMMARY_CHARS = 120;
const REASON_CHARS = 200;

const heardOn = ({ channels }: Pick<Deps, 'channels'>): readonly string[] =>
  (channels?.receivers ?? []).map(({ name }) => name);

/** Oldest first. None where no channel is listened to: then people look by themselves. */
export async function unreached(deps: Deps): Promise<readonly Unreached[]> {
  const { store, directory, nowMs } = deps;
  const channels = heardOn(deps);
  if (channels.length === 0) return [];
  const unshown = await store.reports.unshown();
  return unshown
    .filter(({ approval }) => mayStandInChannels(approval))
    .flatMap(({ approval, refusedStep }): readonly Unreached[] => {
      const isDue = isShownOn(channels, directory, askedBy(approval), nowMs());
      if (!isDue) return [{ approval, why: 'no_channel', step: '' }];
      if (refusedStep !== null) return [{ approval, why: 'refused', step: refusedStep }];
      return nowMs() - approval.askedMs < LATE_MS ? [] : [{ approval, why: 'late', step: '' }];
    });
}

/** What reaches nobody now, and what to do. */
export async function reachingCheck(deps: Deps): Promise<Check> {
  const all = await unreached(deps);
  const lines = await Promise.all(all.slice(0, MAX_NAMED).map((one) => lineOf(deps, one)));
  const more = all.length - lines.length;
  if (more > 0) lines.push(`${more} more reach nobody either`);
  const well =
    heardOn(deps).length === 0
      ? 'no channel is listened to, so people look by themselves: countersign approvals'
      : 'every open approval is shown to somebody who may decide it';
  return { name: 'approvals', kind: lines.length === 0 ? 'ok' : 'problem', text: lines.join('\n') || well };
}

async function lineOf(deps: Deps, { approval, why, step }: Unreached): Promise<string> {
  const { id, summary, deadlineMs } = approval;
  const channels = heardOn(deps).join(' or ');
  const groups = groupsAt(askedBy(approval), deps.nowMs()).map(nameOf).join(', ');
  const what = `${id} (${shownLine(summary, SUMMARY_CHARS).text}) waits for ${groups} until ${timeText(deadlineMs)}`;
  const meanwhile = `until then decide it by hand: countersign approvals ${id}`;
  switch (why) {
    case 'no_channel':
      return `${what}, and nobody who may decide it can be written to on ${channels}: put an id of theirs, or an address of the group, into the directory and start the roles again; ${meanwhile}`;
    case 'refused':
      return `${what}, and ${await refusalOf(deps, id, step)}: invite the bot there, or correct the directory and start the roles again; ${meanwhile}`;
    case 'late':
      return `${what}, and no card of it was posted so far: see that the actor runs and has the tokens of ${channels}; ${meanwhile}`;
    default:
      return why satisfies never;
  }
}

/** In the words of the channel, where they are still there. */
async function refusalOf({ store }: Deps, approvalId: string, step: string): Promise<string> {
  const [entry] = await store.ledger.chain([], { subject: approvalId, steps: [step] });
  if (entry === undefined || entry.isAltered === true || entry.fact.kind !== 'card_not_shown') {
    return 'a channel refuses its card';
  }
  const { channel, address, reason } = entry.fact;
  const said = typeof reason === 'string' ? ` (${shownLine(reason, REASON_CHARS).text})` : '';
  return `${channel} refuses its card in ${address.to}${said}`;
}

const nameOf = (group: string): string => onlyPersonOf(group) ?? group;

/** Groups of the directory that cannot be asked on any channel: what they are asked will reach nobody. */
export function groupsCheck(deps: Pick<Deps, 'directory' | 'channels'>): Check {
  const channels = heardOn(deps);
  const { directory } = deps;
  const alone = Object.keys(directory.groups).filter(
    (group) =>
      channels.length > 0 &&
      !isShownOn(channels, directory, { group, escalation: [], authors: [] }, 0) &&
      directory.people.some(({ id }) => isMember(directory, group, id)),
  );
  const named = alone.slice(0, MAX_NAMED).map((group) => `"${group}"`);
  const more = alone.length - named.length;
  if (alone.length === 0) return { name: 'groups', kind: 'ok', text: 'each can be asked where people are asked' };
  const which = `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  const text = `nobody of ${which} can be written to on ${channels.join(' or ')}: what is asked of them is seen by whoever looks only; put an id of a member, or an address of the group, into the directory`;
  return { name: 'groups', kind: 'warning', text };
}
