// Budgets that go on over turns, as a conversation meets them: what a call may use is held before it; where there is no
// room the turn ends, people are asked for more, and messages wait until it opens. May import domain and
// @temporalio/workflow.
import type { TurnOf } from '../domain/activity-ports.ts';
import type { ConversationState } from '../domain/conversation.ts';
import type { MessageStatement, Signed } from '../domain/signed.ts';
import {
  type Exhausted,
  nextOpeningMs,
  type Reserved,
  type ReserveInput,
  shutBy,
  withShut,
} from '../domain/reserving.ts';
import { has } from './changes.ts';
import { workflowsRole } from './effects.ts';
import { condition } from './in-turn.ts';
import { startBudgetQuestion } from './question.ts';

/** Hold what a model call may use; the call must not be made unless it is `held`. */
export async function holdFor(
  of: TurnOf,
  principal: Signed<MessageStatement>,
  call: Pick<ReserveInput, 'call' | 'show' | 'mayCall'>,
): Promise<Reserved> {
  if (!has('budgets')) return { kind: 'held' };
  return workflowsRole.reserve({ of, principal, ...call, atMs: Date.now() });
}

/** The conversation waits for it from here on, and people are asked, once for all conversations that wait. */
export async function waitForBudget(state: ConversationState, budget: Exhausted): Promise<void> {
  state.shut = withShut(state.shut, shutBy(budget));
  await startBudgetQuestion({ questionId: budget.questionId, conversationId: state.conversationId, budget });
}

/** Somebody says that more was opened; true where anything waits for that. */
export function hearOfOpening(state: ConversationState, questionId: string): boolean {
  const isAwaited = state.shut?.some((one) => one.questionId === questionId) === true;
  if (isAwaited)
    state.shut = state.shut?.map((one) => (one.questionId === questionId ? { ...one, mayBeOpen: true } : one)) ?? [];
  return isAwaited;
}

/** Resolves when `isNews` holds, or a budget may be open again. */
export async function untilNews(state: ConversationState, isNews: () => boolean): Promise<void> {
  const dueMs = nextOpeningMs(state.shut);
  const mayBeOpen = () => state.shut?.some((one) => one.mayBeOpen === true) === true;
  if (dueMs === Infinity) await condition(() => isNews() || mayBeOpen());
  else await condition(() => isNews() || mayBeOpen(), Math.max(1, dueMs - Date.now()), { summary: 'a budget is shut' });
}

/** Messages wait no more for what has opened: its day is over, or the store knows that people have opened more. */
export async function lookForOpenings(state: ConversationState): Promise<void> {
  if (state.shut === undefined) return;
  const atMs = Date.now();
  const isOver = ({ untilMs }: { readonly untilMs: number | null }) => untilMs !== null && untilMs <= atMs;
  const asked = state.shut.filter((one) => one.mayBeOpen === true && !isOver(one));
  const opened = asked.length === 0 ? [] : await workflowsRole.openedBudgets({ shut: asked });
  const known = new Set(asked.map(({ questionId }) => questionId));
  const shut = state.shut.flatMap((one) => {
    if (isOver(one) || opened.includes(one.questionId)) return [];
    const { mayBeOpen: _, ...rest } = one;
    return [known.has(one.questionId) ? rest : one];
  });
  if (shut.length > 0) state.shut = shut;
  else delete state.shut;
}
