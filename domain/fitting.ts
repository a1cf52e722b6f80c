// What of a transcript fits into one model call. Instructions and tools stand in every call whole; the turn that runs
// stays as long as anything else can make room. Deterministic. Pure. May import domain only.
import { wordsOf } from './context.ts';
import type { Item, ItemBody, ItemMark } from './item.ts';
import { reducedText } from './parts.ts';

export interface Room {
  readonly maxTokens: number;
  /** Of what stands in every call: instructions and tools. */
  readonly pinnedTokens: number;
  /** How many tokens the texts of an item are. */
  readonly tokensOf: (item: Item) => number;
  /** Turns of which something still waits: they make room last. */
  readonly openTurns: readonly number[];
}

/** What a call shows, and what it does not for want of room. `reduced`: as they were, of what is shown as one line. */
export interface Fitted {
  readonly transcript: readonly Item[];
  readonly whole: readonly Item[];
  readonly reduced: readonly Item[];
  readonly leftOut: readonly Item[];
  readonly tokens: number;
}

/** What a model call was offered and what it had room for, beside what it showed whole. Absent until 0.7.0. */
export interface ShownWithin {
  readonly maxTokens: number;
  /** As code counted them: instructions, tools, and all that was shown. The provider's own count is another. */
  readonly countedTokens: number;
  /** Shown as one line each. */
  readonly reduced: readonly ItemMark[];
  readonly leftOut: readonly (ItemMark & LeftOut)[];
  /** What is remembered, and stood in the note of this call or found no room in it. Absent where there is nothing. */
  readonly facts?: { readonly shown: readonly ItemMark[]; readonly leftOut: readonly ItemMark[] };
}

/** `summed_up`: what the summary `into` has in its place. */
type LeftOut = { readonly why: 'no_room' | 'no_counterpart' } | { readonly why: 'summed_up'; readonly into: string };

// 8 tokens: what protocols put around each message or call, and a name or two in it.
const AROUND_TOKENS = 8;

/**
 * Make room, in this order and no further than needed: older results become a line each; older exchanges leave whole, those
 * of which something still waits last, and then the summary of what was before them; results of the turn that runs become a
 * line each; its earlier calls leave with their results. Always the oldest first. What opened the turn stays whole, whatever
 * it takes.
 *
 * `items`: as they are shown, each call followed by its results.
 */
export function fitTranscript(items: readonly Item[], room: Room): Fitted {
  const summaries = items.filter(({ body }) => body.kind === 'summary');
  const exchanges = split(
    items.filter(({ body }) => body.kind !== 'summary'),
    opensExchange,
  );
  const current = exchanges.at(-1) ?? [];
  const older = exchanges.slice(0, -1);
  const waits = (exchange: readonly Item[]) => exchange.some(({ turn }) => room.openTurns.includes(turn));
  const worked = split(current, ({ body }) => body.kind !== 'tool_result').filter(([first]) => !opens(first));
  const fitting = beginFitting(items, room);
  for (const item of older.flat()) fitting.reduce(item);
  for (const exchange of older.filter((one) => !waits(one))) fitting.leaveOut(exchange);
  for (const exchange of older.filter(waits)) fitting.leaveOut(exchange);
  for (const summary of summaries) fitting.leaveOut([summary]);
  for (const item of current) fitting.reduce(item);
  for (const group of worked) fitting.leaveOut(group);
  return fitting.end();
}

/** Each step does nothing once everything fits. */
function beginFitting(items: readonly Item[], { maxTokens, pinnedTokens, tokensOf }: Room) {
  const costOf = (item: Item) => tokensOf(item) + AROUND_TOKENS;
  const costs = new Map(items.map((item) => [item.id, costOf(item)]));
  const lines = new Map<string, Item>();
  const gone = new Set<string>();
  let tokens = [...costs.values()].reduce((sum, cost) => sum + cost, pinnedTokens);
  return {
    reduce(item: Item): void {
      if (tokens <= maxTokens || item.body.kind !== 'tool_result') return;
      const line = { ...item, body: { ...item.body, text: reducedText(item.body) } };
      const cost = costOf(line);
      const before = costs.get(item.id) ?? 0;
      if (cost >= before) return;
      lines.set(item.id, line);
      costs.set(item.id, cost);
      tokens -= before - cost;
    },
    leaveOut(group: readonly Item[]): void {
      if (tokens <= maxTokens) return;
      for (const { id } of group) {
        gone.add(id);
        tokens -= costs.get(id) ?? 0;
      }
    },
    end(): Fitted {
      const shown = items.filter(({ id }) => !gone.has(id));
      return {
        transcript: shown.map((item) => lines.get(item.id) ?? item),
        whole: shown.filter(({ id }) => !lines.has(id)),
        reduced: shown.filter(({ id }) => lines.has(id)),
        leftOut: items.filter(({ id }) => gone.has(id)),
        tokens,
      };
    },
  };
}

/** The texts of an item that a model reads, one after the other. */
export function textsToCount(body: ItemBody): readonly string[] {
  switch (body.kind) {
    case 'facts':
      return [];
    case 'tool_result':
      return [body.callId, body.text];
    case 'calls':
      return [body.text, ...body.calls.flatMap(({ callId, tool, argumentsText }) => [callId, tool, argumentsText])];
    default:
      return [wordsOf(body).text];
  }
}

const opens = (item: Item | undefined): boolean => item?.body.kind === 'message' || item?.body.kind === 'report';

/** What is said together opens one exchange together. */
const opensExchange = (item: Item, before: Item): boolean => opens(item) && !opens(before);

/** In groups, of which each but the first begins with an item that `begins` one. */
function split(items: readonly Item[], begins: (item: Item, before: Item) => boolean): readonly (readonly Item[])[] {
  const groups: Item[][] = [];
  for (const [at, item] of items.entries()) {
    const before = items[at - 1];
    const group = groups.at(-1);
    if (group === undefined || before === undefined || begins(item, before)) groups.push([item]);
    else group.push(item);
  }
  return groups;
}
