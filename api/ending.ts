// The end of a conversation, as the store must know it: whoever finds that the Workflow has ended puts it on record, so
// that every later call is answered 410. May import domain, store and the gateway's error.
import type { Entry } from '../domain/entry.ts';
import type { ConversationRow, Store } from '../store/ports.ts';
import type { ConversationStart } from './gateway.ts';
import { GatewayError } from './gateway-error.ts';

export interface Ending {
  /** Put the end on record; again changes nothing. `by` is a person's id, '' when it was found ended. */
  record(row: ConversationRow, by: string, reason: string): Promise<void>;
  /** Do it while the conversation lives. Throws what `work` throws, after an end that it met is on record. */
  whileOpen<T>(row: ConversationRow, work: (start: ConversationStart) => Promise<T>): Promise<T>;
}

export function createEnding(store: Pick<Store, 'record' | 'conversations'>, nowMs: () => number): Ending {
  async function record({ id }: ConversationRow, by: string, reason: string): Promise<void> {
    const fact = { kind: 'phase', phase: 'closed', by, reason } as const;
    const entry: Entry = { subject: id, step: 'closed', conversationId: id, atMs: nowMs(), fact };
    await store.record([entry]);
  }

  return {
    record,
    async whileOpen(row, work) {
      try {
        return await work(startOf(row));
      } catch (error) {
        const isOver = error instanceof GatewayError && error.fault.kind === 'ended';
        // One that ended itself meanwhile has said so, and why.
        if (isOver && (await store.conversations.get(row.id))?.phase !== 'closed')
          await record(row, '', 'its Workflow had ended in Temporal');
        throw error;
      }
    },
  };
}

export function startOf({ id, agent, tenant, owner, principal, channel }: ConversationRow): ConversationStart {
  const whose = { owner, principalId: principal.id };
  return { conversationId: id, agent, tenant, ...whose, ...(channel === null ? {} : { inChannel: channel }) };
}
