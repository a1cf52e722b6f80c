// What still runs for conversations that have ended: batches that finish what they do, procedures that undo, questions that
// wait for people. May import domain, @temporalio.
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { ACTION, CONVERSATION, PROCEDURE, QUESTION, SEARCH_ATTRIBUTES } from '../domain/protocol.ts';
import type { Calls } from './gateway-calls.ts';

// 10,000: more waits in no house; whoever has more finds the rest when the first ones have ended.
const MAX_LISTED = 10_000;
// 10 s: a list of a thousand takes one.
const LIST_MS = 10_000;
const TERMINATE_MS = 3_000;

const WAITING = [ACTION, PROCEDURE, QUESTION].map(({ type }) => `'${type}'`).join(', ');
const ENDING = `WorkflowType = '${CONVERSATION.type}' AND ${SEARCH_ATTRIBUTES.phase} = 'closed'`;

export interface Rest {
  /** The ids of all Workflows that wait, act or end now, but open conversations. */
  rest(): Promise<readonly string[]>;
  /** End one as it is; one that has ended stays so. */
  terminate(workflowId: string, reason: string): Promise<void>;
}

export function restOf(client: Client, within: Calls['within']): Rest {
  return {
    rest: () =>
      within(LIST_MS, async () => {
        const query = `ExecutionStatus = 'Running' AND (WorkflowType IN (${WAITING}) OR (${ENDING}))`;
        const ids: string[] = [];
        for await (const { workflowId } of client.workflow.list({ query })) {
          if (ids.push(workflowId) >= MAX_LISTED) break;
        }
        return ids;
      }),
    terminate: (workflowId, reason) =>
      within(TERMINATE_MS, async () => {
        try {
          await client.workflow.getHandle(workflowId).terminate(reason);
        } catch (error) {
          if (!(error instanceof WorkflowNotFoundError)) throw error;
        }
      }),
  };
}
