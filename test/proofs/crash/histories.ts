// What Temporal says of the Workflows of a conversation: whether anything is still under way, and whether anything failed.
import { Client, Connection, type WorkflowExecutionDescription, type WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { waitingWorkflowId, conversationWorkflowId, parseApprovalId } from '../../../domain/ids.ts';
import { ACTION, CONVERSATION } from '../../../domain/protocol.ts';
import { chainProblems } from '../rig/chains.ts';
import { AGENTS, type Rig } from '../rig/rig.ts';
import { findProcedures } from '../../../workers/procedures.ts';
import { replayAll } from '../../support/replays.ts';
import { type Random, secondsOf, waitFor } from '../support.ts';

export interface Histories {
  /** Resolves once nothing is under way: the conversation waits for people, and its batch, if any, has completed. */
  quiet(conversationId: string, approvalId: string | undefined): Promise<void>;
  /** What went wrong with its Workflows, as sentences. */
  problems(conversationId: string, approvalId: string | undefined): Promise<readonly string[]>;
  /** Workflows of any conversation that ended otherwise than they should, as sentences. */
  badEnds(): Promise<readonly string[]>;
  /** Workflows that are at work, or still wait though they are none of these; as sentences. */
  restless(mayWait: ReadonlySet<string>): Promise<readonly string[]>;
  /** Where the ledger, `why` and Temporal do not say the same of its actions, as sentences; counts those that do. */
  chains(rig: Rig, conversationId: string): Promise<readonly string[]>;
  /** How many actions were compared so far. */
  compared(): number;
  /**
   * Histories that do not replay on today's code, as sentences. `log` is told how many were replayed: all, or as many as
   * `sample` says, drawn by chance.
   */
  unreplayable(log?: (line: string) => void, sample?: Sample): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface Sample {
  readonly random: Random;
  /** About how many. */
  readonly count: number;
}

// 60 s: what has replied is quiet within one; what is not by then is stuck.
const QUIET_LIMIT_MS = 60_000;
/** UNHANDLED_COMMAND and UNHANDLED_UPDATE: a message came while the step was reported, and the step is repeated at once. */
const HARMLESS_CAUSES = new Set([1, 31]);

export async function readHistories(address: string): Promise<Histories> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  const { workflow } = client;
  let compared = 0;
  const batchOf = (approvalId: string) => waitingWorkflowId(parseApprovalId(approvalId)?.batchId ?? approvalId);
  const idsOf = (conversationId: string, approvalId: string | undefined) => [
    conversationWorkflowId(conversationId),
    ...(approvalId === undefined ? [] : [batchOf(approvalId)]),
  ];
  const describe = (id: string) => workflow.getHandle(id).describe();
  return {
    async quiet(conversationId, approvalId) {
      await waitFor(`the quiet of ${conversationId}`, QUIET_LIMIT_MS, async () => {
        const one = await describe(conversationWorkflowId(conversationId));
        if (one.status.name !== 'RUNNING' || isBusy(one)) return false;
        return approvalId === undefined || (await describe(batchOf(approvalId))).status.name === 'COMPLETED';
      });
    },
    async problems(conversationId, approvalId) {
      const problems: string[] = [];
      for (const id of idsOf(conversationId, approvalId)) {
        const { events } = await workflow.getHandle(id).fetchHistory();
        for (const { workflowTaskFailedEventAttributes: failed } of events ?? []) {
          if (!failed || HARMLESS_CAUSES.has(failed.cause ?? 0)) continue;
          problems.push(`a Workflow Task of ${id} failed: cause ${failed.cause}, ${failed.failure?.message ?? ''}`);
        }
      }
      return problems;
    },
    async badEnds() {
      const problems: string[] = [];
      const query = `ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated', 'Canceled')`;
      for await (const { workflowId, status } of workflow.list({ query })) {
        problems.push(`the Workflow ${workflowId} ended as ${status.name}`);
      }
      return problems;
    },
    async restless(mayWait) {
      const problems: string[] = [];
      for await (const { workflowId, type } of workflow.list({ query: `ExecutionStatus = 'Running'` })) {
        const now = await describe(workflowId); // the list may be behind
        if (now.status.name !== 'RUNNING') continue;
        if (isBusy(now)) problems.push(`the Workflow ${workflowId} is at work`);
        const waits = type !== CONVERSATION.type;
        if (waits && !mayWait.has(workflowId)) {
          problems.push(`the Workflow ${workflowId} still waits: ${await saidBy(workflow.getHandle(workflowId))}`);
        }
      }
      return problems;
    },
    async chains(rig, conversationId) {
      const { chains, problems } = await chainProblems(rig, client, conversationId);
      compared += chains;
      return problems;
    },
    compared: () => compared,
    async unreplayable(log = () => undefined, sample) {
      const { count: kept } = await workflow.count();
      const isChosen = sample && (() => sample.random.next() * kept < sample.count);
      const startedMs = Date.now();
      // Replaying is a Worker's work: of its notes only warnings are worth a line.
      Runtime.install({ logger: new DefaultLogger('WARN') });
      const { replayed, problems } = await replayAll(client, await findProcedures(AGENTS), undefined, isChosen);
      log(`${replayed} histories of ${kept} were replayed in ${secondsOf(Date.now() - startedMs)} s`);
      return replayed === 0 ? ['no history was there to replay'] : problems;
    },
    close: () => connection.close(),
  };
}

/** What it says of itself, for whoever looks for the reason. */
async function saidBy(handle: WorkflowHandle): Promise<string> {
  const said = await handle
    .query<{ hold: string; approvals: { id: string; end: string }[] }>(ACTION.query)
    .catch(String);
  if (typeof said === 'string') return said;
  return JSON.stringify({ hold: said.hold, ends: said.approvals.map(({ id, end }) => `${id} ${end}`) });
}

function isBusy({ raw }: WorkflowExecutionDescription): boolean {
  return Boolean(raw.pendingWorkflowTask) || (raw.pendingActivities?.length ?? 0) > 0;
}
