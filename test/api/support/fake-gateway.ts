// The gateway port with Workflows played in memory by the domain's own transitions: the rules are the real ones, only
// Temporal is missing. It can be told to be down, to lose its worker, or that a Workflow has ended.
import { type Approval, applyDecision } from '../../../domain/approval.ts';
import {
  type ConversationState,
  enqueue,
  openConversation,
  refusalOf,
  type SubmittedMessage,
  viewOf,
} from '../../../domain/conversation.ts';
import type { ConversationStart, Gateway } from '../../../api/gateway.ts';
import { GatewayError } from '../../../api/gateway-error.ts';
import type { Store } from '../../../store/ports.ts';
import { createVerifier, type Signer } from '../../../trust/signing.ts';

export interface FakeGateway extends Gateway {
  /** `up`, or Temporal is `down`, or Temporal is up and no `worker` answers. */
  state: 'up' | 'down' | 'no_worker';
  /** Workflows that have ended, by conversation id or batch id. */
  readonly ended: Set<string>;
  readonly conversations: Map<string, ConversationState>;
  readonly taken: SubmittedMessage[];
  readonly signals: string[];
  /** Runs once a message is taken, as the Workflow's turn would. */
  onMessage: (conversationId: string, message: SubmittedMessage) => Promise<void>;
}

export function createFakeGateway(store: Store, signer: Signer, nowMs: () => number): FakeGateway {
  const verifier = createVerifier({ api: [signer.publicKey], workflows: [] });
  const conversations = new Map<string, ConversationState>();
  const ended = new Set<string>();
  /** What the action Workflows know of their approvals; the store learns only how they end. */
  const approvals = new Map<string, Approval>();

  function reach(id: string): void {
    if (fake.state !== 'up') throw new GatewayError({ kind: 'unavailable' }, undefined);
    if (ended.has(id)) throw new GatewayError({ kind: 'ended' }, undefined);
  }

  function running(start: ConversationStart): ConversationState {
    reach(start.conversationId);
    const state = conversations.get(start.conversationId) ?? openConversation(start);
    conversations.set(start.conversationId, state);
    return state;
  }

  const fake: FakeGateway = {
    state: 'up',
    ended,
    conversations,
    taken: [],
    signals: [],
    onMessage: async () => undefined,
    async start(start) {
      running(start);
    },
    async submit(start, message) {
      const state = running(start);
      const refusal = refusalOf(state, message.id);
      if (refusal !== undefined) {
        throw new GatewayError({ kind: 'refused', type: refusal, reason: `refused: ${refusal}` }, undefined);
      }
      const ticket = enqueue(state, message);
      if (!ticket.duplicate) {
        fake.taken.push(message);
        await fake.onMessage(start.conversationId, message);
      }
      return ticket;
    },
    async halt(start, command) {
      if (fake.state === 'no_worker') {
        fake.signals.push(`${command} ${start.conversationId}`);
        return undefined;
      }
      const state = running(start);
      state.phase = command === 'pause' ? 'paused' : 'stopped';
      return viewOf(state);
    },
    async command(start, command, signed) {
      const state = running(start);
      const statement = await verifier.verify('command', signed);
      if (statement.command !== command) throw new Error('the signed command is another one');
      const from = { resume: ['paused', 'stopped'], handover: ['open', 'paused'], handback: ['handed_over'] }[command];
      if (from.includes(state.phase)) state.phase = command === 'handover' ? 'handed_over' : 'open';
      return viewOf(state);
    },
    async close(start) {
      running(start).phase = 'closed';
      ended.add(start.conversationId);
    },
    async view(id) {
      const state = conversations.get(id);
      return fake.state === 'up' && state !== undefined ? viewOf(state) : undefined;
    },
    async decide(batchId, _decisionId, signed) {
      reach(batchId);
      const statement = await verifier.verify('decision', signed);
      const before = approvals.get(statement.approvalId) ?? (await store.approvals.get(statement.approvalId));
      if (before === undefined || before.digest !== statement.digest) throw new Error('a decision over another digest');
      const { decisionId, answer, reason, person, atMs } = statement;
      const counted = { decisionId, personId: person.id, answer, reason, atMs, signed };
      const { approval, receipt } = applyDecision(before, counted, nowMs());
      approvals.set(approval.id, approval);
      await store.record(settledEntries(before, approval, nowMs()));
      return receipt;
    },
    async missing() {
      return fake.state === 'up' ? [] : [fake.state === 'down' ? 'Temporal does not answer' : 'no worker polls'];
    },
    async counts() {
      if (fake.state === 'down') throw new GatewayError({ kind: 'unavailable' }, undefined);
      return { conversations: { open: conversations.size, paused: 0 }, waitingActions: 1, stuck: 2 };
    },
    drain: async () => undefined,
  };
  return fake;
}

function settledEntries(before: Approval, after: Approval, atMs: number) {
  if (after.end === 'open' || before.end !== 'open') return [];
  const { id: subject, conversationId } = after;
  return [
    { subject, step: 'settled', conversationId, atMs, fact: { kind: 'approval_settled', approval: after } as const },
  ];
}
