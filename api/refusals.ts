// What is turned away at the API's door goes on record: whose decision it was, and why, once for each person and reason.
// Only that of somebody who is known is: what has no valid key, webhook, link or form is nobody's. May import domain, store.
import type { Approval } from '../domain/approval.ts';
import { refusalStep } from '../domain/refusal.ts';
import type { DecisionAnswer } from '../domain/signed.ts';
import type { Caller } from './auth.ts';
import type { ApiDeps } from './deps.ts';
import { inTime } from './in-time.ts';
import { REFUSAL_MS } from './limits.ts';
import { Problem } from './problem.ts';

type Deps = Pick<ApiDeps, 'store' | 'nowMs' | 'log'>;

/** A decision as it comes to the door. */
export interface AtDoor {
  readonly approvalId: string;
  readonly answer: DecisionAnswer;
  readonly method: string;
  /** Where a caller alone does not prove that the decision is theirs, as of a form that a browser sends. */
  readonly isTheirs?: (approval: Approval) => Promise<boolean>;
}

/** What `decide` comes to. A refusal is answered whether it can be put on record or not; then the log has it. */
export async function refusalsOnRecord<T>(
  deps: Deps,
  caller: Caller,
  door: AtDoor,
  decide: () => Promise<T>,
): Promise<T> {
  try {
    return await decide();
  } catch (error) {
    if (error instanceof Problem && error.refusal !== undefined) {
      const { refusal: why, message: reason } = error;
      const told = { approvalId: door.approvalId, personId: caller.principal.id, why };
      await inTime(REFUSAL_MS, put(deps, caller, door, { why, reason }), tooLate).catch((failure: unknown) =>
        deps.log.warn({ ...told, err: failure }, 'a refusal is not on record'),
      );
    }
    throw error;
  }
}

const tooLate = (): Error => new Error('the store took too long; it may be on record all the same');

async function put(
  { store, nowMs }: Deps,
  { principal: { id: personId, tenant } }: Caller,
  { approvalId, answer, method, isTheirs }: AtDoor,
  { why, reason }: { readonly why: NonNullable<Problem['refusal']>; readonly reason: string },
): Promise<void> {
  const approval = await store.approvals.get(approvalId);
  if (approval === undefined || (await isTheirs?.(approval)) === false) return;
  const by = { why, personId, tenant, answer, method };
  const step = refusalStep(by);
  // Looked for first: who presses again and again is not to hold up whoever appends.
  const known = await store.ledger.chain([], { subject: approvalId, steps: [step] });
  if (known.length > 0) return;
  const { conversationId } = approval;
  const fact = { kind: 'decision_refused', approvalId, reason, by } as const;
  await store.record([{ subject: approvalId, step, conversationId, atMs: nowMs(), fact }]);
}
