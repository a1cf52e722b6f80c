// Budgets of model use, as the workflows role keeps them: what a call may use at most, and what there is. The assistant,
// whose calls they bound, has no part in it but what it records of a call. May import domain, trust and store types.
import type { WorkflowsActivities } from '../../domain/activity-ports.ts';
import { type Agent, type Limits, limitsOf } from '../../domain/agent.ts';
import { answerSchema } from '../../domain/intake-facts.ts';
import { remembers } from '../../domain/memory.ts';
import { MAX_NOTE_BYTES } from '../../domain/memory-note.ts';
import { MAX_FACTS_TOKENS, MAX_SUMMARY_ASKS, MAX_SUMMARY_TOKENS } from '../../domain/model.ts';
import { dearestOf, calledModels } from '../../domain/prices.ts';
import type { ReserveInput } from '../../domain/reserving.ts';
import { type Budget, type BudgetScope, budgetsOf, type CallBounds, dayAt } from '../../domain/spending.ts';
import { utf8Bytes } from '../../domain/text.ts';
import type { LimitedBudget } from '../../store/budget-port.ts';
import { budgetId, questionOfBudget } from '../../trust/digest.ts';
import { SignatureInvalid } from '../../trust/signing.ts';
import { toolSpecsOf } from '../tool-specs.ts';
import { agentOf } from './agents.ts';
import type { WorkflowsDeps } from './deps.ts';

// 96 bytes: what is put around an item besides its body, such as who speaks, and that it is a note of the system.
const AROUND_AN_ITEM_BYTES = 96;
// 4,096 bytes: what is put around the whole, and the words by which an intake asks for facts.
const AROUND_A_CALL_BYTES = 4_096;
// 100 conversations: their ids are the result of one local Activity.
const WAITING_PAGE = 100;

export function createReserve(deps: WorkflowsDeps): WorkflowsActivities['reserve'] {
  return async (input) => {
    const { of, call, atMs } = input;
    const { conversationId, turn } = of;
    const { agent } = agentOf(deps.agents, of.agent);
    const [principalId, bounds] = await Promise.all([principalOf(deps, input), boundsOf(deps, agent, input)]);
    const held = await deps.store.budgets.reserve({
      callId: `${conversationId}:${turn}:${call}`,
      ...{ conversationId, turn, atMs, step: `model:${turn}:${call}` },
      bounds,
      budgets: limitedBudgets(agent, { ...of, principalId, atMs }),
      // As the agent declares them now; what a turn was opened with may be without them.
      turnLimits: limitsOf(agent.limits),
    });
    if (held.kind !== 'reached') return held;
    const { reached } = held;
    return { kind: 'exhausted', budget: { ...reached, questionId: questionOfBudget(reached), principalId } };
  };
}

/** '' where nobody can tell any more, as of a message signed with a key that has gone. */
async function principalOf({ verifier }: WorkflowsDeps, { principal, of }: ReserveInput): Promise<string> {
  try {
    const { conversationId, principal: who } = await verifier.verify('message', principal);
    return conversationId === of.conversationId ? who.id : '';
  } catch (error) {
    if (error instanceof SignatureInvalid) return '';
    throw error;
  }
}

/** The most that it can use. A token is a byte of text or more, in every alphabet that models read. */
async function boundsOf(
  { store, defaultModels }: WorkflowsDeps,
  agent: Agent,
  { of, call, show, mayCall }: ReserveInput,
): Promise<CallBounds> {
  const shown = await store.items.bytesOf(of.conversationId, show);
  const limits = limitsOf(agent.limits);
  const promptTokens = shown + show.length * AROUND_AN_ITEM_BYTES + AROUND_A_CALL_BYTES + bytesOfAsking(agent, call);
  // One entry tells of both asks.
  const asks = call === 'summary' ? MAX_SUMMARY_ASKS : 1;
  return {
    promptTokens: promptTokens * asks,
    completionTokens: completionTokensOf(call, limits) * asks,
    toolCalls: mayCall && typeof call === 'number' ? limits.callsPerModelCall : 0,
    price: dearestOf({ models: calledModels(agent, defaultModels), prices: agent.prices }),
  };
}

function completionTokensOf(call: ReserveInput['call'], { maxOutputTokens }: Limits): number {
  switch (call) {
    case 'facts':
      return MAX_FACTS_TOKENS;
    case 'summary':
      return MAX_SUMMARY_TOKENS;
    default:
      return maxOutputTokens;
  }
}

/** What the model is told besides the transcript. */
function bytesOfAsking(agent: Agent, call: ReserveInput['call']): number {
  if (call === 'facts') return agent.intake === undefined ? 0 : bytes(answerSchema(agent.intake));
  if (call === 'summary') return 0;
  const known = ASKING_BYTES.get(agent);
  if (known !== undefined) return known;
  const note = remembers(agent) ? MAX_NOTE_BYTES : 0;
  const asking = utf8Bytes(agent.instructions) + bytes(toolSpecsOf(agent)) + note;
  ASKING_BYTES.set(agent, asking);
  return asking;
}

// An agent does not change while it is loaded.
const ASKING_BYTES = new WeakMap<Agent, number>();

const bytes = (value: unknown): number => utf8Bytes(JSON.stringify(value));

interface Whose {
  readonly tenant: string;
  readonly conversationId: string;
  readonly principalId: string;
  readonly atMs: number;
}

/** The budgets that a call is held of, by whose they are and the day by the agent's own time zone. */
function limitedBudgets(agent: Agent, { tenant, conversationId, principalId, atMs }: Whose) {
  const { timeZone, conversation, principalPerDay, agentPerDay } = budgetsOf(agent.budgets);
  const { day, endsMs } = dayAt(atMs, timeZone);
  const ever = { day: '', endsMs: null };
  const limited = (
    scope: BudgetScope,
    of: string,
    when: Pick<Budget, 'day' | 'endsMs'>,
    limits: LimitedBudget['limits'],
  ): LimitedBudget => {
    const whose = { scope, tenant, agent: agent.name, of, ...when };
    return { budget: { id: budgetId(whose), ...whose }, limits };
  };
  return {
    conversation: limited('conversation', conversationId, ever, conversation),
    principal_day: limited('principal_day', principalId, { day, endsMs }, principalPerDay),
    agent_day: limited('agent_day', agent.name, { day, endsMs }, agentPerDay),
  };
}

export function createWaitingForBudget({ store }: WorkflowsDeps): WorkflowsActivities['waitingForBudget'] {
  return ({ budgetId: id, after }) => store.budgets.waiting(id, after, WAITING_PAGE);
}

export function createOpenedBudgets({ store }: WorkflowsDeps): WorkflowsActivities['openedBudgets'] {
  return async ({ shut }) => {
    const found = await Promise.all(
      shut.map(async ({ budgetId: id, measure, openings, questionId }) => {
        const budget = await store.budgets.get(id);
        return (budget?.openings[measure] ?? 0) > openings ? [questionId] : [];
      }),
    );
    return found.flat();
  };
}
