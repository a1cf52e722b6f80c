// Taking in what was said before the agent speaks: at most one look of a model, and then code's word on facts, priority
// and queue. An agent without an intake asks for none of it. May import domain and @temporalio/workflow.
import { log } from '@temporalio/workflow';
import type { TurnOf } from '../domain/activity-ports.ts';
import type { TurnUse } from '../domain/budget.ts';
import type { IntakeTaken, OpenedTurn } from '../domain/opened-turn.ts';
import type { ConversationState } from '../domain/conversation.ts';
import { holdFor } from './budgets.ts';
import { has } from './changes.ts';
import { describeConversation } from './desk.ts';
import { fillFacts, isActivityFailure, whyFailed, workflowsRole } from './effects.ts';
import { holdWhilePaused } from './phase.ts';

// 20 looks of a model in one conversation: what it has not found by then a person asks for. Code reads on without it.
const MAX_LOOKS = 20;

type Opened = Extract<OpenedTurn, { kind: 'speaks' | 'noted' }>;

/** Take in what a turn begins with; undefined where there is nothing to take in. */
export async function takeIn(
  state: ConversationState,
  of: TurnOf,
  opened: Opened,
  use: TurnUse,
): Promise<IntakeTaken | undefined> {
  if (opened.intake === undefined || !has('intake')) return undefined;
  const looks = state.intake?.looks ?? 0;
  const isLookedAt = opened.intake === 'fill' && looks < MAX_LOOKS;
  const itemId = isLookedAt ? await lookForFacts(state, of, opened, use) : '';
  const fresh = opened.items.filter(({ kind }) => kind === 'message').map(({ id }) => id);
  const mayAsk = opened.kind === 'speaks';
  const work = opened.intake;
  const taken = await workflowsRole.takeIntake({ of, fresh, show: shown(state, ['message']), work, itemId, mayAsk });
  if (taken === null) return undefined;
  state.intake = { priority: taken.priority, queue: taken.queue, looks: looks + (isLookedAt ? 1 : 0) };
  describeConversation(state);
  return taken;
}

/** The id of what a model answered; '' where none did: then code finds what it can, and a person looks through the rest. */
async function lookForFacts(state: ConversationState, of: TurnOf, opened: Opened, use: TurnUse): Promise<string> {
  await holdWhilePaused(state);
  const { conversationId, agent, turn } = of;
  const show = shown(state, ['message', 'reply']);
  // Where there is no room the turn ends at its first call; code reads what it can.
  const held =
    opened.kind === 'speaks' ? await holdFor(of, opened.principal, { call: 'facts', show, mayCall: false }) : HELD;
  if (held.kind !== 'held') return '';
  try {
    const filled = await fillFacts({ conversationId, agent, turn, show });
    use.tokens += filled.promptTokens + filled.completionTokens;
    return filled.item.id;
  } catch (error) {
    if (!isActivityFailure(error)) throw error;
    log.warn('no model looked for facts', { reason: whyFailed(error) });
    return '';
  }
}

const HELD = { kind: 'held' } as const;

const shown = ({ recent }: ConversationState, kinds: readonly string[]): readonly string[] =>
  recent.filter(({ kind }) => kinds.includes(kind)).map(({ id }) => id);
