// What `closeGone` put on record of what an operator had ended in Temporal (see activities/workflows/gone.ts). It answers
// with little more than the names of the batches: the rest is what was still open of them. Pure. May import domain, trust
// and the store's types.
import type { Outcome } from '../../domain/action.ts';
import type { TurnOf, WorkflowsActivities } from '../../domain/activity-ports.ts';
import { type Approval, endApproval } from '../../domain/approval.ts';
import type { QuestionInput } from '../../domain/conversation.ts';
import { addDecision } from '../../domain/decision.ts';
import type { Entry, FactOf } from '../../domain/entry.ts';
import { isQuestionId, standsIn } from '../../domain/ids.ts';
import { pairOf } from '../../store/entries.ts';
import type { OpenOf } from '../../store/rebuild.ts';
import { readDecision } from '../../trust/decision.ts';
import { type Call, claimed, type Derived, ended } from './derive.ts';
import type { Found, Lost } from './found.ts';

/** One batch, or question, that was found gone. */
export interface Closing {
  readonly of: TurnOf;
  readonly batchId: string;
  readonly questions: readonly QuestionInput[];
  readonly atMs: number;
}

type CloseGone = WorkflowsActivities['closeGone'];

export function closingsIn(calls: readonly Call[]): readonly Closing[] {
  return calls.flatMap(({ name, input, answer }) => {
    if (name !== 'closeGone' || answer.kind !== 'result') return [];
    const { of } = input as Parameters<CloseGone>[0];
    const gone = answer.result as Awaited<ReturnType<CloseGone>>;
    return gone.flatMap(({ isLost = false, ...one }) => (isLost ? [] : [{ of, ...one, atMs: answer.atMs }]));
  });
}

type Known = Pick<Lost, 'entries'>;
type Action = OpenOf['actions'][number];

/** What the closing put on record. `open`: what the store still has as open of the conversation. */
export function closedBy(closing: Closing, open: OpenOf, lost: Known): readonly Derived[] {
  const { of, batchId, atMs } = closing;
  const inBatch = isQuestionId(batchId) ? [] : actionsIn(closing, open, lost);
  const settled = inBatch.flatMap((action) => settledBy(closing, action, lost));
  const ids = new Set(inBatch.map(({ actionId }) => actionId));
  const approvals = approvalsOf(of.conversationId, open, lost).filter(({ id, batchId: askedIn, actionId }) => {
    const isClosed = isQuestionId(batchId) ? askedIn === batchId : ids.has(actionId) && !isQuestionId(askedIn);
    return isClosed && isOpenAt(id, atMs, lost);
  });
  return [...settled, ...approvals.map((approval) => cancelledApproval(approval, atMs))];
}

function cancelledApproval(approval: Approval, atMs: number): Derived {
  const { id, conversationId } = approval;
  const fact = { kind: 'approval_settled', approval: endApproval(approval, 'cancelled') } as const;
  return { entries: [{ subject: id, step: 'settled', conversationId, atMs, fact }], claims: [] };
}

/** Those that had not ended, or may have happened. */
function actionsIn({ of, batchId, atMs }: Closing, open: OpenOf, lost: Known): readonly Action[] {
  const proposed = entriesOf(lost, 'proposed', of.conversationId).map(
    ({ fact: { proposal } }): Action => ({ ...proposal, isBegun: false, isUnknown: false }),
  );
  return [...open.actions, ...proposed].filter(({ actionId }) => {
    if (!standsIn(batchId, actionId)) return false;
    const end = foundEnd(actionId, lost);
    const outcome = end?.entry.fact.kind === 'settled' ? end.entry.fact.outcome.kind : null;
    return end === undefined || end.entry.atMs >= atMs || outcome === 'unknown';
  });
}

/** How it ended. What was on record already is left out. */
function settledBy({ questions, atMs }: Closing, action: Action, lost: Known): readonly Derived[] {
  if (action.isUnknown || !isOpenAt(action.actionId, atMs, lost)) return [];
  const claim = lost.entries.get(pairOf({ subject: action.actionId, step: 'claimed' }));
  const isBegun = action.isBegun || claim !== undefined;
  const asked = questions.find(({ proposal }) => proposal.actionId === action.actionId);
  const outcome = outcomeOf(asked, isBegun && action.effect !== 'read');
  if (claim === undefined || action.effect === 'read') return [ended(action, null, outcome, atMs)];
  // Begun by the warrant that it was sent with, which is no guess any more.
  const { warrant } = claim.entry.fact as FactOf<'claimed'>;
  const begun = claimed(action, warrant, null, claim.entry.atMs);
  return [begun, ended(action, warrant, outcome, atMs)];
}

function outcomeOf(asked: QuestionInput | undefined, isBegun: boolean): Outcome {
  if (asked !== undefined) return { kind: 'unknown', reason: asked.reason };
  // It was sent to the actor, and nobody was asked: it was not begun, or ended where no Workflow heard of it.
  if (isBegun) return { kind: 'unknown', reason: 'an operator ended what it waited in, and how it ended is lost' };
  return { kind: 'cancelled', reason: 'an operator ended what it waited in' };
}

const foundEnd = (subject: string, lost: Known): Found | undefined =>
  lost.entries.get(pairOf({ subject, step: 'settled' }));

const isOpenAt = (subject: string, atMs: number, lost: Known): boolean =>
  (foundEnd(subject, lost)?.entry.atMs ?? Number.POSITIVE_INFINITY) >= atMs;

/** As the store would show them, with the decisions that were counted. */
function approvalsOf(conversationId: string, open: OpenOf, lost: Known): readonly Approval[] {
  const requested = entriesOf(lost, 'approval_requested', conversationId).map(({ fact }) => fact.approval);
  const decided = entriesOf(lost, 'decided', conversationId).toSorted((one, other) => one.atMs - other.atMs);
  return [...open.approvals, ...requested].map((asked) =>
    decided.reduce((approval, { fact: { approvalId, signed } }) => {
      const decision = approvalId === approval.id ? readDecision(signed) : undefined;
      return decision === undefined ? approval : addDecision(approval, decision);
    }, asked),
  );
}

type EntryOf<K extends Entry['fact']['kind']> = Omit<Entry, 'fact'> & { readonly fact: FactOf<K> };

function entriesOf<K extends Entry['fact']['kind']>(
  lost: Known,
  kind: K,
  conversationId: string,
): readonly EntryOf<K>[] {
  return [...lost.entries.values()].flatMap(({ entry }) =>
    entry.fact.kind === kind && entry.conversationId === conversationId ? [entry as EntryOf<K>] : [],
  );
}
