// What a role and its process of rules say to each other, over the channel that Node opens between the two, and what they
// agree on beside it. May import domain types.
import type { RuleFacts } from '../../domain/rule.ts';
import type { Verdict } from '../../domain/verdict.ts';

/** To the process: rule on this. One at a time. */
export interface Ask {
  readonly agent: string;
  readonly ruleCase: RuleFacts;
}

/** From the process. First whether the agents are loaded, with their rule versions by name; then a verdict for each case. */
export type Said =
  | { readonly kind: 'loaded'; readonly versions: Readonly<Record<string, string>> }
  | { readonly kind: 'not_loaded'; readonly reason: string }
  | { readonly kind: 'decided'; readonly verdict: Verdict };

/** The file to which the process writes, before it asks a rule, a line with the number of the case and the rule's place. */
export const ENTERING_FILE = 4;
