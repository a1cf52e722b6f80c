// What a role and its process of rules say to each other, over the channel that Node opens between the two, and what they
// agree on beside it. May import domain types.
import type { Reading, RouteAnswers } from '../../domain/intake.ts';
import type { RuleFacts } from '../../domain/rule.ts';
import type { Verdict } from '../../domain/verdict.ts';

/** To the process: rule on this, or route each of these readings. One at a time. */
export type Ask =
  | { readonly kind: 'rule'; readonly agent: string; readonly ruleCase: RuleFacts }
  | { readonly kind: 'route'; readonly agent: string; readonly readings: readonly Reading[] };

/** From the process. First whether the agents are loaded, with their rule versions by name; then what each ask comes to. */
export type Said =
  | { readonly kind: 'loaded'; readonly versions: Readonly<Record<string, string>> }
  | { readonly kind: 'not_loaded'; readonly reason: string }
  | { readonly kind: 'decided'; readonly verdict: Verdict }
  | Extract<RouteAnswers, { kind: 'routed' }>;

/** What whoever asked hears: the process's own word, or what stands for it where it was lost over the ask. */
export type Told = Extract<Said, { kind: 'decided' }> | RouteAnswers;

/** The file to which the process writes, before it asks a rule, a line with the number of the case and the rule's place. */
export const ENTERING_FILE = 4;
