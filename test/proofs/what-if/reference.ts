// What each deal comes to, said once more and apart from all that the product has for it: no rule, no replay and no
// comparison of the product is called. A policy is the rules of the proof as figures; an edit changes some of them.
import { type Deal, isAgain } from './deals.ts';

export interface Policy {
  readonly limitCents: number;
  readonly largeCents: number;
  readonly nightFrom: number;
  readonly largeQuorum: number;
  readonly restGroup: string;
  readonly restId: string;
  readonly isTrustedFirst: boolean;
  readonly asksForStrangers: boolean;
  readonly asksForSmall: boolean;
  readonly letsLettersHome: boolean;
  readonly letsStepsWrite: boolean;
  readonly blocksSevens: boolean;
  readonly throwsOnYen: boolean;
  readonly asksForReads: boolean;
  readonly hasLetters: boolean;
  /** What the schema takes. */
  readonly mostCents: number;
  /** Of the directory beside the rules. */
  readonly trusted: readonly string[];
}

export const BASE: Policy = {
  ...{ limitCents: 500_000, largeCents: 50_000, nightFrom: 22, largeQuorum: 2 },
  ...{ restGroup: 'finance', restId: 'transfer.rest', isTrustedFirst: false, asksForStrangers: true },
  ...{ asksForSmall: false, letsLettersHome: true, letsStepsWrite: true, blocksSevens: false, throwsOnYen: false },
  ...{ asksForReads: false, hasLetters: true, mostCents: Number.MAX_SAFE_INTEGER, trusted: ['ada', 'ben'] },
};

/** The people of each group whom an edit may ask. */
const PEOPLE: Readonly<Record<string, number>> = { finance: 2, security: 2, support: 1 };

export interface Answer {
  readonly kind: 'allow' | 'ask' | 'deny';
  readonly rule: string;
  readonly group?: string;
  readonly quorum?: number;
  readonly hasAmount?: boolean;
}

const SMALL_CENTS = 2_000;

/** What rules say, handed these groups and this time. */
export function answerTo(deal: Deal, policy: Policy, trusted: readonly string[], nowMs: number): Answer {
  if (deal.account === 'frozen') return { kind: 'deny', rule: 'all.frozen' };
  if (deal.tool === 'read_account') return readAnswer(deal, policy);
  if (deal.tool === 'send_letter') return letterAnswer(deal, policy);
  const isTrusted = trusted.includes(deal.by);
  if (policy.blocksSevens && deal.to.endsWith('7')) return { kind: 'deny', rule: 'transfer.blocked' };
  if (policy.throwsOnYen && deal.currency === 'JPY') return { kind: 'deny', rule: 'transfer.yen' };
  if (policy.asksForStrangers && deal.origin === 'untrusted') return asked('transfer.stranger', 'security', 1, false);
  if (policy.isTrustedFirst && isTrusted) return { kind: 'allow', rule: 'transfer.trusted' };
  if (deal.cents > policy.limitCents) return { kind: 'deny', rule: 'transfer.limit' };
  if (deal.cents > policy.largeCents) return asked('transfer.large', 'finance', policy.largeQuorum, true);
  if (isTrusted) return { kind: 'allow', rule: 'transfer.trusted' };
  if (new Date(nowMs).getUTCHours() >= policy.nightFrom) return { kind: 'deny', rule: 'transfer.night' };
  if (deal.cents <= SMALL_CENTS) {
    return policy.asksForSmall
      ? asked('transfer.small', 'finance', 1, false)
      : { kind: 'allow', rule: 'transfer.small' };
  }
  return asked(policy.restId, policy.restGroup, 1, false);
}

const readAnswer = ({ isOwn }: Deal, { asksForReads }: Policy): Answer =>
  asksForReads ? asked('read.asks', 'support', 1, false) : { kind: isOwn ? 'allow' : 'deny', rule: 'default' };

function letterAnswer({ procedure, to }: Deal, { letsStepsWrite, letsLettersHome }: Policy): Answer {
  if (letsStepsWrite && procedure === 'goodbye') return { kind: 'allow', rule: 'letter.step' };
  if (letsLettersHome && to.endsWith('@house.example')) return { kind: 'allow', rule: 'letter.house' };
  return { kind: 'deny', rule: 'default' };
}

/** Asking more people than there are denies, by the rule that does. */
const asked = (rule: string, group: string, quorum: number, hasAmount: boolean): Answer =>
  quorum > (PEOPLE[group] ?? 0) ? { kind: 'deny', rule } : { kind: 'ask', rule, group, quorum, hasAmount };

/** What was ruled then: by code, where it could not be read, its tool has changed, or the same is open. */
export function recordedAnswer(deal: Deal): Answer & { readonly isByCode: boolean } {
  const byCode = (rule: string) => ({ kind: 'deny', rule, isByCode: true }) as const;
  if (deal.isOldTool) return byCode('tool-changed');
  if (deal.tool !== 'send_letter' && deal.account === null) return byCode('no-evidence');
  const answer = answerTo(deal, BASE, BASE.trusted, deal.nowMs);
  // The first one is open whatever its verdict is: nobody has settled it.
  if (isAgain(deal) && deal.tool !== 'read_account') return byCode('already-open');
  return { ...answer, isByCode: false };
}

export type ExpectedFlip = readonly [
  actionId: string,
  change: string,
  before: string,
  after: string,
  isApproximate: boolean,
];

export interface Expected {
  readonly flips: readonly ExpectedFlip[];
  readonly widens: boolean;
  readonly erased: readonly string[];
  readonly notReplayed: readonly string[];
  readonly byCode: number;
  readonly replayed: number;
  readonly approximate: number;
  readonly byAnotherRule: number;
}

const WIDER = ['deny_to_allow', 'deny_to_ask', 'ask_to_allow', 'asks_less'];

/** `onRecord`: against what was ruled; else against the rules of before, asked the same. */
export function expectedOf(deals: readonly Deal[], policy: Policy, onRecord: boolean): Expected {
  const flips: ExpectedFlip[] = [];
  const [erased, notReplayed]: [string[], string[]] = [[], []];
  const counts = { byCode: 0, replayed: 0, approximate: 0, byAnotherRule: 0 };
  for (const deal of deals) {
    const recorded = recordedAnswer(deal);
    if (deal.fate === 'altered') notReplayed.push(deal.actionId);
    else if (recorded.isByCode) counts.byCode += 1;
    else if (deal.fate.endsWith('_erased')) erased.push(deal.actionId);
    else if (isRefused(deal, policy)) notReplayed.push(deal.actionId);
    else {
      const isOld = deal.fate === 'old';
      const given = isOld ? ([policy.trusted, deal.recordedMs] as const) : ([BASE.trusted, deal.nowMs] as const);
      const after = answerTo(deal, policy, ...given);
      const before = onRecord ? recorded : answerTo(deal, BASE, ...given);
      const change = changeBetween(before, after);
      counts.replayed += 1;
      if (isOld) counts.approximate += 1;
      if (change !== undefined) flips.push([deal.actionId, change, before.rule, after.rule, isOld]);
      else if (before.rule !== after.rule) counts.byAnotherRule += 1;
    }
  }
  return { ...counts, flips, erased, notReplayed, widens: flips.some(([, change]) => WIDER.includes(change)) };
}

const isRefused = ({ tool, cents }: Deal, { hasLetters, mostCents }: Policy): boolean =>
  (tool === 'send_letter' && !hasLetters) || (tool === 'transfer' && cents > mostCents);

function changeBetween(before: Answer, after: Answer): string | undefined {
  if (before.kind !== after.kind) return `${before.kind}_to_${after.kind}`;
  if (before.kind !== 'ask') return undefined;
  const [was, is] = [before, after].map(({ group, quorum, hasAmount }) => JSON.stringify([group, quorum, hasAmount]));
  if (was === is) return undefined;
  const isAsMuch =
    before.group === after.group &&
    (after.quorum ?? 0) >= (before.quorum ?? 0) &&
    (after.hasAmount === true || before.hasAmount !== true);
  return isAsMuch ? 'asks_more' : 'asks_less';
}
