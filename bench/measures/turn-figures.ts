// From what was seen of turns to figures. What a turn takes beyond its model is what its caller waited, less what the model
// itself says that it took. Pure.
import { grouped } from '../grouped.ts';
import { quantile, type Turned } from '../load.ts';
import type { Figure, Limit, Subject } from '../measure.ts';
import { countersign } from '../subjects/countersign.ts';
import { markOf } from '../words.ts';
import type { Sample, Seen, Stay } from './turns.ts';

// 50 ms beside a model that takes seconds is nothing that anybody sees; three such calls make the turn's 150 ms.
const PER_MODEL_CALL: Limit = { atMost: 50 };
const PER_TURN: Limit = { atMost: 150 };
// At 50 callers a small machine is full, and what is measured is a queue.
const MOST_CALLERS_HELD = 10;
const NONE: Limit = { atMost: 0 };
// Processes of the bench itself, which are no subject's cost.
const OF_THE_BENCH = ['bench', 'model'];
// Where processes are told apart: busy, and not full.
const SPLIT_AT = { model_ms: 0, callers: 10 };
const MIB = 1_024 * 1_024;

type At = Figure['at'];

export function figuresOf(seen: Seen, subjects: readonly Subject[]): readonly Figure[] {
  const levels = grouped(seen.samples, ({ modelMs, callers }) => `${modelMs}/${callers}`);
  const figures: Figure[] = [];
  for (const samples of levels.values())
    for (const [subject, own] of grouped(samples, (one) => one.subject)) {
      const [{ modelMs, callers } = { modelMs: 0, callers: 0 }] = own;
      const at = { model_ms: modelMs, callers };
      figures.push(...timesOf(subject, at, own), ...costsOf(subject, at, own));
      if (modelMs > 0) figures.push(...overheadsOf(subject, at, own));
    }
  for (const [subject, own] of grouped(seen.stays, (one) => one.subject)) figures.push(...staysOf(subject, own));
  for (const [subject, own] of grouped(seen.failed, (one) => one))
    figures.push({ subject, name: 'failed_stays', value: own.length, at: {}, limit: NONE });
  return withBar(figures, subjects);
}

function timesOf(subject: string, at: At, own: readonly Sample[]): readonly Figure[] {
  const turns = own.flatMap(({ loaded }) => loaded.turns);
  const times = turns.map(({ sentMs, repliedMs }) => repliedMs - sentMs);
  const sum = (of: (sample: Sample) => number) => own.reduce((total, sample) => total + of(sample), 0);
  const perS = (sum(({ loaded }) => loaded.within) * 1_000) / sum(({ loaded }) => loaded.windowMs);
  return [
    { subject, name: 'turn_p50_ms', value: quantile(times, 0.5), at },
    { subject, name: 'turn_p95_ms', value: quantile(times, 0.95), at },
    { subject, name: 'turn_p99_ms', value: quantile(times, 0.99), at },
    { subject, name: 'turns_per_s', value: perS, at },
    { subject, name: 'turns', value: turns.length, at },
    { subject, name: 'turn_errors', value: sum(({ loaded }) => loaded.errors.length), at, limit: NONE },
    { subject, name: 'model_calls_per_turn', value: sum(({ asked }) => asked.calls) / turns.length, at },
  ];
}

/** Of a turn: what it took beyond its model, and where: before it was asked, between its calls, after its last answer. */
interface Overhead {
  readonly turnMs: number;
  readonly calls: number;
  readonly beforeMs: number;
  readonly betweenMs: readonly number[];
  readonly afterMs: number;
}

function overheadOf({ conversation, n, sentMs, repliedMs }: Turned, times: Sample['asked']['timesMs']): Overhead[] {
  // Pairs: when the model was asked, and when it had answered.
  const marks = times[markOf(conversation, n)] ?? [];
  const [first, last] = [marks[0], marks.at(-1)];
  if (first === undefined || last === undefined) return [];
  const gaps = marks.slice(1).map((mark, at) => mark - marks[at]!);
  const modelMs = gaps.filter((_, at) => at % 2 === 0).reduce((sum, gap) => sum + gap, 0);
  return [
    {
      turnMs: repliedMs - sentMs - modelMs,
      calls: marks.length / 2,
      beforeMs: first - sentMs,
      betweenMs: gaps.filter((_, at) => at % 2 === 1),
      afterMs: repliedMs - last,
    },
  ];
}

function overheadsOf(
  subject: string,
  at: { readonly model_ms: number; readonly callers: number },
  own: readonly Sample[],
) {
  const all = own.flatMap(({ loaded, asked }) => loaded.turns.flatMap((turn) => overheadOf(turn, asked.timesMs)));
  const isHeld = subject === countersign.name && at.callers <= MOST_CALLERS_HELD;
  const p95 = (name: string, values: readonly number[], limit?: Limit): Figure => {
    const figure = { subject, name, value: quantile(values, 0.95), at };
    return isHeld && limit !== undefined ? { ...figure, limit } : figure;
  };
  const turns = all.map(({ turnMs }) => turnMs);
  return [
    { subject, name: 'overhead_per_turn_p50_ms', value: quantile(turns, 0.5), at },
    p95('overhead_per_turn_p95_ms', turns, PER_TURN),
    p95(
      'overhead_per_model_call_p95_ms',
      all.map(({ turnMs, calls }) => turnMs / calls),
      PER_MODEL_CALL,
    ),
    p95(
      'overhead_before_model_p95_ms',
      all.map(({ beforeMs }) => beforeMs),
    ),
    p95(
      'overhead_between_calls_p95_ms',
      all.flatMap(({ betweenMs }) => betweenMs),
    ),
    p95(
      'overhead_after_model_p95_ms',
      all.map(({ afterMs }) => afterMs),
    ),
  ];
}

function costsOf(
  subject: string,
  at: { readonly model_ms: number; readonly callers: number },
  own: readonly Sample[],
): readonly Figure[] {
  const turns = own.reduce((total, { loaded }) => total + loaded.turns.length, 0);
  const perTurn = (of: (cost: Sample['cost']) => number) => own.reduce((sum, { cost }) => sum + of(cost), 0) / turns;
  const names = [...(own[0]?.cost.cpuMs.keys() ?? [])];
  const ofSubject = names.filter((name) => !OF_THE_BENCH.includes(name));
  const cpu = (name: string) => perTurn(({ cpuMs }) => cpuMs.get(name) ?? 0);
  const one = (name: string, value: number, more: At = {}): Figure => ({
    subject,
    name,
    value,
    at: { ...at, ...more },
  });
  const isSplit = at.model_ms === SPLIT_AT.model_ms && at.callers === SPLIT_AT.callers;
  const last = own.at(-1)?.cost;
  return [
    one(
      'cpu_ms_per_turn',
      ofSubject.reduce((sum, name) => sum + cpu(name), 0),
    ),
    one(
      'wal_bytes_per_turn',
      perTurn(({ walBytes }) => walBytes),
    ),
    one(
      'write_transactions_per_turn',
      perTurn(({ writeTransactions }) => writeTransactions),
    ),
    one('machine_busy_percent', (own.reduce((sum, { cost }) => sum + cost.busyShare, 0) / own.length) * 100),
    one('load_average', Math.max(...own.map(({ cost }) => cost.loadAverage))),
    ...(isSplit
      ? [
          ...names.map((process) => one('cpu_of_process_ms_per_turn', cpu(process), { process })),
          ...ofSubject.map((process) =>
            one(
              'written_bytes_per_turn',
              perTurn(({ writtenBytes }) => writtenBytes.get(process) ?? 0),
              { process },
            ),
          ),
          ...ofSubject.map((process) => one('memory_mib', (last?.bytes.get(process) ?? 0) / MIB, { process })),
        ]
      : []),
  ];
}

function staysOf(subject: string, own: readonly Stay[]): readonly Figure[] {
  const at = { model_ms: 0 };
  const per = (of: (stay: Stay) => number, turns: (stay: Stay) => number) =>
    own.reduce((sum, stay) => sum + of(stay), 0) / own.reduce((sum, stay) => sum + turns(stay), 0);
  const known = [...new Set(own.flatMap(({ spent }) => Object.keys(spent)))];
  return [
    {
      subject,
      name: 'commits_per_turn',
      value: per(
        ({ commits }) => commits,
        ({ turns }) => turns,
      ),
      at,
    },
    {
      subject,
      name: 'disk_bytes_per_turn',
      value: per(
        ({ diskBytes }) => diskBytes,
        ({ turns }) => turns,
      ),
      at,
    },
    ...known.map((name) => ({
      subject,
      name: `${name}_per_turn`,
      value: per(
        ({ spent }) => spent[name] ?? 0,
        ({ spentTurns }) => spentTurns,
      ),
      at,
    })),
  ];
}

/** Countersign is held to the best of those that it is meant to reach, where it is measured beside them. */
function withBar(figures: readonly Figure[], subjects: readonly Subject[]): readonly Figure[] {
  const bars = subjects.filter(({ isBar }) => isBar === true).map(({ name }) => name);
  const rivals = (of: Figure) =>
    figures.filter(({ subject, name, at }) => {
      return bars.includes(subject) && name === of.name && at['model_ms'] === 0 && at['callers'] === of.at['callers'];
    });
  return figures.map((figure) => {
    if (figure.subject !== countersign.name || figure.at['model_ms'] !== 0) return figure;
    const values = rivals(figure).map(({ value }) => value);
    if (values.length === 0) return figure;
    if (figure.name === 'turn_p50_ms' && figure.at['callers'] === 1)
      return { ...figure, limit: { atMost: Math.min(...values) } };
    if (figure.name === 'turns_per_s' && figure.at['callers'] === 50)
      return { ...figure, limit: { atLeast: Math.max(...values) } };
    return figure;
  });
}
