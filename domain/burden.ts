// How much people are asked, by which rule, and how they answer: who says yes to everything, or at a glance, guards nothing,
// and looks the same as somebody who does. Pure. May import domain types.
import type { DecisionAnswer } from './signed.ts';

// 2 s: three lines cannot be read in less, by nobody; a click so soon is a reflex or a program.
export const GLANCE_MS = 2_000;
// 5: fewer times have no middle worth a word; one quick click on what one knows is none either.
export const FEWEST_TIMED = 5;
// 50 decisions with less than three that were no yes: a rule whose asks are fine so often asks too much, or nobody looks.
export const FEWEST_DECIDED = 50;
export const MOST_YES = 0.95;

// 7 days: a whole week of everybody's shifts; a rule that asks ten times a day has its fifty decisions in it.
export const BURDEN_PERIOD_MS = 7 * 86_400_000;
// 90 days: a quarter of a year, as access is reviewed; older asks were of other rules.
export const MAX_BURDEN_PERIOD_MS = 90 * 86_400_000;
// 20,000 asks: ten people who answer fifty a day, for a month; they are counted within a second or two. Of more the newest
// are, and it says so.
export const MAX_ASKS_COUNTED = 20_000;
// 100 rules: more than a house has that ask people; the ones that ask most come first.
export const MAX_BURDEN_RULES = 100;

/** Upper ends in seconds, from a reflex to a day; what took longer is in none of them. */
export const BURDEN_BUCKETS_S = [1, 2, 5, 10, 30, 60, 300, 1_800, 7_200, 28_800, 86_400] as const;

/** Answers that people give to an ask for leave. The first three decide; the others do not. */
export const ANSWERS_TO_ASK = ['approve', 'deny', 'edit', 'withdraw', 'ask_back'] as const satisfies DecisionAnswer[];

/** Lengths of time, of the decisions of which they are known. */
export interface Times {
  readonly count: number;
  readonly sumMs: number;
  /** null where there is none. */
  readonly medianMs: number | null;
  readonly p10Ms: number | null;
  /** How many took no longer than each of BURDEN_BUCKETS_S. */
  readonly buckets: readonly number[];
}

/** What one rule of one agent asked of people in a period, and what became of it. */
export interface RuleBurden {
  readonly agent: string;
  readonly ruleId: string;
  readonly asked: number;
  readonly expired: number;
  readonly open: number;
  readonly answers: Readonly<Record<(typeof ANSWERS_TO_ASK)[number], number>>;
  /** From the ask to each approve, deny or edit. */
  readonly decided: Times;
  /** Of those: from the person's first look at its page. */
  readonly page: Times;
  /** Of the others, given in a channel: from the card that stood there. They may have looked at any time since. */
  readonly card: Times;
}

/** Asks of `fromMs` on and before `toMs`, however long ago they were decided. */
export interface Burden {
  /** Later than was asked for, where there were more asks than are counted. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly rules: readonly RuleBurden[];
  /** There were more asks, or more rules, than are here. */
  readonly isCut: boolean;
}

/** Whoever approved, denied or edited; taking back and asking back decide nothing. */
export const decisionsOf = ({ answers }: RuleBurden): number => answers.approve + answers.deny + answers.edit;

/** Of the decisions; null where there is none. */
export function yesShareOf(rule: RuleBurden): number | null {
  const decisions = decisionsOf(rule);
  return decisions === 0 ? null : rule.answers.approve / decisions;
}

/** Decisions without a page or card of which we know: over HTTP or the command line. */
export const notSeenOf = ({ decided, page, card }: RuleBurden): number => decided.count - page.count - card.count;

/** `at_a_glance`: half of the decisions, or of the looks at the page, took less than a glance. */
export const STAMP_SIGNS = ['at_a_glance', 'nearly_always_yes'] as const;
export type StampSign = (typeof STAMP_SIGNS)[number];

/** What makes it look like rubber-stamping; empty where nothing does. */
export function stampSignsOf(rule: RuleBurden): readonly StampSign[] {
  const isGlance = [rule.decided, rule.page].some(
    ({ count, medianMs }) => count >= FEWEST_TIMED && medianMs !== null && medianMs < GLANCE_MS,
  );
  const share = yesShareOf(rule) ?? 0;
  return [
    ...(isGlance ? (['at_a_glance'] as const) : []),
    ...(decisionsOf(rule) >= FEWEST_DECIDED && share > MOST_YES ? (['nearly_always_yes'] as const) : []),
  ];
}
