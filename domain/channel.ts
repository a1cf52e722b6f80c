// What a channel is to the rest of the system: words that come in, words and cards that go out. The API receives and never
// sends; the actor sends and never receives; each holds its own secret. Types only. May import domain types.
import type { Card, CardLimits } from './card.ts';
import type { DecisionAnswer } from './signed.ts';

/** Whoever has said or clicked something there. */
export interface ChannelPerson {
  /** Immutable, as the directory names it: Slack "T024/U024BE7LH", Telegram "12345". */
  readonly id: string;
  /** For display only; anybody may change it. */
  readonly name: string;
}

/** A place where messages stand. */
export interface ChannelAddress {
  /** A Slack channel or user, a Telegram chat. */
  readonly to: string;
  /** A Slack thread, a Telegram topic; '' for none. */
  readonly thread: string;
}

/** Where a conversation stands: what is said in it is answered there. */
export interface ConversationChannel {
  readonly name: string;
  readonly address: ChannelAddress;
}

/** One message of ours, as its platform names it. */
export interface MessageRef {
  readonly to: string;
  readonly id: string;
}

/**
 * What a button says; whatever else may be answered is answered in the full view. `view` decides nothing: it asks for
 * everything that there is to see.
 */
export type ClickAnswer = Extract<DecisionAnswer, 'approve' | 'deny' | 'happened' | 'did_not_happen'> | 'view';

/**
 * How to reach one person alone, or to ask that person for a reason. A channel's receiver makes it, the same channel's
 * sender understands it, and nobody else looks into it.
 */
export type PrivateWay = Readonly<Record<string, string>>;

interface FromSomebody {
  /** The same for every delivery of the same event. */
  readonly eventId: string;
  readonly sender: ChannelPerson;
  readonly way: PrivateWay;
}

export type Received =
  /** The platform wants these very words. */
  | { readonly kind: 'answer'; readonly text: string }
  /** A mention of us or a direct message. */
  | (FromSomebody & { readonly kind: 'message'; readonly address: ChannelAddress; readonly text: string })
  /** Only a file: whoever sent it is to know that files are not read. */
  | (FromSomebody & { readonly kind: 'wordless' })
  | (FromSomebody & {
      readonly kind: 'click';
      readonly handle: string;
      readonly answer: ClickAnswer;
      /** The message of ours that has the button. */
      readonly at: MessageRef;
    })
  /** The reason for an answer, by its sender, whom we had asked for it. */
  | (FromSomebody & {
      readonly kind: 'reason';
      readonly handle: string;
      readonly answer: Exclude<ClickAnswer, 'view'>;
      readonly text: string;
    })
  | { readonly kind: 'ignored'; readonly why: string };

/** The API's side: knows what the platform signs with, and holds no token. */
export interface ChannelReceiver {
  readonly name: string;
  /** The agent that people talk to here. */
  readonly agent: string;
  /**
   * What a webhook says. Verifies the signature over the raw bytes first, in constant time, and throws WebhookRefused where
   * it does not hold or is for somebody else. What is signed and makes no sense is `ignored`.
   */
  receive(request: {
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    readonly rawBody: Uint8Array;
    readonly nowMs: number;
  }): Promise<Received>;
}

/** What stands somewhere for all to see, and may be edited. */
export type OutMessage =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'card'; readonly card: Card };

/** What is said to one person alone. */
export type Note = NoteWith<{ readonly url: string; readonly label: string }>;

/** As it lies in the store, where whoever has the link would be taken for the person: only the actor's process opens it. */
export type SealedNote = NoteWith<{ readonly sealed: string; readonly label: string }>;

type NoteWith<Link> =
  | { readonly kind: 'text'; readonly text: string; readonly link?: Link }
  /** Ask for the reason of an answer. */
  | {
      readonly kind: 'reason';
      readonly answer: Exclude<ClickAnswer, 'view'>;
      readonly handle: string;
      /** What the answer is about; text from outside. */
      readonly about: string;
    };

export interface ChannelLimits extends CardLimits {
  /** How many asks one message shows: each has lines and buttons of its own. */
  readonly asksPerMessage: number;
  /** Of a text message; a longer one becomes several. */
  readonly textChars: number;
}

/** The actor's side: holds the token, and cannot tell a webhook from a forged one. Calls throw ChannelFault. */
export interface ChannelSending {
  readonly name: string;
  readonly limits: ChannelLimits;
  /** The place that an id or address of the directory names. */
  place(directoryId: string): ChannelAddress;
  /** Exactly what will stand there; the same message gives the same text. Pure. */
  render(message: OutMessage): string;
  post(address: ChannelAddress, rendered: string): Promise<MessageRef>;
  edit(ref: MessageRef, rendered: string): Promise<void>;
  tell(way: PrivateWay, note: Note): Promise<void>;
}
