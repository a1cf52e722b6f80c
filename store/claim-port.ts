// What the rest of the system may ask of the store about claims: who may act, and what came of it. May import domain types
// only.
import type { Outcome } from '../domain/action.ts';
import type { FactOf, WarrantMark } from '../domain/entry.ts';
import type { CountedCall, LimitUse, Reserve } from '../domain/limit.ts';
import type { Switch } from '../domain/switch.ts';

export interface Claim {
  readonly actionId: string;
  readonly digest: string;
  /** How often it was taken, from 1. Who takes it over raises it, and so fences off whoever held it before. */
  readonly epoch: number;
  readonly claimedMs: number;
  /** null: claimed, and nobody knows yet how it ended. */
  readonly outcome: Outcome | null;
}

/** What is claimed. */
export interface Claiming {
  readonly actionId: string;
  readonly conversationId: string;
  readonly digest: string;
  readonly tenant: string;
  readonly agent: string;
  readonly tool: string;
  readonly nowMs: number;
}

/**
 * `claimed`: this caller holds it and may act. `exists`: somebody claimed it before, under this or another digest.
 * `ended`, `switched_off`, `not_recorded` and `does_not_fit`: nothing is claimed, because the action has ended otherwise
 * (its Workflow was reset), a switch is thrown, the verdict is not on record, or others have taken meanwhile what it had
 * counted on of a limit.
 */
export type ClaimResult =
  | { readonly kind: 'claimed'; readonly epoch: number }
  | { readonly kind: 'exists'; readonly claim: Claim }
  | { readonly kind: 'ended'; readonly outcome: Outcome }
  | { readonly kind: 'switched_off'; readonly by: Switch }
  | { readonly kind: 'not_recorded' }
  | { readonly kind: 'does_not_fit'; readonly reserve: Reserve };

/** Which takes are counted: of one limit, of whose it is, in one period, and never the action's own. */
export type Counted = Pick<LimitUse, 'limit' | 'per' | 'period'> &
  Pick<CountedCall, 'agent' | 'tenant' | 'principalId'> & { readonly actionId: string };

/** What a claim takes, and for whom. */
export interface Taking {
  readonly principalId: string;
  readonly reserves: readonly Reserve[];
}

/** Somebody took the claim over, or it has ended: whoever gets this must not act, and what it did does not count. */
export class FencedOff extends Error {
  override readonly name = 'FencedOff';
  constructor(actionId: string, epoch: number) {
    super(`the claim of ${actionId} is no longer held in epoch ${epoch}`);
  }
}

export interface Claims {
  get(actionId: string): Promise<Claim | undefined>;
  /** Write the claim before the effect, unique by action id and by digest, with its entries. */
  claim(request: {
    readonly claiming: Claiming;
    /** Its `verdictStep` is the ledger step under which the verdict must be on record. */
    readonly warrant: WarrantMark;
    /** The attempt that follows, recorded with the claim. */
    readonly attempted: FactOf<'attempted'>;
    /** What its verdict lets it take of limits: taken with the claim, or nothing is claimed. */
    readonly taking: Taking;
  }): Promise<ClaimResult>;
  /** Claim it and end it in one, so that nobody can begin it any more. */
  close(
    claiming: Claiming,
    outcome: Outcome,
  ): Promise<
    { readonly kind: 'closed'; readonly outcome: Outcome } | { readonly kind: 'exists'; readonly claim: Claim }
  >;
  /**
   * Take a claim over that has no outcome: raises its epoch. `acts`: the caller is about to execute it again.
   * `sinceBegunMs`: how long ago somebody last set out to act on it, by the database's own clock.
   */
  takeOver(
    actionId: string,
    how: { readonly acts: boolean },
  ): Promise<{ readonly claim: Claim; readonly sinceBegunMs: number }>;
  /** Throws FencedOff unless the claim is held in this epoch and has no outcome. */
  assertHeld(actionId: string, epoch: number): Promise<void>;
  /**
   * Write the receipt: how a claimed action ended. The first receipt stands; only `unknown` may be corrected later.
   * Throws FencedOff for an earlier epoch, unless it says that the effect happened.
   */
  receipt(receipt: { actionId: string; epoch: number; outcome: Outcome; nowMs: number }): Promise<Outcome>;
  /** A person's answer corrects `unknown`, and nothing else. Resolves to the outcome that stands. */
  answer(answer: { actionId: string; outcome: Outcome; nowMs: number }): Promise<Outcome>;
}
