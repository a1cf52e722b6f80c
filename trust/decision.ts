// What a recorded decision says. May import domain and signing.
import type { CountedDecision } from '../domain/approval.ts';
import { heardIn } from '../domain/decision.ts';
import type { DecisionStatement, Signed } from '../domain/signed.ts';
import { statementIn } from './signing.ts';

/** Verified by whoever recorded it. Undefined when unreadable: a view must not keep an entry off the ledger. */
export function readDecision(signed: Signed<DecisionStatement>): CountedDecision | undefined {
  try {
    return heardIn(statementIn(signed), signed);
  } catch {
    return undefined;
  }
}
