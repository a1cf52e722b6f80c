// What a model call shows of a transcript. Providers refuse a call without its result and a result without its call, so
// what cannot be shown whole is left out. Pure. May import domain types only.
import type { Note } from './beginning.ts';
import type { Item, ItemBody } from './item.ts';
import { summaryNote } from './summary.ts';

type Calls = Extract<ItemBody, { kind: 'calls' }>;
type Spoken = Exclude<ItemBody, { kind: 'calls' | 'tool_result' }> | Note;

/**
 * The items as a provider accepts them, in order: each call followed by its result. A call without a result and a
 * result without its call are left out; a `calls` item that lost a call loses `opaque` too, which speaks of all.
 */
export function assembleTranscript(items: readonly Item[]): readonly Item[] {
  const results = resultsByCalls(items);
  return items.flatMap((item): readonly Item[] => {
    if (item.body.kind === 'tool_result' || item.body.kind === 'facts') return [];
    if (item.body.kind !== 'calls') return [item];
    const { body } = item;
    const found = results.get(item.id) ?? new Map<string, Item>();
    const calls = body.calls.filter((call) => found.has(call.callId));
    if (calls.length === 0) return [];
    const whole = calls.length === body.calls.length;
    const shown: Calls = whole ? body : { ...body, calls, opaque: '' };
    return [{ ...item, body: shown }, ...calls.flatMap((call) => found.get(call.callId) ?? [])];
  });
}

/** The results of each `calls` item, by its id and the call's. Providers repeat ids: the latest caller owns one. */
function resultsByCalls(items: readonly Item[]): ReadonlyMap<string, ReadonlyMap<string, Item>> {
  const owners = new Map<string, string>();
  const results = new Map<string, Map<string, Item>>();
  for (const item of items) {
    const { body } = item;
    if (body.kind === 'calls') {
      results.set(item.id, new Map());
      for (const call of body.calls) owners.set(call.callId, item.id);
    }
    if (body.kind === 'tool_result') {
      const found = results.get(owners.get(body.callId) ?? '');
      if (found !== undefined && !found.has(body.callId)) found.set(body.callId, item);
    }
  }
  return results;
}

/**
 * Whose words a model reads. A report and a person of the team come as notes, marked so that the model takes them
 * neither for the caller's words nor for its own.
 */
export function wordsOf(body: Spoken): { readonly role: 'user' | 'assistant'; readonly text: string } {
  switch (body.kind) {
    case 'message':
      return { role: 'user', text: body.text };
    case 'reply':
      return { role: 'assistant', text: body.text };
    case 'report':
      return { role: 'user', text: `[note of the system: how the actions that waited ended]\n${body.text}` };
    case 'staff_reply':
      return { role: 'user', text: `[note of the system: ${body.from.name} of the team answered here]\n${body.text}` };
    case 'summary':
      return { role: 'user', text: summaryNote(body) };
    case 'note':
      return { role: 'user', text: body.text };
    case 'facts':
      throw new Error('what a model says of facts must not be shown to one'); // only a bug breaks this
    default:
      return body satisfies never;
  }
}
