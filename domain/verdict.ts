// What the rules answer about one action. May import domain types only.
import type { Amount } from './entitlement.ts';
import type { Reserve } from './limit.ts';

/** The id under which code denies what was proposed under another declaration of its tool. */
export const TOOL_CHANGED = 'tool-changed';

/** The ids under which code denies before any rule is asked: whatever the rules are, the answer is the same. */
export const DENIED_BY_CODE = [
  TOOL_CHANGED,
  'no-step',
  'no-evidence',
  'already-open',
  'denied-before',
  'stale-fact',
] as const;
export type DeniedByCode = (typeof DENIED_BY_CODE)[number];

/** The answer of the rules. Doing nothing denies: no rule, a thrown rule, an unknown tool are `deny`. */
export type Verdict =
  | {
      readonly kind: 'allow';
      readonly ruleId: string;
      readonly ruleVersion: string;
      readonly reason: string;
      /** What it takes of which limits. Absent where none counts it. */
      readonly reserves?: readonly Reserve[];
    }
  | { readonly kind: 'deny'; readonly ruleId: string; readonly ruleVersion: string; readonly reason: string }
  | {
      readonly kind: 'ask';
      readonly ruleId: string;
      readonly ruleVersion: string;
      readonly reason: string;
      /** Who may decide: a group of the directory. */
      readonly group: string;
      /** How many distinct people must approve. */
      readonly quorum: number;
      /** How long people have, from the card. */
      readonly withinMs: number;
      /** Groups that may decide too once the first has kept quiet for that long. */
      readonly escalation?: readonly { readonly group: string; readonly afterMs: number }[];
      /** How much it is about, where people's own limits count. */
      readonly amount?: Amount;
      /** As with `allow`. */
      readonly reserves?: readonly Reserve[];
    };

/** What it takes of limits; nothing where it denies, and in verdicts of 0.7.0. */
export const reservesIn = (verdict: Verdict): readonly Reserve[] =>
  verdict.kind === 'deny' ? [] : (verdict.reserves ?? []);
