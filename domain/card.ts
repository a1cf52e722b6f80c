// A card is data: what people are to see of an approval, neutralised, in the order in which it is to be read. Each surface
// formats it for itself. Types only. May import domain types.
import type { ApprovalEnd } from './approval.ts';
import type { DecisionAnswer } from './signed.ts';

/** One word for each thing that was found in a text and made visible. */
export type Flag = 'bidi' | 'invisible' | 'tag' | 'mixed_script' | 'look_alike' | 'control' | 'cut';

/** Text from outside, already neutralised. Its markup is not escaped: each surface does that for itself. */
export interface Shown {
  readonly text: string;
  readonly flags: readonly Flag[];
}

export interface CardField {
  readonly name: string;
  readonly value: Shown;
  /** Where the value came from. */
  readonly from: Shown | null;
  readonly isCritical: boolean;
}

export interface CardAsk {
  readonly approvalId: string;
  /** Short and opaque; bound to the digest. */
  readonly handle: string;
  readonly digest: string;
  /** Three lines first, on a phone. */
  readonly headline: readonly [what: Shown, forWhom: Shown, howMuch: Shown];
  /** Every argument, in canonical order, nested values as paths "lines.0.sku". */
  readonly fields: readonly CardField[];
  /** Above 0: too many to list here; how many are hidden. */
  readonly hiddenFields: number;
  readonly evidence: {
    readonly asOfMs: number;
    readonly ageMs: number;
    readonly version: string;
    readonly fields: readonly CardField[];
  } | null;
  readonly rule: Shown;
  readonly reason: Shown;
  readonly requester: Shown;
  readonly group: string;
  readonly quorum: number;
  readonly decided: readonly {
    readonly person: Shown;
    readonly answer: string;
    readonly reason: Shown;
    readonly atMs: number;
  }[];
  readonly deadlineMs: number;
  /** What happens then: "then it is denied by itself". */
  readonly otherwise: string;
  readonly end: ApprovalEnd;
  /** The action's outcome once it is known. */
  readonly outcome: Shown | null;
  /** The buttons that make sense now; [] once it ended. */
  readonly answers: readonly DecisionAnswer[];
  /** Everything that the digest covers is shown in `fields`, unshortened and unhidden. */
  readonly isWhole: boolean;
}

export interface Card {
  /** Of the batch or the question. */
  readonly id: string;
  readonly title: string;
  readonly asks: readonly CardAsk[];
  /** The allowed actions of the batch. */
  readonly alsoRuns: readonly Shown[];
}

/** How much a surface can show of one card. */
export interface CardLimits {
  readonly valueChars: number;
  readonly fields: number;
  readonly totalChars: number;
}
