// What the rest of the system may ask of the store. One implementation over PostgreSQL (real or embedded). Every write
// here is idempotent. May import domain types only.
import type { Effect, Evidence, Outcome } from '../domain/action.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { Approval } from '../domain/approval.ts';
import type { AskedWithoutAmount, Unshown } from '../domain/asks.ts';
import type { Burden } from '../domain/burden.ts';
import type { ConversationChannel } from '../domain/channel.ts';
import type { ConversationPhase } from '../domain/conversation.ts';
import type { Entry, RecordedEntry } from '../domain/entry.ts';
import type { IntakeStanding } from '../domain/intake.ts';
import type { Item, NewItem } from '../domain/item.ts';
import type { Principal } from '../domain/principal.ts';
import type { Maintenance } from '../domain/maintenance.ts';
import type { OwnerReport } from '../domain/report.ts';
import type { Switch } from '../domain/switch.ts';
import type { Sums } from '../domain/limit.ts';
import type { Budgets } from './budget-port.ts';
import type { Facts } from './fact-port.ts';
import type { Claims, Counted } from './claim-port.ts';
import type { Erasures } from './erasure-port.ts';
import type { Deliveries, Notes } from '../domain/delivery.ts';
import type { CheckpointRow, HashedEntry } from './ledger-rows.ts';
import type { SealedBytes } from './bytes-port.ts';

export type { CheckpointRow, HashedEntry } from './ledger-rows.ts';

export interface ConversationRow {
  readonly id: string;
  readonly agent: string;
  readonly tenant: string;
  readonly owner: string;
  readonly principal: Principal;
  readonly phase: ConversationPhase;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** null: only the API speaks in it. */
  readonly channel: ConversationChannel | null;
  /** null where no intake has taken anything in. */
  readonly intake: IntakeStanding | null;
  /** When its texts were deleted, by what its agent declares; null: they are there. */
  readonly textsDeletedMs: number | null;
}

/** The read model of an action: what is known of it so far. */
export interface ActionRow {
  readonly id: string;
  readonly conversationId: string;
  readonly agent: string;
  readonly tool: string;
  readonly effect: Effect;
  readonly args: string;
  readonly digest: string;
  readonly summary: string;
  readonly principal: Principal;
  /** On whose words it rests besides the principal's; absent where there is nobody. */
  readonly editors?: readonly string[];
  readonly evidence: Evidence | null;
  readonly verdict: Verdict | null;
  readonly approvalId: string | null;
  readonly stage: 'proposed' | 'ruled' | 'waiting' | 'claimed' | 'settled';
  readonly outcome: Outcome | null;
  readonly createdMs: number;
  readonly updatedMs: number;
}

export interface UnaskedAction extends ActionRow {
  readonly tenant: string;
}

export interface ApiKeyRow {
  readonly id: string;
  readonly principal: Principal;
  readonly scopes: readonly string[];
  readonly createdMs: number;
  readonly revokedMs: number | null;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Opaque; '' at the end. */
  readonly next: string;
}

/** Who waits for an answer hears of it when it is written. A hint: it may be missed, so whoever waits looks as well. */
export interface Answers {
  /** Hear of the answers in this conversation from here on, until `end`. */
  in(conversationId: string): Hearing;
}

export interface Hearing {
  /** Resolves once one was written since the last time, or after `limitMs`, or when aborted. Never rejects. */
  next(limitMs: number, signal: AbortSignal): Promise<void>;
  /** False where those of other processes may not be heard: nothing was so far on the connection that there is now. */
  isSure(): boolean;
  end(): void;
}

export interface Store {
  readonly answers: Answers;
  readonly items: {
    /** Write items idempotently by (conversation, key); returns them in order, as stored. The entries go with them. */
    append(
      items: readonly NewItem[],
      entries?: (written: readonly Item[]) => readonly Entry[],
    ): Promise<readonly Item[]>;
    /** The named items of one conversation, in the order of the ids; an unknown id is left out. */
    load(conversationId: string, ids: readonly string[]): Promise<readonly Item[]>;
    byKey(conversationId: string, key: string): Promise<Item | undefined>;
    /** How many bytes the bodies of these items have, as JSON. */
    bytesOf(conversationId: string, ids: readonly string[]): Promise<number>;
    page(conversationId: string, afterSeq: number, limit: number): Promise<readonly Item[]>;
    /** The last ones that were written at that time or later, oldest first. */
    since(conversationId: string, fromMs: number, limit: number): Promise<readonly Item[]>;
    /** The reply (or staff reply) that ended the turn which took this message; undefined while there is none. */
    replyTo(conversationId: string, messageId: string): Promise<Item | undefined>;
    /**
     * Those of the messages that nobody works on any more: the turn that took one has its reply (`isAnswered`), or its
     * conversation is not open.
     */
    overOf(
      messages: readonly { readonly conversationId: string; readonly messageId: string }[],
    ): Promise<readonly { readonly messageId: string; readonly isAnswered: boolean }[]>;
    /** The highest turn from this one on that has an item, 0 where none has; and whether this one has its reply. */
    turns(conversationId: string, turn: number): Promise<{ readonly last: number; readonly isAnswered: boolean }>;
  };
  /** Append entries and bring the read models up to date, in one transaction. Known (subject, step) pairs are skipped. */
  record(entries: readonly Entry[]): Promise<void>;
  readonly conversations: {
    get(id: string): Promise<ConversationRow | undefined>;
    /** Newest first. `principalId` '' means of everybody; `agents` lists whose conversations may be seen, empty = all. */
    list(filter: {
      tenant: string;
      principalId: string;
      agents: readonly string[];
      /** Of these agents only what has changed since; [] leaves nothing out. What a person holds is always listed. */
      archived: readonly { readonly agent: string; readonly beforeMs: number }[];
      cursor: string;
      limit: number;
    }): Promise<Page<ConversationRow>>;
  };
  readonly actions: {
    get(id: string): Promise<ActionRow | undefined>;
    /** Those of them that there are, in the order of their ids. */
    some(ids: readonly string[]): Promise<readonly ActionRow[]>;
    ofConversation(conversationId: string, limit: number): Promise<readonly ActionRow[]>;
    /** The writes of one tool that have not ended, or may have happened: bounded by what may wait at once. */
    openWrites(conversationId: string, tool: string): Promise<readonly ActionRow[]>;
    /** What people denied of one tool's calls, newest first: bounded by what one conversation can have asked lately. */
    deniedByPeople(conversationId: string, tool: string): Promise<readonly ActionRow[]>;
    /** Actions that ended as unknown before then, and about which nobody was ever asked. Oldest first. */
    unasked(beforeMs: number, limit: number): Promise<readonly UnaskedAction[]>;
    /** Counts by outcome kind, and those claimed without a receipt: for /metrics. */
    counts(): Promise<Readonly<Record<string, number>>>;
  };
  readonly approvals: {
    get(id: string): Promise<Approval | undefined>;
    /** By what a button carries: `approvalHandle` of trust/digest.ts. */
    byHandle(handle: string): Promise<Approval | undefined>;
    /** All that one card shows: of a batch or a question, in the order in which they were asked; void ones too. */
    ofBatch(batchId: string): Promise<readonly Approval[]>;
    /** Of one tenant, newest first; `end` '' means all; `groups` lists the groups to see by that time, empty = none. */
    list(filter: {
      tenant: string;
      end: Approval['end'] | '';
      groups: readonly string[];
      nowMs: number;
      conversationId: string;
      cursor: string;
      limit: number;
    }): Promise<Page<Approval>>;
    /** The open ones of every group, newest first, with the tenant of each: for switches. '' where nobody knows it. */
    open(filter: {
      cursor: string;
      limit: number;
    }): Promise<Page<{ readonly approval: Approval; readonly tenant: string }>>;
    /** Age of the oldest open one, ms, and how many are open: for /metrics. */
    openStats(nowMs: number): Promise<{ readonly count: number; readonly oldestAgeMs: number }>;
  };
  readonly claims: Claims;
  readonly limits: {
    /** What was taken in a period by all actions but this one that succeeded, go on, or may have happened. */
    used(counted: Counted): Promise<Sums>;
  };
  /** How much models may be used, over all turns. */
  readonly budgets: Budgets;
  /** What agents remember of whom they speak with. */
  readonly facts: Facts;
  readonly ledger: {
    /** Entries of one conversation after a position, oldest first: feeds the event stream. */
    ofConversation(conversationId: string, afterSeq: number, limit: number): Promise<readonly RecordedEntry[]>;
    ofSubject(subject: string): Promise<readonly RecordedEntry[]>;
    /** All entries of these subjects, and these steps of one more, in order; the first MAX_CHAIN_ENTRIES of them. */
    chain(
      subjects: readonly string[],
      of: { readonly subject: string; readonly steps: readonly string[] },
    ): Promise<readonly RecordedEntry[]>;
    /** What was ruled before a position, newest first, each with what it was ruled on; undefined where that is not there. */
    rulings(
      beforeSeq: number,
      limit: number,
    ): Promise<readonly { readonly ruled: RecordedEntry; readonly proposed: RecordedEntry | undefined }[]>;
    /** The step of its last entry: all that a role may see of entries that it does not read. */
    lastStepOf(subject: string): Promise<string | undefined>;
    /** Entries after a position as they were hashed, oldest first: what is exported, and what a checkpoint is made of. */
    hashed(afterSeq: number, limit: number): Promise<readonly HashedEntry[]>;
  };
  readonly checkpoints: {
    /** The name of this ledger. Another database has another one. */
    origin(): Promise<string>;
    last(): Promise<CheckpointRow | undefined>;
    /** The root of the first `size` entries, from the nearest checkpoint on; undefined where one of them is not there. */
    rootAt(size: number): Promise<Buffer | undefined>;
    /** Leaf hashes after a position, in order, as they are: where one is missing, the next one comes. */
    leaves(afterSeq: number, limit: number): Promise<readonly Buffer[]>;
    /**
     * Make one over all entries, from the last one on, or from the first entry on. `sign` gets the tree and the checkpoint
     * that it goes on from, and throws where that one is not right. Undefined where nothing is new, or another makes one
     * now.
     */
    make(request: {
      readonly from: 'last_checkpoint' | 'first_entry';
      readonly sign: (
        tree: { readonly size: number; readonly root: Buffer },
        last: CheckpointRow | undefined,
      ) => string;
      readonly nowMs: number;
    }): Promise<CheckpointRow | undefined>;
    /** Those that wait to be published, oldest first. They are published in their order, so they are the newest. */
    unpublished(limit: number): Promise<readonly CheckpointRow[]>;
    published(size: number, nowMs: number): Promise<void>;
    /** How many entries there are; the size and the time of the last checkpoint, 0 and null without; how many wait. */
    stats(): Promise<{
      readonly entries: number;
      readonly size: number;
      readonly madeMs: number | null;
      readonly unpublished: number;
    }>;
  };
  readonly reports: {
    /** From `fromMs` on, and before `toMs`. */
    ofOwner(period: { readonly owner: string; readonly fromMs: number; readonly toMs: number }): Promise<OwnerReport>;
    /** How much each rule asked of people, who asks most first: of asks from `fromMs` on and before `toMs`. */
    burden(period: { readonly fromMs: number; readonly toMs: number }): Promise<Burden>;
    /** Open approvals that no channel has shown anybody, oldest first: bounded, as of `store/unshown.ts`. */
    unshown(): Promise<readonly Unshown[]>;
    /** What rules asked from then on of which they name no amount, as each asked last of each tool: bounded. */
    askedWithoutAmount(period: { readonly fromMs: number }): Promise<readonly AskedWithoutAmount[]>;
    /** Open conversations whose agent is not among these, or whose owner is none of these people. */
    orphans(known: {
      readonly agents: readonly string[];
      readonly people: readonly string[];
    }): Promise<readonly { readonly agent: string; readonly owner: string; readonly count: number }[]>;
  };
  readonly apiKeys: {
    /** By SHA-256 (hex) of the secret; undefined when unknown or revoked. */
    byHash(hash: string): Promise<ApiKeyRow | undefined>;
    add(key: {
      id: string;
      hash: string;
      principal: Principal;
      scopes: readonly string[];
      nowMs: number;
      by?: string;
    }): Promise<void>;
    /** False when there is no such key, or it was revoked before. */
    revoke(id: string, nowMs: number, by?: string): Promise<boolean>;
  };
  readonly erasures: Erasures;
  /** What lies elsewhere, under the keys of here. */
  readonly sealedBytes: SealedBytes;
  readonly switches: {
    /** Every thrown switch: the one for all first, then the oldest. */
    thrown(): Promise<readonly Switch[]>;
    /** Throw a switch or take it back, with its ledger entry; idempotent by `id`. */
    set(change: { id: string; isThrown: boolean; switch: Switch }): Promise<void>;
  };
  /** What roles noticed about themselves at their start, as sentences for `doctor`. */
  readonly notices: {
    all(): Promise<readonly { readonly role: string; readonly sentence: string; readonly notedMs: number }[]>;
    replace(role: string, sentences: readonly string[], nowMs: number): Promise<void>;
  };
  /** What stands in channels. */
  readonly deliveries: Deliveries;
  /** What one person is still to be told there. */
  readonly notes: Notes;
  /** What is past what the agents declare to keep. */
  readonly maintenance: Maintenance;
  ping(): Promise<void>;
  close(): Promise<void>;
}
