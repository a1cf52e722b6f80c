// A store that loses its latest entries: it is put back to what it was earlier, while Temporal has gone on.
import { type NativeConnection, Worker } from '@temporalio/worker';
import pg from 'pg';
import type { Proposal } from '../../domain/action.ts';
import { conversationWorkflowId, TASK_QUEUES } from '../../domain/ids.ts';
import { openRebuilding, type Rebuilding } from '../../store/rebuild.ts';
import type { ProcedureFile } from '../../workers/procedures.ts';
import { createPayloadCodec } from '../../workers/payload-codec.ts';
import { type Rebuilt, rebuildFrom } from '../../workers/rebuild/rebuild.ts';
import { bundleForReplay } from '../../workers/rebuild/replay.ts';
import { eventually, type System } from './system.ts';

const TABLES = [
  ...['conversations', 'items', 'actions', 'approvals', 'claims', 'ledger', 'ledger_seals', 'checkpoints'],
  ...['limit_takes', 'deliveries', 'notes'],
];

// As the SDK names it in a history.
const LOCAL_ACTIVITY = 'core_local_activity';

type History = Awaited<ReturnType<ReturnType<System['handle']>['fetchHistory']>>;
type HistoryEvent = NonNullable<History['events']>[number];

export interface Row {
  readonly seq: number;
  readonly subject: string;
  readonly step: string;
  readonly kind: string;
  readonly text: string;
  readonly isRebuilt: boolean;
  readonly fact: Readonly<Record<string, unknown>>;
}

export const keyOf = ({ subject, step }: Pick<Row, 'subject' | 'step'>): string => `${subject} ${step}`;

interface Over {
  readonly dryRun?: boolean;
  readonly notes?: readonly string[];
  readonly despiteUnread?: boolean;
  readonly despiteUnknown?: boolean;
  readonly client?: System['client'];
  readonly ledger?: (opened: Rebuilding) => Rebuilding;
  readonly rolesAreStopped?: () => Promise<void>;
}

const queryOf =
  (system: () => System) =>
  async <T>(statement: string): Promise<readonly T[]> => {
    const client = new pg.Client(system().pool);
    await client.connect();
    try {
      return (await client.query(statement)).rows as T[];
    } finally {
      await client.end();
    }
  };

/** `system`: as it is when it is asked for. `procedures`: the code of its agent's. `masterKey`: where it encrypts. */
export function lossOf(
  system: () => System,
  procedures: () => Promise<readonly ProcedureFile[]> = async () => [],
  masterKey?: string,
) {
  const query = queryOf(system);
  // Bundling takes seconds, and a file of tests rebuilds a dozen times.
  let bundle: ReturnType<typeof bundleForReplay> | undefined;
  return {
    query,
    entries: () => entriesBy(query),
    async originOf(): Promise<string> {
      return (await query<{ origin: string }>('select origin from countersign.ledger_identity'))[0]?.origin ?? '';
    },
    async backUp(): Promise<void> {
      await query('drop schema if exists backup cascade; create schema backup');
      for (const table of TABLES) await query(`create table backup.${table} as select * from countersign.${table}`);
    },
    /** The owner of the tables may do this, and it is what a restored backup looks like. */
    async restore(): Promise<void> {
      await query('alter table countersign.ledger disable trigger all');
      for (const table of TABLES.toReversed()) await query(`delete from countersign.${table}`);
      for (const table of TABLES)
        await query(`insert into countersign.${table} overriding system value select * from backup.${table}`);
      await query('alter table countersign.ledger enable always trigger ledger_is_append_only');
    },
    async rebuild({ ledger = (same) => same, ...over }: Over = {}): Promise<Rebuilt> {
      bundle ??= procedures().then(bundleForReplay);
      const { client = system().client, rolesAreStopped = async () => {}, ...asks } = over;
      const at = { client, workflowBundle: await bundle, rolesAreStopped };
      const opened = openRebuilding(system().pool, masterKey);
      const seen = ledger(opened);
      const codec = masterKey === undefined ? {} : { codec: createPayloadCodec(seen.sealedBytes) };
      try {
        const asked = { by: 'olga', reason: 'restored', dryRun: false, nowMs: 1, notes: [] };
        const despite = { despiteUnread: false, despiteUnknown: false };
        return await rebuildFrom({ ...at, ...codec, ledger: seen }, { ...asked, ...despite, ...asks });
      } finally {
        await opened.close();
      }
    },
    async talk(conversationId: string, text: string): Promise<void> {
      await system().open(conversationId);
      await system().submit(conversationId, 'm1', text);
      await system().reply(conversationId, 'm1');
    },
    ...historiesOf(system),
    /** An actor takes the next act, calls the far side, and dies; what it had put on record is among what is lost. */
    async actorDies(connection: NativeConnection, effects: string[]): Promise<void> {
      const before = effects.length;
      const act = async ({ proposal }: { readonly proposal: Proposal }): Promise<never> => {
        if (effects.length === before) effects.push(`${proposal.tool} ${proposal.actionId}`);
        throw new Error('it died');
      };
      const { namespace } = system().client.options;
      const worker = await Worker.create({ connection, namespace, taskQueue: TASK_QUEUES.actor, activities: { act } });
      await worker.runUntil(eventually(async () => effects.length > before || undefined, 'the effect'));
    },
    async stopRoles(): Promise<void> {
      for (const name of ['actor', 'workflows', 'assistant'] as const) await system().stopRole(name);
    },
  };
}

const isOf =
  (activity: string) =>
  (event: HistoryEvent): boolean =>
    event.activityTaskScheduledEventAttributes?.activityType?.name === activity;

function notThereYet(error: unknown): Pick<History, 'events'> {
  if ((error as { readonly code?: unknown }).code === NOT_FOUND) return {};
  throw error;
}

// As gRPC counts it.
const NOT_FOUND = 5;

/** Waiting for what Temporal knows. */
function historiesOf(system: () => System) {
  const inHistory = (workflowId: string, what: string, has: (event: HistoryEvent) => boolean) =>
    eventually(async () => {
      const { events } = await system().client.workflow.getHandle(workflowId).fetchHistory().catch(notThereYet);
      return events?.some(has) || undefined;
    }, what);
  return {
    /** The Activity was asked for, in that conversation. */
    hasScheduled: (conversationId: string, activity: string) =>
      inHistory(conversationWorkflowId(conversationId), `${activity} being scheduled`, isOf(activity)),
    /** An act was asked for, in that Workflow. */
    hasActed: (workflowId: string) => inHistory(workflowId, 'an act being scheduled', isOf('act')),
    /** Temporal knows that something was put on record: until that Workflow Task has ended only the store does. */
    hasRecorded: (workflowId: string) =>
      inHistory(
        workflowId,
        `Temporal knowing what ${workflowId} recorded`,
        (one) => one.markerRecordedEventAttributes?.markerName === LOCAL_ACTIVITY,
      ),
  };
}

async function entriesBy(query: <T>(statement: string) => Promise<readonly T[]>): Promise<readonly Row[]> {
  const rows = await query<{ entry: string; body: string | null }>(
    `select entry, body from countersign.ledger left join countersign.ledger_seals using (seq) order by seq`,
  );
  return rows.map(({ entry: text, body }) => {
    const { seq, subject, step, kind, fact, rebuilt: mark } = JSON.parse(text) as Row & { readonly rebuilt?: true };
    const sealed = body === null || body.startsWith('~') ? {} : (JSON.parse(body) as object);
    return { seq, subject, step, kind, text, isRebuilt: mark === true, fact: { ...fact, ...sealed } };
  });
}

/** The first effect, once Temporal has the answer of the act and the conversation's Workflow has not heard of it. */
export async function unheardAnswer(
  system: System,
  conversationId: string,
  effects: readonly string[],
): Promise<string | undefined> {
  const { events } = await system.handle(conversationId).fetchHistory();
  const last = (name: 'activityTaskCompletedEventAttributes' | 'workflowTaskCompletedEventAttributes') =>
    events?.findLastIndex((event) => event[name]) ?? -1;
  const isUnheard = last('activityTaskCompletedEventAttributes') > last('workflowTaskCompletedEventAttributes');
  return isUnheard ? effects[0] : undefined;
}
