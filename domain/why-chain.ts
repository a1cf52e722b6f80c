// The entries of one action beside each other: what belongs to what, and what must be the same in two of them and is not.
// Pure. May import domain only. Guarantees: an altered entry is no part of any of it.
import type { Proposal } from './action.ts';
import type { Fact, FactOf, RecordedEntry, WarrantMark } from './entry.ts';

/** One entry with its fact, the kind known. */
export interface Told<K extends Fact['kind']> {
  readonly entry: RecordedEntry;
  readonly fact: FactOf<K>;
}

export interface Chain {
  readonly proposal: Proposal | undefined;
  /** With its words, as they were sealed. */
  readonly isProposalWhole: boolean;
  readonly rulings: readonly Told<'ruled'>[];
  /** What people were asked for leave, in order; and what they were asked as a question. */
  readonly asked: readonly Told<'approval_requested'>[];
  readonly questions: readonly Told<'approval_requested'>[];
  readonly decisions: readonly Told<'decided'>[];
  readonly messages: readonly Told<'message'>[];
  readonly inspected: readonly Told<'inspected'>[];
  readonly attempts: readonly Told<'attempted'>[];
  /** Under which somebody was to begin it; a claim that only closed it has none. */
  readonly warrant: WarrantMark | undefined;
  readonly outcomes: readonly Told<'settled'>[];
  /** Somebody set out to do it, or took it on. */
  readonly isBegun: boolean;
  has(kind: Fact['kind']): boolean;
}

export function chainOf(entries: readonly RecordedEntry[]): Chain {
  const sound = entries.filter(({ isAltered }) => isAltered !== true);
  const all = <K extends Fact['kind']>(kind: K): readonly Told<K>[] =>
    sound.flatMap((entry) => (entry.fact.kind === kind ? [{ entry, fact: entry.fact as FactOf<K> }] : []));
  const proposed = all('proposed')[0];
  const requests = all('approval_requested');
  const claims = all('claimed');
  const attempts = all('attempted');
  const warrant = claims.find(({ fact }) => fact.warrant !== null && fact.warrant !== undefined)?.fact.warrant;
  return {
    proposal: proposed?.fact.proposal,
    isProposalWhole: proposed?.entry.seal === 'fits' || proposed?.entry.seal === 'none',
    rulings: all('ruled'),
    asked: requests.filter(({ fact }) => fact.approval.question === undefined),
    questions: requests.filter(({ fact }) => fact.approval.question !== undefined),
    decisions: all('decided'),
    messages: all('message'),
    inspected: all('inspected'),
    attempts,
    warrant: warrant ?? undefined,
    outcomes: all('settled'),
    // A claim of before 0.4.0 names no warrant.
    isBegun: attempts.length > 0 || claims.some(({ fact }) => fact.warrant !== null),
    // What was asked to sum up beforehand is no call that answered.
    has: (kind) => sound.some(({ fact }) => fact.kind === kind && !('of' in fact && fact.of === 'summary')),
  };
}

/** The ruling that the actor acted on; undefined where nobody acted, or the ledger does not say on which. */
export const rulingOf = ({ rulings, warrant }: Chain): Told<'ruled'> | undefined =>
  rulings.find(({ entry }) => entry.step === warrant?.verdictStep);

/** Decisions that give leave: of the last asking, as one that is void counts for nothing; each person once. */
export function leaveGiven({ asked, questions, decisions, proposal }: Chain): readonly Told<'decided'>[] {
  const last = asked.at(-1)?.fact.approval.id;
  const counted = decisions.filter(({ fact }) =>
    last === undefined ? questions.every((one) => one.fact.approval.id !== fact.approvalId) : fact.approvalId === last,
  );
  const authors = [proposal?.principal.id, ...(proposal?.editors ?? [])];
  const given = counted.filter(
    (one) => one.fact.answer === 'approve' && !authors.includes(one.fact.personId) && !isTakenBack(one, counted),
  );
  // Before 0.4.0 a decision did not name its person.
  const who = ({ entry, fact }: Told<'decided'>) => fact.personId ?? `entry ${entry.seq}`;
  return given.filter((one, at) => given.findIndex((other) => who(other) === who(one)) === at);
}

const isTakenBack = ({ entry, fact }: Told<'decided'>, all: readonly Told<'decided'>[]): boolean =>
  all.some(
    (later) => later.fact.answer === 'withdraw' && later.fact.personId === fact.personId && later.entry.seq > entry.seq,
  );

/** How many must have given leave before it could begin; 0 where no rule asked. */
export function leaveNeeded(chain: Chain): number {
  const asks = chain.rulings.flatMap(({ fact: { verdict } }) => (verdict.kind === 'ask' ? [verdict.quorum] : []));
  if (asks.length === 0) return 0;
  const verdict = rulingOf(chain)?.fact.verdict;
  const actedOn = verdict?.kind === 'ask' ? verdict.quorum : 0;
  return Math.max(chain.asked.at(-1)?.fact.approval.quorum ?? asks.at(-1) ?? 0, actedOn);
}

/** What is not the same in this entry and in another one that it rests on, as a sentence; undefined where all fits. */
export function contradiction(
  entry: RecordedEntry,
  chain: Chain,
  questionDigest: string | undefined,
): string | undefined {
  const { fact } = entry;
  switch (fact.kind) {
    case 'ruled':
      return other(fact.digest, chain, 'it rules on another digest than that of what was proposed');
    case 'approval_requested':
    case 'approval_settled':
      return ofApproval(fact, chain, questionDigest);
    case 'decided':
      return [...chain.asked, ...chain.questions].some((one) => one.fact.approval.id === fact.approvalId)
        ? undefined
        : 'there is no request on record that it answers';
    case 'claimed':
      return ofClaim(fact, chain);
    default:
      return undefined;
  }
}

const other = (digest: string, { proposal }: Chain, sentence: string): string | undefined =>
  proposal === undefined || proposal.digest === digest ? undefined : sentence;

function ofApproval(
  { approval, kind }: FactOf<'approval_requested' | 'approval_settled'>,
  chain: Chain,
  questionDigest: string | undefined,
): string | undefined {
  const { proposal } = chain;
  const sentence = 'it is bound to another action than what was proposed';
  if (proposal !== undefined && approval.actionId !== proposal.actionId) return sentence;
  if (approval.question !== undefined) {
    return questionDigest === undefined || approval.digest === questionDigest ? undefined : sentence;
  }
  const asked = chain.asked.find(({ fact }) => fact.approval.id === approval.id);
  if (kind === 'approval_settled' && asked !== undefined && asked.fact.approval.digest !== approval.digest) {
    return 'what ended is not what was asked';
  }
  return other(approval.digest, chain, sentence);
}

function ofClaim({ digest, warrant }: FactOf<'claimed'>, chain: Chain): string | undefined {
  const { messages, rulings, decisions } = chain;
  const another = other(digest, chain, 'it claims another digest than that of what was proposed');
  if (another !== undefined || warrant === null || warrant === undefined) return another;
  const verdict = rulings.find(({ entry }) => entry.step === warrant.verdictStep)?.fact.verdict;
  if (verdict === undefined) return 'the ruling that it names is not on record';
  if (verdict.kind === 'deny') return 'the ruling that it names denies it';
  if (messages.every(({ fact }) => fact.messageId !== warrant.messageId))
    return 'the message that it names is not on record';
  const lacks = warrant.decisionIds.filter((id) =>
    decisions.every(({ fact }) => fact.decisionId !== id || fact.answer !== 'approve'),
  );
  return lacks.length === 0 ? undefined : `decisions that it names are not on record: ${lacks.join(', ')}`;
}
