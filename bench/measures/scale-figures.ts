// From what was seen at each size to figures, and to what the model of capacity makes of the first of them. Pure.
import type { Role } from '../../test/proofs/rig/roles.ts';
import { fullAt, needs, type OnPostgres, type Part, predicted, type Site, type TurnCost } from '../capacity.ts';
import { quantile } from '../load.ts';
import type { Figure } from '../measure.ts';
import type { Histories } from './scale-histories.ts';

/** How many processes of workflows, and how many cores for everything. */
export interface Size {
  readonly workflows: number;
  readonly cores: number;
}

/** A window in which the system was full at that size. */
export interface Point {
  readonly size: Size;
  readonly seconds: number;
  readonly turns: number;
  readonly timesMs: readonly number[];
  readonly errors: readonly string[];
  /** Of each process, with all that it has started. A second process of a role is named after it. */
  readonly cpuMs: Readonly<Record<string, number>>;
  /** Of the model and the load generator, where they share its cores; else 0. */
  readonly besidesMs: number;
  readonly busiestThreadMs: Readonly<Record<Role, number>>;
  readonly walBytes: number;
  /** Of the whole machine, by whoever. */
  readonly busyShare: number;
}

/** All that was counted between the warm-up and the end. */
export interface Stay {
  readonly points: readonly Point[];
  readonly turns: number;
  readonly modelCalls: number;
  readonly storeBytes: number;
  readonly ledgerEntries: number;
  readonly ledgerAppends: number;
  readonly reservations: number;
  readonly commits: number;
  readonly commitsOfTemporal: number;
  /** Of some whole conversations, and how many turns they had. */
  readonly histories: Histories & { readonly turns: number };
}

export interface Seen {
  readonly stay: Stay;
  /** The same with Temporal on PostgreSQL, where its programs are at hand. */
  readonly onPostgres: Stay | undefined;
  /** Appends a second, by how many ledgers there were. */
  readonly appendsPerS: ReadonlyMap<number, number>;
  readonly reservesPerS: number;
}

// 1,000 turns a second: what a deployment needs for another number is in proportion, but for what is rounded up.
const TOLD_FOR = 1_000;
const PARTS: readonly Part[] = ['api', 'workflows', 'assistant', 'actor', 'temporal', 'postgres'];
const NONE = { atMost: 0 };
// 25 %: two runs of the same on a busy machine differ by as much; a model that is further off orders the wrong machines.
const MOST_ERROR = { atMost: 25 };

type At = Figure['at'];
const figure = (name: string, value: number, at: At = {}): Figure => ({ subject: 'countersign', name, value, at });
const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
const cpuOf = ({ cpuMs }: Point): number => sum(Object.values(cpuMs));
const turnsPerS = ({ turns, seconds }: Point): number => turns / seconds;

export function figuresOf({ stay, onPostgres, appendsPerS, reservesPerS }: Seen): readonly Figure[] {
  const [first] = stay.points;
  const site: Site = { ledgerAppendsPerS: appendsPerS.get(1) ?? Number.NaN, reservesPerS };
  if (first === undefined) return [];
  const cost = costOf(first, stay, onPostgres);
  const errors = [stay, onPostgres].flatMap((one) => one?.points.flatMap((point) => point.errors) ?? []);
  return [
    ...stay.points.flatMap((point) => [...seenAt(point), ...modelAt(point, first, cost, site)]),
    ...(onPostgres?.points ?? []).flatMap((point) => seenAt(point, { temporal: 'postgres' })),
    { ...figure('scale_errors', errors.length), limit: NONE },
    ...[...appendsPerS].map(([ledgers, rate]) => figure('scale_ledger_appends_per_s', rate, { ledgers })),
    figure('scale_reserves_of_an_agent_per_s', reservesPerS),
    ...costsOf(cost),
    ...fullAt(cost, site).map(({ of, turnsPerS: value }) => figure('scale_full_at_turns_per_s', value, { of })),
    ...needs(TOLD_FOR, cost, site).map(({ of, amount }) =>
      figure(`scale_needed_for_${TOLD_FOR}_turns_per_s`, amount, { of }),
    ),
  ];
}

function seenAt(point: Point, more: At = {}): readonly Figure[] {
  const at = { ...more, ...point.size };
  const perTurn = (ms: number) => ms / point.turns;
  return [
    figure('scale_turns_per_s', turnsPerS(point), at),
    figure('scale_turn_p50_ms', quantile(point.timesMs, 0.5), at),
    ...Object.entries(point.cpuMs).map(([process, ms]) =>
      figure('scale_cpu_ms_per_turn', perTurn(ms), { ...at, process }),
    ),
    figure('scale_cpu_ms_per_turn', perTurn(cpuOf(point)), { ...at, process: 'all' }),
    figure('scale_cpu_ms_per_turn', perTurn(point.besidesMs), { ...at, process: 'model and load generator' }),
    figure('scale_cores_used_percent', useOf(point) * 100, at),
    figure('scale_machine_busy_percent', point.busyShare * 100, at),
  ];
}

/** How much of its cores was got to work, by it and by whoever shares them with it in the bench. */
const useOf = (point: Point): number => (cpuOf(point) + point.besidesMs) / (point.seconds * 1_000 * point.size.cores);

function modelAt(point: Point, first: Point, cost: TurnCost, site: Site): readonly Figure[] {
  const besidesMs = point.besidesMs / point.turns;
  const told = predicted(cost, site, { ...point.size, coreUse: useOf(first), besidesMs });
  const error = (Math.abs(told.turnsPerS - turnsPerS(point)) / turnsPerS(point)) * 100;
  // From the point that the costs are of it would only come back.
  return point === first
    ? []
    : [
        figure('scale_predicted_turns_per_s', told.turnsPerS, { ...point.size, full: told.of }),
        { ...figure('scale_model_error_percent', error, { ...point.size }), limit: MOST_ERROR },
      ];
}

function costOf(first: Point, stay: Stay, onPostgres: Stay | undefined): TurnCost {
  const { histories } = stay;
  const cpuMs = Object.fromEntries(PARTS.map((part) => [part, (first.cpuMs[part] ?? 0) / first.turns]));
  const threads = Object.entries(first.busiestThreadMs).map(([role, ms]) => [role, ms / first.turns]);
  return {
    cpuMs: cpuMs as Record<Part, number>,
    busiestThreadMs: Object.fromEntries(threads) as Record<Role, number>,
    ledgerAppends: stay.ledgerAppends / stay.turns,
    ledgerEntries: stay.ledgerEntries / stay.turns,
    reservations: stay.reservations / stay.turns,
    commits: stay.commits / stay.turns,
    walBytes: walOf(stay),
    storeBytes: stay.storeBytes / stay.turns,
    transitions: histories.transitions / histories.turns,
    historyBytes: histories.bytes / histories.turns,
    busiestQueueTasks: Math.max(...histories.activityTasks.values()) / histories.turns,
    modelCalls: stay.modelCalls / stay.turns,
    ...(onPostgres && { ofTemporal: ofTemporalIn(onPostgres, stay) }),
  };
}

const walOf = ({ points }: Stay): number =>
  sum(points.map(({ walBytes }) => walBytes)) / sum(points.map(({ turns }) => turns));

/** What is more on PostgreSQL than it was without Temporal on it, at the same size. */
function ofTemporalIn(onPostgres: Stay, stay: Stay): OnPostgres {
  const perTurn = (point: Point | undefined, part: Part) => (point?.cpuMs[part] ?? Number.NaN) / (point?.turns ?? 0);
  const [there] = onPostgres.points;
  const here = stay.points.find(
    ({ size }) => size.workflows === there?.size.workflows && size.cores === there.size.cores,
  );
  return {
    cpuMs: perTurn(there, 'temporal'),
    databaseCpuMs: perTurn(there, 'postgres') - perTurn(here, 'postgres'),
    commits: onPostgres.commitsOfTemporal / onPostgres.turns,
    walBytes: walOf(onPostgres) - walOf(stay),
  };
}

/** What the model was told of a turn. */
function costsOf({ busiestThreadMs, ofTemporal, ...more }: TurnCost): readonly Figure[] {
  const counts = Object.entries(more).flatMap(([of, value]) => (typeof value === 'number' ? [{ of, value }] : []));
  return [
    ...counts.map(({ of, value }) => figure('scale_of_a_turn', value, { of })),
    ...Object.entries(ofTemporal ?? {}).map(([of, value]) =>
      figure('scale_of_a_turn', value, { of: `temporal ${of}` }),
    ),
    ...Object.entries(busiestThreadMs).map(([process, value]) =>
      figure('scale_busiest_thread_ms_per_turn', value, { process }),
    ),
  ];
}
