import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { costBetween, type Look } from '../../bench/cost.ts';
import { grouped } from '../../bench/grouped.ts';
import { begunWithin, donePerS, load, quantile } from '../../bench/load.ts';
import type { Figure, Subject } from '../../bench/measure.ts';
import { figuresOf } from '../../bench/measures/turn-figures.ts';
import type { Sample } from '../../bench/measures/turn-samples.ts';
import { plotsOf } from '../../bench/plots.ts';
import { isMet, limitLines, tables } from '../../bench/report.ts';
import { callsIn } from '../../bench/subjects/model-calls.ts';
import { isReplyTo, markIn, markOf, replyTo, wordsFor } from '../../bench/words.ts';

const AT = { model_ms: 0, callers: 1 };
const subject = (name: string, isBar: boolean): Subject => ({
  name,
  ...(isBar ? { isBar } : {}),
  start: () => Promise.reject(new Error('never started')),
});

/** Of the two calls of that turn: 20 ms before the first is asked and 10 after it, then 30 and 10. */
const CALLS = [
  { begunMs: 1_010, heardMs: 1_540 },
  { begunMs: 1_560, heardMs: 2_100 },
];

/** One turn of 1,120 ms, of which the model took 500 twice: 30 before it, 60 between, 30 after. */
function aSample(name: string, more: Partial<Sample> = {}): Sample {
  const turn = { conversation: 'c', n: 0, sentMs: 1_000, repliedMs: 2_120 };
  return {
    subject: name,
    modelMs: 500,
    callers: 1,
    loaded: { turns: [turn], window: { fromMs: 1_000, untilMs: 3_000 }, errors: [] },
    asked: { calls: 2, timesMs: { 'c/0': [1_030, 1_530, 1_590, 2_090] } },
    cost: costBetween(aLook(0), aLook(40)),
    calls: new Map([['c', CALLS]]),
    ...more,
  };
}

const aLook = (amount: number): Look => ({
  cpuMs: new Map([
    ['worker', amount],
    ['model', 7 * amount],
  ]),
  ownCpuMs: amount * 5,
  written: new Map([['worker', amount * 2]]),
  walBytes: amount * 3,
  writeTransactions: amount * 4,
  machine: { busyMs: amount, allMs: amount * 2 },
});

const valueOf = (figures: readonly Figure[], name: string) => figures.find((one) => one.name === name)?.value;

test('what a turn takes beyond its model is told in whole, for each call, and where it lies', () => {
  const figures = figuresOf({ samples: [aSample('countersign')], stays: [], failed: [] }, []);
  assert.equal(valueOf(figures, 'overhead_per_turn_p95_ms'), 120);
  assert.equal(valueOf(figures, 'overhead_per_model_call_p95_ms'), 40);
  assert.equal(valueOf(figures, 'overhead_before_model_p95_ms'), 30);
  assert.equal(valueOf(figures, 'overhead_between_calls_p95_ms'), 60);
  assert.equal(valueOf(figures, 'overhead_after_model_p95_ms'), 30);
});

test('where a subject cannot tell of its calls, what each of them takes beyond the model is not told', () => {
  const { calls: _, ...untold } = aSample('another');
  const figures = figuresOf({ samples: [untold], stays: [], failed: [] }, []);
  assert.equal(valueOf(figures, 'overhead_per_model_call_p95_ms'), undefined);
  // One that could, and did not, has measured nothing: that meets no limit.
  const none = figuresOf({ samples: [aSample('countersign', { calls: new Map() })], stays: [], failed: [] }, []);
  assert.equal(valueOf(none, 'overhead_per_model_call_p95_ms'), Number.NaN);
});

test('a call of the model begins with the Workflow Task that asks for it, and is heard of in the next one after its end', () => {
  const at = (ms: number) => ({ seconds: 0, nanos: ms * 1_000_000 });
  const event = (eventId: number, ms: number, of: object) => {
    return { eventId, eventTime: at(ms), ...of };
  };
  const scheduled = (name: string) => ({
    activityTaskScheduledEventAttributes: { activityType: { name }, workflowTaskCompletedEventId: 3 },
  });
  const events = [
    event(2, 5, { workflowTaskStartedEventAttributes: {} }),
    event(3, 9, { workflowTaskCompletedEventAttributes: { startedEventId: 2 } }),
    event(4, 9, scheduled('callModel')),
    event(5, 9, scheduled('act')),
    event(6, 20, { activityTaskCompletedEventAttributes: { scheduledEventId: 4 } }),
    event(7, 21, { activityTaskCompletedEventAttributes: { scheduledEventId: 5 } }),
    event(8, 24, { workflowTaskStartedEventAttributes: {} }),
  ];
  const whole = events as unknown as Parameters<typeof callsIn>[0];
  assert.deepEqual(callsIn(whole, 'callModel'), [{ begunMs: 5, heardMs: 24 }]);
  assert.deepEqual(callsIn(whole.slice(0, -1), 'callModel'), []);
});

test('limits hold for Countersign, beside a slow model, and below what fills a small machine', () => {
  const limited = (name: string, callers: number) => {
    const figures = figuresOf({ samples: [aSample(name, { callers })], stays: [], failed: [] }, []);
    return figures.filter(({ limit }) => limit !== undefined).map((figure) => figure.name);
  };
  const held = ['overhead_per_turn_p95_ms', 'overhead_per_model_call_p95_ms', 'turn_errors_in_all'];
  assert.deepEqual(limited('countersign', 10), held);
  assert.deepEqual(limited('countersign', 50), ['turn_errors_in_all']);
  assert.deepEqual(limited('another', 10), ['turn_errors_in_all']);
});

test('a turn costs what the subject and its PostgreSQL used, and not what the bench did', () => {
  const figures = figuresOf({ samples: [aSample('countersign')], stays: [], failed: [] }, []);
  assert.equal(valueOf(figures, 'cpu_ms_per_turn'), 40);
  assert.equal(valueOf(figures, 'wal_bytes_per_turn'), 120);
  assert.equal(valueOf(figures, 'machine_busy_percent'), 50);
});

test('rounds of one level are one: their turns together, their costs by all of their turns', () => {
  const second = aSample('countersign', { cost: costBetween(aLook(0), aLook(60)) });
  const figures = figuresOf({ samples: [aSample('countersign'), second], stays: [], failed: [] }, []);
  assert.equal(valueOf(figures, 'turns'), 2);
  assert.equal(valueOf(figures, 'turns_per_s'), 0.5);
  assert.equal(valueOf(figures, 'cpu_ms_per_turn'), 50);
});

test('Countersign is held to the best of the bars, where they ran beside it', () => {
  const fast = {
    loaded: {
      turns: [{ conversation: 'c', n: 0, sentMs: 0, repliedMs: 20 }],
      window: { fromMs: 0, untilMs: 100 },
      errors: [],
    },
  };
  const slow = {
    loaded: {
      turns: [{ conversation: 'c', n: 0, sentMs: 0, repliedMs: 30 }],
      window: { fromMs: 0, untilMs: 100 },
      errors: [],
    },
  };
  const samples = [
    aSample('countersign', { modelMs: 0, ...slow }),
    aSample('one', { modelMs: 0, ...slow }),
    aSample('other', { modelMs: 0, ...fast }),
    aSample('none', { modelMs: 0, ...fast }),
  ];
  const held = (bars: readonly string[]) => {
    const subjects = ['one', 'other', 'none', 'away'].map((name) => subject(name, bars.includes(name)));
    const figures = figuresOf({ samples, stays: [], failed: [] }, subjects);
    return figures.find((one) => one.subject === 'countersign' && one.name === 'turn_p50_ms')?.limit;
  };
  assert.deepEqual(held(['one', 'other']), { atMost: 20 });
  assert.deepEqual(held(['one']), { atMost: 30 });
  assert.equal(held([]), undefined);
  // One that did not come up would lower the bar.
  assert.equal(held(['one', 'away']), undefined);
});

test('what a stay costs is by the turns that were had in it', () => {
  const stay = {
    subject: 'countersign',
    turns: 10,
    commits: 200,
    diskBytes: 5_000,
    memoryBytes: new Map([
      ['api', 2 ** 20],
      ['model', 1],
    ]),
  };
  const figures = figuresOf({ samples: [], stays: [{ ...stay, spent: { history_events: 300 } }], failed: [] }, []);
  assert.deepEqual(
    figures.map(({ name, value, at }) => [name, value, at['process']]),
    [
      ['commits_per_turn', 20, undefined],
      ['disk_bytes_per_turn', 500, undefined],
      ['history_events_per_turn', 20, undefined],
      ['memory_mib', 1, 'api'],
    ],
  );
});

test('a subject that fails is a limit that is missed', () => {
  const [figure] = figuresOf({ samples: [], stays: [], failed: ['countersign', 'countersign'] }, []);
  assert.equal(figure?.value, 2);
  assert.match(limitLines(figure ? [figure] : []).join('\n'), /MISSED +countersign +failed_stays/);
});

test('a reply counts only for the message that it answers', () => {
  const mark = markOf('r0-0-1-2', 3);
  assert.equal(markIn(`They say:\n${wordsFor('r0-0-1-2', 3)}`), mark);
  assert.ok(isReplyTo(replyTo(mark), 'r0-0-1-2', 3));
  assert.ok(!isReplyTo(replyTo(markOf('r0-0-1-2', 4)), 'r0-0-1-2', 3));
  assert.ok(!isReplyTo(replyTo(undefined), 'r0-0-1-2', 3));
});

test('a wrong reply is an error and no turn, and a subject that fails is not loaded for long', async () => {
  const wrong = await load({ turn: async () => '21C' }, { callers: 2, windowMs: 10_000, tag: 't' });
  assert.equal(wrong.turns.length, 0);
  assert.ok(wrong.errors.length >= 20 && wrong.errors.length < 30);
});

const inMs = (ms: number) => async (conversation: string, n: number) => {
  await sleep(ms);
  return replyTo(markOf(conversation, n));
};

test('a stretch of load lasts until nobody waits any more, and turns that end after its window count', async () => {
  const loaded = await load({ turn: inMs(50) }, { callers: 2, windowMs: 20, tag: 't' });
  const counted = begunWithin(loaded);
  assert.ok(counted.length > 0 && counted.every(({ repliedMs }) => repliedMs > loaded.window.untilMs));
  assert.ok(counted.every((one) => loaded.turns.includes(one)));
});

test('callers begin one after the other, and turns count once each of them was answered', async () => {
  const loaded = await load({ turn: inMs(40) }, { callers: 4, rampMs: 200, windowMs: 200, tag: 't' });
  const firsts = [...grouped(loaded.turns, ({ conversation }) => conversation).values()].map((own) => own[0]!);
  const [first, last] = [firsts[0]!.sentMs, firsts[3]!.sentMs];
  assert.ok(last - first > 100, `${last - first} ms`);
  const counted = begunWithin(loaded);
  assert.ok(counted.length > 4 && counted.length < loaded.turns.length);
  assert.ok(firsts.slice(0, 4).every(({ repliedMs }) => repliedMs <= loaded.window.fromMs + 5));
});

test('what is done in a second counts turns at the edges of the window by their part in it', () => {
  const turn = (sentMs: number, repliedMs: number) => ({ conversation: 'c', n: 0, sentMs, repliedMs });
  const turns = [turn(0, 1_000), turn(900, 1_100), turn(1_100, 1_200), turn(1_950, 2_150), turn(3_000, 3_100)];
  const loaded = { turns, window: { fromMs: 1_000, untilMs: 2_000 }, errors: [] };
  assert.equal(donePerS([loaded]), 0.5 + 1 + 0.25);
  assert.equal(donePerS([loaded, loaded]), 1.75);
});

test('callers take the turns of a conversation in order, fewer in a first one, each in conversations of its own', async () => {
  const said: string[] = [];
  const turn = async (conversation: string, n: number) => {
    // Enough: from here on nobody is answered, and the load ends.
    if (said.length === 60) throw new Error('it is over');
    said.push(markOf(conversation, n));
    return replyTo(markOf(conversation, n));
  };
  const { turns } = await load({ turn }, { callers: 3, windowMs: 60_000, tag: 't' });
  assert.equal(turns.length, 60);
  for (const [conversation, own] of grouped(said, (mark) => mark.split('/')[0] ?? ''))
    assert.deepEqual(
      own,
      Array.from({ length: own.length }, (_, n) => markOf(conversation, n)),
    );
  const firsts = [0, 1, 2].map((caller) => said.filter((mark) => mark.startsWith(`t-${caller}-0/`)).length);
  assert.deepEqual(firsts, [5, 4, 3]);
});

test('a quantile is a value that was seen', () => {
  const values = Array.from({ length: 100 }, (_, at) => 100 - at);
  assert.deepEqual(
    [0.5, 0.95, 0.99, 1].map((share) => quantile(values, share)),
    [51, 96, 100, 100],
  );
  assert.ok(Number.isNaN(quantile([], 0.5)));
});

test('a limit is met at its very value, from below or from above, and never by what could not be measured', () => {
  const kept = JSON.parse(JSON.stringify({ value: Number.NaN })) as { value: number };
  for (const value of [Number.NaN, Infinity, kept.value]) {
    assert.equal(isMet(value, { atMost: 1 }), false);
    assert.equal(isMet(value, { atLeast: 0 }), false);
  }
  assert.ok(isMet(50, { atMost: 50 }) && !isMet(50.1, { atMost: 50 }));
  assert.ok(isMet(50, { atLeast: 50 }) && !isMet(49.9, { atLeast: 50 }));
});

test('a table has a column for each subject, and marks what misses its limit', () => {
  const figure = (of: string, value: number, limit?: Figure['limit']): Figure => ({
    ...{ subject: of, name: 'turn_p50_ms', value, at: AT },
    ...(limit && { limit }),
  });
  assert.deepEqual(tables([figure('ours', 31.26, { atMost: 30 }), figure('theirs', 1_234.5)]), [
    '',
    'turn_p50_ms                ours  theirs',
    '  model_ms 0, callers 1  31.3 !    1235',
  ]);
});

test('a plot is drawn where there is more than one point, and holds a line for each subject', () => {
  const figure = (of: string, callers: number): Figure => ({
    ...{ subject: of, name: 'turn_p50_ms', value: callers * 3, at: { model_ms: 0, callers } },
  });
  assert.deepEqual(plotsOf([figure('ours', 1), figure('theirs', 1)]), []);
  const [plot] = plotsOf([figure('ours', 1), figure('ours', 50), figure('a & b', 1)]);
  assert.equal(plot?.name, 'p50');
  assert.equal(plot?.svg.match(/<polyline/g)?.length, 2);
  assert.match(plot?.svg ?? '', /a &amp; b/);
  assert.doesNotMatch(plot?.svg ?? '', /NaN|Infinity/);
});
