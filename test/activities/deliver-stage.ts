// The Activities that show something in channels, over a store of their own and a channel that remembers.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import type pg from 'pg';
import pino from 'pino';
import { createDeliverActivities, showFound } from '../../activities/actor/deliver.ts';
import { runOf } from '../../activities/actor/posting.ts';
import type { DeliverDeps } from '../../activities/actor/everywhere.ts';
import type { Delivered, DeliverActivities } from '../../domain/activity-ports.ts';
import type { Approval } from '../../domain/approval.ts';
import type { Card } from '../../domain/card.ts';
import type { MessageRef } from '../../domain/channel.ts';
import { defineDirectory } from '../../domain/principal.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../store/embedded.ts';
import { KEPT } from '../support/kept.ts';
import type { Store } from '../../store/ports.ts';
import { createPool } from '../../store/pool.ts';
import { openStore } from '../../store/store.ts';
import { MASTER_KEY } from '../support/master-key.ts';
import { aConversationId, anApproval, anEntry, opened, proposed, requested } from '../store/builders.ts';
import type { Pigeon } from '../support/pigeon.ts';

export const directory = defineDirectory({
  people: [
    { id: 'per_finn', name: 'Finn Berger', channels: { pigeon: 'FINN' } },
    { id: 'per_olga', name: 'Olga Lind', channels: { pigeon: 'OLGA' } },
    { id: 'cus_ada', name: 'Ada', channels: { pigeon: 'ADA' } },
    { id: 'per_tom', name: 'Tom, without a channel' },
  ],
  groups: {
    finance: ['per_finn', 'per_olga', 'cus_ada', 'per_tom'],
    treasury: ['per_finn'],
    board: ['per_finn'],
    nobody: [],
  },
  // Nobody but one test is asked on the board.
  addresses: { treasury: { pigeon: 'C-TREASURY' }, board: { pigeon: 'C-BOARD' } },
});

/** Opens before the tests of the file, and closes after them. */
export function deliverStage() {
  let folder: string;
  let postgres: EmbeddedPostgres;
  let store: Store;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-deliver-'));
    postgres = await startEmbeddedPostgres({ dataDir: folder, freshIn: KEPT });
    store = await openStore({ pool: postgres.poolConfig, masterKey: MASTER_KEY });
  });
  after(async () => {
    await store?.close();
    await postgres?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const depsWith = (change: Partial<DeliverDeps>): DeliverDeps => {
    const log = pino({ level: 'silent' });
    return { store, directory, senders: [], nowMs: () => 1_000_000, log, ...change };
  };
  const activities = (change: Partial<DeliverDeps>) => createDeliverActivities(depsWith(change));
  return {
    get store(): Store {
      return store;
    },
    activities,
    /** Rows as they lie there. */
    async rows<Row extends pg.QueryResultRow>(statement: string, values: readonly string[]): Promise<readonly Row[]> {
      const pool = createPool({ ...postgres.poolConfig, max: 1 });
      try {
        return (await pool.query<Row>(statement, [...values])).rows;
      } finally {
        await pool.end();
      }
    },
    /** Somebody has clicked there. */
    clicked(pigeon: Pigeon, approvalId: string, ref: MessageRef): Promise<boolean> {
      const run = runOf(depsWith({ senders: [pigeon] }), new Map(), new AbortController().signal);
      return showFound(run, pigeon.name, { ref, approvalId });
    },
    /** Run one of the Activities as a Worker would. */
    delivering(pigeon: Pigeon) {
      const made = activities({ senders: [pigeon] });
      return async <Name extends keyof DeliverActivities>(
        name: Name,
        input: Parameters<DeliverActivities[Name]>[0],
      ) => {
        const run = made[name] as (one: typeof input) => Promise<Delivered>;
        return (await new MockActivityEnvironment().run(run, input)) as Delivered;
      };
    },
    /** Put an approval on record, as a batch does before its card. */
    async asked(group: string, change: Partial<Approval> = {}): Promise<Approval> {
      const conversationId = change.conversationId ?? aConversationId();
      const approval = { ...anApproval(conversationId, group), ...change, conversationId };
      await store.record([opened(conversationId), proposed(conversationId), requested(conversationId, approval)]);
      return approval;
    },
    async settle(approval: Approval, end: Approval['end']): Promise<void> {
      const fact = { kind: 'approval_settled', approval: { ...approval, end } } as const;
      await store.record([anEntry(approval.conversationId, approval.id, 'settled', fact)]);
    },
  };
}

export const cardsOf = ({ standing }: Pigeon): readonly Card[] =>
  [...standing.values()].flatMap(({ message }) => (message.kind === 'card' ? [message.card] : []));
