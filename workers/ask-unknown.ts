// A person is asked about every unknown outcome, whatever became of the Workflow that should have asked: an operator may
// have terminated it, with its conversation, in the middle of an act. Looks now and then, and starts the question itself.
// May import domain, the store's types and the Temporal client.
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Logger } from 'pino';
import type { QuestionInput } from '../domain/conversation.ts';
import { questionId, TASK_QUEUES, waitingWorkflowId, WORKFLOW_TASK_TIMEOUT } from '../domain/ids.ts';
import { QUESTION } from '../domain/protocol.ts';
import type { Store, UnaskedAction } from '../store/ports.ts';
import { regularly } from './regularly.ts';

// 60 s between looks: whoever is asked has hours, and a look costs one statement.
export const LOOK_EVERY_MS = 60_000;
// 2 min: a Workflow that lives asks within seconds, also after the restart of its Worker.
const ASKED_BY_THEN_MS = 120_000;
// 50 at once: more unknown outcomes in a minute are an outage; the rest is asked at the next look.
const AT_ONCE = 50;
// 5 s: a start that takes longer is tried again at the next look.
const START_LIMIT_MS = 5_000;

interface Deps {
  readonly store: { readonly actions: Pick<Store['actions'], 'unasked'> };
  readonly client: Client;
  readonly nowMs: () => number;
  readonly log: Pick<Logger, 'warn'>;
}

/** Begin to look. Returns how to stop; what goes wrong is logged, and tried again at the next look. */
export function askUnknown(deps: Deps): () => void {
  return regularly(LOOK_EVERY_MS, 'unknown outcomes', deps.log, () => askOnce(deps));
}

/** One look. Resolves to the questions that were started. */
export async function askOnce({ store, client, nowMs }: Deps): Promise<readonly string[]> {
  const started: string[] = [];
  for (const row of await store.actions.unasked(nowMs() - ASKED_BY_THEN_MS, AT_ONCE)) {
    const input = inputOf(row);
    try {
      await client.withDeadline(Date.now() + START_LIMIT_MS, () =>
        client.workflow.start(QUESTION.type, {
          workflowId: waitingWorkflowId(input.questionId),
          taskQueue: TASK_QUEUES.workflows,
          workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
          // Asked once, by whomever: nobody of the directory may have been able to answer.
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          args: [input],
        }),
      );
      started.push(input.questionId);
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }
  return started;
}

function inputOf({ id, tenant, outcome, ...row }: UnaskedAction): QuestionInput {
  const { conversationId, agent, tool, args, digest, summary, principal } = row;
  const proposal = { actionId: id, conversationId, agent, tenant, tool, args, digest, summary, principal };
  return { questionId: questionId(id), proposal, reason: outcome?.kind === 'unknown' ? outcome.reason : '' };
}
