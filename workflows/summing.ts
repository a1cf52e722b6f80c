// Summing up what a conversation is too long for. It is begun between turns and runs beside what goes on; nobody waits for
// it. What came of it is taken on between turns, so that a turn sees one transcript. A renewed history begins it again,
// under the same key, which costs nothing twice. May import domain and @temporalio/workflow.
import { log } from '@temporalio/workflow';
import type { ConversationState } from '../domain/conversation.ts';
import type { ItemRef } from '../domain/item.ts';
import { takeOnSummary, toSumUp } from '../domain/summing.ts';
import { holdFor } from './budgets.ts';
import { has } from './changes.ts';
import { isActivityFailure, sumUp, whyFailed } from './effects.ts';

/** What is under way in this run. */
interface Summing {
  /** After which turn it was begun last: once for each. */
  turn: number;
  isRunning: boolean;
  /** A local Activity of it is under way, which a renewal must not cut off. */
  isHolding: boolean;
  /** What came of it, and was not taken on yet. */
  made?: { readonly item: ItemRef; readonly sources: readonly string[] };
}

export const notSumming = (): Summing => ({ turn: -1, isRunning: false, isHolding: false });

/** What was made stands in the place of its sources from here on. Call it between turns only, as what follows. */
export function takeOnMade(state: ConversationState, summing: Summing): void {
  if (summing.made !== undefined) takeOnSummary(state, summing.made.item, summing.made.sources);
  delete summing.made;
}

export function keepSummedUp(state: ConversationState, summing: Summing): void {
  takeOnMade(state, summing);
  if (summing.isRunning || summing.turn === state.turn || state.phase !== 'open') return;
  const sources = toSumUp(state);
  if (sources.length === 0 || !has('sums-up')) return;
  summing.turn = state.turn;
  summing.isRunning = true;
  summing.isHolding = true;
  void sumUpBeside(
    state,
    summing,
    sources.map(({ id }) => id),
  );
}

async function sumUpBeside(state: ConversationState, summing: Summing, sources: readonly string[]): Promise<void> {
  const { conversationId, agent, tenant, turn, summary } = state;
  const of = { conversationId, agent, tenant, turn };
  const earlier = summary?.id ?? '';
  try {
    const show = sources;
    const held =
      state.spoke === undefined ? NOT_HELD : await holdFor(of, state.spoke, { call: 'summary', show, mayCall: false });
    summing.isHolding = false;
    const byCode = held.kind !== 'held';
    const { item } = await sumUp({ conversationId, agent, turn, sources, earlier, byCode });
    summing.made = { item, sources };
  } catch (error) {
    if (!isActivityFailure(error)) throw error;
    log.warn('nothing was summed up; it is tried again after the next turn', { reason: whyFailed(error) });
  } finally {
    summing.isRunning = false;
    summing.isHolding = false;
  }
}

// Nobody has spoken whose budget it could be of, as in a conversation that an earlier version began.
const NOT_HELD = { kind: 'not_held' } as const;
