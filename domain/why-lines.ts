// One line of the story for each kind of entry: what it says, how much it proves, and why no more. Pure.
// May import domain only.
import type { Fact, FactOf, RecordedEntry } from './entry.ts';
import { type Chain, rulingOf } from './why-chain.ts';
import { attempted, claimed, settled } from './why-ends.ts';
import { json, type Known, type Line, listed, minutes, money, nameOf, type WhyLine, words } from './why-line.ts';

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
    case 'warrant_refused':
    case 'decision_refused':
      return refused(fact);
    case 'operator_act':
      return {
        part: 'gap',
        text: `an operator ${fact.act} ${fact.workflowId} in Temporal (${fact.by}): ${fact.reason || 'no reason was given'}`,
        coverage: 'attributed',
        because: 'Temporal names who did it',
        details: { runId: fact.runId },
      };
    case 'conversation_opened':
    case 'phase':
    case 'commanded':
    case 'message_refused':
    case 'report_refused':
    case 'replied':
    case 'switched':
    case 'ledger_read':
    case 'ledger_resumed':
    case 'configured':
    case 'api_key_added':
    case 'api_key_revoked':
      return undefined;
    default:
      return fact satisfies never;
  }
}

function refused({ kind, reason }: FactOf<'warrant_refused' | 'decision_refused'>): Line {
  const [text, because] =
    kind === 'warrant_refused'
      ? ['the actor refused a warrant for it', 'nothing runs on a warrant that does not hold']
      : ['a decision that was put to its batch was refused', 'a decision that does not verify counts for nothing'];
  return { part: 'gap', text: `${text}: ${reason}`, coverage: 'enforced', because };
}

const BY_WORKFLOW = {
  coverage: 'enforced',
  because: 'the Workflow counts by code, and a time that passes denies',
} as const;

function asked(fact: FactOf<'message'>, { items }: Known): Line {
  const kept = items.get(fact.itemId);
  const quoted = kept === undefined ? 'words that are not kept any more' : `“${kept.item.body.text}”`;
  // What was derived again has no digest: the signature says which words they were.
  const isSame = kept === undefined || fact.itemDigest === '' || kept.digest === fact.itemDigest;
  const isSigned = typeof fact.signed === 'string';
  return {
    part: 'asked',
    text: `${nameOf(fact.principal)} asked: ${quoted}`,
    coverage: !isSame ? 'unknown' : isSigned ? 'enforced' : 'attributed',
    because: !isSame
      ? 'the words are not those that were recorded'
      : isSigned
        ? 'the API signed who sent it, and the signature holds'
        : 'it was recorded before messages were kept with their signature',
    details: { messageId: fact.messageId, principal: fact.principal.id, itemId: fact.itemId },
  };
}

function saw(fact: FactOf<'model_call'>, { items }: Known, isRebuilt: boolean): Line {
  const seen = fact.shown.map((one) => (typeof one === 'string' ? { id: one, digest: '' } : one));
  const changed = seen.filter(({ id, digest }) => digest !== '' && items.has(id) && items.get(id)?.digest !== digest);
  const gone = seen.filter(({ id }) => !items.has(id));
  const kinds = seen
    .map(({ id }) => items.get(id)?.item)
    .map((item) => (item ? `${item.body.kind} (${item.trust})` : '?'));
  const cost = fact.cost === null || fact.cost === undefined ? '' : `, ${money(fact.cost)}`;
  const isWhole = changed.length + gone.length === 0;
  const who = isRebuilt ? 'a model, of which the name is lost,' : `the model ${fact.model}`;
  const onRecord = isRebuilt
    ? 'by id only, what it was then is lost'
    : `by digest${isWhole ? '' : `, and ${gone.length} are erased`}`;
  return {
    part: 'saw',
    text: `${who} saw ${seen.length} items: ${kinds.join(', ')}; ${fact.promptTokens} + ${fact.completionTokens} tokens${cost}`,
    coverage: changed.length > 0 ? 'unknown' : 'attributed',
    because:
      changed.length > 0
        ? `${changed.length} of the items are not what the model was shown`
        : `what it answered is its own; what it was shown is on record ${onRecord}`,
    details: { requestId: fact.requestId, shown: seen.map(({ id, digest }) => ({ id, digest })), itemId: fact.itemId },
  };
}

function sawInVain({ shown, models, reason }: FactOf<'model_call_failed'>): Line {
  return {
    part: 'saw',
    text: `${listed(models)} saw ${shown.length} items, or may have, and gave no answer that counts: ${reason}`,
    coverage: 'attributed',
    because: 'what a provider does with what it was sent is its own',
    details: { shown: shown.map(({ id, digest }) => ({ id, digest })) },
  };
}

function proposed({ proposal }: FactOf<'proposed'>, { items, digestNow }: Known): Line {
  const origin = proposal.origin && items.get(proposal.origin.itemId);
  const who = origin?.item.trust === 'record' ? 'code, upon the word of a person,' : 'the model';
  const fits = digestNow === proposal.digest;
  return {
    part: 'proposed',
    text: `${who} proposed: ${proposal.summary} (${proposal.tool} ${proposal.toolVersion}, ${proposal.effect}) with ${proposal.args}`,
    coverage: fits ? 'enforced' : 'unknown',
    because: fits
      ? 'parsed by the tool’s own schema; these arguments have the digest to which rulings, decisions and the claim are bound'
      : 'the digest cannot be made anew from what is kept',
    details: { digest: proposal.digest, principal: proposal.principal.id, callId: proposal.callId },
  };
}

function takenIn({ priority, queue, facts, version }: FactOf<'intake'>, isRebuilt: boolean): Line {
  const told = facts.filter(({ state }) => state !== 'unsaid');
  const each = told.map(({ name, state, why }) => `${name} ${state}${why === '' ? '' : ` (${why})`}`);
  const rest = isRebuilt ? 'its facts are lost' : each.join(', ') || 'nothing was said of its facts';
  return {
    part: 'asked',
    text: `the intake put the conversation at priority ${priority}, queue ${queue}: ${rest}`,
    coverage: 'enforced',
    because: 'code made it of the words that people wrote; what a model leaves out or makes up can only raise it',
    details: {
      version,
      facts: told.map(({ name, state, quotes }) => ({
        name,
        state,
        quotes: quotes.map(({ id, digest }) => ({ id, digest })),
      })),
    },
  };
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

function ruled({ verdict, evidence, signed }: FactOf<'ruled'>, step: string, chain: Chain): Line {
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
    text: `the rule ${verdict.ruleId} said ${verdict.kind}${asks}: ${verdict.reason}`,
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
