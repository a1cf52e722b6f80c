// A name that a model was free to choose is traced as a value is: nothing hides in the names of members.
import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { freeNamesIn } from '../../activities/free-names.ts';
import type { JsonObject } from '../../domain/json.ts';
import { createTracer, originOfArgument, reviseProvenance } from '../../domain/provenance.ts';
import type { Callable } from '../../domain/tool.ts';
import { anItem, principal, says } from '../assistant/support.ts';

const namesIn = (input: z.ZodType, args: JsonObject) =>
  freeNamesIn({ input } as unknown as Callable, args).map(({ path, top, value }) => [path, top, value]);

const PIN = 'the pin is 4711';
const QUOTED = JSON.stringify(PIN);

test('declared names are not free, however they are nested', () => {
  const line = z.object({ sku: z.string(), count: z.int() });
  const either = z.union([z.strictObject({ mail: z.string() }), z.strictObject({ phone: z.string() })]);
  const input = z.strictObject({ to: either, lines: z.array(line), pair: z.tuple([line, z.string()]).optional() });
  const args = { to: { phone: '1' }, lines: [{ sku: 'a', count: 1 }], pair: [{ sku: 'b', count: 2 }, 'c'] };
  deepEqual(namesIn(input, args), []);
  const some = z.strictObject({ by: z.record(z.enum(['mail', 'phone']), z.string().optional()) });
  deepEqual(namesIn(some, { by: { mail: 'a' } }), []);
});

test('names of records, of loose objects and of what is let in unread are free', () => {
  const free = [`headers.${QUOTED}`, 'headers', PIN];
  const to = z.string();
  for (const headers of [z.record(z.string(), z.string()), z.looseObject({}), z.any(), z.unknown(), z.json()]) {
    deepEqual(namesIn(z.strictObject({ to, headers }), { to: 'ann', headers: { [PIN]: 'hello' } }), [free]);
  }
  deepEqual(namesIn(z.looseObject({ to }), { to: 'ann', [PIN]: {} }), [[QUOTED, QUOTED, PIN]]);
  type Tree = { readonly name: string; readonly more: Record<string, Tree> };
  const tree: z.ZodType<Tree> = z.lazy(() => z.strictObject({ name: z.string(), more: z.record(z.string(), tree) }));
  const grown = { tree: { name: 'a', more: { b: { name: 'c', more: { [PIN]: { name: 'd', more: {} } } } } } };
  deepEqual(
    namesIn(z.strictObject({ tree }), grown).map(([, , name]) => name),
    ['b', PIN],
  );
});

test('what hides in a name has the origin that it has in the open, also after an edit', () => {
  const items = [anItem('m', says('write hello to ann')), anItem('t', toolText(PIN))];
  const trace = createTracer({ items, principal, instructions: '', forgotten: 'none' } as never);
  const args = { to: 'ann', headers: { [PIN]: 'hello' } };
  const input = z.strictObject({ to: z.string(), headers: z.record(z.string(), z.string()) });
  const traced = trace(args, freeNamesIn({ input } as unknown as Callable, args));
  equal(originOfArgument(trace(args), 'headers'), 'principal'); // so it would be without
  equal(originOfArgument(traced, 'headers'), 'untrusted');
  equal(originOfArgument(traced, 'to'), 'principal');
  const change = { old: args, now: { ...args, to: 'bob' }, editor: 'finn' };
  equal(originOfArgument(reviseProvenance(traced, change), 'headers'), 'untrusted');
  const gone = { old: args, now: { to: 'bob', headers: { a: 'hello' } }, editor: 'finn' };
  equal(originOfArgument(reviseProvenance(traced, gone), 'headers'), 'person');
});

function toolText(text: string) {
  return { kind: 'tool_result', callId: 'c', tool: 'read_mail', text } as const;
}
