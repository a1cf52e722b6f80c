// One turn: from the queued messages of one sender, or one report, to the reply. What is allowed runs now; from the
// first `ask` on the rest waits in a Workflow of its own, and the turn ends. May import domain and @temporalio/workflow.
import { log } from '@temporalio/workflow';
import type { TurnOf } from '../domain/activity-ports.ts';
import {
  type ConversationState,
  MAX_WAITING,
  remember,
  settleBatch,
  takeNext,
  type Work,
} from '../domain/conversation.ts';
import type { CallModelResult } from '../domain/model.ts';
import { carryOut } from './calls.ts';
import { callModel, isActivityFailure, whyFailed, workflowsRole } from './effects.ts';
import { holdWhilePaused } from './phase.ts';

export async function runTurn(state: ConversationState, work: Work): Promise<void> {
  const of = turnOf(state);
  const handedOver = state.phase === 'handed_over';
  const opened = await openWork(of, work, handedOver);
  if (opened.kind === 'refused') return;
  if (work.kind === 'report') settleBatch(state, work.batch.batchId);
  remember(state, opened.items);
  if (opened.kind === 'noted') {
    if (opened.handedBack && state.phase === 'handed_over') state.phase = 'open';
    return;
  }
  let actions = 0;
  let mustSpeak = false;
  for (let call = 0; call < opened.modelCallsPerTurn; call++) {
    await holdWhilePaused(state);
    // The last call may only speak: a turn ends with words, not in the middle of work.
    mustSpeak ||= call === opened.modelCallsPerTurn - 1 || state.waiting.length >= MAX_WAITING;
    const answer = await askModel(state, call, mustSpeak);
    if (answer.kind === 'failed') return say(state, answer.words);
    remember(state, [answer.item]);
    if (answer.kind === 'reply') return;
    if (mustSpeak) break;
    const told = await carryOut(state, of, opened.principal, { itemId: answer.item.id, firstIndex: actions });
    actions += answer.count;
    mustSpeak = told.mustSpeak;
  }
  await say(
    state,
    waitingWords(state) || 'I stopped here: this took more steps than one turn may have. Ask me to go on.',
  );
}

/** End the turn with words of code, where the model has none. */
export async function say(state: ConversationState, text: string): Promise<void> {
  const { conversationId, turn } = state;
  const key = `turn:${turn}:reply`;
  const item = { key, conversationId, turn, trust: 'record', body: { kind: 'reply', text, by: 'code' } } as const;
  remember(state, await workflowsRole.record({ entries: [], items: [item] }));
}

/** Messages that were taken in and can no longer be answered are kept on the transcript, and told so. */
export async function keepQueued(state: ConversationState): Promise<void> {
  for (let work = takeNext(state); work !== undefined; work = takeNext(state)) {
    if (work.kind === 'report') continue;
    state.turn += 1;
    await workflowsRole.openTurn({ of: turnOf(state), messages: work.messages, handedOver: false, answers: false });
    await say(state, 'This conversation was ended before I could answer.');
  }
}

type Answer = CallModelResult | { readonly kind: 'failed'; readonly words: string };

async function askModel(state: ConversationState, call: number, mustSpeak: boolean): Promise<Answer> {
  const { conversationId, agent, turn, recent } = state;
  const show = recent.map((item) => item.id);
  try {
    return await callModel({ conversationId, agent, turn, call, show, toolChoice: mustSpeak ? 'none' : 'auto' });
  } catch (error) {
    if (!isActivityFailure(error)) throw error;
    log.warn('no model answered', { reason: whyFailed(error) }); // for operators; a customer cannot mend a key
    const words =
      'I cannot answer just now: my language model could not be reached. Your message is kept, and nothing was done ' +
      `beyond what this conversation shows. ${waitingWords(state)} Write again to have me try once more.`;
    return { kind: 'failed', words: words.replace(/ +/g, ' ') };
  }
}

function waitingWords(state: ConversationState): string {
  return state.waiting.map((batch) => `${batch.summaries.join('; ')}: waits for ${batch.group}.`).join(' ');
}

function openWork(of: TurnOf, work: Work, handedOver: boolean) {
  if (work.kind === 'messages') {
    return workflowsRole.openTurn({ of, messages: work.messages, handedOver, answers: true });
  }
  const { principal, batchId } = work.batch;
  return workflowsRole.openReportTurn({ of, principal, batchId, signed: work.report.signed, handedOver });
}

function turnOf(state: ConversationState): TurnOf {
  const { conversationId, agent, tenant, turn } = state;
  return { conversationId, agent, tenant, turn };
}
