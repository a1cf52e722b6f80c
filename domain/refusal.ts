// Decisions that the API turns away at its door: whose, and why, as the ledger names it. A closed list, so that whoever
// tries again and again leaves a bounded number of entries. Pure. May import domain types only.
import type { DecisionAnswer } from './signed.ts';

/** Why, in the words of whoever tells of it later. Stable: they stand in the ledger. */
export const REFUSALS = {
  not_asked: 'they are not among those who are asked',
  other_tenant: 'it is of another tenant',
  author: 'they asked for it, or it rests on their words',
  same_eyes: 'they and whoever asked for it act for one another',
  above_limit: 'it is about more than they may approve',
  wrong_answer: 'it is not answered by that word',
  not_offered: 'what they pressed had not offered them that',
  not_shown_whole: 'their page could not show all of it',
  over: 'it was over by then',
  not_counted: 'it changed nothing',
} as const;

export type Refusal = keyof typeof REFUSALS;

/** One person leaves no more entries on one approval, however often they try: one for each reason there is. */
export const MAX_REFUSALS_EACH = Object.keys(REFUSALS).length;

/** Whose decision it was. An id is known within its tenant only: another house may have the same. */
export interface RefusedDecision {
  readonly why: Refusal;
  readonly personId: string;
  readonly tenant: string;
  readonly answer: DecisionAnswer;
  /** How the person was known, as with a decision that counts. */
  readonly method: string;
}

/** Where it stands: once for each person and reason. */
export const refusalStep = ({ why, tenant, personId }: Pick<RefusedDecision, 'why' | 'tenant' | 'personId'>): string =>
  `decision refused:${why}:${tenant}/${personId}`;
