// The measure `growth`: what a turn costs at turn 10, 100 and 1,000 of one conversation. Around these each reads a page of
// four kilobytes that no compression makes smaller; what only leads there is words. Times count beside those of a young
// conversation that is lived in turns with the old one, so that what the machine does in those minutes counts for both.
import { Client, Connection } from '@temporalio/client';
import { historyOf, rowsOf, type Spent } from '../../test/proofs/flat/measure.ts';
import { wordsFor } from '../../test/proofs/rig/model.ts';
import { costBetween, type Meter } from '../cost.ts';
import { quantile } from '../load.ts';
import type { BenchContext, Figure, Measure } from '../measure.ts';
import { type Caller, createCallers, type Said } from './callers.ts';
import { cpuOf, meterOf, ours } from './stack.ts';

export const growth: Measure = { name: 'growth', onStack: 'shared', run };

/** Around which turns it is measured, what is timed there, and what is counted. The first is what the others are held to. */
const SPANS = {
  quick: [
    { turn: 10, timed: [6, 10], counted: [6, 10] },
    { turn: 25, timed: [21, 25], counted: [16, 25] },
  ],
  full: [
    { turn: 10, timed: [6, 25], counted: [6, 25] },
    // Wide enough to have the renewals of the history in it that fall to so many turns.
    { turn: 100, timed: [91, 110], counted: [51, 150] },
    { turn: 1_000, timed: [981, 1_000], counted: [801, 1_000] },
  ],
} as const;
type Span = (typeof SPANS)[keyof typeof SPANS][number];
// 5 turns: until a conversation is shown as many pages as it ever will.
const WARM_UP = 5;
// 5 turns of the one, then 5 of the other.
const BLOCK = 5;
const MOST = { atMost: 1.2 };

async function run(context: BenchContext): Promise<readonly Figure[]> {
  const spans = context.quick ? SPANS.quick : SPANS.full;
  const stack = await context.stack();
  const { rig } = stack;
  const meter = await meterOf(stack);
  const [one, other] = await createCallers(rig, 2);
  if (one === undefined || other === undefined) throw new Error('there are no callers');
  const connection = await Connection.connect({ address: rig.temporal.address });
  try {
    const old = await begin(one, 'old');
    const windows: Window[] = [];
    for (const span of spans) {
      await old.chatTo(span.counted[0] - 1 - WARM_UP);
      await old.liveTo(span.timed[0] - 1);
      const young = await begin(other, `young-${span.turn}`);
      await young.liveTo(WARM_UP);
      windows.push(await inTurns(meter, span, old, young));
      await old.liveTo(span.counted[1]);
    }
    const history = await historyOf(new Client({ connection }), 'old');
    context.log(`${old.said.length} turns in ${history.runs} runs`);
    return figuresOf(windows, old.said, { history: history.events, rows: await rowsOf(rig, 'old') });
  } finally {
    await meter.end();
    await connection.close();
    one.close();
    other.close();
  }
}

interface Life {
  readonly said: readonly Said[];
  liveTo(turn: number): Promise<void>;
  /** The same with words alone and no page, which takes half the time. */
  chatTo(turn: number): Promise<void>;
}

async function begin(caller: Caller, id: string): Promise<Life> {
  await caller.open(id);
  const said: Said[] = [];
  const sayUntil = async (turn: number, wordsOf: (nth: number) => string): Promise<void> => {
    for (let nth = said.length + 1; nth <= turn; nth++) said.push(await caller.say(id, String(nth), wordsOf(nth)));
  };
  return {
    said,
    liveTo: (turn) => sayUntil(turn, (nth) => wordsFor(id, [['page', nth]])),
    chatTo: (turn) => sayUntil(turn, (nth) => `Hello ${nth} [${id}]`),
  };
}

/** What some turns took and cost. */
interface Lived {
  readonly timesMs: number[];
  cpuMs: number;
}

interface Window {
  readonly span: Span;
  readonly old: Lived;
  readonly young: Lived;
}

async function inTurns(meter: Meter, span: Span, old: Life, young: Life): Promise<Window> {
  const [, last] = span.timed;
  const window = { span, old: nothing(), young: nothing() };
  while (old.said.length < last) {
    for (const [life, lived] of [[old, window.old] as const, [young, window.young] as const]) {
      const from = life.said.length;
      const before = await meter.look();
      await life.liveTo(from + BLOCK);
      lived.cpuMs += cpuOf(costBetween(before, await meter.look()));
      lived.timesMs.push(...life.said.slice(from).map(({ tookMs }) => tookMs));
    }
  }
  return window;
}

const nothing = (): Lived => ({ timesMs: [], cpuMs: 0 });

interface Kept {
  readonly history: readonly Spent[];
  readonly rows: readonly Spent[];
}

function figuresOf(windows: readonly Window[], said: readonly Said[], kept: Kept): readonly Figure[] {
  const costs = windows.map(({ span, old, young }) => ({ span, old, young, ...countedIn(span, said, kept) }));
  const [first] = costs;
  if (first === undefined) return [];
  return costs.flatMap(({ span: { turn }, old, young, events, historyBytes, storeBytes }) => {
    const values = {
      growth_turn_p50_ms: quantile(old.timesMs, 0.5),
      growth_turn_p95_ms: quantile(old.timesMs, 0.95),
      growth_young_turn_p50_ms: quantile(young.timesMs, 0.5),
      growth_cpu_ms_per_turn: old.cpuMs / old.timesMs.length,
      growth_history_events_per_turn: events,
      growth_history_bytes_per_turn: historyBytes,
      growth_store_bytes_per_turn: storeBytes,
    };
    if (turn === first.span.turn) return ours({ turn }, values);
    const grown = {
      turn_p50_growth: quantile(old.timesMs, 0.5) / quantile(young.timesMs, 0.5),
      cpu_growth: old.cpuMs / young.cpuMs,
      history_events_growth: events / first.events,
      history_bytes_growth: historyBytes / first.historyBytes,
      store_bytes_growth: storeBytes / first.storeBytes,
    };
    const limits = Object.fromEntries(Object.keys(grown).map((name) => [name, MOST]));
    return ours({ turn }, { ...values, ...grown }, limits);
  });
}

function countedIn({ counted: [from, to] }: Span, said: readonly Said[], { history, rows }: Kept) {
  const fromMs = said[from - 1]?.sentMs ?? Infinity;
  const toMs = said[to]?.sentMs ?? Infinity;
  const turns = to - from + 1;
  const within = (all: readonly Spent[]) => all.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
  const bytes = (all: readonly Spent[]) => within(all).reduce((sum, { amount }) => sum + amount, 0) / turns;
  return { events: within(history).length / turns, historyBytes: bytes(history), storeBytes: bytes(rows) };
}
