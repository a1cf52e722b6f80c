// A conversation: one long-lived Workflow. The loop is the only consumer of what the handlers queue, and renews its
// history between turns, so it may live for years. May import domain and @temporalio/workflow.
import { allHandlersFinished, CancellationScope, continueAsNew, workflowInfo } from '@temporalio/workflow';
import {
  type ConversationInput,
  type ConversationState,
  hasWork,
  openConversation,
  takeNext,
} from '../domain/conversation.ts';
import { MAX_EVENTS_PER_RUN, MAX_SIGNALS_PER_RUN } from '../domain/run-bounds.ts';
import { isBehind, noteSaid } from '../domain/delivering.ts';
import { lookForOpenings, untilNews } from './budgets.ts';
import { goOnShowingGone, showGoneLast } from './cards.ts';
import { has } from './changes.ts';
import { deliverLast, holdDelivering, keepDelivering } from './delivering.ts';
import { describeConversation } from './desk.ts';
import { endIfIdle } from './idle.ts';
import { condition } from './in-turn.ts';
import { listen } from './messages.ts';
import { announceChanges, phaseIsKnown } from './phase.ts';
import { keepSummedUp, notSumming, takeOnMade } from './summing.ts';
import { keepQueued, runTurn } from './turn.ts';

export async function conversation(input: ConversationInput): Promise<void> {
  const state = openConversation(input); // before any handler is set: messages may be here already
  const running: { turn?: CancellationScope } = {};
  const enter = listen(state, () => running.turn?.cancel());
  // Temporal's own Cancel, as an operator may press it, means what our Update `close` means: end in good order.
  CancellationScope.current().cancelRequested.catch(() => enter('close'));
  await CancellationScope.nonCancellable(() => converse(input, state, running));
}

async function converse(
  input: ConversationInput,
  state: ConversationState,
  running: { turn?: CancellationScope },
): Promise<void> {
  state.announcer = has('phase-announcer');
  const mostEvents = has('renew-early') ? MAX_EVENTS_PER_RUN : Infinity;
  const mustRenew = () => isLong(state, mostEvents);
  if (state.announcer) void announceChanges(state);
  void keepDelivering(state);
  goOnShowingGone(state);
  const summing = notSumming();
  while (state.phase !== 'closed') {
    describeConversation(state);
    keepSummedUp(state, summing);
    const isChanged = () => state.phase !== state.knownPhase || state.idle === 'asked';
    const isNews = () => hasWork(state) || isChanged() || mustRenew();
    await (state.shut === undefined ? condition(isNews) : untilNews(state, isNews));
    if (state.shut !== undefined) await lookForOpenings(state);
    if (state.idle === 'asked') await endIfIdle(state);
    await phaseIsKnown(state);
    keepSummedUp(state, summing);
    const work = hasWork(state) ? takeNext(state) : undefined;
    if (work !== undefined) {
      running.turn = new CancellationScope();
      state.turn += 1;
      await runTurn(state, work, running.turn);
      delete running.turn;
      noteSaid(state);
    }
    if (!mustRenew()) continue;
    await nothingIsHalfDone(state, () => summing.isHolding);
    takeOnMade(state, summing);
    await continueAsNew<typeof conversation>({ ...input, state });
  }
  await phaseIsKnown(state);
  await keepQueued(state);
  noteSaid(state);
  if (isBehind(state)) await deliverLast(state);
  await showGoneLast(state);
  await condition(() => allHandlersFinished() && !summing.isHolding);
}

/** Resolves when nothing is under way that the end of the run would cut off, and somebody begin again. */
async function nothingIsHalfDone(state: ConversationState, isHolding: () => boolean): Promise<void> {
  await phaseIsKnown(state);
  if (state.delivery !== undefined) await holdDelivering(state.delivery, state);
  await condition(() => allHandlersFinished() && !isHolding()); // safe: no handler waits for this loop
  // A change that came meanwhile is being told: the next run would tell it a second time.
  while (state.changes.length > 0 && has('renew-when-told')) {
    await phaseIsKnown(state);
    await condition(() => allHandlersFinished() && !isHolding());
  }
}

function isLong({ signals }: ConversationState, mostEvents: number): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength > mostEvents || signals > MAX_SIGNALS_PER_RUN;
}
