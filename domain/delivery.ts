// What is remembered of what was sent to channels, and what is still to be told: ports of the store. May import domain
// types only.
import type { MessageRef, PrivateWay, SealedNote } from './channel.ts';
import type { Entry } from './entry.ts';
import type { Item } from './item.ts';

/** One message of ours, as it stands now. */
export interface Delivery {
  /** Names what is shown and where: the same key is the same message. */
  readonly key: string;
  readonly channel: string;
  /** null: the channel refused it for good, and it is not tried again. */
  readonly ref: MessageRef | null;
  /** SHA-256, hex, of exactly what stands there. */
  readonly digest: string;
  readonly atMs: number;
}

export interface Deliveries {
  get(key: string): Promise<Delivery | undefined>;
  /** Remember how it stands, with its entries, in one transaction. */
  put(delivery: Delivery, entries: readonly Entry[]): Promise<void>;
  /**
   * Replies of the conversation that were not put under `reply:<item>` yet, oldest first; but those that people of the
   * team have given in the channel itself stand there already.
   */
  replies(of: {
    readonly conversationId: string;
    readonly channel: string;
    readonly limit: number;
  }): Promise<readonly Item[]>;
}

export interface NewNote {
  /** The same id is told once. */
  readonly id: string;
  readonly channel: string;
  readonly way: PrivateWay;
  readonly note: SealedNote;
  readonly nowMs: number;
}

export interface DueNote extends Omit<NewNote, 'nowMs'> {
  readonly madeMs: number;
  /** How often it was taken, this time included. */
  readonly tries: number;
}

/** What a link is sealed for: this person, on this channel. Whoever alters the row cannot have it told to somebody else. */
export const occasionOf = (channel: string, way: PrivateWay): string =>
  JSON.stringify([channel, Object.entries(way).toSorted(([one], [other]) => (one < other ? -1 : 1))]);

/** What the API, which holds no token, wants one person told; the actor tells it. */
export interface Notes {
  add(note: NewNote): Promise<void>;
  /** Take the oldest that is due; it is due again after `holdMs`, should whoever took it not come back. */
  take(nowMs: number, holdMs: number): Promise<DueNote | undefined>;
  /** Try it again then. */
  later(id: string, dueMs: number): Promise<void>;
  /** It is told, or never will be; its words are gone at once. */
  over(id: string): Promise<void>;
  /** Forget those made before then, told or not. */
  forget(beforeMs: number): Promise<void>;
}
