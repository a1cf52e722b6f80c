// The messages of a conversation: what each one means is one line here. Handlers only change the state; the loop does
// the rest, so nothing interleaves. Signal handlers never throw. May import domain and @temporalio/workflow.
import { ApplicationFailure } from '@temporalio/common';
import { defineQuery, defineSignal, defineUpdate, log, setHandler } from '@temporalio/workflow';
import {
  type BatchReport,
  type ConversationState,
  type ConversationView,
  enqueue,
  enqueueReport,
  noteNews,
  refusalOf,
  type SubmittedMessage,
  type Ticket,
  viewOf,
} from '../domain/conversation.ts';
import type { ProcedureNews } from '../domain/procedure-run.ts';
import { enterPhase } from '../domain/phase.ts';
import type { FailureType } from '../domain/failure.ts';
import { isProcedureId } from '../domain/ids.ts';
import { CONVERSATION } from '../domain/protocol.ts';
import type { CommandStatement, Signed } from '../domain/signed.ts';
import { hearOfOpening } from './budgets.ts';
import { workflowsRole } from './effects.ts';

const submitMessage = defineUpdate<Ticket, [SubmittedMessage]>(CONVERSATION.submitMessage);
const pause = defineUpdate<ConversationView>(CONVERSATION.pause);
const stop = defineUpdate<ConversationView>(CONVERSATION.stop);
const close = defineUpdate<ConversationView>(CONVERSATION.close);
const pauseSignal = defineSignal(CONVERSATION.pauseSignal);
const stopSignal = defineSignal(CONVERSATION.stopSignal);
const actionSettled = defineSignal<[BatchReport]>(CONVERSATION.actionSettled);
const procedureWaits = defineSignal<[ProcedureNews]>(CONVERSATION.procedureWaits);
const budgetOpened = defineSignal<[string]>(CONVERSATION.budgetOpened);
const lookIfIdle = defineSignal(CONVERSATION.lookIfIdle);
const conversationQuery = defineQuery<ConversationView>(CONVERSATION.query);

/** Listen for messages. `halt` ends the running turn at once. Returns how to enter a phase from elsewhere. */
export function listen(state: ConversationState, halt: () => void): (event: 'close') => void {
  const enter = (event: 'pause' | 'stop' | 'close'): ConversationView => {
    enterPhase(state, event);
    if (event !== 'pause') halt();
    return viewOf(state);
  };
  // An Update: the sender must learn at once whether the message is taken.
  setHandler(submitMessage, (message) => ((state.heardMs = Date.now()), enqueue(state, message)), {
    validator: (message) => assertAccepts(state, message),
    description: 'Queue a message of an authenticated principal; returns its ticket',
  });
  // Updates, so that an operator sees the phase that holds now; Signals beside them for when no Update gets in.
  setHandler(pause, () => enter('pause'), { description: 'Queue messages and hold before each step until resume' });
  setHandler(stop, () => enter('stop'), {
    description: 'Cancel what runs and what waits; refuse messages until resume',
  });
  setHandler(close, () => enter('close'), { description: 'End the conversation for good' });
  setHandler(pauseSignal, () => void (state.signals++, enter('pause')), { description: 'As the Update pause' });
  setHandler(stopSignal, () => void (state.signals++, enter('stop')), { description: 'As the Update stop' });
  // A Signal: the batch has ended whatever the conversation answers.
  setHandler(
    actionSettled,
    (report) => {
      state.signals++;
      const isTaken = isReport(report) && enqueueReport(state, report);
      if (!isTaken) log.warn('ignored a report: malformed, for nothing that waits, or one too many');
    },
    { description: 'How a batch of waiting actions ended (signed by the workflows role)' },
  );
  // A Signal, as the report is: nobody waits for an answer.
  setHandler(
    procedureWaits,
    (news) => {
      state.signals++;
      if (isNews(news)) noteNews(state, news);
      else log.warn('ignored news that are none of a procedure');
    },
    { description: 'For whom a procedure that was started here waits now; it changes nothing but what is shown' },
  );
  // A Signal: whoever answered the question waits for nothing here.
  setHandler(
    budgetOpened,
    (questionId) => {
      state.signals++;
      if (!hearOfOpening(state, questionId)) log.warn('ignored an opening that nothing waits for');
    },
    { description: 'People have opened more of a budget; the conversation looks whether that is so' },
  );
  setHandler(lookIfIdle, () => void (state.signals++, (state.idle ??= 'asked')), {
    description: 'Look whether it is idle for as long as its agent keeps what is; then it ends',
  });
  for (const command of ['resume', 'handover', 'handback'] as const) {
    setHandler(
      defineUpdate<ConversationView, [Signed<CommandStatement>]>(CONVERSATION[command]),
      async (signed) => {
        await obey(state, command, signed);
        return viewOf(state);
      },
      { description: `${command}: takes a command signed by the API` },
    );
  }
  setHandler(conversationQuery, () => viewOf(state), { description: 'Phase, turn, queue and what waits' });
  return enter;
}

// 100: far more commands than operators give in the minutes for which one stays valid.
const MAX_OBEYED = 100;

/** Obey a command once: its signature is looked at by the role, and remembered here. */
async function obey(
  state: ConversationState,
  command: CommandStatement['command'],
  signed: Signed<CommandStatement>,
): Promise<void> {
  const { conversationId } = state;
  const checked = await workflowsRole.verifyCommand({ signed, conversationId, command });
  if (checked.kind === 'refused') throw refused('CommandRefused', checked.reason);
  const mark = signed.slice(-24);
  if (state.obeyed.includes(mark)) return;
  state.obeyed = [...state.obeyed, mark].slice(-MAX_OBEYED);
  enterPhase(state, command);
}

function assertAccepts(state: ConversationState, message: SubmittedMessage): void {
  const wellFormed = [message?.id, message?.text, message?.principalId, message?.signed].every(
    (part) => typeof part === 'string' && part !== '',
  );
  if (!wellFormed)
    throw refused('MessageRejected', 'a message has id, text, principalId and signed; send it through the API');
  const refusal = refusalOf(state, message);
  if (refusal !== undefined) throw refused(refusal, WHY[refusal]);
}

const WHY = {
  ConversationStopped: 'the conversation is stopped; an operator can resume it',
  ConversationClosed: 'the conversation has ended for good; start another one',
  MessageRejected: 'another message with this id waits here; give each message an id of its own',
  InboxFull: 'too many messages wait in this conversation; send this one again later',
} as const;

function refused(type: FailureType, message: string): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable: true });
}

function isReport(value: unknown): value is BatchReport {
  const report = value as Partial<BatchReport> | null;
  return typeof report?.batchId === 'string' && typeof report.signed === 'string';
}

function isNews(value: unknown): value is ProcedureNews {
  const { batchId, group, deadlineMs } = Object(value) as Partial<ProcedureNews>;
  return typeof batchId === 'string' && isProcedureId(batchId) && isName(group) && Number.isFinite(deadlineMs);
}

// 200 characters: the names of groups are far shorter; it stands in the state of the conversation.
const isName = (value: unknown): boolean => typeof value === 'string' && value.length <= 200;
