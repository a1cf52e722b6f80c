// Conversations' Workflows as Temporal lists them, for whoever compares them with the record. May import domain and the
// Temporal client.
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { ConversationRuns } from '../activities/workflows/deps.ts';
import { conversationOfWorkflow, conversationWorkflowId } from '../domain/ids.ts';
import { CONVERSATION } from '../domain/protocol.ts';

// 10,000 that have begun since the last look, ten minutes before: more than a house of ours begins or renews in that time.
const MAX_BEGUN = 10_000;
// 30 s: a list of a thousand takes one.
const LIST_MS = 30_000;
const CANCEL_MS = 5_000;

export function conversationRunsBy(client: Client): ConversationRuns {
  return {
    begunSince: (ms) =>
      client.withDeadline(Date.now() + LIST_MS, async () => {
        const since = new Date(Math.max(0, ms)).toISOString();
        const query = `WorkflowType = '${CONVERSATION.type}' AND ExecutionStatus = 'Running' AND StartTime >= '${since}'`;
        const ids: string[] = [];
        for await (const { workflowId } of client.workflow.list({ query })) {
          const id = conversationOfWorkflow(workflowId);
          if (id !== undefined && ids.push(id) >= MAX_BEGUN) break;
        }
        return ids;
      }),
    async end(id) {
      try {
        const handle = client.workflow.getHandle(conversationWorkflowId(id));
        // Our Workflow takes Temporal's own Cancel for `close`.
        await client.withDeadline(Date.now() + CANCEL_MS, () => handle.cancel());
        return true;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    },
  };
}
