// Counting decisions: who counts, how many are enough, what a person gets for a word. The first word that counts stands;
// a deny always counts, and an approval may be taken back while more are needed. Pure. May import domain only.
import type { Outcome } from './action.ts';
import { type Approval, type ApprovalEnd, askedBy, type CountedDecision } from './approval.ts';
import type { DecisionAnswer, DecisionStatement, Signed } from './signed.ts';

// 30: far more changes of mind and questions back than one card is worth; past it only approve, deny and edit are heard.
const MAX_ASIDES = 30;

/** What a person gets for a decision. The same decision id gets the same receipt, however often it is sent. */
export interface Receipt {
  readonly decisionId: string;
  readonly approvalId: string;
  readonly counted: boolean;
  /** A sentence for the person: "approved; refund order 1042 runs now", "too late: it expired at …". */
  readonly text: string;
  readonly end: Approval['end'];
}

/** The words that answer it. */
export function answersTo(approval: Pick<Approval, 'question'>): readonly DecisionAnswer[] {
  switch (approval.question) {
    case undefined:
      return ['approve', 'deny', 'edit', 'withdraw', 'ask_back'];
    case 'unknown':
      return ['happened', 'did_not_happen'];
    case 'budget':
      return ['approve', 'deny'];
    default:
      return approval.question satisfies never;
  }
}

/** Whether whoever asked for the action can read the reason: as how it ended, or as a question to them. */
export function isReasonTold(answer: DecisionAnswer): boolean {
  switch (answer) {
    case 'deny':
    case 'ask_back':
    case 'did_not_happen':
      return true;
    case 'approve':
    case 'edit':
    case 'withdraw':
    case 'happened':
      return false;
    default:
      return answer satisfies never;
  }
}

/** What became of one decision. */
interface Counted {
  readonly approval: Approval;
  readonly receipt: Receipt;
}

/**
 * Count one verified decision. Only an open approval changes. The same decision gets its receipt again. In time is what
 * was signed before the deadline, if it arrives while the approval is still open.
 */
export function applyDecision(approval: Approval, decision: CountedDecision): Counted {
  const same = heardBefore(approval, decision);
  if (same !== undefined) return again(approval, same, decision);
  if (approval.end !== 'open') return unchanged(approval, decision, `too late: it is already ${plain(approval.end)}`);
  // It does not count, and ends nothing: the clock that signed it may be wrong; the Workflow's own timer is the judge.
  if (decision.atMs >= approval.deadlineMs) return unchanged(approval, decision, 'too late: the deadline was over');
  if (askedBy(approval).authors.includes(decision.personId)) {
    return unchanged(approval, decision, 'who asks for an action, or whose words it rests on, cannot decide it');
  }
  const words = answersTo(approval);
  if (!words.includes(decision.answer)) {
    const text = `it is answered by ${words.map(plain).join(' or ')}, not by ${plain(decision.answer)}`;
    return unchanged(approval, decision, text);
  }
  return take(approval, decision);
}

/** As a decision is counted on record, where that it ended the approval is an entry of its own. */
export function addDecision(approval: Approval, decision: CountedDecision): Approval {
  const next = applyDecision(approval, decision).approval;
  return next === approval ? approval : { ...next, end: 'open' };
}

/** What a person has signed, as it is counted. */
export function heardIn(statement: DecisionStatement, signed: Signed<DecisionStatement>): CountedDecision {
  const { decisionId, person, answer, reason, atMs, method, args } = statement;
  const said = { decisionId, personId: person.id, answer, reason, atMs, method, signed };
  return args === undefined ? said : { ...said, args };
}

function take(approval: Approval, decision: CountedDecision): Counted {
  const { personId, answer } = decision;
  const earlier = approval.decisions.find((one) => one.personId === personId);
  switch (answer) {
    case 'approve':
      return counted(approval, decision);
    case 'deny':
    case 'edit':
      // Whoever has approved and sees better may still stop it.
      return counted(earlier === undefined ? approval : takenBack(approval, earlier), decision);
    case 'withdraw': {
      if (earlier === undefined)
        return unchanged(approval, decision, 'you have not approved it, so nothing is taken back');
      if (isFull(approval)) return unchanged(approval, decision, 'it was taken back too often; deny it instead');
      return taken(aside(takenBack(approval, earlier), decision), decision);
    }
    case 'ask_back': {
      if (isFull(approval))
        return unchanged(approval, decision, 'it was asked back too often; approve, deny or edit it');
      return taken(aside(approval, decision), decision);
    }
    case 'happened':
    case 'did_not_happen':
      return counted(approval, decision);
    default:
      return answer satisfies never;
  }
}

/** Put it among those that count, and end the approval where it ends it. */
function counted(approval: Approval, decision: CountedDecision): Counted {
  const next = { ...approval, decisions: [...approval.decisions, decision] };
  return taken({ ...next, end: endBy(next, decision.answer) }, decision);
}

/** What a decision has made of the approval. */
const taken = (approval: Approval, decision: CountedDecision): Counted => ({
  approval,
  receipt: receiptOf(approval, decision, true, takenText(approval, decision.answer)),
});

function takenText(approval: Approval, answer: DecisionAnswer): string {
  switch (answer) {
    case 'withdraw':
      return `taken back; ${progressOf(approval)}`;
    case 'ask_back':
      return `asked in the conversation; the time goes on until ${new Date(approval.deadlineMs).toISOString()}`;
    default:
      return approval.end === 'open' ? `counted; ${progressOf(approval)}` : endText(approval);
  }
}

function endBy(approval: Approval, answer: DecisionAnswer): ApprovalEnd {
  switch (answer) {
    case 'happened':
    case 'did_not_happen':
      return answer;
    case 'deny':
      return 'denied';
    case 'edit':
      return 'superseded';
    case 'approve':
      return approvalsOf(approval) >= approval.quorum ? 'approved' : 'open';
    case 'withdraw':
    case 'ask_back':
      return 'open';
    default:
      return answer satisfies never;
  }
}

function endText({ end, summary }: Approval): string {
  switch (end) {
    case 'happened':
    case 'did_not_happen':
      return `recorded: ${summary} ${plain(end)}`;
    case 'superseded':
      return `edited: ${summary}; what you wrote instead is ruled on, and asked about anew`;
    default:
      return `${plain(end)}: ${summary}`;
  }
}

/** How many have approved it. */
export const approvalsOf = ({ decisions }: Pick<Approval, 'decisions'>): number =>
  decisions.filter((one) => one.answer === 'approve').length;

/** All that people said of it, what counts no more too. */
export const saidOf = ({ decisions, asides = [] }: Approval): readonly CountedDecision[] => [...decisions, ...asides];

/** The edit that ended it, if one did. */
export const editOf = ({ decisions }: Approval): CountedDecision | undefined =>
  decisions.find((one) => one.answer === 'edit');

/** The people whose words the report of a batch carries: why they deny it, or what they wrote instead. */
export const quotedOf = (approvals: readonly Approval[]): readonly string[] => [
  ...new Set(
    approvals.flatMap(({ decisions }) =>
      decisions.filter(({ answer }) => answer === 'deny' || answer === 'edit').map((one) => one.personId),
    ),
  ),
];

/** What a person's answer to the question whether an action happened makes of its outcome. */
export function outcomeOfAnswer({ answer, personId, reason }: CountedDecision): Outcome {
  if (answer === 'happened') return { kind: 'succeeded', result: { confirmedBy: personId, reason } };
  return { kind: 'failed', reason: `it did not happen; ${personId} looked${reason === '' ? '' : `: ${reason}`}` };
}

/** How the report of a question ends where it happened; a rebuild tells by it what stands. */
export const IT_HAPPENED = 'It happened.';

const progressOf = (approval: Approval): string =>
  `${approvalsOf(approval)} of ${approval.quorum} have approved ${approval.summary}`;

/** The same decision, or the same word of the same person where it counts already: a second click. */
function heardBefore(approval: Approval, decision: CountedDecision): CountedDecision | undefined {
  const { decisionId, personId, answer } = decision;
  return (
    saidOf(approval).find((one) => one.decisionId === decisionId) ??
    approval.decisions.find((one) => one.personId === personId && one.answer === answer && answer !== 'edit')
  );
}

/**
 * What the same decision gets when it comes again: its first receipt, unless others have spoken since. Another word under
 * its id is not taken for it.
 */
function again(approval: Approval, heard: CountedDecision, { answer }: CountedDecision): Counted {
  const { decisions, asides = [] } = approval;
  const isLast = heard === decisions.at(-1) || (heard.answer !== 'approve' && heard === asides.at(-1));
  if (isLast && heard.answer === answer) return taken(approval, heard);
  const stands = decisions.includes(heard) || heard.answer !== 'approve';
  const text = stands
    ? `your ${plain(heard.answer)} of ${approval.summary} is already counted`
    : `your approval of ${approval.summary} was taken back by you`;
  return unchanged(approval, heard, text, stands && heard.answer === answer);
}

const takenBack = (approval: Approval, earlier: CountedDecision): Approval =>
  aside({ ...approval, decisions: approval.decisions.filter((one) => one !== earlier) }, earlier);

const aside = (approval: Approval, decision: CountedDecision): Approval => ({
  ...approval,
  asides: [...(approval.asides ?? []), decision],
});

const isFull = ({ asides = [] }: Approval): boolean => asides.length >= MAX_ASIDES;

function unchanged(
  approval: Approval,
  decision: Pick<CountedDecision, 'decisionId' | 'answer'>,
  text: string,
  isCounted = false,
): Counted {
  return { approval, receipt: receiptOf(approval, decision, isCounted, text) };
}

function receiptOf(
  approval: Approval,
  { decisionId }: Pick<CountedDecision, 'decisionId'>,
  isCounted: boolean,
  text: string,
): Receipt {
  return { decisionId, approvalId: approval.id, counted: isCounted, text, end: approval.end };
}

const plain = (word: string): string => word.replaceAll('_', ' ');
