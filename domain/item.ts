// Items: the entries of a transcript. Each has a source and a trust label; texts live in the store, and Workflows carry
// references only. May import domain types only.
import type { Principal } from './principal.ts';

/** `principal`: the caller's own words. `record`: the house wrote it. `untrusted`: all else. `model`: the model. */
export type Trust = 'principal' | 'record' | 'untrusted' | 'model';

/** One tool call as the model made it. `argumentsText` is raw: parsed only in `propose`. */
export interface ModelCall {
  readonly callId: string;
  readonly tool: string;
  readonly argumentsText: string;
}

export type ItemBody =
  | { readonly kind: 'message'; readonly text: string; readonly from: Principal }
  /** A person of the team speaks in the agent's place (during a handover). */
  | { readonly kind: 'staff_reply'; readonly text: string; readonly from: Principal }
  /** The model wants tools. `opaque` is what the provider wants back unread (reasoning items). */
  | { readonly kind: 'calls'; readonly text: string; readonly calls: readonly ModelCall[]; readonly opaque: string }
  /** What a model says stands in the messages, as it wrote it: read by the intake alone, and shown to no model. */
  | { readonly kind: 'facts'; readonly text: string }
  | {
      readonly kind: 'tool_result';
      readonly callId: string;
      readonly tool: string;
      /** What is shown; of a long result its two ends (see parts.ts). */
      readonly text: string;
      /** Where the whole can be read: its action's place. Absent where it gave nothing back, and in items of 0.7.0. */
      readonly place?: string;
    }
  /** How waiting actions ended; code wrote it, from outcomes. */
  | { readonly kind: 'report'; readonly text: string }
  /** What the turn ends with. `by`: the model's words, or those of code when the model could not be had. */
  | { readonly kind: 'reply'; readonly text: string; readonly by: 'model' | 'code' }
  | SummaryBody;

/** What stands in the place of exchanges that are shown no more: sentences out of them, word for word. */
export interface SummaryBody {
  readonly kind: 'summary';
  readonly text: string;
  /** Who chose the sentences. */
  readonly by: 'model' | 'code';
  /** What it sums up, and the summary that it goes on from. Whatever is in it stands in these. */
  readonly sources: readonly ItemMark[];
  readonly earlier?: ItemMark;
  readonly fromTurn: number;
  readonly toTurn: number;
  /** When the first of it was said. */
  readonly sinceMs: number;
  readonly lines: readonly SummaryLine[];
  /** Ids, figures and addresses of what else was said. */
  readonly named: readonly string[];
  /** How many more there were, for which there was no room. */
  readonly unnamed: number;
  /** Whose messages it sums up. */
  readonly people: readonly Pick<Principal, 'id' | 'tenant'>[];
  /** Whether nobody but these people and the house can have put anything into any of its sources. */
  readonly isClean: boolean;
}

/** Stands in a line of a summary where sentences of its source are left out. Nobody said it. */
export const LEFT_OUT = ' … ';

/** Sentences of one source, in their order. */
export interface SummaryLine {
  readonly itemId: string;
  readonly turn: number;
  readonly who: string;
  readonly words: string;
}

export interface Item {
  readonly id: string;
  readonly conversationId: string;
  readonly turn: number;
  /** Position in the transcript; grows, without gaps being promised. */
  readonly seq: number;
  readonly trust: Trust;
  readonly body: ItemBody;
  /** Random; goes into digests of what is parsed out of this item, and is erased with it. */
  readonly salt: string;
  /** Its words are erased; of the body nothing is left but its kind and ids. */
  readonly isErased?: true;
  readonly createdMs: number;
}

/** An item to write. `key` makes the write idempotent within its conversation: the same key is the same item. */
export interface NewItem {
  readonly key: string;
  readonly conversationId: string;
  readonly turn: number;
  readonly trust: Trust;
  readonly body: ItemBody;
}

/** What a Workflow carries of an item. `kind` lets pure code cut a transcript where a provider accepts it. */
export interface ItemRef {
  readonly id: string;
  readonly kind: ItemBody['kind'];
  /** Whether nobody but its sender and the house can have put anything into it. Absent in those of 0.6.0. */
  readonly isClean?: true;
}

/** What came of putting something on record: the items as they were written. */
export type Recorded =
  | readonly ItemRef[]
  /** People were asked, and some of them can be reached on a channel: cards are to be shown. */
  | { readonly items: readonly []; readonly hasCards: true };

export const refsIn = (recorded: Recorded): readonly ItemRef[] => ('items' in recorded ? recorded.items : recorded);

/** An item as an entry names it. `digest` is salted by the item itself: it tells nothing once the item is gone. */
export interface ItemMark {
  readonly id: string;
  readonly digest: string;
}
