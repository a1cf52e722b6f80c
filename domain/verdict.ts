// What the rules answer about one action. May import nothing.

/** The answer of the rules. Doing nothing denies: no rule, a thrown rule, an unknown tool are `deny`. */
export type Verdict =
  | { readonly kind: 'allow'; readonly ruleId: string; readonly ruleVersion: string; readonly reason: string }
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
    };
