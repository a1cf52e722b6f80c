// One line of the story for each kind of entry: what it says, how much it proves, and why no more. Pure.
// May import domain only.
import type { Fact, FactOf, RecordedEntry } from './entry.ts';
import type { Item } from './item.ts';
import type { Json } from './json.ts';

/**
 * `enforced`: code of ours checked it, and it could not have been otherwise. `attributed`: on record as the word of whoever
 * is named. `unknown`: nobody can tell; it is missing, erased, or may have happened.
 */
export type Coverage = 'enforced' | 'attributed' | 'unknown';

export const PARTS_OF_STORY = [
  'asked',
  'saw',
  'proposed',
  'record',
  'rule',
  'people',
  'warrant',
  'ran',
  'came back',
  'gap',
] as const;

export interface WhyLine {
  readonly part: (typeof PARTS_OF_STORY)[number];
  /** Position in the ledger; null where the line is about what is not there. */
  readonly seq: number | null;
  readonly atMs: number | null;
  readonly text: string;
  readonly coverage: Coverage;
  /** Why it is covered so. */
  readonly because: string;
  /** What the entry says beyond the text. */
  readonly details: Json;
}

/** What the store has of the action now, beside its entries. */
export interface Known {
  /** Items of the transcript that the entries name, by id, each with its digest as it is now. */
  readonly items: ReadonlyMap<string, { readonly item: Item; readonly digest: string }>;
  /** The digest of the action, made anew from its arguments; undefined where they are erased. */
  readonly digestNow: string | undefined;
}

/** A line without its place. */
export type Told = Pick<WhyLine, 'part' | 'text' | 'coverage' | 'because'> & { readonly details?: Json };

/** What one fact says; undefined where it is the conversation's, and not this action's. */
export function tell(fact: Fact, all: readonly RecordedEntry[], known: Known): Told | undefined {
  switch (fact.kind) {
    case 'message':
      return asked(fact, known);
    case 'model_call':
      return saw(fact, known);
    case 'proposed':
      return proposed(fact, known);
    case 'inspected':
      return {
        part: 'record',
        text: `the system of record said, through ${fact.tool} with ${listed(fact.scopes)}: ${json(fact.evidence.record)}`,
        coverage: 'attributed',
        because: 'the actor read it by key, before the decision; what it says is the word of that system',
        details: { asOfMs: fact.evidence.asOfMs, version: fact.evidence.version },
      };
    case 'ruled':
      return ruled(fact);
    case 'approval_requested':
      return requested(fact);
    case 'card_shown':
    case 'card_not_shown':
      return carded(fact);
    case 'decided':
      return decided(fact);
    case 'approval_settled':
      return { part: 'people', text: `it ended as ${words(fact.approval.end)}`, ...BY_WORKFLOW };
    case 'claimed':
      return claimed(fact);
    case 'attempted':
      return attempted(fact);
    case 'reconciled':
      return {
        part: 'came back',
        text: `it had been begun before; asked whether it happened, the system of record said: ${words(fact.found)}`,
        coverage: fact.found === 'unknown' ? 'unknown' : 'attributed',
        because: 'it is the word of that system',
      };
    case 'settled':
      return settled(fact, all);
    case 'warrant_refused':
      return {
        part: 'gap',
        text: `the actor refused a warrant for it: ${fact.reason}`,
        coverage: 'enforced',
        because: 'nothing runs on a warrant that does not hold',
      };
    case 'operator_act':
      return {
        part: 'gap',
        text: `an operator ${fact.act} ${fact.workflowId} in Temporal (${fact.by}): ${fact.reason || 'no reason was given'}`,
        coverage: 'attributed',
        because: 'Temporal names who did it',
        details: { runId: fact.runId },
      };
    default:
      return undefined;
  }
}

const BY_WORKFLOW = {
  coverage: 'enforced',
  because: 'the Workflow counts by code, and a time that passes denies',
} as const;

function asked(fact: FactOf<'message'>, { items }: Known): Told {
  const kept = items.get(fact.itemId);
  const quoted = kept === undefined ? 'words that are not kept any more' : `“${kept.item.body.text}”`;
  const isSame = kept === undefined || kept.digest === fact.itemDigest;
  const isSigned = typeof fact.signed === 'string';
  return {
    part: 'asked',
    text: `${nameOf(fact.principal)} asked: ${quoted}`,
    coverage: !isSame ? 'unknown' : isSigned ? 'enforced' : 'attributed',
    because: !isSame
      ? 'the words are not those that were recorded'
      : isSigned
        ? 'the API signed who sent it, and the signature was verified before the turn began'
        : 'it was recorded before messages were kept with their signature',
    details: { messageId: fact.messageId, principal: fact.principal.id, itemId: fact.itemId },
  };
}

function saw(fact: FactOf<'model_call'>, { items }: Known): Told {
  const seen = fact.shown.map((one) => (typeof one === 'string' ? { id: one, digest: '' } : one));
  const changed = seen.filter(({ id, digest }) => digest !== '' && items.has(id) && items.get(id)?.digest !== digest);
  const gone = seen.filter(({ id }) => !items.has(id));
  const kinds = seen
    .map(({ id }) => items.get(id)?.item)
    .map((item) => (item ? `${item.body.kind} (${item.trust})` : '?'));
  const cost = fact.cost === null || fact.cost === undefined ? '' : `, ${money(fact.cost)}`;
  const isWhole = changed.length + gone.length === 0;
  return {
    part: 'saw',
    text: `the model ${fact.model} saw ${seen.length} items: ${kinds.join(', ')}; ${fact.promptTokens} + ${fact.completionTokens} tokens${cost}`,
    coverage: changed.length > 0 ? 'unknown' : 'attributed',
    because:
      changed.length > 0
        ? `${changed.length} of the items are not what the model was shown`
        : `what it answered is its own; what it was shown is on record by digest${isWhole ? '' : `, and ${gone.length} are erased`}`,
    details: { requestId: fact.requestId, shown: seen.map(({ id, digest }) => ({ id, digest })), itemId: fact.itemId },
  };
}

function proposed({ proposal }: FactOf<'proposed'>, { items, digestNow }: Known): Told {
  const origin = proposal.origin && items.get(proposal.origin.itemId);
  const who = origin?.item.trust === 'record' ? 'code, upon the word of a person,' : 'the model';
  const fits = digestNow === proposal.digest;
  return {
    part: 'proposed',
    text: `${who} proposed: ${proposal.summary} (${proposal.tool} ${proposal.toolVersion}, ${proposal.effect}) with ${proposal.args}`,
    coverage: fits ? 'enforced' : 'unknown',
    because: fits
      ? 'parsed by the tool’s own schema; these arguments have the digest that was ruled on, approved and run'
      : 'the digest cannot be made anew from what is kept',
    details: { digest: proposal.digest, principal: proposal.principal.id, callId: proposal.callId },
  };
}

function ruled({ verdict, evidence }: FactOf<'ruled'>): Told {
  const asks =
    verdict.kind === 'ask' ? ` ${verdict.quorum} of ${verdict.group} within ${minutes(verdict.withinMs)}` : '';
  return {
    part: 'rule',
    text: `the rule ${verdict.ruleId} said ${verdict.kind}${asks}: ${verdict.reason}`,
    coverage: 'enforced',
    because: 'tested code ruled on it, and signed; the actor acts on no other verdict than this one',
    details: {
      ruleVersion: verdict.ruleVersion,
      evidence: evidence === null ? null : { asOfMs: evidence.asOfMs, version: evidence.version },
    },
  };
}

function requested({ approval }: FactOf<'approval_requested'>): Told {
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

function carded(fact: FactOf<'card_shown' | 'card_not_shown'>): Told {
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

function decided(fact: FactOf<'decided'>): Told {
  const isNamed = typeof fact.personId === 'string';
  return {
    part: 'people',
    text: isNamed ? `${fact.personId} said ${words(fact.answer)}, known by ${words(fact.method)}` : 'a person decided',
    coverage: isNamed ? 'enforced' : 'attributed',
    because: isNamed
      ? 'the API signed it over the digest; the Workflow verified it, and the actor once more before it acted'
      : 'it was recorded before decisions named their person',
    details: { approvalId: fact.approvalId, decisionId: fact.decisionId ?? '', receipt: fact.receipt },
  };
}

function claimed({ warrant, digest }: FactOf<'claimed'>): Told | undefined {
  if (warrant === null) return undefined; // closed without being begun: how it ended says so
  const decisions = warrant?.decisionIds ?? [];
  const leave = decisions.length === 0 ? 'no decision was needed' : `decisions ${decisions.join(', ')}`;
  return {
    part: 'warrant',
    text: warrant === undefined ? 'the actor claimed it' : `the actor verified its warrant and claimed it: ${leave}`,
    coverage: 'enforced',
    because: 'an action is claimed once, by its id and by its digest, while its verdict is on record',
    details: warrant === undefined ? { digest } : { digest, ...warrant, decisionIds: [...decisions] },
  };
}

function attempted({ epoch, tool, scopes, credential }: FactOf<'attempted'>): Told {
  const how = {
    minted: 'a credential that was made for this attempt alone',
    standing: 'a secret of the deployment',
    none: 'no credential',
  }[credential];
  return {
    part: 'ran',
    text: `${tool} ran${epoch > 1 ? ` again, under the same key, as attempt ${epoch}` : ''} with ${how}; scopes: ${listed(scopes)}`,
    coverage: credential === 'standing' ? 'attributed' : 'enforced',
    because:
      credential === 'standing'
        ? 'the far side decides what the secret may do'
        : 'it cannot reach beyond these scopes and this customer',
  };
}

function settled({ outcome }: FactOf<'settled'>, all: readonly RecordedEntry[]): Told {
  const ran = all.some(({ fact }) => fact.kind === 'attempted');
  const said = outcome.kind === 'succeeded' ? json(outcome.result) : outcome.reason;
  if (outcome.kind === 'unknown') {
    return {
      part: 'came back',
      text: `it may have happened: ${said}`,
      coverage: 'unknown',
      because: 'nobody could tell',
    };
  }
  return {
    part: 'came back',
    text: `it ${outcome.kind === 'succeeded' ? 'succeeded' : `ended as ${outcome.kind}`}: ${said}`,
    coverage: ran ? 'attributed' : 'enforced',
    because: ran ? 'what came back is the word of the far side' : 'nothing was run for it',
  };
}

const nameOf = ({ id, name }: { readonly id: string; readonly name?: string }): string =>
  name === undefined || name === id ? id : `${name} (${id})`;
export const words = (text: string): string => text.replaceAll('_', ' ');
const listed = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.join(', '));
const json = (value: unknown): string => JSON.stringify(value) ?? '';
const minutes = (ms: number): string => `${Math.round(ms / 60_000)} min`;
const money = ({ currency, micros }: { readonly currency: string; readonly micros: number }): string =>
  `${(micros / 1_000_000).toFixed(6)} ${currency}`;
