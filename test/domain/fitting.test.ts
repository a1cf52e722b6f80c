// What makes room for what in a model call.
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assembleTranscript } from '../../domain/context.ts';
import { fitTranscript, type Room, textsToCount } from '../../domain/fitting.ts';
import type { Item, ItemBody } from '../../domain/item.ts';

const from = { id: 'u1', name: 'Ada', tenant: 'default' };
const says = (text: string): ItemBody => ({ kind: 'message', text, from });
const reply = (text: string): ItemBody => ({ kind: 'reply', text, by: 'model' });
const calls = (...ids: string[]): ItemBody => ({
  ...{ kind: 'calls', text: '', opaque: '' },
  calls: ids.map((callId) => ({ callId, tool: 'look', argumentsText: '{}' })),
});
const result = (callId: string, chars: number): ItemBody => ({
  ...{ kind: 'tool_result', callId, tool: 'look' },
  ...{ text: 'x'.repeat(chars), place: `1:${callId.length}` },
});

/** One token for each character, so that the figures of a test can be read. */
const tokensOf = ({ body }: Item): number => textsToCount(body).join('').length;
const room = (maxTokens: number, more: Partial<Room> = {}): Room => {
  return { maxTokens, pinnedTokens: 100, tokensOf, openTurns: [], ...more };
};

/** Items of turns: what each turn says is named by its place, "2.0". */
const turns = (...bodies: readonly (readonly ItemBody[])[]): readonly Item[] =>
  bodies.flatMap((turn, at) =>
    turn.map((body, place) => ({
      ...{ id: `${at + 1}.${place}`, conversationId: 'c1', turn: at + 1, seq: at * 100 + place },
      ...{ trust: 'untrusted' as const, body, salt: 's', createdMs: 0 },
    })),
  );
const ids = (items: readonly Item[]) => items.map(({ id }) => id);

const OLD = [says('one'), calls('a'), result('a', 1_000), reply('ok')];
const LATER = [says('two'), calls('b'), result('b', 1_000), reply('ok')];
const NOW = [says('three'), calls('c'), result('c', 1_000), calls('d'), result('d', 1_000)];
const all = turns(OLD, LATER, NOW);

const table: readonly (readonly [what: string, room: Room, reduced: readonly string[], leftOut: readonly string[]])[] =
  [
    ['what fits is shown whole', room(5_000), [], []],
    ['the oldest result becomes a line first, and no more of them than needed', room(4_000), ['1.2'], []],
    ['then the next of an older turn', room(3_000), ['1.2', '2.2'], []],
    ['then the oldest exchange leaves whole', room(2_500), ['2.2'], ['1.0', '1.1', '1.2', '1.3']],
    [
      'of which something still waits, it leaves last',
      room(2_500, { openTurns: [1] }),
      ['1.2'],
      ['2.0', '2.1', '2.2', '2.3'],
    ],
    ['then the older results of the turn that runs become lines', room(1_500), ['3.2'], ids(turns(OLD, LATER))],
    ['then all of them', room(700), ['3.2', '3.4'], ids(turns(OLD, LATER))],
    ['then its earlier calls leave, with their results', room(400), ['3.4'], [...ids(turns(OLD, LATER)), '3.1', '3.2']],
    ['and its message never', room(1), [], ids(all).filter((id) => id !== '3.0')],
  ];
for (const [what, of, reduced, leftOut] of table) {
  test(what, () => {
    const fitted = fitTranscript(all, of);
    deepEqual([ids(fitted.reduced), ids(fitted.leftOut)], [reduced, leftOut]);
    const gone = new Set([...reduced, ...leftOut]);
    deepEqual(
      ids(fitted.whole),
      ids(all).filter((id) => !gone.has(id)),
    );
  });
}

test('a line in the place of a result says whose it was, and how it is read again', () => {
  const [line] = fitTranscript(all, room(4_000)).transcript.filter(({ id }) => id === '1.2');
  equal(
    line?.body.kind === 'tool_result' && line.body.text,
    '[left out, for there is no room: what look gave back, of which 1000 characters were shown; read_more({"result":"1:1","from":0}) shows it again]',
  );
});

test('messages that open a turn together stay together', () => {
  const items = turns(OLD, [says('a'.repeat(500)), says('b'.repeat(500)), calls('c'), result('c', 10)]);
  deepEqual(ids(fitTranscript(items, room(200)).transcript), ['2.0', '2.1']);
});

const callId = fc.constantFrom('a', 'bb', 'ccc');
const body: fc.Arbitrary<ItemBody> = fc.oneof(
  fc.integer({ min: 0, max: 400 }).map((chars) => says('m'.repeat(chars))),
  fc.integer({ min: 0, max: 400 }).map((chars) => reply('r'.repeat(chars))),
  fc.tuple(callId, fc.integer({ min: 0, max: 2_000 })).map(([id, chars]) => result(id, chars)),
  fc.uniqueArray(callId, { minLength: 1 }).map((made) => calls(...made)),
);
const given = fc.record({
  items: fc
    .array(fc.array(body, { maxLength: 6 }), { maxLength: 8 })
    .map((bodies) => assembleTranscript(turns(...bodies))),
  maxTokens: fc.integer({ min: 0, max: 4_000 }),
  openTurns: fc.uniqueArray(fc.integer({ min: 1, max: 8 })),
});

test('whatever the transcript: calls keep their results, it fits unless what opened the turn does not, and it is the same again', () => {
  fc.assert(
    fc.property(given, ({ items, maxTokens, openTurns }) => {
      const of = room(maxTokens, { openTurns });
      const fitted = fitTranscript(items, of);
      deepEqual(fitTranscript(items, of), fitted);
      let due: string[] = [];
      for (const { body: shown } of fitted.transcript) {
        if (shown.kind === 'tool_result') equal(due.shift(), shown.callId);
        else deepEqual(due, []);
        if (shown.kind === 'calls') due = shown.calls.map((one) => one.callId);
      }
      deepEqual(due, []);
      const tokens = fitted.transcript.reduce((sum, item) => sum + tokensOf(item) + 8, of.pinnedTokens);
      equal(fitted.tokens, tokens);
      const opened = fitted.transcript.every(({ body: { kind } }) => kind === 'message' || kind === 'report');
      ok(tokens <= maxTokens || opened);
      // Nothing is lost without a trace, and the order stays.
      deepEqual(ids([...fitted.whole, ...fitted.reduced, ...fitted.leftOut]).toSorted(), ids(items).toSorted());
      const shown = new Set(ids(fitted.transcript));
      deepEqual(
        ids(fitted.transcript),
        ids(items).filter((id) => shown.has(id)),
      );
    }),
  );
});

test('with less room never more is shown, and what fits is never touched', () => {
  fc.assert(
    fc.property(given, fc.integer({ min: 0, max: 2_000 }), ({ items, maxTokens, openTurns }, less) => {
      const [wide, narrow] = [maxTokens + less, maxTokens].map((max) => fitTranscript(items, room(max, { openTurns })));
      ok((narrow?.tokens ?? 0) <= (wide?.tokens ?? 0));
      const whole = items.reduce((sum, item) => sum + tokensOf(item) + 8, 100);
      if (whole <= maxTokens) deepEqual(ids(narrow?.whole ?? []), ids(items));
    }),
  );
});
