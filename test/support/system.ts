// The whole system in one process for tests: a real Temporal server, the real store, the three roles, and a model that a
// test scripts. Messages and decisions are signed as the API signs them.
import { deepEqual } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import pino from 'pino';
import { createLocalBroker } from '../../activities/actor/broker.ts';
import { declarationsOf } from '../../activities/declaration.ts';
import { modelFailure } from '../../activities/assistant/failures.ts';
import type { Rules } from '../../activities/workflows/deps.ts';
import type { Agent } from '../../domain/agent.ts';
import type { Approval } from '../../domain/approval.ts';
import type { Receipt } from '../../domain/decision.ts';
import type { ChannelSending, ConversationChannel } from '../../domain/channel.ts';
import type { ConversationView, SubmittedMessage, Ticket } from '../../domain/conversation.ts';
import {
  waitingWorkflowId,
  conversationWorkflowId,
  parseApprovalId,
  TASK_QUEUES,
  WORKFLOW_TASK_TIMEOUT,
} from '../../domain/ids.ts';
import type { ModelAnswer, ModelPort, ModelRequest } from '../../domain/model.ts';
import { ACTION, CONVERSATION } from '../../domain/protocol.ts';
import type { CommandStatement, DecisionAnswer, DecisionStatement } from '../../domain/signed.ts';
import type { Directory } from '../../domain/principal.ts';
import { startEmbeddedPostgres } from '../../store/embedded.ts';
import { KEPT } from './kept.ts';
import { MASTER_KEY } from './master-key.ts';
import { openStore } from '../../store/store.ts';
import { sha256Hex } from '../../trust/digest.ts';
import { createSigner, createVerifier, generateSigningKey } from '../../trust/signing.ts';
import { startActorRole } from '../../workers/actor.ts';
import { startAssistantRole } from '../../workers/assistant.ts';
import { workflowBundle } from '../../workers/bundle.ts';
import { encrypting } from '../../workers/payload-codec.ts';
import type { ProcedureFile } from '../../workers/procedures.ts';
import type { RunningRole } from '../../workers/role.ts';
import { startWorkflowsRole, temporalBy } from '../../workers/workflows.ts';
import { countTokens } from './count-tokens.ts';
import { replayAll } from './replays.ts';
import { rulesHere } from './rules.ts';

/** What the model answers: words, or calls as [tool, arguments]; it may take its time. */
export type Script = (request: ModelRequest) => Scripted | Promise<Scripted>;
type Scripted = string | readonly (readonly [tool: string, args: object | string])[];

export const person = (id: string) => ({ id, name: id, tenant: 'default' });

export interface SystemOptions {
  readonly temporal: TestWorkflowEnvironment;
  readonly agent: Agent;
  readonly directory: Directory;
  readonly script: Script;
  /** In the place of the script: a model behind a real protocol. */
  readonly port?: ModelPort;
  readonly nowMs?: () => number;
  /** The code of the agent's procedures. */
  readonly procedures?: readonly ProcedureFile[];
  /** Who asks the agent's rules; by default they run where they are asked. */
  readonly rules?: Rules;
  /** The channels that the actor sends to. */
  readonly senders?: readonly ChannelSending[];
  /** What Temporal keeps is encrypted, as in production. */
  readonly encrypts?: boolean;
  /** What is said lies readable in the tables, for tests that look there. */
  readonly isPlain?: boolean;
}

export async function startSystem(options: SystemOptions) {
  const parts = await openParts(options);
  let roles: readonly RunningRole[] = await startRoles(options, parts);
  return {
    ...parts,
    ...peopleOf(options, parts),
    ...looksOf(parts),
    async restartRoles(): Promise<void> {
      await Promise.all(roles.map((role) => role.stop()));
      roles = await startRoles(options, parts);
    },
    /** Where all were stopped: it alone works again. */
    async startRole(name: (typeof ROLES)[number]): Promise<void> {
      const started = await startRoles(options, parts, [name]);
      roles = [...roles.filter((role) => role.name !== name), ...started];
    },
    /** Until `restartRoles`, nobody works on its queue. */
    async stopRole(name: RunningRole['name']): Promise<void> {
      await roles.find((role) => role.name === name)?.stop();
    },
    /** Rejects when a history that was made does not replay. */
    async stop(): Promise<void> {
      await Promise.all(roles.map((role) => role.stop()));
      const { client, dataConverter, close } = parts;
      try {
        // The server that skips time lists nothing.
        if (options.temporal.supportsTimeSkipping) return;
        deepEqual((await replayAll(client, options.procedures, dataConverter)).problems, []);
      } finally {
        await close(); // last: the store has the keys of what is encrypted
      }
    },
  };
}

export type System = Awaited<ReturnType<typeof startSystem>>;

async function openParts({ temporal, nowMs = Date.now, encrypts = false, isPlain = false }: SystemOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-test-'));
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'store'), freshIn: KEPT });
  const store = await openStore({ pool: postgres.poolConfig, nowMs, ...(isPlain ? {} : { masterKey: MASTER_KEY }) });
  const dataConverter = encrypts ? encrypting(store.sealedBytes) : undefined;
  const { connection, options } = temporal.client;
  const { namespace } = options;
  const client = dataConverter === undefined ? temporal.client : new Client({ connection, namespace, dataConverter });
  return {
    folder,
    store,
    dataConverter,
    pool: postgres.poolConfig, // as the owner of its tables
    client,
    api: createSigner('api', generateSigningKey()),
    workflows: createSigner('workflows', generateSigningKey()),
    handle: (conversationId: string) => client.workflow.getHandle(conversationWorkflowId(conversationId)),
    async close(): Promise<void> {
      await store.close();
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

type Parts = Awaited<ReturnType<typeof openParts>>;

const ROLES = ['workflows', 'assistant', 'actor'] as const;
const NO_SECRETS = { databases: new Map(), secrets: new Map(), readSecret: () => undefined };

async function startRoles(options: SystemOptions, parts: Parts, names: readonly (typeof ROLES)[number][] = ROLES) {
  const { temporal, agent, directory, script, nowMs = Date.now } = options;
  const { store, client, api, workflows: signer, folder, dataConverter } = parts;
  const at = {
    ...{ connection: temporal.nativeConnection, namespace: temporal.namespace ?? 'default' },
    ...(dataConverter === undefined ? {} : { dataConverter }),
  };
  const verifier = createVerifier({ api: [api.publicKey], workflows: [signer.publicKey] });
  const agents = new Map([[agent.name, { agent, ruleVersion: 'test', declarations: declarationsOf(agent) }]]);
  const plain = new Map([[agent.name, agent]]);
  const clock = { nowMs, movedMs: () => nowMs() - Date.now() };
  const deps = { store, agents, directory, verifier, ...clock, rules: options.rules ?? rulesHere(agents) };
  const bundle = await workflowBundle(KEPT, options.procedures, dataConverter);
  const broker = createLocalBroker({ ...NO_SECRETS, foldersPath: folder });
  const scripted = { name: 'test', complete: async (request: ModelRequest) => answerOf(await script(request)) };
  const models = { routes: () => [{ model: 'test', port: options.port ?? scripted }] };
  const start = {
    workflows: () => startWorkflowsRole(at, bundle, { ...deps, signer, ...temporalBy(client) }),
    assistant: () => startAssistantRole(at, { store, agents: plain, models, countTokens, nowMs }),
    actor: () =>
      startActorRole(at, { ...deps, broker, senders: options.senders ?? [], log: pino({ level: 'silent' }) }),
  };
  return Promise.all(names.map((name) => start[name]()));
}

/** What people do, signed as the API signs it. */
function peopleOf({ agent, nowMs = Date.now }: SystemOptions, { store, client, api, handle }: Parts) {
  const sign = (conversationId: string, messageId: string, text: string, from: string) => {
    const said = { conversationId, messageId, principal: person(from), textSha256: sha256Hex(text), atMs: nowMs() };
    return api.sign({ kind: 'message', ...said });
  };
  const signDecision = (approval: Approval, by: string, answer: DecisionAnswer, over: Partial<DecisionStatement>) => {
    const { id: approvalId, digest } = approval;
    const what = { decisionId: `${by}-${answer}-${approvalId}`, approvalId, digest, answer, reason: '' };
    return api.sign({ kind: 'decision', ...what, person: person(by), method: 'test', atMs: nowMs(), ...over });
  };
  return {
    sign,
    signDecision,
    /** `name`: of an agent that may be another than the system's. */
    async open(conversationId: string, channel?: ConversationChannel, by = 'ada', name = agent.name): Promise<void> {
      const { owner } = agent;
      const principal = person(by);
      const opened = { kind: 'conversation_opened', agent: name, tenant: 'default', owner, principal } as const;
      const fact = { ...opened, ...(channel && { channel }) };
      await store.record([{ subject: conversationId, step: 'opened', conversationId, atMs: nowMs(), fact }]);
      await client.workflow.start(CONVERSATION.type, {
        workflowId: conversationWorkflowId(conversationId),
        taskQueue: TASK_QUEUES.workflows,
        workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
        args: [{ conversationId, agent: name, tenant: 'default', ...(channel && { inChannel: channel }) }],
      });
    },
    async submit(conversationId: string, id: string, text: string, from = 'ada'): Promise<Ticket> {
      const signed = await sign(conversationId, id, text, from);
      const args: [SubmittedMessage] = [{ id, text, principalId: from, signed }];
      return handle(conversationId).executeUpdate(CONVERSATION.submitMessage, { args, updateId: id });
    },
    async command(
      conversationId: string,
      command: CommandStatement['command'],
      by = 'olga',
    ): Promise<ConversationView> {
      const signed = await api.sign({ kind: 'command', command, conversationId, principal: person(by), atMs: nowMs() });
      return handle(conversationId).executeUpdate(command, { args: [signed] });
    },
    async decide(
      approval: Approval,
      by: string,
      answer: DecisionAnswer,
      over: Partial<DecisionStatement> = {},
    ): Promise<Receipt> {
      const signed = await signDecision(approval, by, answer, over);
      const batchId = parseApprovalId(approval.id)?.batchId ?? '';
      const waiting = client.workflow.getHandle(waitingWorkflowId(batchId));
      await waiting.signal(ACTION.approvalDecision, signed);
      return waiting.executeUpdate(ACTION.decideApproval, { args: [signed] });
    },
  };
}

/** What the store says, waited for. */
function looksOf({ store }: Parts) {
  return {
    async reply(conversationId: string, messageId: string): Promise<string> {
      const item = await eventually(() => store.items.replyTo(conversationId, messageId), `a reply to ${messageId}`);
      return item.body.text;
    },
    /** The reply of the turn that a report opened, once it is there. */
    async reportReply(conversationId: string, nth = 0): Promise<string> {
      const found = async () => {
        const items = await store.items.page(conversationId, 0, 1_000);
        const report = items.filter((item) => item.body.kind === 'report')[nth];
        return items.find((item) => item.turn === report?.turn && item.body.kind === 'reply');
      };
      return (await eventually(found, 'the reply to a report')).body.text;
    },
    approval: (id: string): Promise<Approval> => eventually(() => store.approvals.get(id), `approval ${id}`),
    approvalEnd(id: string, end: Approval['end']): Promise<Approval> {
      const ended = async () => {
        const approval = await store.approvals.get(id);
        return approval?.end === end ? approval : undefined;
      };
      return eventually(ended, `approval ${id} being ${end}`);
    },
    async outcome(actionId: string): Promise<string> {
      const found = async () => (await store.actions.get(actionId))?.outcome ?? undefined;
      return (await eventually(found, `an outcome of ${actionId}`)).kind;
    },
    async transcript(conversationId: string): Promise<string[]> {
      const items = await store.items.page(conversationId, 0, 1_000);
      return items.map((item) => `${item.body.kind}: ${item.body.text}`);
    },
  };
}

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

function answerOf(answer: Scripted): ModelAnswer {
  const figures = { opaque: '', model: 'test', requestId: 'r', promptTokens: 1, completionTokens: 1 };
  if (typeof answer === 'string') return { ...figures, text: answer, calls: [], finish: 'stop' };
  const calls = answer.map(([tool, args]) => ({
    callId: `call-${randomUUID()}`,
    tool,
    argumentsText: typeof args === 'string' ? args : JSON.stringify(args),
  }));
  return { ...figures, text: '', calls, finish: 'calls' };
}

/** A script for most tests: a message "tool cents [tool cents …]" becomes those calls, a result or report is repeated. */
export const obedient = ({ transcript, toolChoice }: ModelRequest): Scripted => {
  const last = transcript.at(-1);
  if (last?.kind !== 'message') return last?.text ?? 'nothing to say';
  if (last.text === 'be down') throw modelFailure('ModelRejectedRequest', 'test', 'the key is wrong');
  const words = [...last.text.matchAll(/\b(look|note|pay|wide|escalate|transfer|unknown_tool) (-?\d+)/g)];
  if (words.length === 0 || toolChoice === 'none') return `you said: ${last.text}`;
  return words.map(([, tool = '', cents]) => [tool, { order: 1042, cents: Number(cents) }] as const);
};
