// What other rules would have answered to what is on record: which verdicts change, how, and what cannot be told. Pure. May
// import domain only.
import type { Evidence, Proposal } from './action.ts';
import type { Given, Ruled } from './ruling.ts';
import { DENIED_BY_CODE, type Verdict } from './verdict.ts';

/** A verdict on record, with all that the rules saw, where that is still there. */
export interface RecordedRuling {
  readonly seq: number;
  readonly step: string;
  readonly atMs: number;
  readonly actionId: string;
  readonly conversationId: string;
  readonly agent: string;
  readonly verdict: Verdict;
  readonly inputs: RulingInputs | { readonly kind: 'erased' | 'broken' };
  /** Where the Temporal UI shows its conversation; null where nobody knows. */
  readonly url: string | null;
}

export interface RulingInputs {
  readonly kind: 'whole';
  readonly proposal: Ruled & Pick<Proposal, 'summary'>;
  readonly evidence: Evidence | null;
  /** null: of 0.6.0, where it was not recorded. */
  readonly given: Given | null;
}

/** What some rules answer to it, or why they cannot be asked the same, as a sentence. */
export type Replayed =
  /** `isApproximate`: what was used of a limit is not on record, and it was asked as if that were nothing. */
  | { readonly kind: 'ruled'; readonly verdict: Verdict; readonly isApproximate?: boolean }
  | { readonly kind: 'not_replayed'; readonly reason: string };

/** How a verdict changes: what lets more through first, what lets less through after it. */
export const CHANGES = [
  'deny_to_allow',
  'deny_to_ask',
  'ask_to_allow',
  'asks_less',
  'asks_more',
  'allow_to_ask',
  'ask_to_deny',
  'allow_to_deny',
] as const;
export type Change = (typeof CHANGES)[number];

const WIDENING: readonly Change[] = ['deny_to_allow', 'deny_to_ask', 'ask_to_allow', 'asks_less'];

/** True where more can happen than before, or the same with fewer people's leave. */
export const widens = (change: Change): boolean => WIDENING.includes(change);

/** How one verdict becomes the other; undefined where it stays, whichever rule gives it and for whatever reason. */
export function changeOf(before: Verdict, after: Verdict): Change | undefined {
  if (before.kind === 'ask' && after.kind === 'ask') return changeOfAsk(before, after);
  if (before.kind === after.kind) return undefined;
  return `${before.kind}_to_${after.kind}` as Exclude<Change, 'asks_less' | 'asks_more'>;
}

type Ask = Extract<Verdict, { kind: 'ask' }>;

/** Other people, fewer of them, or more time: whatever is not surely as much as before counts as less. */
function changeOfAsk(before: Ask, after: Ask): Change | undefined {
  const [isAsMuch, isAsLittle] = [asksAsMuch(after, before), asksAsMuch(before, after)];
  if (isAsMuch && isAsLittle) return undefined;
  return isAsMuch ? 'asks_more' : 'asks_less';
}

/** Whether who gets leave from one ask would surely get it from the other, too. */
function asksAsMuch(one: Ask, other: Ask): boolean {
  const { escalation = [], amount } = one;
  const opens = (group: string) => (other.escalation ?? []).find((its) => its.group === group)?.afterMs ?? Infinity;
  return (
    one.group === other.group &&
    one.quorum >= other.quorum &&
    one.withinMs <= other.withinMs &&
    escalation.every(({ group, afterMs }) => afterMs >= opens(group)) &&
    (other.amount === undefined ||
      (amount?.currency === other.amount.currency && amount.minorUnits >= other.amount.minorUnits))
  );
}

/** Code had denied it before any rule was asked: no rules change that. */
export const isByCode = ({ verdict, inputs }: Pick<RecordedRuling, 'verdict' | 'inputs'>): boolean =>
  verdict.kind === 'deny' &&
  DENIED_BY_CODE.some((id) => id === verdict.ruleId) &&
  !(inputs.kind === 'whole' && inputs.given !== null);

/** One verdict that changes. */
export interface Flip
  extends Pick<RecordedRuling, 'seq' | 'step' | 'atMs' | 'actionId' | 'conversationId' | 'agent' | 'url'> {
  readonly change: Change;
  readonly tool: string;
  readonly summary: string;
  readonly before: Verdict;
  readonly after: Verdict;
  /**
   * Something of what the rules see is not on record: groups are those of today, the time is that of the entry, and of a
   * limit that did not count it then nothing was used.
   */
  readonly isApproximate: boolean;
}

/** One that no rules can be asked about again. */
export interface NotReplayed extends Pick<RecordedRuling, 'seq' | 'step' | 'actionId'> {
  readonly reason: string;
}

export interface WhatIf {
  /** What the new rules are held against, in words. */
  readonly against: string;
  /** How many verdicts were read, and when the oldest and the newest were given; null without any. */
  readonly read: number;
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly replayed: number;
  /** Of those, how many were replayed with groups, time or uses of limits of no record. */
  readonly approximate: number;
  /** Of those, how many get the same verdict by another rule. */
  readonly byAnotherRule: number;
  readonly byCode: number;
  readonly erased: readonly NotReplayed[];
  readonly notReplayed: readonly NotReplayed[];
  /** In the order of CHANGES, newest first. */
  readonly flips: readonly Flip[];
}

/** Counts of flips by change and by rules, in the order of CHANGES and the most first. */
export interface CountedChange {
  readonly change: Change;
  readonly widens: boolean;
  readonly count: number;
  readonly rules: readonly { readonly before: string; readonly after: string; readonly count: number }[];
}

export function countedOf(flips: readonly Flip[]): readonly CountedChange[] {
  return CHANGES.flatMap((change) => {
    const those = flips.filter((one) => one.change === change);
    if (those.length === 0) return [];
    const counts = new Map<string, { readonly before: string; readonly after: string; count: number }>();
    for (const { before, after } of those) {
      const key = JSON.stringify([before.ruleId, after.ruleId]);
      const one = counts.get(key) ?? { before: before.ruleId, after: after.ruleId, count: 0 };
      one.count += 1;
      counts.set(key, one);
    }
    const rules = [...counts.values()].toSorted((one, other) => other.count - one.count);
    return [{ change, widens: widens(change), count: those.length, rules }];
  });
}

/** Which changes fail a command that must not let them pass. */
export const FAIL_ON = ['widen', 'any'] as const;
export type FailOn = (typeof FAIL_ON)[number];

export const isFailure = ({ flips }: Pick<WhatIf, 'flips'>, failOn: FailOn | undefined): boolean =>
  failOn !== undefined && flips.some(({ change }) => failOn === 'any' || widens(change));
