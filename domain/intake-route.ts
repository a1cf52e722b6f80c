// From facts to priority, queue, and whether a person takes over. The route is asked for every way in which the words can
// be read, and the most urgent answer holds. So nothing that a model leaves out, misquotes or makes up can lower it: what
// is uncertain only adds readings (test/domain/intake-route.test.ts holds this as a property). Pure. May import domain.
import { distinct, type FactValue } from './fact-kind.ts';
import type { FactNow } from './intake-facts.ts';
import type { Intake, IntakeRoute, IntakeStanding, Priority, Reading, RouteAnswers } from './intake.ts';

// 512 readings: nine uncertain facts of two values each. Past it nobody can say what the words mean, so a person looks.
export const MAX_READINGS = 512;
// 2: who does not answer the same question twice does not know, or does not want to; a person asks otherwise.
export const MAX_ASKS = 2;

/** What a fact may be: certain, not said, or any of what is said or claimed, and then perhaps nothing of it. */
export function possible({
  state,
  said,
  claimed,
}: Pick<FactNow, 'state' | 'said' | 'claimed'>): readonly (FactValue | undefined)[] {
  if (state === 'verified') return said;
  return [undefined, ...distinct([...said, ...claimed])];
}

/** Every way in which the words can be read; undefined where there are too many. */
export function readingsOf(facts: readonly FactNow[]): readonly Reading[] | undefined {
  let readings: readonly Reading[] = [{}];
  for (const one of facts) {
    const values = possible(one);
    if (readings.length * values.length > MAX_READINGS) return undefined;
    readings = readings.flatMap((reading) => values.map((value) => ({ ...reading, [one.name]: value })));
  }
  return readings;
}

export interface Routed {
  readonly priority: Priority;
  readonly queue: string;
  readonly handover: boolean;
  readonly open: readonly string[];
  /** True where the route function did not answer for each reading, or answered what is no route. */
  readonly isFailed: boolean;
}

type UnclearOf = Pick<Intake, 'unclear'>;

/**
 * The most urgent route of all readings, and the facts that keep it from being certain. Where there are too many readings,
 * or the route could not be asked for them, a person looks at once.
 */
export function routeBy(
  intake: UnclearOf,
  facts: readonly FactNow[],
  readings: readonly Reading[] | undefined,
  answers: RouteAnswers,
): Routed {
  if (readings === undefined || answers.kind === 'unrouted') {
    const open = facts.filter(({ state }) => state === 'unverified').map(({ name }) => name);
    const isFailed = answers.kind === 'unrouted';
    return { priority: 1, queue: intake.unclear.queue, handover: true, open, isFailed };
  }
  const noRoute = { priority: 1, queue: intake.unclear.queue, handover: true, needs: [] } as const;
  const routes = readings.map((_, at) => answers.routes[at] ?? noRoute);
  const priority = mostUrgent(routes);
  const urgent = routes.filter((route) => route.priority === priority);
  const queues = new Set(urgent.map(({ queue }) => queue));
  const open = facts
    .filter(({ name, state, isUnread }) => {
      if (state === 'verified') return false;
      return isUnread || urgent.some(({ needs }) => needs.includes(name)) || decides(name, readings, routes);
    })
    .map(({ name }) => name);
  const { queue = intake.unclear.queue } = queues.size === 1 ? (urgent[0] ?? {}) : {};
  // That something needed is not said makes nothing more urgent: the route has been asked without it.
  const isUncertain = facts.some(({ name, state }) => state === 'unverified' && open.includes(name));
  const unclear = isUncertain ? [intake.unclear] : [];
  return {
    priority: mostUrgent([{ priority }, ...unclear]),
    queue,
    handover: routes.some(({ handover }) => handover),
    open,
    isFailed: routes.includes(noRoute),
  };
}

const mostUrgent = (routes: readonly { readonly priority: Priority }[]): Priority =>
  routes.reduce<Priority>((most, { priority }) => (priority < most ? priority : most), 5);

/** True where two readings that differ by this fact alone lead elsewhere. */
function decides(name: string, readings: readonly Reading[], routes: readonly Required<IntakeRoute>[]): boolean {
  const ways = new Map<string, string>();
  return readings.some((reading, at) => {
    const others = JSON.stringify({ ...reading, [name]: null });
    const { priority, queue, handover } = routes[at] ?? {};
    const way = JSON.stringify([priority, queue, handover]);
    const known = ways.get(others);
    ways.set(others, way);
    return known !== undefined && known !== way;
  });
}

/**
 * What comes next, and the standing after it. The priority only moves up; a fact is asked for at most MAX_ASKS times; a
 * person is called once for each reason. The same turn taken again comes to the same.
 */
export function standingAfter(
  intake: Pick<Intake, 'questions' | 'unclear'>,
  before: IntakeStanding | undefined,
  now: {
    readonly turn: number;
    readonly version: string;
    readonly facts: readonly FactNow[];
    readonly routed: Routed;
    readonly mayAsk: boolean;
    readonly unlooked: boolean;
  },
): IntakeStanding {
  const { turn, version, facts, routed, mayAsk, unlooked } = now;
  const asked = before?.asked ?? {};
  const called = before?.called ?? [];
  // Where one of them cannot be asked for, a person takes over in any case, and better at once.
  const mayBeClear = routed.open.every((name) => mayBeAsked(intake, asked, name, turn));
  const askable = mayAsk && !routed.handover && !unlooked && mayBeClear ? routed.open[0] : undefined;
  const isUnclear = mayAsk && !routed.handover && (unlooked || routed.open.length > 0) && askable === undefined;
  const calls = [
    ...(routed.handover ? [routed.isFailed ? 'route failed' : 'route'] : []),
    ...(unlooked && isUnclear && intake.unclear.handover ? ['no model looked'] : []),
    ...(!unlooked && isUnclear && intake.unclear.handover ? [`unclear: ${routed.open.join(', ')}`] : []),
  ].filter((why) => !called.some((one) => one.why === why && one.turn !== turn));
  const queue = isUnclear ? intake.unclear.queue : routed.queue;
  const priority = mostUrgent([routed, ...(isUnclear ? [intake.unclear] : [])]);
  const holds = before !== undefined && before.priority < priority;
  return {
    ...{ turn, version, open: routed.open },
    facts: facts.map(({ name, state, why, said, quoted, isUnread }) => ({ name, state, why, said, quoted, isUnread })),
    priority: holds ? before.priority : priority,
    queue: holds ? before.queue : queue,
    next: calls.length > 0 ? 'hands_over' : askable === undefined ? 'goes_on' : 'asks',
    asked: askable === undefined ? asked : { ...asked, [askable]: [...others(asked[askable], turn), turn] },
    called: [...called.filter((one) => one.turn !== turn), ...calls.map((why) => ({ why, turn }))],
    ...(unlooked ? { unlooked } : {}),
  };
}

const others = (turns: readonly number[] | undefined, turn: number): readonly number[] =>
  (turns ?? []).filter((one) => one !== turn);

const mayBeAsked = (
  intake: Pick<Intake, 'questions'>,
  asked: IntakeStanding['asked'],
  name: string,
  turn: number,
): boolean => intake.questions[name] !== undefined && others(asked[name], turn).length < MAX_ASKS;
