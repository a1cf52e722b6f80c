// One turn: from the queued messages of one sender, or one report, to the reply. What is allowed runs now; from the
// first `ask` on the rest waits in a Workflow of its own, and the turn ends. May import domain and @temporalio/workflow.
import { type CancellationScope, isCancellation, log, patched } from '@temporalio/workflow';
import { isAskedBack } from '../domain/asked-back.ts';
import type { TurnOf } from '../domain/activity-ports.ts';
import type { OpenedTurn } from '../domain/opened-turn.ts';
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
import type { CallModelResult } from '../domain/model.ts';
import { remember, shownNow } from '../domain/recent.ts';
import type { Seen } from '../domain/sources.ts';
import { wordsOfDenials, wordsOfModelFailure, wordsOfStop } from '../domain/words.ts';
import { carryOut, endingResult, type Undone } from './calls.ts';
import { showGone } from './cards.ts';
import { callModel, isActivityFailure, typeOfFailure, whyFailed, workflowsRole } from './effects.ts';
import { takeIn } from './intake.ts';
import { settledEntry } from './life.ts';
import { holdWhilePaused, tellAskers } from './phase.ts';
import { startQuestion } from './question.ts';
import { awaitAnswer, hearReport } from './reports.ts';

// 3: once is a mistake, twice a misunderstanding; a model that goes on is led by somebody, and a person should look.
const MAX_DENIALS = 3;

/** Run the turn within the scope that a stop cancels. A turn that was stopped lists what was not done. */
export async function runTurn(state: ConversationState, work: Work, scope: CancellationScope): Promise<void> {
  const undone: Undone = { open: [], summaries: [] };
  try {
    await scope.run(() => speak(state, work, undone));
  } catch (error) {
    if (!isCancellation(error)) throw error; // a bug, which fails the Workflow Task until it is fixed
    const stopped = { kind: 'cancelled', reason: 'an operator stopped the conversation before it began' } as const;
    const entries = undone.open.map(({ proposal }) => settledEntry(proposal, stopped));
    const items = undone.open.map(({ proposal }) => endingResult(turnOf(state), proposal, stopped));
    const summaries = [...undone.summaries, ...undone.open.map(({ proposal }) => proposal.summary)];
    await say(state, wordsOfStop(summaries), { entries, items });
  }
}

async function speak(state: ConversationState, work: Work, undone: Undone): Promise<void> {
  if (work.kind === 'messages') await forgetGone(state, turnOf(state));
  const opened = await openWork(state, work, { handedOver: state.phase === 'handed_over', answers: true });
  if (opened.kind === 'refused') return;
  const of = turnOf(state);
  if (work.kind === 'report') hearReport(state, work.batch, opened);
  else if (isAskedBack(state)) await tellAskers(state);
  remember(state, opened.items);
  noteQuoted(state, opened.items[0]?.id ?? '', opened.quotes ?? []);
  let quotes = work.kind === 'report' ? quotedNow(state) : [];
  const taken = await takeIn(state, of, opened);
  let actions = 0;
  let mustSpeak = false;
  let denials = opened.denials ?? 0;
  if (opened.again !== undefined && work.kind === 'report') {
    const from = { itemId: opened.again.id, firstIndex: 0, seen: shownNow(state), quotes: opened.againRestsOn };
    const told = await carryOut(state, of, work.batch.principal, from, undone);
    actions = 1;
    mustSpeak = told.mustSpeak;
    denials += told.denials;
  }
  if (opened.kind === 'noted') {
    if (opened.handedBack) enterPhase(state, 'handback');
    return;
  }
  if (taken !== undefined && taken.next !== 'goes_on') {
    if (taken.next === 'hands_over') enterPhase(state, 'tool_handover');
    return say(state, taken.words);
  }
  for (let call = 0; call < opened.modelCallsPerTurn; call++) {
    await holdWhilePaused(state);
    // The last call may only speak: a turn ends with words, not in the middle of work.
    mustSpeak ||= call === opened.modelCallsPerTurn - 1 || state.waiting.length >= MAX_WAITING;
    const seen = shownNow(state);
    const answer = await askModel(state, seen, call, mustSpeak);
    if (answer.kind === 'failed') return say(state, answer.words);
    remember(state, [answer.item]);
    if (answer.kind === 'reply') return;
    if (mustSpeak) break;
    const from = { itemId: answer.item.id, firstIndex: actions, seen, quotes };
    const told = await carryOut(state, of, opened.principal, from, undone);
    quotes = [...new Set([...quotes, ...told.quotes])];
    actions += answer.count;
    mustSpeak = told.mustSpeak;
    denials += told.denials;
    if (denials >= MAX_DENIALS && patched('denials-hand-over')) {
      enterPhase(state, 'tool_handover');
      return say(state, [wordsOfDenials, waitingWords(state)].filter(Boolean).join(' '));
    }
  }
  await say(
    state,
    waitingWords(state) || 'I stopped here: this took more steps than one turn may have. Ask me to go on.',
  );
}

/** What an operator has ended in Temporal will never report: it waits no more, and what may have happened is asked. */
async function forgetGone(state: ConversationState, of: TurnOf): Promise<void> {
  if (state.waiting.length === 0 || !patched('forget-gone')) return;
  const waiting = state.waiting.map(({ batchId, deadlineMs }) => ({ batchId, deadlineMs }));
  for (const { batchId, questions, isLost, hasCards } of await workflowsRole.closeGone({ of, waiting })) {
    if (hasCards === true) showGone(batchId);
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

type Answer = CallModelResult | { readonly kind: 'failed'; readonly words: string };

async function askModel(
  state: ConversationState,
  { itemIds: show }: Seen,
  call: number,
  mustSpeak: boolean,
): Promise<Answer> {
  const { conversationId, agent, turn } = state;
  try {
    return await callModel({ conversationId, agent, turn, call, show, toolChoice: mustSpeak ? 'none' : 'auto' });
  } catch (error) {
    if (!isActivityFailure(error)) throw error;
    log.warn('no model answered', { reason: whyFailed(error) }); // for operators; a customer cannot mend a key
    return { kind: 'failed', words: wordsOfModelFailure(typeOfFailure(error), waitingWords(state)) };
  }
}

function waitingWords(state: ConversationState): string {
  const how = (group: string) => (group === '' ? 'goes on' : `waits for ${group}`);
  return state.waiting.map(({ summaries, group }) => `${summaries.join('; ')}: ${how(group)}.`).join(' ');
}

type Opened = Exclude<OpenedTurn, { kind: 'behind' }>;

/** Open the turn; after a Reset, under the number that comes after all that the store knows. */
async function openWork(
  state: ConversationState,
  work: Work,
  how: { readonly handedOver: boolean; readonly answers: boolean },
): Promise<Opened> {
  const opened = await openAs(turnOf(state), work, how);
  if (opened.kind !== 'behind') return opened;
  state.turn = opened.lastTurn + 1;
  const again = await openAs(turnOf(state), work, how);
  if (again.kind === 'behind') throw new Error('there must be no turn after the last'); // only a bug breaks this
  return again;
}

function openAs(of: TurnOf, work: Work, how: { readonly handedOver: boolean; readonly answers: boolean }) {
  if (work.kind === 'messages') return workflowsRole.openTurn({ of, messages: work.messages, ...how });
  const { principal, batchId } = work.batch;
  const { handedOver } = how;
  return workflowsRole.openReportTurn({ of, principal, batchId, signed: work.report.signed, handedOver });
}

function turnOf(state: ConversationState): TurnOf {
  const { conversationId, agent, tenant, turn } = state;
  return { conversationId, agent, tenant, turn };
}
