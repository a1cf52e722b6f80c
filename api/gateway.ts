// The door to Temporal: only the gateway's files know its client. Each call is bounded, and fails with a GatewayError
// whose fault says what to tell the caller. May import domain, trust and @temporalio.
import { type Client, WithStartWorkflowOperation } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { ConversationChannel } from '../domain/channel.ts';
import type { Receipt } from '../domain/decision.ts';
import type { ConversationInput, ConversationView, SubmittedMessage, Ticket } from '../domain/conversation.ts';
import {
  conversationWorkflowId,
  parseApprovalId,
  TASK_QUEUES,
  waitingWorkflowId,
  WORKFLOW_TASK_TIMEOUT,
} from '../domain/ids.ts';
import type { DoneWork, MaintenanceInput } from '../domain/maintenance.ts';
import { ACTION, CONVERSATION, MAINTENANCE, SEARCH_ATTRIBUTES } from '../domain/protocol.ts';
import type { CommandStatement, DecisionStatement, Signed, UpkeepStatement } from '../domain/signed.ts';
import { sha256Hex } from '../trust/digest.ts';
import { type Calls, createCalls } from './gateway-calls.ts';
import { GatewayError, wasCut } from './gateway-error.ts';
import { type Rest, restOf } from './gateway-rest.ts';
import { type Counts, countRunning, unpolledQueues } from './gateway-state.ts';

/** What a conversation's Workflow is started with, where it does not run yet. */
export interface ConversationStart {
  readonly conversationId: string;
  readonly agent: string;
  readonly tenant: string;
  readonly owner: string;
  /** Whose it is: their tasks take turns with those of others, however many they are. */
  readonly principalId: string;
  /** What is said in it is told there too. */
  readonly inChannel?: ConversationChannel;
}

/** All that the API asks of Temporal. Every method may throw GatewayError. */
export interface Gateway extends Rest {
  /** Start the conversation's Workflow. One that runs is left alone; one that ended stays ended. */
  start(conversation: ConversationStart): Promise<void>;
  /**
   * Hand a message in. Resolves only once the Workflow has taken it; the same id is taken once. `mark` tells its text from
   * others under that id.
   */
  submit(conversation: ConversationStart, message: SubmittedMessage, mark: string): Promise<Ticket>;
  /** Hold it or halt it; undefined when only a Signal got in, so that the phase will follow. */
  halt(conversation: ConversationStart, command: 'pause' | 'stop'): Promise<ConversationView | undefined>;
  command(
    conversation: ConversationStart,
    command: CommandStatement['command'],
    signed: Signed<CommandStatement>,
  ): Promise<ConversationView>;
  /** End it for good. */
  close(conversation: ConversationStart): Promise<void>;
  /** Its state, if a worker answers at once. */
  view(conversationId: string): Promise<ConversationView | undefined>;
  /** Hand a decision in to what waits for it; the same one is counted once, also where this throws `unavailable`. */
  decide(decision: Decision, signed: Signed<DecisionStatement>): Promise<Receipt>;
  /** Tell a batch to cancel all that has not begun; false when its Workflow is gone, and nothing of it can begin. */
  cancel(batchId: string): Promise<boolean>;
  /** Do what is due of maintenance now; undefined where somebody is at it for longer than anybody waits. */
  maintain(signed: Signed<UpkeepStatement>): Promise<readonly DoneWork[] | undefined>;
  /** Sentences that say what is missing: Temporal itself, or workers on a Task Queue. */
  missing(): Promise<readonly string[]>;
  counts(): Promise<Counts>;
  /** Wait for no answer any more: whoever waits is told that nothing is sure. For a process that ends. */
  giveUp(): void;
  /** Resolves once no call is under way any more: a connection closed before it would throw out of its retries. */
  drain(): Promise<void>;
}

type Decision = Pick<DecisionStatement, 'approvalId' | 'decisionId' | 'answer'>;

// Within one run Temporal answers a repeated Update id with its first result and never looks at the arguments, so an id
// names all in which two Updates may differ; what differs reaches the Workflow. Ids are not encrypted, and stay: of a text
// there is only the mark in them.
export const updateIdOfMessage = ({ id }: Pick<SubmittedMessage, 'id'>, mark: string): string => `${id}.${mark}`;
export const updateIdOfDecision = ({ approvalId, decisionId, answer }: Decision): string =>
  `${approvalId}/${answer}/${decisionId}`;

export interface GatewayDeadlines {
  readonly updateMs: number;
  readonly haltMs: number;
  readonly queryMs: number;
}

export const DEFAULT_DEADLINES: GatewayDeadlines = {
  // 10 s: a killed worker is replaced within 5; a longer wait hides an outage from the caller.
  updateMs: 10_000,
  // 3 s: an operator who stops something will not wait; then the Signal is tried.
  haltMs: 3_000,
  // 1.5 s: a live view is a courtesy, the store has the rest.
  queryMs: 1_500,
};

// 3: Continue-As-New cuts an Update once, rarely twice in a row; more is a loop.
const MAX_CUTS = 3;
const ATTRIBUTE = {
  agent: defineSearchAttributeKey(SEARCH_ATTRIBUTES.agent, SearchAttributeType.KEYWORD),
  owner: defineSearchAttributeKey(SEARCH_ATTRIBUTES.owner, SearchAttributeType.KEYWORD),
  phase: defineSearchAttributeKey(SEARCH_ATTRIBUTES.phase, SearchAttributeType.KEYWORD),
  tenant: defineSearchAttributeKey(SEARCH_ATTRIBUTES.tenant, SearchAttributeType.KEYWORD),
  priority: defineSearchAttributeKey(SEARCH_ATTRIBUTES.priority, SearchAttributeType.INT),
};

// 3, the middle of Temporal's own scale of 1 to 5: a conversation is ordinary until code says otherwise.
const DEFAULT_PRIORITY = 3;

export function createGateway(client: Client, deadlines: GatewayDeadlines = DEFAULT_DEADLINES): Gateway {
  const { within, giveUp, drain } = createCalls(client);
  const { updateMs } = deadlines;

  /** An Update to a conversation, which is started first where a crash kept it from starting. */
  async function update<T>(
    ms: number,
    to: ConversationStart,
    name: string,
    args: unknown[],
    updateId?: string,
  ): Promise<T> {
    const attempt = () =>
      client.workflow.executeUpdateWithStart<typeof conversationType, T, unknown[]>(name, {
        args,
        ...(updateId === undefined ? {} : { updateId }),
        startWorkflowOperation: new WithStartWorkflowOperation(CONVERSATION.type, startOptions(to)),
      });
    return within(ms, async () => {
      for (let cuts = 1; ; cuts++) {
        try {
          return await attempt();
        } catch (error) {
          if (!wasCut(error) || cuts >= MAX_CUTS) throw error;
        }
      }
    });
  }

  const conversation = (id: string) => client.workflow.getHandle(conversationWorkflowId(id));

  return {
    async start(to) {
      await within(updateMs, () => client.workflow.start(CONVERSATION.type, startOptions(to)));
    },
    submit: (to, message, mark) =>
      update<Ticket>(updateMs, to, CONVERSATION.submitMessage, [message], updateIdOfMessage(message, mark)),
    async halt(to, command) {
      try {
        return await update<ConversationView>(deadlines.haltMs, to, CONVERSATION[command], []);
      } catch (error) {
        if (!(error instanceof GatewayError) || error.fault.kind !== 'unavailable') throw error;
        const signal = command === 'pause' ? CONVERSATION.pauseSignal : CONVERSATION.stopSignal;
        await within(deadlines.haltMs, () => conversation(to.conversationId).signal(signal));
        return undefined;
      }
    },
    command: (to, command, signed) => update<ConversationView>(updateMs, to, CONVERSATION[command], [signed]),
    async close(to) {
      await update<ConversationView>(updateMs, to, CONVERSATION.close, []);
    },
    async view(id) {
      const query = () => conversation(id).query<ConversationView>(CONVERSATION.query);
      return within(deadlines.queryMs, query).catch(() => undefined);
    },
    ...waitingOf(client, within, deadlines),
    ...restOf(client, within),
    maintain: (signed) => maintainNow(client, within, deadlines, { signed }),
    missing: () =>
      within(deadlines.queryMs, () => unpolledQueues(client)).catch((error: unknown) => {
        if (!(error instanceof GatewayError)) throw error;
        return [
          `Temporal does not answer (namespace "${client.options.namespace}"); start it, or check TEMPORAL_ADDRESS`,
        ];
      }),
    counts: () => within(deadlines.queryMs, () => countRunning(client)),
    giveUp,
    drain,
  };
}

/** What is asked of what waits for people; none is ever started from here. */
function waitingOf(
  client: Client,
  within: Calls['within'],
  { updateMs, haltMs }: GatewayDeadlines,
): Pick<Gateway, 'decide' | 'cancel'> {
  const waiting = (id: string) => client.workflow.getHandle(waitingWorkflowId(id));
  return {
    async decide(decision, signed) {
      const batchId = parseApprovalId(decision.approvalId)?.batchId;
      if (batchId === undefined) throw new Error(`an approval must have an id of one, not ${decision.approvalId}`);
      // A Signal is in history once it is answered, and is counted whatever becomes of this process. An Update is not before
      // its Workflow Task has ended: with a role that dies and a caller who waits no longer the server forgets it, and what
      // is on record by then was counted by nobody.
      await within(haltMs, () => waiting(batchId).signal(ACTION.approvalDecision, signed));
      const options = { args: [signed] as [string], updateId: updateIdOfDecision(decision) };
      return within(updateMs, () => waiting(batchId).executeUpdate<Receipt, [string]>(ACTION.decideApproval, options));
    },
    async cancel(batchId) {
      try {
        await within(haltMs, () => waiting(batchId).signal(ACTION.cancel));
        return true;
      } catch (error) {
        if (error instanceof GatewayError && error.fault.kind === 'ended') return false;
        throw error;
      }
    },
  };
}

// 20 s: a few hundred conversations. Whoever waits longer is told where to look.
const MAINTAIN_MS = 20_000;

/** A run of its own, one at a time: a second caller gets the result of the one that is under way. */
async function maintainNow(
  client: Client,
  within: Calls['within'],
  { updateMs, queryMs }: GatewayDeadlines,
  input: MaintenanceInput,
) {
  const run = await within(updateMs, () =>
    client.workflow.start<(input: MaintenanceInput) => Promise<readonly DoneWork[]>>(MAINTENANCE.type, {
      ...{ workflowId: MAINTENANCE.byHandId, taskQueue: TASK_QUEUES.workflows, args: [input] },
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
    }),
  );
  return within(MAINTAIN_MS, () => run.result()).catch(async (error: unknown) => {
    const isLate = error instanceof GatewayError && error.fault.kind === 'unavailable';
    if (!isLate) throw error;
    // That it goes on is true only where Temporal is there, and somebody who works.
    if ((await within(queryMs, () => unpolledQueues(client, ['workflows']))).length > 0) throw error;
    return undefined;
  });
}

/** Only the shape of the Workflow; its code is on the other side. */
declare const conversationType: (input: ConversationInput) => Promise<void>;

// 32 characters of SHA-256; the server takes 64 bytes. Nobody's id is in it, as names of tasks are never encrypted.
const FAIRNESS_CHARS = 32;

const fairnessKeyOf = ({ tenant, principalId }: ConversationStart): string =>
  sha256Hex(JSON.stringify(['fairness', tenant, principalId])).slice(0, FAIRNESS_CHARS);

function startOptions(to: ConversationStart) {
  const { conversationId, agent, tenant, owner, inChannel } = to;
  const input: ConversationInput = { conversationId, agent, tenant, ...(inChannel && { inChannel }) };
  return {
    workflowId: conversationWorkflowId(conversationId),
    taskQueue: TASK_QUEUES.workflows,
    args: [input] as [ConversationInput],
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    // A conversation that ended must not begin again under its old id.
    workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
    // All that it does has it, also after Continue-As-New; a server without fairness takes no notice.
    priority: { fairnessKey: fairnessKeyOf(to) },
    staticSummary: `${agent} · conversation ${conversationId}`,
    typedSearchAttributes: [
      { key: ATTRIBUTE.agent, value: agent },
      { key: ATTRIBUTE.owner, value: owner },
      { key: ATTRIBUTE.phase, value: 'open' },
      { key: ATTRIBUTE.tenant, value: tenant },
      { key: ATTRIBUTE.priority, value: DEFAULT_PRIORITY },
    ],
  };
}
