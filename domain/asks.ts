// What is told of asks beside how they end: which nobody was shown, and of which a rule names no amount. May import domain
// types only.
import type { Approval } from './approval.ts';

/** An open approval that no channel has shown. `refusedStep`: the last entry that a channel refused its card; or null. */
export interface Unshown {
  readonly approval: Approval;
  readonly refusedStep: string | null;
}

/** A rule that names no amount for a tool, and everybody whom it asks. */
export interface AskedWithoutAmount extends Pick<Approval, 'agent' | 'ruleId' | 'tool' | 'group'> {
  readonly escalation: readonly { readonly group: string }[];
}
