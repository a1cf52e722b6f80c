// The reference model of a soak: what may have become of a conversation, given what was said and decided. It knows the
// rules of the system and nothing of its code. Where a fault struck whoever acts, a write that its far side cannot be asked
// about may also have failed or be unknown; then what stood behind it is cancelled. Pure.
import type { Span } from './faults.ts';
import { type Answer, ASKING, type Life, reachOfStop } from './plan.ts';
import { ofTranscript, type Spoken } from './transcript.ts';

export interface Action {
  readonly id: string;
  readonly tool: string;
  readonly cents: number;
  /** The kind of its outcome; null while it has none. */
  readonly outcome: string | null;
  /** People were asked whether it happened. */
  readonly wasUnknown: boolean;
  readonly createdMs: number;
  readonly updatedMs: number;
}

export interface Found extends Spoken {
  readonly actions: readonly Action[];
  /** How often each action's effect happened at its far side. */
  readonly effects: ReadonlyMap<string, number>;
}

/** What cannot be explained, as sentences. `broken`: when a fault may have broken an act off. */
export function unexplained(
  life: Life,
  said: readonly string[],
  found: Found,
  broken: readonly Span[],
): readonly string[] {
  return [
    ...ofTranscript(life, said, found),
    ...ofWishes(life, found),
    ...judged(life, found, broken).flatMap(({ action, may, why }) =>
      may.includes(action.outcome)
        ? []
        : [`${action.id} (${action.tool} ${action.cents}, ${why}) is ${action.outcome}`],
    ),
    ...found.actions.flatMap((one) => ofFaults(one, broken)),
    ...found.actions.flatMap((one) => ofEffect(one, found.effects.get(one.id) ?? 0)),
    ...[...found.effects.keys()].flatMap((key) =>
      found.actions.some(({ id }) => id === key) ? [] : [`the effect ${key} has no action`],
    ),
    ...ofApprovals(life, found),
  ];
}

/** How much of what should have been done was done: neither denied, left, stopped, nor behind what did not succeed. */
export function shareOf(life: Life, found: Found): { readonly due: number; readonly done: number } {
  const due = judged(life, found, []).filter(({ may }) => may.includes('succeeded') && !may.includes('cancelled'));
  return { due: due.length, done: due.filter(({ action }) => action.outcome === 'succeeded').length };
}

/** Each wish became one action, and one more each time that a person said "it did not happen". Fewer only where stopped. */
function ofWishes(life: Life, { actions }: Found): readonly string[] {
  return life.deeds.flatMap((deed, at) => {
    if (deed.kind !== 'say') return [];
    const mayLack = reachOfStop(life, at) === 'all';
    return deed.wishes.flatMap(([tool, cents]) => {
      const own = actions.filter((one) => one.tool === tool && one.cents === cents);
      const most = 1 + own.filter(({ wasUnknown, outcome }) => wasUnknown && outcome === 'failed').length;
      if (own.length === most || (mayLack && own.length < most)) return [];
      return [`${tool} ${cents} became ${own.length} actions, not ${most}: ${own.map(({ id }) => id).join()}`];
    });
  });
}

interface Judged {
  readonly action: Action;
  /** The outcomes that it may have. */
  readonly may: readonly (string | null)[];
  readonly why: string;
}

type State = 'goes on' | 'waits' | 'is broken';

function judged(life: Life, { actions }: Found, broken: readonly Span[]): readonly Judged[] {
  const turns = new Set(actions.map(turnOf));
  return [...turns].flatMap((turn) =>
    ofTurn(
      life,
      actions.filter((one) => turnOf(one) === turn),
      broken,
    ),
  );
}

/** The actions of one turn in their order: what asks holds back the rest, and what did not succeed ends it. */
function ofTurn(life: Life, turn: readonly Action[], broken: readonly Span[]): readonly Judged[] {
  const all: Judged[] = [];
  let state: State = 'goes on';
  let isBatch = false;
  for (const action of turn.toSorted((a, b) => indexOf(a.id) - indexOf(b.id))) {
    const asks = ASKING.has(action.tool);
    const answer = asks ? (life.answers.get(action.cents) ?? 'leave') : 'none';
    const reach = reachOfStop(
      life,
      life.deeds.findIndex((deed) => isSaidIn(deed, action)),
    );
    const may = mayBe({ action, state, answer, reach, mayFail: isExplained(action, broken) });
    all.push({ action, may, why: `${answer}; the turn ${state}; a stop may end ${reach}` });
    isBatch ||= asks;
    if (action.outcome === null) state = 'waits';
    else if (isBatch || action.tool !== 'look') {
      const wentWell = action.outcome === 'succeeded' && !action.wasUnknown;
      if (!wentWell && state === 'goes on') state = 'is broken';
    }
  }
  return all;
}

const isSaidIn = (deed: Life['deeds'][number], { tool, cents }: Action): boolean =>
  deed.kind === 'say' && deed.wishes.some((wish) => wish[0] === tool && wish[1] === cents);

interface Case {
  readonly action: Action;
  readonly state: State;
  readonly answer: Answer | 'none';
  readonly reach: ReturnType<typeof reachOfStop>;
  readonly mayFail: boolean;
}

function mayBe({ action, state, answer, reach, mayFail }: Case): readonly (string | null)[] {
  const stopped = reach === 'all' ? ['cancelled'] : [];
  if (state === 'is broken') return ['cancelled'];
  // What people left undecided waits, with all behind it, until a stop ends it.
  if (state === 'waits' || answer === 'leave') return reach === 'what is left' ? ['cancelled'] : [null, ...stopped];
  if (answer === 'deny') return ['denied', ...stopped];
  // The far side honours the key, so whatever breaks off in the middle is finished.
  const isSure = (action.tool === 'note' || action.tool === 'pay') && !action.wasUnknown;
  return ['succeeded', ...(mayFail && !isSure ? ['failed'] : []), ...stopped];
}

/** Nobody need ask whether a thing happened that no fault broke off. */
function ofFaults(action: Action, broken: readonly Span[]): readonly string[] {
  if (!action.wasUnknown || isExplained(action, broken)) return [];
  return [`${action.id} (${action.tool}) was unknown, and no fault explains it`];
}

const isExplained = ({ createdMs, updatedMs }: Action, broken: readonly Span[]): boolean =>
  broken.some(({ fromMs, toMs }) => fromMs <= updatedMs && toMs >= createdMs);

/** Effects equal receipts. */
function ofEffect({ id, tool, outcome }: Action, times: number): readonly string[] {
  const should = outcome === 'succeeded' && tool !== 'look' ? 1 : 0;
  return times === should ? [] : [`${id} (${tool}) is ${outcome}, and its effect happened ${times} times`];
}

function ofApprovals(life: Life, { approvals, actions }: Found): readonly string[] {
  return approvals.flatMap(({ id, actionId, end, question }) => {
    const action = actions.find((one) => one.id === actionId);
    if (action === undefined) return [`the approval ${id} is for no action`];
    if (question !== null) return ['happened', 'did_not_happen'].includes(end) ? [] : [`${id} is ${end}`];
    const planned = { approve: 'approved', deny: 'denied', leave: 'open' }[life.answers.get(action.cents) ?? 'leave'];
    // What stood behind something that was not done is cancelled, whether people had decided it already or not.
    const isFine = end === planned || (end === 'cancelled' && action.outcome === 'cancelled');
    return isFine ? [] : [`${id} should be ${planned}, and is ${end} (the action is ${action.outcome})`];
  });
}

const turnOf = ({ id }: Action): string => id.slice(0, id.lastIndexOf(':'));
const indexOf = (actionId: string): number => Number(actionId.slice(actionId.lastIndexOf(':') + 1));
