// What a model call showed, as texts with the word of whose they are. The order of ranks is the order of trust: whoever
// can only add texts can never take away that a value stands in a better one. Pure. May import domain only.
import { type Item, type ItemRef, LEFT_OUT, type ModelCall, type SummaryBody } from './item.ts';
import type { Json } from './json.ts';
import type { RememberedFact } from './memory.ts';
import type { Principal } from './principal.ts';

/**
 * Whose a value is. `principal`: the requester's own words. `record`: a result of a tool that the house declared a record,
 * or the agent's own instructions. `person`: somebody else's words. `untrusted`: mail, web, tickets, errors, reports, and
 * what the requester quoted. `model`: no text has it but the model's own. `unknown`: past a bound, nobody looked.
 */
export type Origin = 'principal' | 'record' | 'person' | 'untrusted' | 'model' | 'unknown';

/** From the best to the worst, as labels are inherited. What the model made up is nobody's wish yet, and nobody's trap. */
const ORDER: readonly Origin[] = ['principal', 'record', 'model', 'person', 'untrusted', 'unknown'];

export const worstOf = (origins: readonly Origin[]): Origin =>
  ORDER[Math.max(0, ...origins.map((one) => ORDER.indexOf(one)))] ?? 'unknown';

export interface Source {
  readonly origin: Origin;
  /** The item; '' for the agent's instructions. */
  readonly itemId: string;
  /** What it is, for people: a tool's name, a person's id, or words. */
  readonly name: string;
  /** Whether the model said it; what it repeats is better named by where it was before. */
  readonly isModels?: true;
  /** Where it is something remembered. */
  readonly factId?: string;
  readonly texts: readonly string[];
  /** What the model asked for to get it: a record that repeats it says nothing of it. */
  readonly asked?: readonly string[];
}

/** What a model call saw, as a Workflow knows it. */
export interface Seen {
  readonly itemIds: readonly string[];
  readonly forgotten: Shown['forgotten'];
}

export interface Shown {
  /** Oldest first. */
  readonly items: readonly Item[];
  readonly principal: Pick<Principal, 'id' | 'tenant'>;
  /** The owner's own words to the model. */
  readonly instructions: string;
  /** The worst label of what earlier calls showed and this one did not: it may live on in the model's words. */
  readonly forgotten: 'clean' | 'untrusted';
  /** What is remembered of the principal, and in force. */
  readonly facts?: readonly Pick<RememberedFact, 'id' | 'kind' | 'value' | 'trust'>[];
}

export interface Sources {
  readonly sources: readonly Source[];
  /** Whether everything that can have moved the model is the requester's own or the house's. */
  readonly isClean: boolean;
}

/** The texts of what was shown. What the model said has the worst label of what stands before it. */
export function sourcesOf({ items, principal, instructions, forgotten, facts = [] }: Shown): Sources {
  const sources: Source[] = [{ origin: 'record', itemId: '', name: 'the agent’s instructions', texts: [instructions] }];
  const calls = new Map<string, readonly string[]>();
  let isClean = forgotten === 'clean';
  for (const item of items) {
    if (item.body.kind === 'calls') noteAsked(calls, item.body.calls);
    for (const source of readItem(item, principal, calls)) {
      isClean &&= !isStrangers(source.origin);
      sources.push(source.origin === 'model' && !isClean ? { ...source, origin: 'untrusted' } : source);
    }
  }
  for (const { id: factId, kind, value, trust: origin } of facts) {
    isClean &&= !isStrangers(origin) && origin !== 'unknown';
    sources.push({ origin, itemId: '', name: `the remembered ${kind}`, factId, texts: textsOf(JSON.stringify(value)) });
  }
  return { sources, isClean };
}

/** Where two calls of one answer have one id, either may be what a record repeats. */
function noteAsked(asked: Map<string, readonly string[]>, calls: readonly ModelCall[]): void {
  const now = new Map<string, readonly string[]>();
  for (const { callId, argumentsText } of calls) {
    now.set(callId, [...(now.get(callId) ?? []), ...textsOf(argumentsText, 'values')]);
  }
  for (const [callId, texts] of now) asked.set(callId, texts);
}

/** What a Workflow carries of an item, with the label that must outlast it. */
export function refOf(item: Item): ItemRef {
  const { id, body } = item;
  const sender = 'from' in body ? body.from : { id: '', tenant: '' };
  const isHarmless = () => readItem(item, sender, new Map()).every(({ origin }) => !isStrangers(origin));
  const isClean = body.kind === 'summary' ? body.isClean : isHarmless();
  return { id, kind: body.kind, ...(isClean ? { isClean } : {}) };
}

/** Whether somebody may have put it there who may not speak here. */
export const isStrangers = (origin: Origin): boolean => origin === 'person' || origin === 'untrusted';

function readItem(
  item: Item,
  principal: Shown['principal'],
  calls: ReadonlyMap<string, readonly string[]>,
): readonly Source[] {
  const { id: itemId, body, trust } = item;
  switch (body.kind) {
    case 'message': {
      if (body.from.id !== principal.id || body.from.tenant !== principal.tenant) {
        return [{ origin: 'person', itemId, name: body.from.id, texts: [body.text] }];
      }
      const { own, quoted } = withoutQuotes(body.text);
      const said: Source = { origin: 'principal', itemId, name: body.from.id, texts: [own] };
      return quoted === ''
        ? [said]
        : [said, { origin: 'untrusted', itemId, name: 'what the requester quoted', texts: [quoted] }];
    }
    case 'staff_reply':
      return [{ origin: 'person', itemId, name: body.from.id, texts: [body.text] }];
    case 'calls':
      // Also where code calls again upon a person's word: what is in it was once the model's.
      return [
        {
          origin: 'model',
          itemId,
          name: 'the model’s words',
          isModels: true,
          texts: [body.text, ...body.calls.flatMap(argumentsOf)],
        },
      ];
    case 'tool_result': {
      const origin = trust === 'record' || trust === 'model' ? trust : 'untrusted';
      const asked = calls.get(body.callId) ?? [];
      return [{ origin, itemId, name: body.tool, texts: textsOf(body.text), asked }];
    }
    case 'report':
      // Code's frame around results, errors and the reasons of approvers, whatever its label.
      return [{ origin: 'untrusted', itemId, name: 'a report', texts: [body.text] }];
    case 'facts':
      // What a model took down of messages, for code to check; no later call is shown it.
      return [{ origin: 'model', itemId, name: 'the model’s words', isModels: true, texts: textsOf(body.text) }];
    case 'reply':
      // Those of code too: they repeat summaries, which the model's arguments are in.
      return [{ origin: 'model', itemId, name: 'the model’s words', isModels: true, texts: [body.text] }];
    case 'summary':
      return [readSummary(itemId, body, principal)];
    default:
      return body satisfies never;
  }
}

/**
 * One label for all of it: at best that of the model's words, whoever said it. Where anybody but this principal and the
 * house can have put something into it, the model's own sentences in it are as bad as that.
 */
function readSummary(itemId: string, body: SummaryBody, { id, tenant }: Shown['principal']): Source {
  const isOwn = body.people.every((one) => one.id === id && one.tenant === tenant);
  const origin: Origin = body.isClean && isOwn ? 'model' : 'untrusted';
  const texts = [...body.lines.flatMap(({ words }) => words.split(LEFT_OUT)), ...body.named];
  return { origin, itemId, name: 'a summary of earlier turns', isModels: true, texts };
}

const argumentsOf = ({ argumentsText }: ModelCall): readonly string[] => textsOf(argumentsText);

/** The texts of a JSON value one by one, so that none runs into the next; else the text as it is. */
export function textsOf(text: string, of: 'values' | 'all' = 'all'): readonly string[] {
  if (!/^\s*[[{"]/.test(text)) return [text];
  const open: Json[] = [];
  try {
    open.push(JSON.parse(text) as Json);
  } catch {
    return [text];
  }
  const texts: string[] = [];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (typeof one === 'object' && one !== null) {
      if (!Array.isArray(one) && of === 'all') texts.push(...Object.keys(one));
      open.push(...Object.values(one).toReversed());
    } else {
      texts.push(String(one));
    }
  }
  return texts;
}

// How mail programs begin what somebody else wrote: from there on it is theirs.
const FORWARDED =
  /^\s*(?:-{2,}\s*(?:original message|forwarded message|ursprüngliche nachricht|weitergeleitete nachricht).*|begin forwarded message:.*|(?:from|von|de|da)\s?:.{0,200}@.{1,200}|(?:sent|gesendet)\s?:.{1,200}\d{4}.{0,50})$/i;
// What introduces a quote, either behind ">" or without any mark. Mail programs break it over two lines.
const WROTE = /^\s*(?:on .{1,200} wrote:|am .{1,200} schrieb.{0,200}:)\s*$/i;
const QUOTED = /^\s*(?:>|&gt;|\uff1e)/;
const FENCE = /^\s*(?:```|~~~)/;

/**
 * A message without what its sender only quotes: lines behind ">", all from the first fence to the last, and all from the
 * head of a mail on. What is fenced may hold fences of its own, and must not end its quote by them.
 */
export function withoutQuotes(text: string): { readonly own: string; readonly quoted: string } {
  const own: string[] = [];
  const quoted: string[] = [];
  let isForwarded = false;
  const lines = text.split(/\r\n|[\n\r\u2028\u2029]/);
  const firstFence = lines.findIndex((line) => FENCE.test(line));
  const lastFence = lines.findLastIndex((line) => FENCE.test(line));
  // One that nothing closes goes on to the end.
  const fencedTo = lastFence === firstFence ? lines.length : lastFence;
  for (const [at, line] of lines.entries()) {
    const introduced = introducedBy(lines, at);
    isForwarded ||= FORWARDED.test(line) || (introduced !== undefined && !QUOTED.test(lines[introduced] ?? ''));
    const isFenced = firstFence !== -1 && firstFence <= at && at <= fencedTo;
    const isHead = introduced !== undefined || (at > 0 && introducedBy(lines, at - 1) === at + 1);
    (isForwarded || isFenced || isHead || QUOTED.test(line) ? quoted : own).push(line);
  }
  return { own: own.join('\n'), quoted: quoted.join('\n') };
}

/** The place of the line that is introduced as somebody else's by this one, or by this and the next. */
function introducedBy(lines: readonly string[], at: number): number | undefined {
  const line = lines[at] ?? '';
  if (WROTE.test(line)) return at + 1;
  return WROTE.test(`${line} ${lines[at + 1]?.trim() ?? ''}`) ? at + 2 : undefined;
}
