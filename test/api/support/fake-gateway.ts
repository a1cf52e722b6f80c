// The gateway port with Workflows played in memory by the domain's own transitions: the rules are the real ones, only
// Temporal is missing, and what it does with a repeated Update id is done here too. It can be told to be down, to lose its
// worker, or that a Workflow has ended or begun another run.
import { type ConversationStart, type Gateway, updateIdOfDecision, updateIdOfMessage } from '../../../api/gateway.ts';
import { GatewayError } from '../../../api/gateway-error.ts';
import type { Counts } from '../../../api/gateway-state.ts';
import { type Approval, expireIfDue } from '../../../domain/approval.ts';
import { applyDecision, type Receipt } from '../../../domain/decision.ts';
import {
  type ConversationState,
  type ConversationView,
  enqueue,
  openConversation,
  refusalOf,
  type SubmittedMessage,
  type Ticket,
  viewOf,
} from '../../../domain/conversation.ts';
import { enterPhase } from '../../../domain/phase.ts';
import { parseApprovalId } from '../../../domain/ids.ts';
import type { CommandStatement, DecisionStatement, Signed } from '../../../domain/signed.ts';
import type { Store } from '../../../store/ports.ts';
import { createVerifier, type Signer, type Verifier } from '../../../trust/signing.ts';

type Command = CommandStatement['command'];

export class FakeGateway implements Gateway {
  /** `up`, or Temporal is `down`, or Temporal is up and no worker answers. */
  state: 'up' | 'down' | 'no_worker' = 'up';
  /** Workflows that have ended, by conversation id or batch id. */
  readonly ended = new Set<string>();
  /** Batches whose Signal does not get through. */
  readonly unreachable = new Set<string>();
  readonly conversations = new Map<string, ConversationState>();
  readonly taken: SubmittedMessage[] = [];
  readonly signals: string[] = [];
  /** What a run of maintenance comes to. */
  maintained: Awaited<ReturnType<Gateway['maintain']>>;
  /** Runs once a message is taken, as the Workflow's turn would. */
  onMessage: (conversationId: string, message: SubmittedMessage) => Promise<void> = async () => undefined;
  /** What the action Workflows know of their approvals; the store learns only how they end. */
  readonly #approvals = new Map<string, Approval>();
  /** First results by Workflow and Update id: what one run remembers. */
  readonly #answered = new Map<string, Map<string, unknown>>();
  readonly #store: Store;
  readonly #verifier: Verifier;
  readonly #nowMs: () => number;

  constructor(store: Store, signer: Signer, nowMs: () => number) {
    this.#store = store;
    this.#verifier = createVerifier({ api: [signer.publicKey], workflows: [] });
    this.#nowMs = nowMs;
  }

  async start(start: ConversationStart): Promise<void> {
    this.#running(start);
  }

  async submit(start: ConversationStart, message: SubmittedMessage, mark: string): Promise<Ticket> {
    const state = this.#running(start);
    return this.#once(start.conversationId, updateIdOfMessage(message, mark), async () => {
      const refusal = refusalOf(state, message);
      if (refusal !== undefined) {
        throw new GatewayError({ kind: 'refused', type: refusal, reason: `refused: ${refusal}` }, undefined);
      }
      const ticket = enqueue(state, message);
      if (!ticket.duplicate) {
        this.taken.push(message);
        await this.onMessage(start.conversationId, message);
      }
      return ticket;
    });
  }

  /** Continue-As-New: the state goes on, the Update ids of the run before are forgotten. */
  renew(conversationId: string): void {
    this.#answered.delete(conversationId);
  }

  async halt(start: ConversationStart, command: 'pause' | 'stop'): Promise<ConversationView | undefined> {
    if (this.state === 'no_worker') {
      this.signals.push(`${command} ${start.conversationId}`);
      return undefined;
    }
    const state = this.#running(start);
    enterPhase(state, command);
    return viewOf(state);
  }

  async command(
    start: ConversationStart,
    command: Command,
    signed: Signed<CommandStatement>,
  ): Promise<ConversationView> {
    const state = this.#running(start);
    const statement = await this.#verifier.verify('command', signed);
    if (statement.command !== command) throw new Error('the signed command is another one');
    enterPhase(state, command);
    return viewOf(state);
  }

  async close(start: ConversationStart): Promise<void> {
    this.#running(start).phase = 'closed';
    this.ended.add(start.conversationId);
  }

  async view(id: string): Promise<ConversationView | undefined> {
    const state = this.conversations.get(id);
    return this.state === 'up' && state !== undefined ? viewOf(state) : undefined;
  }

  async decide(decision: Parameters<Gateway['decide']>[0], signed: Signed<DecisionStatement>): Promise<Receipt> {
    const batchId = parseApprovalId(decision.approvalId)?.batchId ?? '';
    this.#reach(batchId);
    return this.#once(batchId, updateIdOfDecision(decision), () => this.#count(signed));
  }

  async #count(signed: Signed<DecisionStatement>): Promise<Receipt> {
    const statement = await this.#verifier.verify('decision', signed);
    const before = this.#approvals.get(statement.approvalId) ?? (await this.#store.approvals.get(statement.approvalId));
    if (before === undefined || before.digest !== statement.digest) throw new Error('a decision over another digest');
    const { decisionId, answer, reason, person, atMs, args } = statement;
    const said = { decisionId, personId: person.id, answer, reason, atMs, signed };
    const counted = args === undefined ? said : { ...said, args };
    // The Workflow's own timer ends what is due.
    const { approval, receipt } = applyDecision(expireIfDue(before, this.#nowMs()), counted);
    this.#approvals.set(approval.id, approval);
    await this.#store.record(settledEntries(before, approval, this.#nowMs()));
    return receipt;
  }

  async rest(): Promise<readonly string[]> {
    return [];
  }

  async terminate(workflowId: string): Promise<void> {
    this.signals.push(`terminate ${workflowId}`);
  }

  async cancel(batchId: string): Promise<boolean> {
    if (this.state === 'down' || this.unreachable.has(batchId)) {
      throw new GatewayError({ kind: 'unavailable' }, undefined);
    }
    if (this.ended.has(batchId)) return false;
    this.signals.push(`cancel ${batchId}`);
    return true;
  }

  async maintain(): ReturnType<Gateway['maintain']> {
    if (this.state !== 'up') throw new GatewayError({ kind: 'unavailable' }, undefined);
    return this.maintained;
  }

  async missing(): Promise<readonly string[]> {
    return this.state === 'up' ? [] : [this.state === 'down' ? 'Temporal does not answer' : 'no worker polls'];
  }

  async counts(): Promise<Counts> {
    if (this.state === 'down') throw new GatewayError({ kind: 'unavailable' }, undefined);
    return { conversations: { open: this.conversations.size, paused: 0 }, waitingActions: 1, stuck: 2 };
  }

  giveUp(): void {}
  async drain(): Promise<void> {}

  /** A repeated Update id gets the first result of the run; what a validator turned away leaves nothing behind. */
  async #once<T>(workflow: string, updateId: string, update: () => Promise<T>): Promise<T> {
    const answered = this.#answered.get(workflow) ?? new Map<string, unknown>();
    this.#answered.set(workflow, answered);
    if (!answered.has(updateId)) answered.set(updateId, await update());
    return answered.get(updateId) as T;
  }

  #reach(id: string): void {
    if (this.state !== 'up') throw new GatewayError({ kind: 'unavailable' }, undefined);
    if (this.ended.has(id)) throw new GatewayError({ kind: 'ended' }, undefined);
  }

  #running(start: ConversationStart): ConversationState {
    this.#reach(start.conversationId);
    const state = this.conversations.get(start.conversationId) ?? openConversation(start);
    this.conversations.set(start.conversationId, state);
    return state;
  }
}

function settledEntries(before: Approval, after: Approval, atMs: number) {
  if (after.end === 'open' || before.end !== 'open') return [];
  const { id: subject, conversationId } = after;
  return [
    { subject, step: 'settled', conversationId, atMs, fact: { kind: 'approval_settled', approval: after } as const },
  ];
}
