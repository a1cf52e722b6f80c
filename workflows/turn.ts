// One turn: from the queued messages of one sender, or one report, to the reply. What is allowed runs now; from the
// first `ask` on the rest waits in a Workflow of its own, and the turn ends. May import domain and @temporalio/workflow.
import { type CancellationScope, isCancellation, log } from '@temporalio/workflow';
import { isAskedBack } from '../domain/asked-back.ts';
import { openThings } from '../domain/beginning.ts';
import { endingResult, settledEntry } from '../domain/action-record.ts';
import type { TurnOf } from '../domain/activity-ports.ts';
import {
  beginUse,
  onlyModelCalls,
  reachedBefore,
  type Reached,
  type TurnBudget,
  type TurnLimits,
} from '../domain/budget.ts';
import {
  type ConversationState,
  MAX_WAITING,
  settleBatch,
  takeNext,
  type WaitingBatch,
  type Work,
} from '../domain/conversation.ts';
import { enterPhase } from '../domain/phase.ts';
import type { Entry } from '../domain/entry.ts';
import { reportKey } from '../domain/ids.ts';
import { type NewItem, refsIn } from '../domain/item.ts';
import { noteQuoted, quotedNow } from '../domain/quoted.ts';
import type { CallModelInput, CallModelResult } from '../domain/model.ts';
import { openTurns, remember, shownNow } from '../domain/recent.ts';
import type { Exhausted } from '../domain/reserving.ts';
import type { Seen } from '../domain/sources.ts';
import { unshownBy } from '../domain/summing.ts';
import {
  wordsOfBudget,
  wordsOfDenials,
  wordsOfLimit,
  wordsOfModelFailure,
  wordsOfSilence,
  wordsOfStop,
} from '../domain/words.ts';
import { holdFor, waitForBudget } from './budgets.ts';
import { carryOut, type Undone } from './calls.ts';
import { showGone } from './cards.ts';
import { has } from './changes.ts';
import { callModel, isActivityFailure, typeOfFailure, whyFailed, workflowsRole } from './effects.ts';
import { takeIn } from './intake.ts';
import { type Opened, openWork, turnOf } from './opening.ts';
import { holdWhilePaused, tellAskers, workedMs } from './phase.ts';
import { startQuestion } from './question.ts';
import { awaitAnswer, hearReport } from './reports.ts';

// 3: once is a mistake, twice a misunderstanding; a model that goes on is led by somebody, and a person should look.
const MAX_DENIALS = 3;

/** Run the turn within the scope that a stop cancels. A turn that was stopped lists what was not done. */
export async function runTurn(state: ConversationState, work: Work, scope: CancellationScope): Promise<void> {
  const undone: Undone = { open: [], summaries: [] };
  delete state.heldMs;
  try {
    await scope.run(() => speak(state, work, undone));
  } catch (error) {
    if (!isCancellation(error)) throw error; // a bug, which fails the Workflow Task until it is fixed
    const stopped = { kind: 'cancelled', reason: 'an operator stopped the conversation before it began' } as const;
    const entries = undone.open.map(({ proposal }) => settledEntry(proposal, stopped, Date.now()));
    const items = undone.open.map(({ proposal }) => endingResult(turnOf(state), proposal, stopped));
    const summaries = [...undone.summaries, ...undone.open.map(({ proposal }) => proposal.summary)];
    await say(state, wordsOfStop(summaries), { entries, items });
  }
}

async function speak(state: ConversationState, work: Work, undone: Undone): Promise<void> {
  const use = beginUse(Date.now());
  if (work.kind === 'messages') await forgetGone(state, turnOf(state));
  const opened = await openWork(state, work, { handedOver: state.phase === 'handed_over', answers: true });
  if (opened.kind === 'refused') return;
  const of = turnOf(state);
  if (work.kind === 'report') hearReport(state, work.batch, opened);
  else if (isAskedBack(state)) await tellAskers(state);
  remember(state, opened.items);
  noteQuoted(state, opened.items[0]?.id ?? '', opened.quotes ?? []);
  const quotes = work.kind === 'report' ? quotedNow(state) : [];
  const taken = await takeIn(state, of, opened, use);
  const budget = { use, limits: limitsOf(opened) };
  const ended = work.kind === 'report' && opened.stillWaits !== true ? work.batch.summaries : [];
  const so: SoFar = { budget, undone, actions: 0, mustSpeak: false, denials: opened.denials ?? 0, quotes, ended };
  if (opened.again !== undefined && work.kind === 'report') {
    const seen = shownNow(state);
    const from = { itemId: opened.again.id, firstIndex: 0, seen, quotes: opened.againRestsOn, budget };
    const told = await carryOut(state, of, work.batch.principal, from, undone);
    so.actions = 1;
    so.mustSpeak = told.mustSpeak;
    so.denials += told.denials;
  }
  if (opened.kind === 'noted') {
    if (opened.handedBack) enterPhase(state, 'handback');
    return;
  }
  if (taken !== undefined && taken.next !== 'goes_on') {
    if (taken.next === 'hands_over') enterPhase(state, 'tool_handover');
    return say(state, taken.words);
  }
  await goOn(state, opened, so);
}

/** What a turn has come to before the model speaks, and after each answer. */
interface SoFar {
  readonly budget: TurnBudget;
  readonly undone: Undone;
  actions: number;
  mustSpeak: boolean;
  denials: number;
  quotes: readonly string[];
  /** What waited, and has ended: the turn is to tell it. */
  readonly ended: readonly string[];
}

/** Ask the model and do what it asks for, until it speaks or the turn has come to a limit. */
async function goOn(state: ConversationState, { principal, held: first }: Speaks, so: SoFar): Promise<void> {
  const { budget, undone } = so;
  state.spoke = principal;
  const last = budget.limits.modelCallsPerTurn - 1;
  for (let call = 0; call <= last; call++) {
    await holdWhilePaused(state);
    const reached = reachedBefore(budget, workedMs(state, budget.use));
    if (reached !== undefined) return endAt(state, reached, so);
    const mustEnd = so.mustSpeak || state.waiting.length >= MAX_WAITING;
    const seen = shownNow(state);
    // The last call may only speak: a turn ends with words, not in the middle of work.
    const mustSpeak = mustEnd || call === last;
    const asked = { call, show: seen.itemIds, mayCall: !mustSpeak };
    // What had no room at the opening may have it by now, or need less.
    const isHeld = call === 0 && first?.kind === 'held';
    const held = isHeld ? first : await holdFor(turnOf(state), principal, asked);
    if (held.kind === 'turn_limited') return endAt(state, held.reached, so);
    if (held.kind === 'exhausted') return endShut(state, held.budget, so);
    const answer = await askModel(state, seen, call, { mustSpeak, budget });
    if (answer.kind === 'late') return endAt(state, answer.reached, so);
    if (answer.kind === 'failed') return say(state, answer.words);
    budget.use.tokens += answer.promptTokens + answer.completionTokens;
    if (answer.isTight === true) state.isTight = true;
    remember(state, [answer.item]);
    if (answer.kind === 'reply') return;
    if (mustEnd) return say(state, waitingWords(state) || wordsOfSilence);
    if (call === last) break;
    const from = { itemId: answer.item.id, firstIndex: so.actions, seen, quotes: so.quotes, budget };
    const told = await carryOut(state, turnOf(state), principal, from, undone);
    so.quotes = [...new Set([...so.quotes, ...told.quotes])];
    so.actions += answer.count;
    so.mustSpeak = told.mustSpeak;
    so.denials += told.denials;
    if (so.denials >= MAX_DENIALS && has('denials-hand-over')) {
      enterPhase(state, 'tool_handover');
      return say(state, [wordsOfDenials, waitingWords(state)].filter(Boolean).join(' '));
    }
    if (told.reached !== undefined) return endAt(state, told.reached, so);
  }
  await endAt(state, { limit: 'model_calls', most: last + 1 }, so);
}

/** End the turn at a limit: which it was is on record, and in the words with what was done and what was not. */
async function endAt(state: ConversationState, reached: Reached, so: SoFar): Promise<void> {
  const { conversationId, turn } = state;
  const words = wordsOfLimit(reached, cameTo(state, so));
  const fact = { kind: 'turn_limited', turn, ...reached } as const;
  const entry = { subject: conversationId, step: `limited:${turn}`, conversationId, atMs: Date.now(), fact };
  await say(state, words, { entries: [entry], items: [] });
}

/** End the turn where a budget has no room for a call: as at a limit, and people are asked for more. */
async function endShut(state: ConversationState, budget: Exhausted, so: SoFar): Promise<void> {
  const { conversationId, turn } = state;
  const { principalId: _, ...reached } = budget;
  const fact = { kind: 'budget_reached', turn, ...reached } as const;
  const entry = { subject: conversationId, step: `budget_reached:${turn}`, conversationId, atMs: Date.now(), fact };
  await say(state, wordsOfBudget(budget, cameTo(state, so)), { entries: [entry], items: [] });
  await waitForBudget(state, budget);
}

/** How far a turn has come, for the words at its end. */
function cameTo(state: ConversationState, { budget, undone, ended }: Pick<SoFar, 'budget' | 'undone' | 'ended'>) {
  const { done, notDone } = budget.use;
  return { done, notDone: [...notDone, ...undone.summaries], waiting: waitingWords(state), ended };
}

/** What an operator has ended in Temporal will never report: it waits no more, and what may have happened is asked. */
async function forgetGone(state: ConversationState, of: TurnOf): Promise<void> {
  if (state.waiting.length === 0 || !has('forget-gone')) return;
  const waiting = state.waiting.map(({ batchId, deadlineMs }) => ({ batchId, deadlineMs }));
  for (const { batchId, questions, isLost, hasCards } of await workflowsRole.closeGone({ of, waiting })) {
    if (hasCards === true) showGone(state, batchId);
    const batch = state.waiting.find((one) => one.batchId === batchId);
    if (batch === undefined) continue;
    settleBatch(state, batchId);
    if (isLost === true) await noteLostReport(state, batch);
    for (const asked of questions) {
      await startQuestion(asked);
      awaitAnswer(state, batch.principal, asked.questionId, asked.proposal.summary);
    }
  }
}

/** Words of code in the place of a report that did not come: what became of it stands beside each action. */
async function noteLostReport(state: ConversationState, { batchId, summaries }: WaitingBatch): Promise<void> {
  const { conversationId, turn } = state;
  const text = `What waited has ended, and how was not reported here: ${summaries.join('; ')}. Look at its actions.`;
  const body = { kind: 'report', text } as const;
  const item = { key: reportKey(batchId), conversationId, turn, trust: 'record', body } as const;
  remember(state, refsIn(await workflowsRole.record({ entries: [], items: [item] })));
}

/** End the turn with words of code, where the model has none. */
async function say(
  state: ConversationState,
  text: string,
  besides: { readonly entries: readonly Entry[]; readonly items: readonly NewItem[] } = { entries: [], items: [] },
): Promise<void> {
  const { conversationId, turn } = state;
  const key = `turn:${turn}:reply`;
  const item = { key, conversationId, turn, trust: 'record', body: { kind: 'reply', text, by: 'code' } } as const;
  remember(state, refsIn(await workflowsRole.record({ entries: besides.entries, items: [...besides.items, item] })));
}

/** Messages that were taken in and can no longer be answered are kept on the transcript, and told so. */
export async function keepQueued(state: ConversationState): Promise<void> {
  for (let work = takeNext(state); work !== undefined; work = takeNext(state)) {
    if (work.kind === 'report') continue;
    state.turn += 1;
    await openWork(state, work, { handedOver: false, answers: false });
    await say(state, 'This conversation was ended before I could answer.');
  }
}

type Answer =
  | CallModelResult
  | { readonly kind: 'failed'; readonly words: string }
  | { readonly kind: 'late'; readonly reached: Reached };

async function askModel(
  state: ConversationState,
  { itemIds: show }: Seen,
  call: number,
  { mustSpeak, budget }: { readonly mustSpeak: boolean; readonly budget: TurnBudget },
): Promise<Answer> {
  const { conversationId, agent, turn } = state;
  const leftMs = budget.limits.workMsPerTurn - workedMs(state, budget.use);
  try {
    const toolChoice = mustSpeak ? 'none' : 'auto';
    return await callModel(
      { conversationId, agent, turn, call, show, toolChoice, openTurns: openTurns(state), ...besides(state) },
      leftMs,
    );
  } catch (error) {
    if (!isActivityFailure(error)) throw error;
    const reached = reachedBefore(budget, workedMs(state, budget.use));
    // Of the first call it is the model that took all the time there is.
    if (reached !== undefined && call > 0) return { kind: 'late', reached };
    log.warn('no model answered', { reason: whyFailed(error) }); // for operators; a customer cannot mend a key
    return { kind: 'failed', words: wordsOfModelFailure(typeOfFailure(error), waitingWords(state)) };
  }
}

/** What a model is told of where it does not see it. */
const besides = (state: ConversationState): Pick<CallModelInput, 'open' | 'unshown'> => {
  return { open: openThings(state.waiting), unshown: unshownBy(state) };
};

function waitingWords(state: ConversationState): string {
  const how = (group: string) => (group === '' ? 'goes on' : `waits for ${group}`);
  return state.waiting.map(({ summaries, group }) => `${summaries.join('; ')}: ${how(group)}.`).join(' ');
}

type Speaks = Extract<Opened, { kind: 'speaks' }>;

/** Where the agent keeps quiet only code calls, once. */
const limitsOf = (opened: Exclude<Opened, { kind: 'refused' }>): TurnLimits =>
  opened.kind === 'noted' ? onlyModelCalls(1) : (opened.limits ?? onlyModelCalls(opened.modelCallsPerTurn));
