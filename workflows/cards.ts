// What people see in channels of a batch or a question, kept up to date beside it. Nothing but its very end waits for a
// channel, and that for a bounded time. Where nobody who is asked can be reached on one, nothing is scheduled.
// May import domain and @temporalio/workflow.
import { CancellationScope } from '@temporalio/workflow';
import type { ConversationState } from '../domain/conversation.ts';
import { has } from './changes.ts';
import { inChannels, remind, SHOW_LAST_MS, showCards } from './effects.ts';
import { condition } from './in-turn.ts';
import type { Waiting } from './waiting.ts';

/** Begin to show. One look at the record at a time: what changes meanwhile is shown by one more. */
export function showInChannels(waiting: Waiting): void {
  void keepCards(waiting);
  void keepReminding(waiting);
}

export const isShown = ({ hasCards, changes, shownChanges }: Waiting): boolean => !hasCards || shownChanges === changes;

async function keepCards(waiting: Waiting): Promise<never> {
  const { batchId } = waiting;
  for (;;) {
    await condition(() => !isShown(waiting));
    const { changes } = waiting;
    await inChannels('show cards', () => showCards({ batchId, atMs: Date.now() }));
    waiting.shownChanges = changes;
  }
}

/** For a batch whose own Workflow is gone. No turn waits for it, no stop reaches it, and a renewed run goes on with it. */
export function showGone(state: ConversationState, batchId: string): void {
  state.goneCards = [...(state.goneCards ?? []), batchId];
  void showUntilShown(state, batchId);
}

/** What the run before could not show to the end. It may be at it still, which is no harm: the same card is edited twice. */
export function goOnShowingGone(state: ConversationState): void {
  if (!owesCards(state) || !has('cards-of-gone')) return;
  for (const batchId of state.goneCards ?? []) void showUntilShown(state, batchId);
}

/** At the end of the conversation: resolves once those cards show it, or nobody waits for that any longer. */
export async function showGoneLast(state: ConversationState): Promise<void> {
  if (!owesCards(state) || !has('cards-of-gone')) return;
  await condition(() => !owesCards(state), SHOW_LAST_MS, { summary: 'until the cards show how it ended' });
}

const owesCards = ({ goneCards = [] }: ConversationState): boolean => goneCards.length > 0;

async function showUntilShown(state: ConversationState, batchId: string): Promise<void> {
  const showing = () => inChannels('show cards', () => showCards({ batchId, atMs: Date.now() }));
  await CancellationScope.nonCancellable(showing);
  state.goneCards = state.goneCards?.filter((one) => one !== batchId) ?? [];
}

/** By itself, so that a reminder does not wait for a channel that is away, nor the cards for it. */
async function keepReminding(waiting: Waiting): Promise<never> {
  const { batchId } = waiting;
  for (;;) {
    await condition(() => waiting.hasCards && waiting.reminders.length > 0);
    const { atMs = Date.now() } = waiting.reminders.shift() ?? {};
    await inChannels('remind', () => remind({ batchId, atMs }));
  }
}

/** At the end, when all is reported: resolves once the cards show it, or nobody waits for that any longer. */
export async function showLast(waiting: Waiting): Promise<void> {
  await condition(() => isShown(waiting), SHOW_LAST_MS, { summary: 'until the cards show how it ended' });
}
