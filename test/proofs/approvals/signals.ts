// The way to Temporal, past the API, as anybody has it who may write there: Signals and Updates made by hand.
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, ServiceError, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { conversationWorkflowId, parseApprovalId, waitingWorkflowId } from '../../../domain/ids.ts';
import { ACTION } from '../../../domain/protocol.ts';
import { waitFor } from '../support.ts';
import type { Asked, Stage } from './stage.ts';

export interface ByHand {
  /** Send the Signal of a decision. Nobody answers it. */
  signal(asked: Pick<Asked, 'approval'>, signed: unknown): Promise<void>;
  /** Send the Update of a decision; resolves to its receipt, or to why it was refused. */
  update(asked: Pick<Asked, 'approval'>, signed: unknown): Promise<Handed>;
  /** Any other Signal, to the batch or to its conversation. */
  tell(
    of: 'batch' | 'conversation',
    asked: Pick<Asked, 'approval' | 'conversationId'>,
    name: string,
    with_: unknown,
  ): Promise<void>;
  /** The Workflow still does what it is asked. */
  isWell(asked: Pick<Asked, 'approval'>): Promise<boolean>;
  close(): Promise<void>;
}

export type Handed =
  | { readonly kind: 'receipt'; readonly counted: boolean; readonly text: string }
  | { readonly kind: 'refused'; readonly reason: string };

export async function openByHand(address: string): Promise<ByHand> {
  const connection = await Connection.connect({ address });
  const { workflow } = new Client({ connection });
  const batchOf = ({ approval }: Pick<Asked, 'approval'>) =>
    workflow.getHandle(waitingWorkflowId(parseApprovalId(approval.id)?.batchId ?? ''));
  return {
    signal: (asked, signed) => batchOf(asked).signal(ACTION.approvalDecision, signed),
    async update(asked, signed) {
      try {
        const receipt = await patiently(() =>
          batchOf(asked).executeUpdate<{ counted: boolean; text: string }, [unknown]>(ACTION.decideApproval, {
            args: [signed],
          }),
        );
        return { kind: 'receipt', counted: receipt.counted, text: receipt.text };
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return { kind: 'refused', reason: 'it has ended' };
        if (!(error instanceof WorkflowUpdateFailedError)) throw error;
        return { kind: 'refused', reason: error.cause?.message ?? '' };
      }
    },
    tell: (of, asked, name, with_) =>
      (of === 'batch' ? batchOf(asked) : workflow.getHandle(conversationWorkflowId(asked.conversationId))).signal(
        name,
        with_,
      ),
    isWell: async (asked) => {
      const state = await batchOf(asked).query<{ approvals: readonly unknown[] }>(ACTION.query);
      return state.approvals.length > 0;
    },
    close: () => connection.close(),
  };
}

// 30 s: Temporal takes no Update while a Workflow Task had to be repeated, as on a machine that is very busy.
const BUSY_LIMIT_MS = 30_000;
const AGAIN_MS = 500;

async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const untilMs = Date.now() + BUSY_LIMIT_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ServiceError) || Date.now() > untilMs) throw error;
      await sleep(AGAIN_MS);
    }
  }
}

// 30 s: a decision by Signal is verified as soon as a worker has a moment.
const RECORD_LIMIT_MS = 30_000;

/** Wait until a refusal of this very signature is on record under the batch; resolves to the reason. */
export function refusalOf(stage: Stage, { approval }: Pick<Asked, 'approval'>, signed: string): Promise<string> {
  const batchId = parseApprovalId(approval.id)?.batchId ?? '';
  return waitFor(`the refusal of a decision on ${approval.id}`, RECORD_LIMIT_MS, async () => {
    const rows = await stage.query<{ entry: string }>(
      `select entry from countersign.ledger where subject = $1 and step = $2 and kind = 'decision_refused'`,
      [batchId, `decision refused:${signed.slice(-16)}`],
    );
    return rows[0]?.entry;
  });
}
