// The reference model of a soak: what may have become of a conversation, given what was said and decided. It knows the
// rules of the system and nothing of its code. Where a fault may have struck, a write that its far side cannot be asked
// about may also have failed or be unknown; then what stood behind it is cancelled.
import { ASKING, type Life, stops } from './plan.ts';

export interface Action {
  readonly id: string;
  readonly tool: string;
  readonly cents: number;
  /** The kind of its outcome; null while it has none. */
  readonly outcome: string | null;
  /** People were asked whether it happened. */
  readonly wasUnknown: boolean;
}

export interface Found {
  readonly actions: readonly Action[];
  /** The texts of the transcript's messages, in order. */
  readonly messages: readonly string[];
  readonly phase: string;
  readonly approvals: readonly { readonly id: string; readonly actionId: string; readonly end: string }[];
  /** How often each action's effect happened at its far side. */
  readonly effects: ReadonlyMap<string, number>;
}

/** What cannot be explained, as sentences. */
export function unexplained(life: Life, said: readonly string[], found: Found): readonly string[] {
  const turns = new Map<string, Action[]>();
  for (const one of found.actions) {
    const turn = one.id.slice(0, one.id.lastIndexOf(':'));
    turns.set(turn, [...(turns.get(turn) ?? []), one]);
  }
  return [
    ...ofMessages(said, found),
    ...ofWishes(life, found),
    ...[...turns.values()].flatMap((turn) => ofTurn(life, turn)),
    ...found.actions.flatMap((one) => ofEffect(one, found.effects.get(one.id) ?? 0)),
    ...[...found.effects.keys()].flatMap((key) =>
      found.actions.some(({ id }) => id === key) ? [] : [`the effect ${key} has no action`],
    ),
    ...ofApprovals(life, found),
  ];
}

function ofMessages(said: readonly string[], { messages, phase }: Found): readonly string[] {
  const problems: string[] = [];
  if (messages.join('\n') !== said.join('\n')) {
    problems.push(`${said.length} messages were taken; the transcript has: ${messages.join(' / ') || 'none'}`);
  }
  if (phase !== 'open') problems.push(`the conversation is ${phase}`);
  return problems;
}

/** Each wish became one action; more only where a person said that it did not happen; fewer only where it was stopped. */
function ofWishes(life: Life, { actions }: Found): readonly string[] {
  return life.deeds.flatMap((deed) => {
    if (deed.kind !== 'say') return [];
    return deed.wishes.flatMap(([tool, cents]) => {
      const own = actions.filter((one) => one.tool === tool && one.cents === cents);
      const anew = own.filter(({ wasUnknown, outcome }) => wasUnknown && outcome === 'failed').length;
      const least = stops(life) ? 0 : 1;
      if (own.length >= least && own.length <= 1 + anew) return [];
      return [`${tool} ${cents} became ${own.length} actions: ${own.map(({ id }) => id).join()}`];
    });
  });
}

/** The actions of one turn in their order: what asks holds back the rest, and what did not succeed ends it. */
function ofTurn(life: Life, turn: readonly Action[]): readonly string[] {
  const problems: string[] = [];
  let state: 'goes on' | 'waits' | 'is broken' = 'goes on';
  let isBatch = false;
  for (const one of turn.toSorted((a, b) => indexOf(a.id) - indexOf(b.id))) {
    const answer = life.answers.get(one.cents) ?? 'leave';
    const asks = ASKING.has(one.tool);
    const may = mayBe(one, state, asks ? answer : 'none', stops(life));
    if (!may.includes(one.outcome)) {
      problems.push(`${one.id} (${one.tool} ${one.cents}, ${answer}) is ${one.outcome}; the turn ${state}`);
    }
    isBatch ||= asks;
    if (one.outcome === null) state = 'waits';
    else if (isBatch || one.tool !== 'look') {
      const wentWell = one.outcome === 'succeeded' && !one.wasUnknown;
      if (!wentWell && state === 'goes on') state = 'is broken';
    }
  }
  return problems;
}

function mayBe(
  one: Action,
  state: 'goes on' | 'waits' | 'is broken',
  answer: 'approve' | 'deny' | 'leave' | 'none',
  mayBeStopped: boolean,
): readonly (string | null)[] {
  const stopped = mayBeStopped ? ['cancelled'] : [];
  if (state === 'waits') return [null, ...stopped];
  if (state === 'is broken') return ['cancelled'];
  if (answer === 'leave') return [null, ...stopped];
  if (answer === 'deny') return ['denied', ...stopped];
  // The far side honours the key, so whatever breaks off in the middle is finished.
  const isSure = one.tool === 'note' || one.tool === 'pay';
  const broken = isSure && !one.wasUnknown ? [] : ['failed'];
  return ['succeeded', ...broken, ...stopped];
}

/** Effects equal receipts. */
function ofEffect({ id, tool, outcome }: Action, times: number): readonly string[] {
  const should = outcome === 'succeeded' && tool !== 'look' ? 1 : 0;
  return times === should ? [] : [`${id} (${tool}) is ${outcome}, and its effect happened ${times} times`];
}

function ofApprovals(life: Life, { approvals, actions }: Found): readonly string[] {
  return approvals.flatMap(({ id, actionId, end }) => {
    const action = actions.find((one) => one.id === actionId);
    if (action === undefined) return [`the approval ${id} is for no action`];
    if (id.includes('.question')) return ['happened', 'did_not_happen'].includes(end) ? [] : [`${id} is ${end}`];
    const planned = { approve: 'approved', deny: 'denied', leave: 'open' }[life.answers.get(action.cents) ?? 'leave'];
    // What stood behind something that was not done is cancelled, whether people had decided it already or not.
    const isFine = end === planned || (end === 'cancelled' && action.outcome === 'cancelled');
    return isFine ? [] : [`${id} should be ${planned}, and is ${end} (the action is ${action.outcome})`];
  });
}

const indexOf = (actionId: string): number => Number(actionId.slice(actionId.lastIndexOf(':') + 1));
