// What the signatures beside the entries of one action prove today: each is verified again, and what was signed is held
// against what stands in the entry. May import domain and trust.
import type { FactOf, RecordedEntry } from '../domain/entry.ts';
import type { Json } from '../domain/json.ts';
import type { DecisionStatement, MessageStatement, Statement, VerdictStatement } from '../domain/signed.ts';
import type { Chain } from '../domain/why-chain.ts';
import type { Known, Proof } from '../domain/why-line.ts';
import { canonicalJson, givenDigest, proposalDigest, sha256Hex } from '../trust/digest.ts';
import { KeyUnknown, SignatureInvalid, statementIn, type Verifier } from '../trust/signing.ts';

/** By the position of the entry; of those that are whole and have a signature. */
export async function proofsOf(
  verifier: Verifier,
  chain: Chain,
  items: Known['items'],
): Promise<ReadonlyMap<number, Proof>> {
  const proofs = new Map<number, Proof>();
  const prove = async <K extends Statement['kind']>(
    kind: K,
    { seq, seal }: RecordedEntry,
    signed: string,
    says: (statement: Extract<Statement, { kind: K }>) => boolean,
  ): Promise<void> => {
    if (seal !== 'none' && seal !== 'fits') return;
    if (typeof signed === 'string') proofs.set(seq, await proofOf(verifier, kind, signed, says));
  };
  for (const { entry, fact } of chain.messages)
    await prove('message', entry, fact.signed, (statement) => saysMessage(statement, entry, fact, items));
  for (const { entry, fact } of chain.rulings)
    await prove('verdict', entry, fact.signed, (statement) => saysVerdict(statement, entry, fact, chain));
  for (const { entry, fact } of chain.decisions)
    await prove('decision', entry, fact.signed, (statement) => saysDecision(statement, fact, chain));
  return proofs;
}

async function proofOf<K extends Statement['kind']>(
  verifier: Verifier,
  kind: K,
  signed: string,
  says: (statement: Extract<Statement, { kind: K }>) => boolean,
): Promise<Proof> {
  try {
    return says(await verifier.verify(kind, signed)) ? 'holds' : 'differs';
  } catch (error) {
    if (error instanceof KeyUnknown) return saysAllTheSame(signed, kind, says) ? 'key_gone' : 'differs';
    // What was signed may also lack what is asked of it: then it says nothing of this.
    return error instanceof SignatureInvalid ? 'wrong' : 'differs';
  }
}

/** Nobody can tell who signed it; what was signed must be about this all the same. */
function saysAllTheSame<K extends Statement['kind']>(
  signed: string,
  kind: K,
  says: (statement: Extract<Statement, { kind: K }>) => boolean,
): boolean {
  try {
    const statement = statementIn<Statement>(signed);
    return statement.kind === kind && says(statement as Extract<Statement, { kind: K }>);
  } catch {
    return false;
  }
}

function saysMessage(
  { conversationId, messageId, principal, textSha256 }: MessageStatement,
  entry: RecordedEntry,
  fact: FactOf<'message'>,
  items: Known['items'],
): boolean {
  const kept = items.get(fact.itemId)?.item.body.text;
  return (
    conversationId === entry.conversationId &&
    messageId === fact.messageId &&
    principal.id === fact.principal.id &&
    principal.tenant === fact.principal.tenant &&
    (kept === undefined || sha256Hex(kept) === textSha256)
  );
}

function saysVerdict(
  statement: VerdictStatement,
  { subject }: RecordedEntry,
  { digest, verdict, evidence, given }: FactOf<'ruled'>,
  { proposal, isProposalWhole }: Chain,
): boolean {
  const { proposalSha256: ruledOn } = statement;
  const isSameProposal =
    ruledOn === undefined || !isProposalWhole || proposal === undefined || proposalDigest(proposal) === ruledOn;
  const rests = evidence === null ? '' : sha256Hex(canonicalJson({ ...evidence }));
  return (
    statement.actionId === subject &&
    statement.digest === digest &&
    isSame(statement.verdict, verdict) &&
    statement.evidenceSha256 === rests &&
    statement.givenSha256 === (given && givenDigest(given)) &&
    isSameProposal
  );
}

function saysDecision(
  { decisionId, approvalId, answer, person, digest }: DecisionStatement,
  fact: FactOf<'decided'>,
  { asked, questions }: Chain,
): boolean {
  const request = [...asked, ...questions].find((one) => one.fact.approval.id === fact.approvalId);
  const isNamed = typeof fact.personId === 'string';
  return (
    approvalId === fact.approvalId &&
    (!isNamed || (decisionId === fact.decisionId && answer === fact.answer && person.id === fact.personId)) &&
    (request === undefined || request.fact.approval.digest === digest)
  );
}

const isSame = (one: object, other: object): boolean => canonicalJson(one as Json) === canonicalJson(other as Json);
