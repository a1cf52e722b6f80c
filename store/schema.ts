// The tables as Kysely sees them, and the connection to them. Bodies are of type `json`, not `jsonb`: it keeps the
// exact text and takes every string that JSON can say, a NUL included. May import domain types only.
import { type ColumnType, type Generated, Kysely, type KyselyPlugin, type Transaction } from 'kysely';
import type pg from 'pg';
import type { Evidence, Outcome, Proposal } from '../domain/action.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { Approval } from '../domain/approval.ts';
import type { ConversationChannel, MessageRef, PrivateWay, SealedNote } from '../domain/channel.ts';
import type { ConversationPhase } from '../domain/conversation.ts';
import type { Escalation } from '../domain/entitlement.ts';
import type { Fact } from '../domain/entry.ts';
import type { IntakeStanding } from '../domain/intake.ts';
import type { ItemBody, ItemMark, Trust } from '../domain/item.ts';
import type { Principal } from '../domain/principal.ts';
import type { Origin } from '../domain/sources.ts';
import type { Amounts, BudgetScope, CallBounds } from '../domain/spending.ts';
import type { SwitchScope } from '../domain/switch.ts';
import type { ActionRow } from './ports.ts';
import { createDialect } from './pool.ts';

const SCHEMA = 'countersign';

/** Written as JSON text, read as the value. */
type JsonColumn<T> = ColumnType<T, string, string>;

export interface Tables {
  conversations: {
    id: string;
    agent: string;
    tenant: string;
    owner: string;
    principal_id: string;
    principal: JsonColumn<Principal>;
    phase: ConversationPhase;
    created_ms: number;
    updated_ms: number;
    channel: JsonColumn<ConversationChannel | null> | null;
    intake: ColumnType<IntakeStanding | null, string | null | undefined, string>;
    /** null: of the time before there were keys. */
    key_id: ColumnType<string | null, string | null | undefined, string>;
    /** null: they are there. */
    texts_deleted_ms: ColumnType<number | null, never, never>;
    /** null: never yet. */
    idle_asked_ms: ColumnType<number | null, never, number>;
  };
  items: {
    id: string;
    conversation_id: string;
    key: string;
    turn: number;
    seq: Generated<number>;
    trust: Trust;
    kind: ItemBody['kind'];
    body: JsonColumn<ItemBody>;
    salt: string;
    created_ms: number;
    /** null: as many as the body has. */
    body_bytes: ColumnType<number | null, number | null | undefined, number>;
  };
  actions: {
    id: string;
    conversation_id: string;
    proposal: JsonColumn<Omit<Proposal, 'salt'>>;
    evidence: JsonColumn<Evidence | null> | null;
    verdict: JsonColumn<Verdict | null> | null;
    approval_id: string | null;
    stage: ActionRow['stage'];
    outcome_kind: Outcome['kind'] | null;
    outcome: JsonColumn<Outcome | null> | null;
    created_ms: number;
    updated_ms: number;
  };
  approvals: {
    id: string;
    conversation_id: string;
    group_name: string;
    end_state: Approval['end'];
    asked_ms: number;
    handle: string;
    batch_id: string;
    approval: JsonColumn<Approval>;
    escalation: ColumnType<readonly Escalation[], string | undefined, string>;
    agent: string;
    /** null where it asks whether something happened, which no rule asks. */
    rule_id: string | null;
  };
  claims: {
    action_id: string;
    conversation_id: string;
    digest: string;
    tool: string;
    claimed_ms: number;
    outcome: JsonColumn<Outcome | null> | null;
    receipt_ms: number | null;
    epoch: Generated<number>;
    taken_ms: Generated<number>;
  };
  limit_takes: {
    action_id: string;
    limit_name: string;
    agent: string;
    tenant: string;
    principal_id: string;
    /** '' where calls are counted. */
    currency: string;
    units: number;
    at_ms: number;
    given_back_ms: ColumnType<number | null, never, number>;
  };
  switches: { scope: SwitchScope; name: string; set_by: string; reason: string; set_ms: number };
  deliveries: {
    key: string;
    channel: string;
    ref: JsonColumn<MessageRef | null> | null;
    digest: string;
    at_ms: number;
    posting_ms: number | null;
    attempt: string | null;
    batch_id: string | null;
    is_open: Generated<boolean>;
  };
  delivered_replies: { conversation_id: string; seq: number };
  notes: {
    id: string;
    channel: string;
    way: JsonColumn<PrivateWay>;
    note: JsonColumn<SealedNote>;
    made_ms: number;
    due_ms: number;
    tries: Generated<number>;
    is_over: Generated<boolean>;
  };
  budgets: {
    id: string;
    scope: BudgetScope;
    tenant: string;
    agent: string;
    whose: string;
    day: string;
    ends_ms: number | null;
    used: JsonColumn<Amounts>;
    held: JsonColumn<Amounts>;
    opened: JsonColumn<Amounts>;
    openings: JsonColumn<Amounts>;
    updated_ms: number;
    dropped_turn: ColumnType<number, never, never>;
  };
  reservations: {
    call_id: string;
    conversation_id: string;
    turn: number;
    step: string;
    conversation_budget: string;
    principal_budget: string;
    agent_budget: string;
    bounds: JsonColumn<CallBounds>;
    reserved_ms: number;
    used: ColumnType<Amounts | null, string | null | undefined, string>;
  };
  facts: {
    id: string;
    action_id: string;
    conversation_id: string;
    tenant: string;
    agent: string;
    subject: string;
    kind: string;
    /** As JSON, like the value; '' once its words are erased. */
    key: string;
    value: string | null;
    salt: string | null;
    digest: string;
    items: JsonColumn<readonly ItemMark[]>;
    trust: Origin;
    owner: string;
    from_ms: number;
    expires_ms: number;
    fresh_until_ms: number;
    history_ms: number;
    ended_ms: ColumnType<number | null, never, number>;
    ended_as: ColumnType<'replaced' | 'forgotten' | 'expired' | null, never, 'replaced' | 'forgotten' | 'expired'>;
  };
  maintenance_runs: { task: string; last_ms: number | null; done: number };
  budget_waits: { budget_id: string; conversation_id: string; since_ms: number };
  notices: { role: string; position: number; sentence: string; noted_ms: number };
  ledger: {
    seq: number;
    subject: string;
    step: string;
    conversation_id: string;
    at_ms: number;
    kind: Fact['kind'];
    /** The exact text that was hashed (see entry-text.ts), and the hash of its leaf. */
    entry: string;
    leaf: Buffer;
  };
  ledger_seals: { seq: number; salt: string; body: string };
  ledger_identity: { origin: string };
  checkpoints: {
    size: number;
    /** 32 bytes for each perfect subtree, largest first. */
    frontier: Buffer;
    note: string;
    made_ms: number;
    published_ms: number | null;
  };
  subject_keys: {
    id: string;
    tenant: string;
    subject: string;
    wrapped: Buffer | null;
    /** The name of the master key that it lies under; '' where that was not written down. */
    master: Generated<string>;
    made_ms: number;
    destroyed_ms: ColumnType<number | null, number | null | undefined, number>;
  };
  retired_masters: { name: string; replaced_by: string; retired_ms: number };
  api_keys: {
    id: string;
    hash: string;
    principal: JsonColumn<Principal>;
    scopes: JsonColumn<readonly string[]>;
    created_ms: number;
    revoked_ms: number | null;
  };
}

export type Db = Kysely<Tables>;
export type Tx = Transaction<Tables>;

/** Keys of advisory locks, of transactions but where it is said. The first is ours ("csgn"), the second what is locked. */
export const LOCKS = {
  /** Whoever appends to the ledger: makes `seq` gapless and in commit order. */
  ledger: { family: 0x6373676e, key: 0 },
  /** Whoever makes a checkpoint. */
  checkpoints: { family: 0x6373676e, key: 1 },
  /** Whoever changes the master key; it ends with the connection. */
  masterKeys: { family: 0x6373676e, key: 2 },
  /** Whoever makes a key of a person, beside others; alone, whoever ends a change of the master key. */
  newKeys: { family: 0x6373676e, key: 3 },
  /** Whoever appends items; the key is a hash of the conversation. */
  itemsFamily: 0x6373676f,
  /** Whoever remembers; the key is a hash of whose memory it is. */
  factsFamily: 0x63736770,
} as const;

/** Kysely over the pool, inside our schema; `keyring` goes along. The pool stays its maker's to end. */
export function createDb(pool: pg.Pool, keyring?: KyselyPlugin): Db {
  const db = new Kysely<Tables>({ dialect: createDialect(pool) }).withSchema(SCHEMA);
  return keyring === undefined ? db : db.withPlugin(keyring);
}
