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
  /** null: nothing is known to stand there. */
  readonly ref: MessageRef | null;
  /** SHA-256, hex, of exactly what stands there (of a text: before any markup), or of what was refused there last. */
  readonly digest: string;
  readonly atMs: number;
  /** Of a card: its batch, and whether it shows something that is open. null: it is none. */
  readonly card: { readonly batchId: string; readonly isOpen: boolean } | null;
}

/** As it is on record. */
export interface DeliveryRow extends Delivery {
  /** The attempt that has begun to post it and has not said what came of it: it may stand there, nobody knows as what. */
  readonly claimedBy: string | null;
}

export interface DeliveryClaim {
  readonly key: string;
  readonly channel: string;
  /** Random: tells one attempt from all others. */
  readonly attempt: string;
}

export interface Deliveries {
  get(key: string): Promise<DeliveryRow | undefined>;
  /** Put on record that it is about to be posted. False: another attempt did so within `heldMs`, and may post it still. */
  claim(claim: DeliveryClaim, heldMs: number): Promise<boolean>;
  /** Whoever has claimed it is still about to post it. Changes nothing once that is over, or another's. */
  renew(claim: DeliveryClaim): Promise<void>;
  /** It was not posted; whatever stood there before stands there still. */
  release(claim: DeliveryClaim): Promise<void>;
  /** Remember how it stands, with its entries, in one transaction; that ends a claim. */
  put(delivery: Delivery, entries: readonly Entry[]): Promise<void>;
  /**
   * Replies of the conversation that were not told yet, oldest first; but those that people of the team have given in the
   * channel itself stand there already. What is on record under `reply:<item>`, and not just claimed, is told too.
   */
  replies(of: {
    readonly conversationId: string;
    readonly channel: string;
    readonly limit: number;
  }): Promise<readonly Item[]>;
  /** Every reply up to this one is told, or never will be; `keys` of it need not be remembered any longer. */
  told(reply: {
    readonly conversationId: string;
    readonly seq: number;
    readonly keys: readonly string[];
  }): Promise<void>;
  /** Whether anything is known to stand in that message. */
  standsAt(message: { readonly channel: string; readonly ref: MessageRef }): Promise<boolean>;
  /** The cards of a batch, wherever they are. */
  ofBatch(batchId: string): Promise<readonly DeliveryRow[]>;
  /** Batches after that one, in order, in which nothing is open any more, and of which a card says otherwise. */
  stale(of: {
    readonly channels: readonly string[];
    readonly after: string;
    readonly limit: number;
  }): Promise<readonly string[]>;
  /** Forget what has stood as it is since before then; but not what is open, nor which reply was told. */
  forget(beforeMs: number): Promise<void>;
}

/** A message of ours on which somebody has clicked, and what its button is for. */
export interface Clicked {
  readonly ref: MessageRef;
  readonly approvalId: string;
}

export interface NewNote {
  /** The same id is told once. */
  readonly id: string;
  readonly channel: string;
  readonly way: PrivateWay;
  /** With what was clicked, where it answers a click. */
  readonly note: SealedNote & { readonly clicked?: Clicked };
  /** Whose words it has in it; absent where it is about no conversation. */
  readonly conversationId?: string;
  readonly nowMs: number;
}

export interface DueNote extends Omit<NewNote, 'nowMs' | 'conversationId'> {
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
  /** Take the oldest of a channel that is due; it is due again after `holdMs`, should whoever took it not come back. */
  take(channel: string, nowMs: number, holdMs: number): Promise<DueNote | undefined>;
  /** Try it again then. */
  later(id: string, dueMs: number): Promise<void>;
  /** It is told, or never will be; its words are gone at once. */
  over(id: string): Promise<void>;
  /** Those made before then are over, told or not: whatever their channel is, nobody may be there to tell them. */
  expire(beforeMs: number): Promise<void>;
  /** Forget those made before then, told or not. */
  forget(beforeMs: number): Promise<void>;
}
