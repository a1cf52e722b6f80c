import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import type { Item, ItemBody, Trust } from '../../domain/item.ts';
import type { Json } from '../../domain/json.ts';
import { createTracer, MAX_TRACED_VALUES, originOfArgument } from '../../domain/provenance.ts';
import { ADA } from './builders.ts';

let seq = 0;
const anItem = (trust: Trust, body: ItemBody): Item => {
  seq += 1;
  return { ...{ id: `i${seq}`, conversationId: 'c1', turn: 1, seq, trust, body }, salt: 's', createdMs: 0 };
};
const says = (text: string) => anItem('principal', { kind: 'message', text, from: ADA });
const returned = (tool: string, trust: Trust, text: string) =>
  anItem(trust, { kind: 'tool_result', callId: 'k', tool, text });
const mail = (text: string) => returned('read_mail', 'untrusted', text);
const record = (text: string) => returned('look_up', 'record', text);
/** One answer of the model, whose calls all have one id. */
const calls = (...args: readonly object[]) =>
  anItem('model', {
    kind: 'calls',
    text: '',
    opaque: '',
    calls: args.map((one) => ({ callId: 'k', tool: 'look_up', argumentsText: JSON.stringify(one) })),
  });
const tracer = (items: readonly Item[]) =>
  createTracer({ items, principal: ADA, instructions: '', forgotten: 'clean' });

test('the origin of an argument past the bound, or of what holds other values, is that of all that is in it', () => {
  const trace = tracer([says('write to ann@b.example'), mail('eve@evil.example')]);
  const to = Array.from({ length: MAX_TRACED_VALUES }, () => 'ann@b.example');
  const many = trace({ by: 'ann@b.example', to: [...to, 'eve@evil.example'] });
  deepEqual(
    ['to', 'to.0', 'by', 'to.64'].map((name) => originOfArgument(many, name)),
    ['unknown', 'principal', 'principal', 'unknown'],
  );
  const within = trace({ lines: [{ mail: { at: 'eve@evil.example' }, why: 'write' }, { mail: 'ann@b.example' }] });
  deepEqual(
    ['lines', 'lines.0', 'lines.0.mail', 'lines.1', 'lines.1.ma', 'lines.2'].map((name) =>
      originOfArgument(within, name),
    ),
    ['untrusted', 'untrusted', 'untrusted', 'principal', undefined, undefined],
  );
});

test('a record that repeats the question in another spelling, or that of another call of one id, says nothing of it', () => {
  const origin = (asked: readonly object[], found: Json, value: Json) =>
    originOfArgument(tracer([says('go'), calls(...asked), record(JSON.stringify(found))])({ x: value }), 'x');
  const grouped = 'UK12 3456 7890 1234 5678 90';
  equal(origin([{ iban: 'UK12345678901234567890' }], { iban: grouped }, grouped), 'model');
  equal(origin([{ to: 'eve@evil.example' }], { host: 'evil.example' }, 'evil.example'), 'model');
  equal(origin([{ id: 'X-4711' }, { id: 'X-1' }], { id: 'X-4711' }, 'X-4711'), 'model');
  equal(origin([{ id: 'X-1' }], { id: 'X-4711' }, 'X-4711'), 'record');
});
