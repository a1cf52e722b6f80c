// From what was seen of turns to figures. What a turn takes beyond its model is what its caller waited, less what the model
// itself says that it took. Pure.
import type { Cost } from '../cost.ts';
import { grouped } from '../grouped.ts';
import { begunWithin, donePerS, quantile, type Turned } from '../load.ts';
import type { Figure, Limit, Subject } from '../measure.ts';
import { countersign } from '../subjects/countersign.ts';
import { markOf } from '../words.ts';
import { FAILED_STAYS, type Sample, type Seen, SPENT_TURNS, type Stay } from './turn-samples.ts';

// 50 ms beside a model that takes seconds is nothing that anybody sees; nor are 150 of a turn, with its tool and its reply.
const PER_MODEL_CALL: Limit = { atMost: 50 };
const PER_TURN: Limit = { atMost: 150 };
// At 50 callers a small machine is full, and what is measured is a queue.
const MOST_CALLERS_HELD = 10;
const NONE: Limit = { atMost: 0 };
// A process of the bench itself, which is no subject's cost; the load generator is another.
const OF_THE_BENCH = ['model'];
// Where processes are told apart: busy, and not full.
const SPLIT_AT: At = { model_ms: 0, callers: 10 };
const MIB = 1_024 * 1_024;

interface At extends Readonly<Record<string, number>> {
  readonly model_ms: number;
  readonly callers: number;
}

/** Names a figure, of one subject under the same circumstances. */
type Name = (name: string, value: number, more?: Figure['at']) => Figure;

const naming =
  (subject: string, at: Figure['at']): Name =>
  (name, value, more = {}) => ({ subject, name, value, at: { ...at, ...more } });

export function figuresOf({ samples, stays, failed }: Seen, subjects: readonly Subject[]): readonly Figure[] {
  const figures: Figure[] = [];
  const levels = grouped(samples, ({ modelMs, callers, subject }) => JSON.stringify([modelMs, callers, subject]));
  for (const own of levels.values()) {
    const { subject, modelMs, callers } = own[0]!;
    const at: At = { model_ms: modelMs, callers };
    const name = naming(subject, at);
    figures.push(...timesOf(name, own), ...costsOf(name, at, own));
    const isHeld = subject === countersign.name && callers <= MOST_CALLERS_HELD;
    if (modelMs > 0) figures.push(...overheadsOf(name, own, isHeld));
  }
  for (const [subject, own] of grouped(samples, (one) => one.subject)) {
    const errors = own.reduce((sum, { loaded }) => sum + loaded.errors.length, 0);
    figures.push({ ...naming(subject, {})('turn_errors_in_all', errors), limit: NONE });
  }
  for (const [subject, own] of grouped(stays, (one) => one.subject))
    figures.push(...staysOf(naming(subject, { model_ms: 0 }), own));
  for (const [subject, own] of grouped(failed, (one) => one))
    figures.push({ ...naming(subject, {})(FAILED_STAYS, own.length), limit: NONE });
  return withBar(figures, subjects);
}

const sumOf = <T>(all: readonly T[], of: (one: T) => number): number => all.reduce((sum, one) => sum + of(one), 0);

function timesOf(name: Name, own: readonly Sample[]): readonly Figure[] {
  const turns = own.flatMap(({ loaded }) => begunWithin(loaded));
  const times = turns.map(({ sentMs, repliedMs }) => repliedMs - sentMs);
  return [
    name('turn_p50_ms', quantile(times, 0.5)),
    name('turn_p95_ms', quantile(times, 0.95)),
    name('turn_p99_ms', quantile(times, 0.99)),
    name('turns_per_s', donePerS(own.map(({ loaded }) => loaded))),
    name('turns', turns.length),
    name(
      'turn_errors',
      sumOf(own, ({ loaded }) => loaded.errors.length),
    ),
    name(
      'model_calls_per_turn',
      sumOf(own, ({ asked }) => asked.calls) / sumOf(own, ({ loaded }) => loaded.turns.length),
    ),
  ];
}

/** Of a turn: what it took beyond its model, and where: before it was asked, between its calls, after its last answer. */
interface Overhead {
  readonly turnMs: number;
  readonly beforeMs: number;
  readonly betweenMs: readonly number[];
  readonly afterMs: number;
}

function overheadOf({ conversation, n, sentMs, repliedMs }: Turned, times: Sample['asked']['timesMs']): Overhead[] {
  // In turns: when the model was asked, and when it had answered.
  const marks = times[markOf(conversation, n)] ?? [];
  const [first, last] = [marks[0], marks.at(-1)];
  if (first === undefined || last === undefined) return [];
  const gaps = marks.slice(1).map((mark, at) => mark - marks[at]!);
  const modelMs = sumOf(
    gaps.filter((_, at) => at % 2 === 0),
    (gap) => gap,
  );
  return [
    {
      turnMs: repliedMs - sentMs - modelMs,
      beforeMs: first - sentMs,
      betweenMs: gaps.filter((_, at) => at % 2 === 1),
      afterMs: repliedMs - last,
    },
  ];
}

/**
 * Of each call of the model: from the engine's going to work on it until the model is asked, and from its answer until the
 * engine goes on. By time, since turns of a conversation never overlap, and one that was tried again has asked twice.
 */
function callsOf({ calls, loaded, asked: { timesMs } }: Sample): readonly number[] {
  return begunWithin(loaded).flatMap(({ conversation, n }) => {
    const own = calls?.get(conversation) ?? [];
    const marks = timesMs[markOf(conversation, n)] ?? [];
    return marks.flatMap((askedMs, at) => {
      const answeredMs = marks[at + 1];
      const step = own.findLast(({ begunMs }) => begunMs <= askedMs);
      if (at % 2 === 1 || answeredMs === undefined || step === undefined || step.heardMs < answeredMs) return [];
      return [askedMs - step.begunMs + step.heardMs - answeredMs];
    });
  });
}

function overheadsOf(name: Name, own: readonly Sample[], isHeld: boolean): readonly Figure[] {
  const all = own.flatMap(({ loaded, asked }) =>
    begunWithin(loaded).flatMap((turn) => overheadOf(turn, asked.timesMs)),
  );
  const p95 = (what: string, of: (one: Overhead) => readonly number[]) => name(what, quantile(all.flatMap(of), 0.95));
  const held = (figure: Figure, limit: Limit): Figure => (isHeld ? { ...figure, limit } : figure);
  const turns = all.map(({ turnMs }) => turnMs);
  const ofCalls = own.flatMap(callsOf);
  return [
    name('overhead_per_turn_p50_ms', quantile(turns, 0.5)),
    held(name('overhead_per_turn_p95_ms', quantile(turns, 0.95)), PER_TURN),
    ...(own.every(({ calls }) => calls === undefined)
      ? []
      : [held(name('overhead_per_model_call_p95_ms', quantile(ofCalls, 0.95)), PER_MODEL_CALL)]),
    p95('overhead_before_model_p95_ms', ({ beforeMs }) => [beforeMs]),
    p95('overhead_between_calls_p95_ms', ({ betweenMs }) => betweenMs),
    p95('overhead_after_model_p95_ms', ({ afterMs }) => [afterMs]),
  ];
}

function costsOf(name: Name, at: At, own: readonly Sample[]): readonly Figure[] {
  const turns = sumOf(own, ({ loaded }) => loaded.turns.length);
  const perTurn = (what: string, of: (cost: Cost) => number, more: Figure['at'] = {}) =>
    name(what, sumOf(own, ({ cost }) => of(cost)) / turns, more);
  const all = [...(own[0]?.cost.cpuMs.keys() ?? [])];
  const ofSubject = all.filter((process) => !OF_THE_BENCH.includes(process));
  const isSplit = at.model_ms === SPLIT_AT.model_ms && at.callers === SPLIT_AT.callers;
  const figures = [
    perTurn('cpu_ms_per_turn', ({ cpuMs }) => sumOf(ofSubject, (process) => cpuMs.get(process) ?? 0)),
    perTurn('wal_bytes_per_turn', ({ walBytes }) => walBytes),
    perTurn('write_transactions_per_turn', ({ writeTransactions }) => writeTransactions),
    name('machine_busy_percent', (sumOf(own, ({ cost }) => cost.busyShare) / own.length) * 100),
    name('load_average', Math.max(...own.map(({ cost }) => cost.loadAverage))),
  ];
  if (!isSplit) return figures;
  const cpu = (process: string) =>
    perTurn('cpu_of_process_ms_per_turn', ({ cpuMs }) => cpuMs.get(process) ?? 0, { process });
  const written = (process: string) =>
    perTurn('written_bytes_per_turn', ({ writtenBytes }) => writtenBytes.get(process) ?? 0, { process });
  const bench = perTurn('cpu_of_process_ms_per_turn', ({ ownCpuMs }) => ownCpuMs, { process: 'load generator' });
  // What PostgreSQL writes is told by its log: of its process the system knows only what those that have ended wrote.
  const itself = ofSubject.filter((process) => process !== 'postgres');
  return [...figures, ...all.map(cpu), bench, ...itself.map(written)];
}

function staysOf(name: Name, own: readonly Stay[]): readonly Figure[] {
  const turns = sumOf(own, (stay) => stay.turns);
  const known = [...new Set(own.flatMap(({ spent }) => Object.keys(spent)))];
  const memory = own.at(-1)?.memoryBytes ?? new Map<string, number>();
  return [
    name('commits_per_turn', sumOf(own, ({ commits }) => commits) / turns),
    name('disk_bytes_per_turn', sumOf(own, ({ diskBytes }) => diskBytes) / turns),
    ...known.map((what) =>
      name(`${what}_per_turn`, sumOf(own, ({ spent }) => spent[what] ?? 0) / (own.length * SPENT_TURNS)),
    ),
    ...[...memory].flatMap(([process, bytes]) =>
      OF_THE_BENCH.includes(process) ? [] : [name('memory_mib', bytes / MIB, { process })],
    ),
  ];
}

/** Countersign is held to the best of those that it is meant to reach, where it is measured beside them. */
function withBar(figures: readonly Figure[], subjects: readonly Subject[]): readonly Figure[] {
  const bars = subjects.filter(({ isBar }) => isBar === true).map(({ name }) => name);
  const limitOf = ({ subject, name, at }: Figure): Limit | undefined => {
    if (subject !== countersign.name || at['model_ms'] !== 0) return undefined;
    const others = figures.filter((one) => bars.includes(one.subject) && one.name === name);
    const values = others.filter((one) => one.at['model_ms'] === 0 && one.at['callers'] === at['callers']);
    // The best of all of them, or of none: one that did not come up would lower the bar.
    if (values.length === 0 || values.length < bars.length) return undefined;
    const [least, most] = [Math.min, Math.max].map((pick) => pick(...values.map(({ value }) => value)));
    if (name === 'turn_p50_ms' && at['callers'] === 1) return { atMost: least! };
    if (name === 'turns_per_s' && at['callers'] === 50) return { atLeast: most! };
    return undefined;
  };
  return figures.map((figure) => {
    const limit = figure.limit ?? limitOf(figure);
    return limit === undefined ? figure : { ...figure, limit };
  });
}
