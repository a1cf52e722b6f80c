// One line of the story for each kind of entry: what it says, how much it proves, and why no more. Pure.
// May import domain only.
import type { Fact, FactOf, RecordedEntry } from './entry.ts';
import type { Proposal } from './action.ts';
import { limitsText } from './limit-words.ts';
import type { RestedOn } from './memory.ts';
import { dayOf } from './memory-note.ts';
import { toldSources } from './origin-words.ts';
import { REFUSALS, type RefusedDecision } from './refusal.ts';
import { reservesIn } from './verdict.ts';
import { type Chain, rulingOf } from './why-chain.ts';
import { attempted, claimed, settled } from './why-ends.ts';
import { asked, saw, sawInVain, takenIn } from './why-heard.ts';
import { json, type Known, type Line, listed, minutes, type WhyLine, words } from './why-line.ts';

/** Where in the story an entry of this kind stands. */
export const partOf = (kind: Fact['kind']): WhyLine['part'] => PARTS[kind] ?? 'gap';

const PARTS: Readonly<Partial<Record<Fact['kind'], WhyLine['part']>>> = {
  ...({
    message: 'asked',
    intake: 'asked',
    model_call: 'saw',
    model_call_failed: 'saw',
    proposed: 'proposed',
  } as const),
  ...({ inspected: 'record', ruled: 'rule', approval_requested: 'people', decided: 'people' } as const),
  ...({ approval_settled: 'people', claimed: 'warrant', attempted: 'ran' } as const),
  ...({ reconciled: 'came back', settled: 'came back' } as const),
};

/** What one entry says; undefined where it is the conversation's, and not this action's. */
export function tell(entry: RecordedEntry, chain: Chain, known: Known): Line | undefined {
  const { fact } = entry;
  const isRebuilt = entry.rebuilt === true;
  switch (fact.kind) {
    case 'message':
      return asked(fact, known);
    case 'model_call':
      return saw(fact, known, isRebuilt);
    case 'model_call_failed':
      return sawInVain(fact);
    case 'proposed':
      return proposed(fact, known);
    case 'intake':
      return takenIn(fact, isRebuilt);
    case 'inspected':
      return inspected(fact, isRebuilt);
    case 'ruled':
      return ruled(fact, entry.step, chain);
    case 'approval_requested':
      return requested(fact);
    case 'card_shown':
    case 'card_not_shown':
      return carded(fact);
    case 'approval_seen':
      return looked(fact);
    case 'decided':
      return decided(fact, chain);
    case 'approval_noticed':
      return noticed(fact);
    case 'approval_settled':
      return { part: 'people', text: `it ended as ${words(fact.approval.end)}`, ...BY_WORKFLOW };
    case 'claimed':
      return claimed(fact);
    case 'attempted':
      return attempted(fact);
    case 'reconciled':
      return reconciled(fact);
    case 'settled':
      return settled(fact, chain, isRebuilt);
    case 'decision_refused':
      return fact.by === undefined ? refused(fact) : turnedAway(fact.by, fact.approvalId);
    case 'warrant_refused':
      return refused(fact);
    case 'operator_act':
      return operated(fact);
    case 'conversation_opened':
    case 'phase':
    case 'commanded':
    case 'message_refused':
    case 'report_refused':
    case 'replied':
    case 'turn_limited':
    case 'budget_reached':
    case 'budget_opened':
    case 'facts_erased':
    case 'switched':
    case 'ledger_read':
    case 'ledger_resumed':
    case 'configured':
    case 'api_key_added':
    case 'api_key_revoked':
    case 'erased':
    case 'maintained':
    case 'master_key_changed':
      return undefined;
    default:
      return fact satisfies never;
  }
}

function operated({ act, workflowId, by, reason, runId }: FactOf<'operator_act'>): Line {
  return {
    part: 'gap',
    text: `an operator ${act} ${workflowId} in Temporal (${by}): ${reason || 'no reason was given'}`,
    coverage: 'attributed',
    because: 'Temporal names who did it',
    details: { runId },
  };
}

function refused({ kind, reason }: FactOf<'warrant_refused' | 'decision_refused'>): Line {
  const [text, because] =
    kind === 'warrant_refused'
      ? ['the actor refused a warrant for it', 'nothing runs on a warrant that does not hold']
      : ['a decision that was put to its batch was refused', 'a decision that does not verify counts for nothing'];
  return { part: 'gap', text: `${text}: ${reason}`, coverage: 'enforced', because };
}

function turnedAway({ personId, tenant, answer, method, why }: RefusedDecision, approvalId: string): Line {
  return {
    part: 'people',
    text: `${personId} was turned away with ${words(answer)}, known by ${words(method)}: ${REFUSALS[why]}`,
    coverage: 'enforced',
    because: 'the API refused it before anything was signed; it is on record once, however often it was tried',
    details: { approvalId, tenant },
  };
}

const BY_WORKFLOW = {
  coverage: 'enforced',
  because: 'the Workflow counts by code, and a time that passes denies',
} as const;

function proposed({ proposal }: FactOf<'proposed'>, { items, digestNow }: Known): Line {
  const origin = proposal.origin && items.get(proposal.origin.itemId);
  const { proposedBy } = proposal;
  const byModel = origin?.item.trust === 'record' ? 'code, upon the word of a person,' : 'the model';
  const who = proposedBy ? `the code of ${proposedBy.procedure}, started as ${proposedBy.actionId},` : byModel;
  const fits = digestNow === proposal.digest;
  return {
    part: 'proposed',
    text: `${who} proposed: ${proposal.summary} (${proposal.tool} ${proposal.toolVersion}, ${proposal.effect}) with ${proposal.args}${originsText(proposal)}`,
    coverage: fits ? 'enforced' : 'unknown',
    because: fits
      ? 'parsed by the tool’s own schema; these arguments have the digest to which rulings, decisions and the claim are bound'
      : 'the digest cannot be made anew from what is kept',
    details: { digest: proposal.digest, principal: proposal.principal.id, callId: proposal.callId },
  };
}

/** As code traced it before the ruling. Sealed, so it may be gone. */
function originsText({ critical = [], provenance }: Proposal): string {
  const told = toldSources(typeof provenance === 'object' ? provenance : undefined, critical);
  return [...told].map(([path, source]) => `; ${path} comes from ${source}`).join('');
}

function inspected({ tool, scopes, evidence }: FactOf<'inspected'>, isRebuilt: boolean): Line {
  const how = isRebuilt ? 'scopes that are lost' : `the scopes ${listed(scopes)}`;
  return {
    part: 'record',
    text: `the system of record said, through ${tool} with ${how}: ${json(evidence.record)}`,
    coverage: 'attributed',
    because: 'the actor read it by key, before the decision; what it says is the word of that system',
    details: { asOfMs: evidence.asOfMs, version: evidence.version },
  };
}

function ruled({ verdict, evidence, given, signed }: FactOf<'ruled'>, step: string, chain: Chain): Line {
  const asks =
    verdict.kind === 'ask' ? ` ${verdict.quorum} of ${verdict.group} within ${minutes(verdict.withinMs)}` : '';
  const actedOn = rulingOf(chain)?.entry.step === step;
  const isSigned = typeof signed === 'string';
  const rest = actedOn
    ? '; it is the one that the actor acted on'
    : verdict.kind === 'deny'
      ? '; nothing runs on it'
      : '';
  return {
    part: 'rule',
    text: `the rule ${verdict.ruleId} said ${verdict.kind}${asks}: ${verdict.reason}${limitsText(given?.limits, reservesIn(verdict))}${restingText(given?.facts)}`,
    coverage: isSigned ? 'enforced' : 'attributed',
    because: isSigned
      ? `tested code ruled on it and signed, and the signature holds${rest}`
      : 'it was recorded before rulings were kept with their signature',
    details: {
      ruleVersion: verdict.ruleVersion,
      evidence: evidence === null ? null : { asOfMs: evidence.asOfMs, version: evidence.version },
    },
  };
}

const restingText = (facts: readonly RestedOn[] = []): string =>
  facts
    .map(
      ({ id, kind, fromMs, expiresMs }) =>
        `; it rests on ${id}, the ${kind} of ${dayOf(fromMs)}, until ${dayOf(expiresMs)}`,
    )
    .join('');

function requested({ approval }: FactOf<'approval_requested'>): Line {
  const { group, quorum, summary, deadlineMs, question } = approval;
  const until = new Date(deadlineMs).toISOString();
  return {
    part: 'people',
    text:
      question === undefined
        ? `${quorum} of ${group} were asked for leave, until ${until}: ${summary}`
        : `${group} was asked whether it happened, until ${until}`,
    coverage: 'enforced',
    because: 'on record before anybody saw it; it is bound to the digest of the exact action',
    details: { approvalId: approval.id, digest: approval.digest },
  };
}

function reconciled({ found }: FactOf<'reconciled'>): Line {
  return {
    part: 'came back',
    text: `it had been begun before; asked whether it happened, the system of record said: ${words(found)}`,
    coverage: found === 'unknown' ? 'unknown' : 'attributed',
    because: 'it is the word of that system',
  };
}

function carded(fact: FactOf<'card_shown' | 'card_not_shown'>): Line {
  const where = `on ${fact.channel} in ${fact.address.to}`;
  const said = { part: 'people', coverage: 'attributed' } as const;
  if (fact.kind === 'card_not_shown') {
    return { ...said, text: `its card could not be shown ${where}: ${fact.reason}`, because: 'the channel said so' };
  }
  return {
    ...said,
    text: `its card was shown ${where}`,
    because: 'the channel said so; exactly what it shows is on record by digest',
    details: { ref: `${fact.ref.to}/${fact.ref.id}`, sha256: fact.sha256 },
  };
}

function looked({ personId, method, approvalId }: FactOf<'approval_seen'>): Line {
  return {
    part: 'people',
    text: `${personId} opened its page, known by ${words(method)}`,
    coverage: 'enforced',
    because: 'on record before the page was sent; what a person then reads, nobody can know',
    details: { approvalId },
  };
}

function noticed({ groups, notice }: FactOf<'approval_noticed'>): Line {
  const what = notice === 'reminder' ? 'were reminded' : 'may decide from then on';
  return { part: 'people', text: `${listed(groups)} ${what}`, ...BY_WORKFLOW };
}

function decided(fact: FactOf<'decided'>, { warrant }: Chain): Line {
  const isNamed = typeof fact.personId === 'string';
  const verified = warrant?.decisionIds.includes(fact.decisionId)
    ? '; the actor verified it once more before it acted'
    : '';
  return {
    part: 'people',
    text: isNamed ? `${fact.personId} said ${words(fact.answer)}, known by ${words(fact.method)}` : 'a person decided',
    coverage: isNamed ? 'enforced' : 'attributed',
    because: isNamed
      ? `the API signed it over the digest, and the signature holds; the Workflow counted it by code${verified}`
      : 'it was recorded before decisions named their person',
    details: { approvalId: fact.approvalId, decisionId: fact.decisionId ?? '', receipt: fact.receipt },
  };
}
