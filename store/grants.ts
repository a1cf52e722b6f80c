// What each role of the system may do in the store: one table, put in force by `countersign migrate` for the PostgreSQL
// roles that exist. The owner of the tables is bound by none of it. May import domain types and the pool.
// Guarantees: the assistant can write neither claims nor decisions; each role appends its own kinds of entry only.
import type pg from 'pg';
import type { Fact } from '../domain/entry.ts';
import type { Trust } from '../domain/item.ts';
import { DROP, DUE, type FunctionName, FUNCTIONS } from './functions.ts';
import { connectGuarded, createPool, type GuardedClient } from './pool.ts';
import type { Tables } from './schema.ts';
import { OF_APPROVAL, PLACES } from './steps.ts';

type Table = keyof Tables;
/** Columns per table; none named means all of them. */
type Columns = { readonly [T in Table]?: readonly (keyof Tables[T] & string)[] };

export interface Rights {
  readonly read: Columns;
  readonly insert: readonly Table[];
  readonly update: Columns;
  readonly remove?: readonly Table[];
  /** Kinds of ledger entry that it may append, each as its places are (see steps.ts). */
  readonly appends: readonly Fact['kind'][];
  /** Of these kinds only such entries, as conditions. */
  readonly only?: { readonly [K in Fact['kind']]?: string };
  /** Functions that do what it has no right to, and look for themselves whether it is due. */
  readonly calls?: readonly FunctionName[];
  /** Labels that its items may carry. */
  readonly labels: readonly Trust[];
}

const ALL: readonly [] = [];
/** What appending to the ledger needs to see of it. */
const LEDGER_KEYS = ['seq', 'subject', 'step', 'kind'] as const;

// PostgreSQL reads no JSON that holds a NUL anywhere; what a far side has sent may. In the columns there can be none.
const READ = String.raw`replace(entry, '\u0000', '\u0020')::json`;

export const RIGHTS: Readonly<Record<string, Rights>> = {
  countersign_api: {
    read: {
      conversations: ALL,
      items: ALL,
      actions: ALL,
      approvals: ALL,
      claims: ALL,
      ledger: ALL,
      ledger_seals: ALL,
      api_keys: ALL,
      switches: ALL,
      notices: ALL,
      ledger_identity: ALL,
      checkpoints: ALL,
      budgets: ALL,
      ...{ facts: ALL, subject_keys: ALL, retired_masters: ALL, maintenance_runs: ALL },
    },
    insert: ['conversations', 'ledger', 'ledger_seals', 'switches', 'checkpoints', 'notes', 'subject_keys'],
    remove: ['switches'],
    update: {
      conversations: ['phase', 'updated_ms'],
      approvals: ['end_state', 'approval'],
      checkpoints: ['published_ms'],
      facts: ['ended_ms', 'ended_as'],
      // An erasure destroys a key, and touches no text.
      subject_keys: ['wrapped', 'destroyed_ms'],
    },
    calls: ['erase_facts', ...DUE],
    appends: [
      ...(['conversation_opened', 'commanded', 'phase', 'approval_seen', 'approval_settled', 'switched'] as const),
      ...(['decision_refused', 'ledger_read', 'configured', 'facts_erased', 'erased'] as const),
    ],
    // What it turned away itself, under the approval; what came to a batch is the batch's to say.
    only: { decision_refused: `subject ~ '${OF_APPROVAL}'` },
    labels: [],
  },
  countersign_workflows: {
    read: {
      ...{ conversations: ALL, items: ALL, actions: ALL, approvals: ALL, claims: ALL, ledger: ALL, ledger_seals: ALL },
      ...{ limit_takes: ALL, facts: ALL, subject_keys: ALL, retired_masters: ALL },
      // The assistant, which uses them up, can neither see nor change what it may use.
      ...{ budgets: ALL, reservations: ALL, budget_waits: ALL, maintenance_runs: ALL },
    },
    insert: [
      ...(['items', 'actions', 'approvals', 'claims', 'ledger', 'ledger_seals'] as const),
      // Somebody else who writes in a conversation gets a key of their own.
      ...(['budgets', 'reservations', 'budget_waits', 'subject_keys', 'maintenance_runs'] as const),
    ],
    update: {
      conversations: ['phase', 'updated_ms', 'intake', 'idle_asked_ms'],
      actions: ['stage', 'verdict', 'evidence', 'approval_id', 'outcome', 'outcome_kind', 'updated_ms'],
      approvals: ['end_state', 'approval'],
      claims: ['outcome', 'receipt_ms', 'epoch', 'taken_ms'],
      // People say later that it did not happen. What is taken, only a claim of the actor says.
      limit_takes: ['given_back_ms'],
      budgets: ['used', 'held', 'opened', 'openings', 'updated_ms'],
      reservations: ['used'],
      facts: ['ended_ms', 'ended_as'],
      maintenance_runs: ['last_ms', 'done'],
    },
    // It runs maintenance.
    calls: ['erase_facts', 'delete_texts', ...DUE, ...DROP],
    appends: [
      ...(['phase', 'message', 'message_refused', 'report_refused', 'replied', 'proposed', 'ruled'] as const),
      ...(['approval_requested', 'approval_noticed', 'decided', 'decision_refused', 'approval_settled'] as const),
      ...(['claimed', 'settled', 'configured', 'operator_act', 'intake', 'turn_limited'] as const),
      ...(['budget_reached', 'budget_opened', 'facts_erased', 'maintained'] as const),
    ],
    // It takes the claim of what nobody begins any more; what people say has happened corrects what was not known; and how a
    // procedure has ended is its word, and marked as such.
    only: {
      claimed: `${READ} #>> '{fact,warrant}' is null`,
      decision_refused: `subject !~ '${OF_APPROVAL}'`,
      settled: `(${READ} #>> '{fact,outcome,kind}' <> 'succeeded' or step = 'corrected'
        or ${READ} #>> '{fact,by}' = 'procedure')`,
      // Nobody's doing: who forgets, the API or the actor says.
      facts_erased: `${READ} #>> '{fact,why}' = 'over'`,
    },
    labels: ['principal', 'record', 'untrusted', 'model'],
  },
  countersign_assistant: {
    read: {
      ...{ items: ALL, facts: ALL, ledger: LEDGER_KEYS, subject_keys: ALL, retired_masters: ALL },
      conversations: ['id', 'updated_ms', 'key_id', 'tenant', 'principal_id'],
    },
    insert: ['items', 'ledger', 'ledger_seals'],
    update: { conversations: ['updated_ms'] },
    appends: ['model_call', 'model_call_failed', 'replied', 'configured'],
    only: { replied: `${READ} #>> '{fact,by}' = 'model'` },
    // What sums up a stranger's words is a stranger's word: that label takes trust away, and gives none.
    labels: ['model', 'untrusted'],
  },
  countersign_actor: {
    read: {
      ...{ items: ALL, claims: ALL, actions: ALL, ledger: LEDGER_KEYS, switches: ALL, notices: ['role'] },
      ...{ limit_takes: ALL, facts: ALL, subject_keys: ALL, retired_masters: ALL },
      // What it shows in channels, and where.
      ...{ conversations: ALL, approvals: ALL, deliveries: ALL, delivered_replies: ALL, notes: ALL },
    },
    insert: [
      ...(['items', 'claims', 'limit_takes', 'ledger', 'ledger_seals', 'notices', 'deliveries'] as const),
      ...(['delivered_replies', 'facts'] as const),
    ],
    update: {
      deliveries: ['ref', 'digest', 'at_ms', 'posting_ms', 'attempt', 'batch_id', 'is_open'],
      delivered_replies: ['seq'],
      notes: ['way', 'note', 'due_ms', 'tries', 'is_over'],
      actions: ['stage', 'outcome', 'outcome_kind', 'updated_ms'],
      claims: ['outcome', 'receipt_ms', 'epoch', 'taken_ms'],
      limit_takes: ['given_back_ms'],
      facts: ['ended_ms', 'ended_as'],
    },
    calls: ['erase_facts'],
    remove: ['notices', 'notes', 'deliveries'],
    appends: [
      ...(['inspected', 'claimed', 'attempted', 'reconciled', 'settled', 'warrant_refused'] as const),
      ...(['configured', 'card_shown', 'card_not_shown', 'facts_erased'] as const),
    ],
    labels: ['record', 'untrusted'],
  },
};

/** Put the table in force, as the owner of the tables. Resolves to the PostgreSQL roles that got their rights. */
export async function grantRights(config: pg.PoolConfig): Promise<readonly string[]> {
  return withClient(config, async (client) => {
    const roles = (await memberships(client)).map((row) => row.role);
    await grantTo(client, roles);
    return roles;
  });
}

/** The roles that exist here, and whether this connection's user may act as each. */
export async function memberships(
  client: GuardedClient,
): Promise<readonly { readonly role: string; readonly held: boolean }[]> {
  const { rows } = await client.query<{ role: string; held: boolean }>(
    `select rolname as role, pg_has_role(oid, 'member') as held from pg_roles where rolname = any($1) order by rolname`,
    [Object.keys(RIGHTS)],
  );
  return rows;
}

export async function withClient<T>(config: pg.PoolConfig, work: (client: GuardedClient) => Promise<T>): Promise<T> {
  const pool = createPool({ ...config, max: 1 });
  try {
    const client = await connectGuarded(pool);
    try {
      return await work(client);
    } finally {
      client.release();
    }
  } finally {
    await pool.end();
  }
}

/** In one transaction: nobody ever sees a role with half its rights, or a table without its policies. */
async function grantTo(client: GuardedClient, roles: readonly string[]): Promise<void> {
  if (roles.length === 0) return;
  await client.query('begin');
  try {
    for (const statement of roles.flatMap((role) => statementsFor(role))) await client.query(statement);
    // What a role may write by kind is a policy per row; tables without policies stay as they are.
    for (const table of ['ledger', 'ledger_seals', 'items']) {
      await client.query(`alter table countersign.${table} enable row level security`);
    }
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

function statementsFor(role: string): readonly string[] {
  const rights = RIGHTS[role];
  if (rights === undefined) return [];
  return [
    `revoke all on all tables in schema countersign from ${role}`,
    `grant usage on schema countersign, countersign_migrations to ${role}`,
    `grant select on countersign_migrations.kysely_migration to ${role}`,
    ...byColumn('select', rights.read, role),
    ...rights.insert.map((table) => `grant insert on countersign.${table} to ${role}`),
    ...byColumn('update', rights.update, role),
    ...(rights.remove ?? []).map((table) => `grant delete on countersign.${table} to ${role}`),
    ...policies('ledger', `${SAYS_WHAT_IT_IS} and ${mayAppend(rights)}`, role),
    ...policies('items', oneOf('trust', rights.labels), role),
    `grant select (xmin) on countersign.ledger to ${role}`,
    ...policies('ledger_seals', OF_WHAT_IT_APPENDS, role),
    `revoke all on all functions in schema countersign from ${role}`,
    ...(rights.calls ?? []).map(
      (name) => `grant execute on function countersign.${name}(${FUNCTIONS[name]}) to ${role}`,
    ),
  ];
}

function byColumn(right: 'select' | 'update', columns: Columns, role: string): readonly string[] {
  return Object.entries(columns).map(([table, names]) => {
    const only = names.length === 0 ? '' : ` (${names.join(', ')})`;
    return `grant ${right}${only} on countersign.${table} to ${role}`;
  });
}

/**
 * What is hashed and told is the text of an entry. A role that appended one kind by its column and another by its text would
 * speak for others; one whose leaf is not the hash of the text would make the ledger look as if somebody had altered it.
 */
const SAYS_WHAT_IT_IS = [
  `${READ} ->> 'seq' = seq::text`,
  `${READ} ->> 'subject' = subject`,
  `${READ} ->> 'step' = step`,
  `${READ} ->> 'conversationId' = conversation_id`,
  `${READ} ->> 'atMs' = at_ms::text`,
  `${READ} ->> 'kind' = kind`,
  `${READ} #>> '{fact,kind}' = kind`,
  String.raw`leaf = sha256('\x00'::bytea || convert_to(entry, 'UTF8'))`,
].join(' and ');

/** A seal belongs to an entry of the same transaction: nobody takes the place of another's, or gives an entry one later. */
const OF_WHAT_IT_APPENDS = `exists (select from countersign.ledger as entry
  where entry.seq = ledger_seals.seq and entry.xmin = pg_current_xact_id()::xid)`;

/** Its own kinds, each in a place of that kind: nobody takes that of another's entry, which would count as recorded. */
function mayAppend({ appends, only = {} }: Pick<Rights, 'appends' | 'only'>): string {
  const cases = appends.map((kind) => {
    const { step, subject } = PLACES[kind];
    const where = [`step ~ '${step}'`, ...(subject === undefined ? [] : [`subject ~ '${subject}'`]), only[kind] ?? []];
    return `when '${kind}' then ${where.flat().join(' and ')}`;
  });
  return `case kind ${cases.join(' ')} else false end`;
}

const oneOf = (column: string, values: readonly string[]): string =>
  values.length === 0 ? 'false' : `${column} in (${values.map((value) => `'${value}'`).join(', ')})`;

/** All rows may be read by whoever may read the table; a row may be written only where it passes the check. */
function policies(table: Table, check: string, role: string): readonly string[] {
  return [
    `drop policy if exists ${role}_reads on countersign.${table}`,
    `create policy ${role}_reads on countersign.${table} for select to ${role} using (true)`,
    `drop policy if exists ${role}_writes on countersign.${table}`,
    `create policy ${role}_writes on countersign.${table} for insert to ${role} with check (${check})`,
  ];
}
