// Whether a conversation went where it belongs. May import the proof's own.
import { inspect } from 'node:util';
import type { Place } from './conversation.ts';
import { DRIFTS } from './drifts.ts';
import type { Case, Desk, Lived } from './live.ts';

/** How it went against what the corpus says. Each counts once for each conversation. */
export interface Judged {
  readonly lived: Lived;
  readonly isDown: boolean;
  readonly isUp: boolean;
  /** Somebody of the team should have it, and does not. */
  readonly isAway: boolean;
  /** Words that no phrase has, and a model that does not point at them: it is less urgent than it might have been. */
  readonly isUnheard: boolean;
  readonly problems: readonly string[];
}

const inWords = ({ priority, queue, next }: Place): string => `${priority} ${queue} ${next}`;
const isSame = (one: Place, other: Place): boolean => inWords(one) === inWords(other);

/** Live it, and say what is wrong with where it went. */
export async function judge(desk: Desk, one: Case, isAnswered: boolean): Promise<Judged> {
  const mayEnd = (place: Place) => problemsOf(one, place).length === 0;
  const lived = await desk.live(one, mayEnd, isAnswered).catch((error: unknown) => inspect(error));
  const about = `${one.id}, "${one.conversation.name}", ${one.drift?.name ?? 'a careful model'} (seed ${one.seed})`;
  if (typeof lived === 'string') {
    const nowhere = { priority: 5, queue: '', next: 'goes_on' } as const;
    const missing = { of: one, ...nowhere, first: nowhere, changed: [], verified: 0 };
    return { ...standingOf(one, missing), problems: [`${about}: ${lived}`] };
  }
  const stuck = isAnswered && lived.next === 'asks' ? ['it is asked for ever, and no person takes over'] : [];
  const fell = lived.priority > lived.first.priority ? ['its priority fell while it was asked'] : [];
  const problems = [...problemsOf(one, lived.first), ...stuck, ...fell];
  return { ...standingOf(one, lived), problems: problems.map((problem) => `${about}: ${problem}`) };
}

const floorOf = ({ conversation: { expected, leastUrgent } }: Case): number => leastUrgent ?? expected.priority;

function standingOf(one: Case, lived: Lived): Omit<Judged, 'problems'> {
  const { expected, leastUrgent } = one.conversation;
  const { first } = lived;
  return {
    lived,
    isDown: first.priority > floorOf(one),
    isUp: first.priority < expected.priority,
    isAway: leastUrgent === undefined && expected.next === 'person' && first.next !== 'person',
    isUnheard: leastUrgent !== undefined && first.priority > expected.priority,
  };
}

function problemsOf(one: Case, place: Place): readonly string[] {
  const { expected, leastUrgent, says } = one.conversation;
  const found = `it is "${inWords(place)}", and belongs to "${inWords(expected)}"`;
  if (one.drift === undefined || one.drift.must === 'exactly') return isSame(place, expected) ? [] : [found];
  const down = place.priority > floorOf(one) ? [`the priority moved down: ${found}`] : [];
  const unread =
    one.drift.must === 'person' && place.next !== 'person' ? [`nobody reads what no model read: ${found}`] : [];
  if (leastUrgent !== undefined) return [...down, ...unread];
  const away = expected.next === 'person' && place.next !== 'person' ? [`it moved away from a person: ${found}`] : [];
  const silent =
    expected.next === 'asks' && place.next === 'goes_on' ? [`what is needed is not asked for: ${found}`] : [];
  // Where several messages came, somebody may have been asked in between.
  const isElsewhere = says.length === 1 && place.next === 'goes_on' && !isSame(place, expected);
  return [
    ...down,
    ...unread,
    ...away,
    ...silent,
    ...(isElsewhere ? [`it went elsewhere, and nobody was asked: ${found}`] : []),
  ];
}

const HEAD = ['', 'runs', 'facts changed', 'up', 'down', 'away from a person', 'asked back', 'to a person', 'unheard'];

/** One line for each way in which a model drifts, and one over all. */
export function tableOf(judged: readonly Judged[]): readonly string[] {
  const drifted = judged.filter(({ lived }) => lived.of.drift !== undefined);
  const rows = [
    HEAD,
    rowOf(
      'reads with care',
      judged.filter(({ lived }) => lived.of.drift === undefined),
    ),
    ...DRIFTS.map(({ name }) =>
      rowOf(
        name,
        drifted.filter(({ lived }) => lived.of.drift?.name === name),
      ),
    ),
    rowOf('all that drift', drifted),
  ];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
}

function rowOf(name: string, judged: readonly Judged[]): readonly string[] {
  const count = (is: (one: Judged) => boolean) => judged.filter(is).length;
  const figures = [
    judged.length,
    judged.reduce((sum, { lived }) => sum + lived.changed.length, 0),
    count(({ isUp }) => isUp),
    count(({ isDown }) => isDown),
    count(({ isAway }) => isAway),
    count(({ lived }) => lived.first.next === 'asks'),
    count(({ lived }) => lived.next === 'person'),
    count(({ isUnheard }) => isUnheard),
  ];
  return [name, ...figures.map(String)];
}
