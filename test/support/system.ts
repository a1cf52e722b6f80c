// The whole system in one process for tests: a real Temporal server, the real store, the three roles, and a model that a
// test scripts. Messages and decisions are signed as the API signs them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createLocalBroker } from '../../activities/actor/broker.ts';
import type { Agent } from '../../domain/agent.ts';
import type { Approval, Receipt } from '../../domain/approval.ts';
import type { ConversationView, SubmittedMessage, Ticket } from '../../domain/conversation.ts';
import {
  actionWorkflowId,
  conversationWorkflowId,
  parseApprovalId,
  TASK_QUEUES,
  WORKFLOW_TASK_TIMEOUT,
} from '../../domain/ids.ts';
import type { Item } from '../../domain/item.ts';
import type { ModelAnswer, ModelRequest } from '../../domain/model.ts';
import { ACTION, CONVERSATION } from '../../domain/protocol.ts';
import type { CommandStatement, DecisionStatement, Signed } from '../../domain/signed.ts';
import type { Directory } from '../../domain/principal.ts';
import { startEmbeddedPostgres } from '../../store/embedded.ts';
import { openStore } from '../../store/store.ts';
import { sha256Hex } from '../../trust/digest.ts';
import { createSigner, createVerifier, generateSigningKey } from '../../trust/signing.ts';
import { startActorRole } from '../../workers/actor.ts';
import { startAssistantRole } from '../../workers/assistant.ts';
import { workflowBundle } from '../../workers/bundle.ts';
import type { RunningRole } from '../../workers/role.ts';
import { startWorkflowsRole, workflowRunsBy } from '../../workers/workflows.ts';

/** What the model answers: words, or calls as [tool, arguments]. */
export type Script = (request: ModelRequest) => string | readonly (readonly [tool: string, args: object | string])[];

export const person = (id: string) => ({ id, name: id, tenant: 'default' });

export interface SystemOptions {
  readonly temporal: TestWorkflowEnvironment;
  readonly agent: Agent;
  readonly directory: Directory;
  readonly script: Script;
  readonly nowMs?: () => number;
}

export async function startSystem({ temporal, agent, directory, script, nowMs = Date.now }: SystemOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-test-'));
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'store') });
  const store = await openStore({ pool: postgres.poolConfig, nowMs });
  const api = createSigner('api', generateSigningKey());
  const signer = createSigner('workflows', generateSigningKey());
  const verifier = createVerifier({ api: [api.publicKey], workflows: [signer.publicKey] });
  const agents = new Map([[agent.name, { agent, ruleVersion: 'test' }]]);
  const at = { connection: temporal.nativeConnection, namespace: temporal.namespace ?? 'default' };
  const client = temporal.client;
  const bundle = await workflowBundle(join(tmpdir(), 'countersign-test-bundles'));
  let callCount = 0;
  const port = {
    name: 'test',
    complete: async (request: ModelRequest) => answerOf(script(request), () => `call-${++callCount}`),
  };
  const startRoles = (): Promise<RunningRole[]> =>
    Promise.all([
      startWorkflowsRole(at, bundle, {
        store,
        agents,
        directory,
        signer,
        verifier,
        workflowRuns: workflowRunsBy(client),
        nowMs,
      }),
      startAssistantRole(at, {
        store,
        agents: new Map([[agent.name, agent]]),
        models: { routes: () => [{ model: 'test', port }] },
        nowMs,
      }),
      startActorRole(at, {
        store,
        agents,
        directory,
        verifier,
        broker: createLocalBroker({ databases: new Map(), env: {}, foldersPath: folder }),
        nowMs,
      }),
    ]);
  let roles = await startRoles();

  const sign = (conversationId: string, messageId: string, text: string, from: string) =>
    api.sign({
      kind: 'message',
      conversationId,
      messageId,
      principal: person(from),
      textSha256: sha256Hex(text),
      atMs: nowMs(),
    });
  const handle = (conversationId: string) => client.workflow.getHandle(conversationWorkflowId(conversationId));

  return {
    store,
    client,
    handle,
    api,
    async open(conversationId: string): Promise<void> {
      const fact = {
        kind: 'conversation_opened',
        agent: agent.name,
        tenant: 'default',
        owner: agent.owner,
        principal: person('ada'),
      } as const;
      await store.record([{ subject: conversationId, step: 'opened', conversationId, atMs: nowMs(), fact }]);
      await client.workflow.start(CONVERSATION.type, {
        workflowId: conversationWorkflowId(conversationId),
        taskQueue: TASK_QUEUES.workflows,
        workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
        args: [{ conversationId, agent: agent.name, tenant: 'default' }],
      });
    },
    async submit(conversationId: string, id: string, text: string, from = 'ada'): Promise<Ticket> {
      const signed = await sign(conversationId, id, text, from);
      const message: SubmittedMessage = { id, text, principalId: from, signed };
      return handle(conversationId).executeUpdate<Ticket, [SubmittedMessage]>(CONVERSATION.submitMessage, {
        args: [message],
        updateId: id,
      });
    },
    sign,
    async reply(conversationId: string, messageId: string): Promise<string> {
      const item = await eventually(() => store.items.replyTo(conversationId, messageId), `a reply to ${messageId}`);
      return textOf(item);
    },
    /** The reply of the turn that a report opened, once it is there. */
    async reportReply(conversationId: string): Promise<string> {
      const found = async () => {
        const items = await store.items.page(conversationId, 0, 1_000);
        const report = items.find((item) => item.body.kind === 'report');
        return items.find((item) => item.turn === report?.turn && item.body.kind === 'reply');
      };
      return textOf(await eventually(found, 'the reply to a report'));
    },
    async command(
      conversationId: string,
      command: CommandStatement['command'],
      by = 'olga',
    ): Promise<ConversationView> {
      const signed = await api.sign({ kind: 'command', command, conversationId, principal: person(by), atMs: nowMs() });
      return handle(conversationId).executeUpdate<ConversationView, [Signed<CommandStatement>]>(command, {
        args: [signed],
      });
    },
    async signDecision(
      approval: Approval,
      by: string,
      answer: 'approve' | 'deny',
      over: Partial<DecisionStatement> = {},
    ) {
      const { id: approvalId, digest } = approval;
      const decisionId = `${by}-${answer}-${approvalId}`;
      const statement = {
        kind: 'decision',
        decisionId,
        approvalId,
        digest,
        answer,
        reason: '',
        person: person(by),
        method: 'test',
        atMs: nowMs(),
      } as const;
      return api.sign({ ...statement, ...over });
    },
    async decide(
      approval: Approval,
      by: string,
      answer: 'approve' | 'deny',
      over: Partial<DecisionStatement> = {},
    ): Promise<Receipt> {
      const signed = await this.signDecision(approval, by, answer, over);
      const batchId = parseApprovalId(approval.id)?.batchId ?? '';
      const workflow = client.workflow.getHandle(actionWorkflowId(batchId));
      return workflow.executeUpdate<Receipt, [Signed<DecisionStatement>]>(ACTION.decideApproval, { args: [signed] });
    },
    approval: (id: string): Promise<Approval> => eventually(() => store.approvals.get(id), `approval ${id}`),
    async approvalEnd(id: string, end: Approval['end']): Promise<Approval> {
      const ended = async () => {
        const approval = await store.approvals.get(id);
        return approval?.end === end ? approval : undefined;
      };
      return eventually(ended, `approval ${id} being ${end}`);
    },
    async outcome(actionId: string): Promise<string> {
      const found = await eventually(
        async () => (await store.actions.get(actionId))?.outcome ?? undefined,
        `an outcome of ${actionId}`,
      );
      return found.kind;
    },
    async transcript(conversationId: string): Promise<string[]> {
      const items = await store.items.page(conversationId, 0, 1_000);
      return items.map((item) => `${item.body.kind}: ${textOf(item)}`);
    },
    async restartRoles(): Promise<void> {
      await Promise.all(roles.map((role) => role.stop()));
      roles = await startRoles();
    },
    async stop(): Promise<void> {
      await Promise.all(roles.map((role) => role.stop()));
      await store.close();
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type System = Awaited<ReturnType<typeof startSystem>>;

// 20 s: a slow machine's turn with its retries; a test that needs longer hangs.
const EVENTUALLY_MS = 20_000;

export async function eventually<T>(
  look: () => Promise<T | undefined>,
  what: string,
  limitMs = EVENTUALLY_MS,
): Promise<T> {
  const endMs = Date.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > endMs) throw new Error(`waited ${limitMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function textOf(item: Item): string {
  return item.body.text;
}

function answerOf(answer: ReturnType<Script>, nextId: () => string): ModelAnswer {
  const figures = { opaque: '', model: 'test', requestId: 'r', promptTokens: 1, completionTokens: 1 };
  if (typeof answer === 'string') return { ...figures, text: answer, calls: [], finish: 'stop' };
  const calls = answer.map(([tool, args]) => ({
    callId: nextId(),
    tool,
    argumentsText: typeof args === 'string' ? args : JSON.stringify(args),
  }));
  return { ...figures, text: '', calls, finish: 'calls' };
}

/** A script for most tests: a message "tool cents [tool cents …]" becomes those calls, a result or report is repeated. */
export const obedient: Script = ({ transcript, toolChoice }) => {
  const last = transcript.at(-1);
  if (last?.kind !== 'message') return last?.text ?? 'nothing to say';
  const words = [...last.text.matchAll(/\b(look|note|pay|escalate|unknown_tool) (-?\d+)/g)];
  if (words.length === 0 || toolChoice === 'none') return `you said: ${last.text}`;
  return words.map(([, tool = '', cents]) => [tool, { order: 1042, cents: Number(cents) }] as const);
};
