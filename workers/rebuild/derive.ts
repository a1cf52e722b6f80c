// What an Activity must have put on record, told by what it was asked and what it answered: one line for each that writes.
// What only the lost record knew is left empty (see Entry.rebuilt). A claim without an outcome says that nobody knows how
// it ended: the actor asks before it does anything. Pure. May import domain, trust and the store's types.
import type { Ending, Outcome, Proposal, Warrant } from '../../domain/action.ts';
import { recordOfCases } from '../../domain/action-record.ts';
import { IT_HAPPENED, outcomeOfAnswer } from '../../domain/decision.ts';
import type { ConversationChannel } from '../../domain/channel.ts';
import type { ActorActivities, AssistantActivities, WorkflowsActivities } from '../../domain/activity-ports.ts';
import type { Entry, Fact, WarrantMark } from '../../domain/entry.ts';
import { NO_WARRANT, OF_ANOTHER, UNREADABLE_TASK } from '../../domain/failure.ts';
import { conversationOfAction, ruledStep } from '../../domain/ids.ts';
import { refsIn } from '../../domain/item.ts';
import type { LostClaim } from '../../store/rebuild.ts';
import { calledEntry, intakeEntry, LOST, repliedEntry, summedUpEntry } from './heard.ts';
import type { DecisionStatement, MessageStatement, ReportStatement, VerdictStatement } from '../../domain/signed.ts';
import { refusedStep } from '../../trust/digest.ts';
import { statementIn } from '../../trust/signing.ts';

export type Answer<Result> =
  | { readonly kind: 'result'; readonly result: Result; readonly atMs: number }
  | ({ readonly kind: 'failure'; readonly type: string; readonly message: string; readonly atMs: number } & Taken)
  /** It was asked, and nothing is known of an answer. */
  | ({ readonly kind: 'none'; readonly atMs: number } & Taken);

interface Taken {
  /** A worker has taken it; null where Temporal does not say, or was not asked. */
  readonly isTaken: boolean | null;
}

export interface Call {
  readonly name: string;
  /** As Temporal numbers it within its run. */
  readonly activityId: string;
  readonly input: unknown;
  readonly atMs: number;
  /** Of the conversation, as the Workflow shows it to operators; '' where it does not. */
  readonly owner: string;
  answer: Answer<unknown>;
}

export interface Derived {
  readonly entries: readonly Entry[];
  readonly claims: readonly LostClaim[];
  /** It may have got as far as this, or not: to be counted as lost only where something else surely is. */
  readonly isGuess?: true;
}

type Activities = WorkflowsActivities & AssistantActivities & ActorActivities;
type Derivations = {
  readonly [Name in keyof Activities]?: (
    input: Parameters<Activities[Name]>[0],
    answer: Answer<Awaited<ReturnType<Activities[Name]>>>,
    around: Around,
  ) => Derived;
};

/** What else a call must be read with. */
export interface Around {
  readonly owner: string;
  /** Of an act: whether `closeUnfinished` has said how it ended. */
  readonly isClosed: boolean;
  /** Of `closeUnfinished`: the act that it closed. */
  readonly act: unknown;
  readonly workflowId: string;
  /** In which the conversation stands. */
  readonly channel: ConversationChannel | undefined;
  /** The history does not replay: what came of an act that failed nobody tells. */
  readonly isUnread: boolean;
}

/** What each call of a run must be read with, in their order. */
export function aroundEach(
  calls: readonly Call[],
  of: Pick<Around, 'workflowId' | 'channel' | 'isUnread'>,
): readonly Around[] {
  const acts = new Map<string, Call>();
  const closed = new Map<Call, Call>();
  for (const call of calls) {
    const { actionId } = (call.input as { readonly proposal?: Partial<Proposal> } | null | undefined)?.proposal ?? {};
    if (actionId === undefined) continue;
    if (call.name === 'act') acts.set(actionId, call);
    const act = acts.get(actionId);
    if (call.name === 'closeUnfinished' && call.answer.kind === 'result' && act !== undefined) closed.set(act, call);
  }
  const actOf = new Map([...closed].map(([act, closing]) => [closing, act.input]));
  return calls.map((call) => ({ owner: call.owner, isClosed: closed.has(call), act: actOf.get(call), ...of }));
}

/** What the call put on record; nothing where it puts nothing there, or never ended. */
export function derive({ name, input, answer }: Call, around: Around): Derived {
  const derivation = (DERIVATIONS as Readonly<Record<string, unknown>>)[name];
  if (derivation === undefined) return NOTHING;
  return (derivation as (input: unknown, answer: unknown, around: Around) => Derived)(input, answer, around);
}

export const NOTHING: Derived = { entries: [], claims: [] };
const entriesOnly = (entries: readonly Entry[]): Derived => ({ entries, claims: [] });

const DERIVATIONS: Derivations = {
  record: ({ entries, items }, answer) => {
    if (answer.kind !== 'result') return NOTHING;
    const replies = items.flatMap(({ conversationId, turn, body }, at) => {
      if (body.kind !== 'reply') return [];
      const itemId = refsIn(answer.result)[at]?.id ?? LOST;
      return [repliedEntry({ conversationId, turn, itemId, atMs: answer.atMs, step: `replied:${turn}` }, body.by)];
    });
    return entriesOnly([...entries, ...replies]);
  },

  ruleOnCalls: ({ of, atMs }, answer) => {
    if (answer.kind !== 'result' || answer.result.kind !== 'on_record') return NOTHING;
    return entriesOnly(recordOfCases(of, answer.result.cases, atMs).entries);
  },
  openTurn: ({ of, messages }, answer, { owner, channel }) => {
    if (answer.kind !== 'result') return NOTHING;
    const { result, atMs } = answer;
    if (result.kind !== 'speaks' && result.kind !== 'noted') return NOTHING;
    // Where some of them did not verify nobody can tell which: then none of them is said to have been taken.
    if (result.items.length !== messages.length) return NOTHING;
    const { conversationId, agent, tenant, turn } = of;
    const about = { subject: conversationId, conversationId, atMs };
    const said = messages.map(({ signed }) => statementIn<MessageStatement>(signed));
    const opened = said.slice(0, 1).map(({ principal }): Entry => {
      const fact = { kind: 'conversation_opened', agent, tenant, owner, principal } as const;
      return { ...about, step: 'opened', fact: { ...fact, ...(channel && { channel }) } };
    });
    const taken = messages.flatMap(({ signed }, at): readonly Entry[] => {
      const { messageId = LOST, principal } = said[at] ?? {};
      const item = result.items[at];
      if (principal === undefined || item === undefined) return [];
      const fact = { kind: 'message', turn, messageId, itemId: item.id, itemDigest: LOST, principal, signed } as const;
      const message: Entry = { ...about, step: `message:${messageId}`, fact };
      if (item.kind !== 'staff_reply') return [message];
      const reply = { conversationId, turn, itemId: item.id, atMs, step: `replied:${messageId}` };
      return [message, repliedEntry(reply, 'staff')];
    });
    return entriesOnly([...opened, ...taken]);
  },

  openReportTurn: ({ of, batchId }, answer) => refusedReport(of.conversationId, batchId, answer),
  takeReport: ({ of, batchId }, answer) => refusedReport(of.conversationId, batchId, answer),

  callModel: (input, answer) => {
    if (answer.kind !== 'result') return NOTHING;
    const { conversationId, turn, call } = input;
    const { result, atMs } = answer;
    const called = calledEntry(input, `model:${turn}:${call}`, result, atMs);
    if (result.kind !== 'reply') return entriesOnly([called]);
    const reply = { conversationId, turn, itemId: result.item.id, atMs, step: `replied:${turn}` };
    return entriesOnly([called, repliedEntry(reply, 'model')]);
  },

  fillFacts: (input, answer) => {
    if (answer.kind !== 'result') return NOTHING;
    return entriesOnly([calledEntry(input, `model:${input.turn}:facts`, answer.result, answer.atMs)]);
  },

  sumUp: (input, answer) => {
    if (answer.kind !== 'result' || answer.result.by !== 'model') return NOTHING;
    return entriesOnly([summedUpEntry(input, answer.result, answer.atMs)]);
  },

  takeIntake: (input, answer) => {
    if (answer.kind !== 'result' || answer.result === null) return NOTHING;
    return entriesOnly([intakeEntry(input, answer.result, answer.atMs)]);
  },

  inspect: (input, answer, { workflowId }) => {
    if (answer.kind === 'failure') return refused(input, answer, workflowId);
    if (answer.kind !== 'result') return NOTHING;
    const { proposal } = input;
    const fact = { kind: 'inspected', tool: proposal.tool, scopes: [], evidence: answer.result } as const;
    return entriesOnly([entryOf(proposal, `inspected:${answer.result.asOfMs}`, answer.atMs, fact)]);
  },

  act: (input, answer, { isClosed, isUnread, workflowId }) => {
    const { atMs } = answer;
    if (answer.kind === 'failure' && answer.type === 'WarrantRefused') return refused(input, answer, workflowId);
    const { proposal, warrant } = input;
    if (answer.kind === 'result') {
      if (answer.result.kind !== 'settled') return NOTHING;
      const { ending } = answer.result;
      // That people or the rules deny it is nothing that the actor puts on record.
      if (ending.kind === 'denied') return NOTHING;
      if (isOfAnother(ending)) return entriesOnly([ofAnother(proposal, ending, atMs)]);
      // What came too late, or was switched off, was closed without anybody beginning it.
      const began = ending.kind !== 'expired' && ending.kind !== 'cancelled';
      return ended(proposal, began ? markOf(warrant) : null, outcomeOf(ending), atMs);
    }
    // What nobody has taken nobody has claimed: it is still to be done. What was closed is told by its closing.
    if (proposal.effect === 'read' || answer.isTaken === false || isClosed) return NOTHING;
    // It will not be tried again, and people are asked about what is unknown.
    if (isUnread && answer.kind === 'failure') return ended(proposal, markOf(warrant), UNREAD, atMs);
    const begun = claimed(proposal, markOf(warrant), null, atMs);
    return answer.isTaken === true ? begun : { ...begun, isGuess: true };
  },

  closeUnfinished: ({ proposal, as, reason }, answer, { act }) => {
    if (answer.kind !== 'result' || isOfAnother(answer.result)) return NOTHING;
    const ending = answer.result;
    // It ends as it was to be closed where nobody had begun it, and otherwise as whoever began it left it.
    const isUnbegun = act === undefined || (ending.kind === as && ending.reason === reason);
    const mark = isUnbegun ? null : markOf((act as Parameters<ActorActivities['act']>[0]).warrant);
    return ended(proposal, mark, outcomeOf(ending), answer.atMs);
  },

  closeQuestion: ({ question: { proposal }, answer: said }, answer) => {
    if (answer.kind !== 'result' || said === null) return NOTHING;
    const { text, again } = statementIn<ReportStatement>(answer.result);
    // Another word may have come before this one, and stands; the report says what holds (see activities/…/question.ts).
    const counts = said.answer === 'happened' ? text.endsWith(` ${IT_HAPPENED}`) : again !== undefined;
    if (!counts) return NOTHING;
    const { atMs } = answer;
    const outcome = outcomeOfAnswer(said);
    const { claims } = claimed(proposal, null, outcome, atMs);
    return { entries: [entryOf(proposal, 'corrected', atMs, { kind: 'settled', outcome })], claims };
  },
};

function refusedReport(conversationId: string, batchId: string, answer: Answer<{ readonly kind: string }>): Derived {
  if (answer.kind !== 'result' || answer.result.kind !== 'refused') return NOTHING;
  const fact = { kind: 'report_refused', batchId, reason: 'it is not signed for this batch' } as const;
  const step = `report:${batchId}:refused`;
  return entriesOnly([{ subject: conversationId, step, conversationId, atMs: answer.atMs, fact }]);
}

const UNREAD: Outcome = {
  kind: 'unknown',
  reason: 'it was begun, and the history that tells how it ended does not replay',
};

/** The key was claimed for another action: nothing was run, and nothing was settled for this one. */
const isOfAnother = ({ kind, reason }: Ending): boolean =>
  kind === 'unknown' && (reason.startsWith(OF_ANOTHER.act) || reason.startsWith(OF_ANOTHER.close));

function ofAnother(proposal: Proposal, { reason: words }: Ending, atMs: number): Entry {
  const reason = words.endsWith(OF_ANOTHER.then) ? words.slice(0, -OF_ANOTHER.then.length) : words;
  return entryOf(proposal, `refused:${proposal.digest}`, atMs, { kind: 'warrant_refused', reason });
}

type Of = Pick<Proposal, 'actionId' | 'conversationId'>;

function entryOf({ actionId, conversationId }: Of, step: string, atMs: number, fact: Fact): Entry {
  return { subject: actionId, step, conversationId, atMs, fact };
}

/** As `refuse` in activities/actor puts it on record: what cannot be read is under the Workflow that sent it. */
function refused(
  task: { readonly proposal: Of },
  { type, message, atMs }: Extract<Answer<unknown>, { kind: 'failure' }>,
  workflowId: string,
): Derived {
  if (type !== 'WarrantRefused') return NOTHING;
  const reason = message.startsWith(NO_WARRANT) ? message.slice(NO_WARRANT.length) : message;
  const subject = reason.startsWith(UNREADABLE_TASK) ? `task of ${workflowId}` : task.proposal.actionId;
  const conversationId = conversationOfAction(subject) ?? '';
  const fact = { kind: 'warrant_refused', reason } as const;
  return entriesOnly([{ subject, step: refusedStep(reason), conversationId, atMs, fact }]);
}

/** How it ended, with its claim where it is a write. */
export function ended(
  proposal: Pick<Proposal, 'actionId' | 'conversationId' | 'digest' | 'tool' | 'effect'>,
  mark: WarrantMark | null,
  outcome: Outcome,
  atMs: number,
): Derived {
  const settled = entryOf(proposal, 'settled', atMs, { kind: 'settled', outcome });
  // Nobody claims a procedure.
  if (proposal.effect === 'read' || proposal.effect === 'start') return entriesOnly([settled]);
  const { entries, claims } = claimed(proposal, mark, outcome, atMs);
  return { entries: [...entries, settled], claims };
}

export function claimed(
  proposal: Pick<Proposal, 'actionId' | 'conversationId' | 'digest' | 'tool'>,
  warrant: WarrantMark | null,
  outcome: Outcome | null,
  atMs: number,
): Derived {
  const { actionId, conversationId, digest, tool } = proposal;
  const entry = entryOf(proposal, 'claimed', atMs, { kind: 'claimed', digest, tool, warrant });
  return { entries: [entry], claims: [{ actionId, conversationId, digest, tool, claimedMs: atMs, outcome }] };
}

/** The result itself is lost; that it succeeded is not. */
function outcomeOf(ending: Ending): Outcome {
  return ending.kind === 'succeeded'
    ? { kind: 'succeeded', result: null, isLost: true }
    : { ...ending, kind: ending.kind };
}

/** As the actor names the parts of a warrant that it has verified. */
function markOf({ principal, verdict, decisions }: Warrant): WarrantMark {
  return {
    messageId: statementIn<MessageStatement>(principal).messageId,
    verdictStep: ruledStep(statementIn<VerdictStatement>(verdict).verdict, verdict),
    decisionIds: decisions.map((one) => statementIn<DecisionStatement>(one).decisionId),
  };
}
