// Cancels what waits for leave within a thrown switch: each batch that has a matching open approval is told so. The
// switch holds whatever comes of this, for the actor asks the store; so nothing here fails, and what was not done is
// counted.
// May import domain.
import type { Approval } from '../domain/approval.ts';
import { type Switch, stoppedBy } from '../domain/switch.ts';
import { recordGone } from './approvals.ts';
import type { ApiDeps } from './deps.ts';
import { CANCEL_MS, CANCEL_PAGE, CANCEL_PAGES, CANCELS_AT_ONCE } from './limits.ts';

type Deps = Pick<ApiDeps, 'store' | 'gateway' | 'nowMs' | 'log'>;

export interface Cancelled {
  /** Open approvals whose batch was told to cancel, or is gone. */
  readonly cancelled: readonly Approval[];
  /** How many are open whose batch could not be told in time. */
  readonly unreached: number;
  /** True when not all that waits could be looked through. */
  readonly isCut: boolean;
}

/** Tell every batch that waits within the switch's scope to cancel, as far as time and the bounds allow. */
export async function cancelWithin(deps: Deps, one: Switch): Promise<Cancelled> {
  const endMs = performance.now() + CANCEL_MS;
  const { approvals, isCut } = await findWaiting(deps, one, endMs);
  const batchIds = [...new Set(approvals.map(({ batchId }) => batchId))];
  const batches = batchIds.map((batchId) => approvals.filter((approval) => approval.batchId === batchId));
  const reached = await reach(deps, batches, endMs);
  return { cancelled: reached, unreached: approvals.length - reached.length, isCut };
}

async function findWaiting(
  { store, log }: Deps,
  one: Switch,
  endMs: number,
): Promise<{ readonly approvals: readonly Approval[]; readonly isCut: boolean }> {
  const approvals: Approval[] = [];
  let cursor = '';
  try {
    for (let page = 1; page <= CANCEL_PAGES && performance.now() < endMs; page++) {
      const { rows, next } = await store.approvals.open({ cursor, limit: CANCEL_PAGE });
      const within = rows.filter(({ approval: { agent, tool }, tenant }) => stoppedBy([one], { tenant, agent, tool }));
      // A question is no leave to act: whether something happened must be known whatever is switched off.
      approvals.push(...within.flatMap(({ approval }) => (approval.question === undefined ? [approval] : [])));
      cursor = next;
      if (cursor === '') return { approvals, isCut: false };
    }
  } catch (error) {
    log.warn({ err: error }, 'what waits could not be looked through; the switch is thrown all the same');
  }
  return { approvals, isCut: true };
}

/** The approvals of those batches that were told, or are gone. */
async function reach(
  deps: Deps,
  batches: readonly (readonly Approval[])[],
  endMs: number,
): Promise<readonly Approval[]> {
  const left = [...batches];
  const reached: Approval[] = [];
  const tellOn = async (): Promise<void> => {
    for (let batch = left.shift(); batch !== undefined && performance.now() < endMs; batch = left.shift()) {
      if (await tell(deps, batch)) reached.push(...batch);
    }
  };
  await Promise.all(Array.from({ length: CANCELS_AT_ONCE }, tellOn));
  return reached;
}

/** True once the batch knows, or is known to be gone. */
async function tell(deps: Deps, batch: readonly Approval[]): Promise<boolean> {
  const batchId = batch[0]?.batchId ?? '';
  try {
    if (await deps.gateway.cancel(batchId)) return true;
    for (const approval of batch) await endGone(deps, approval);
    return true;
  } catch (error) {
    deps.log.warn({ err: error, batchId }, 'a batch could not be told to cancel; the actor refuses it all the same');
    return false;
  }
}

/** A Workflow puts on record how its approvals end; one that was terminated could not. */
async function endGone(deps: Deps, approval: Approval): Promise<void> {
  const now = (await deps.store.approvals.get(approval.id)) ?? approval;
  if (now.end === 'open') await recordGone(deps, now);
}
