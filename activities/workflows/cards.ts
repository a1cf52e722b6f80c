// Whether what people are asked is shown in channels: where the directory has a place for any of them. The Workflows go by
// this answer, so that where there are no channels they schedule nothing. May import domain and store types.
import { type Approval, askedBy, mayStandInChannels } from '../../domain/approval.ts';
import { isAskedInChannels } from '../../domain/entitlement.ts';
import type { Entry } from '../../domain/entry.ts';
import type { Directory } from '../../domain/principal.ts';
import type { WorkflowsDeps } from './deps.ts';

type Deps = Pick<WorkflowsDeps, 'store' | 'directory'>;

/** Whether any of what is put on record is asked where cards are. */
export async function haveCards(deps: Deps, entries: readonly Pick<Entry, 'fact'>[]): Promise<boolean> {
  for (const { fact } of entries) {
    if (fact.kind === 'approval_requested' && (await hasCard(deps, fact.approval))) return true;
  }
  return false;
}

/** A question, too, whose answer changes what the card says on which its action was approved. */
async function hasCard({ store, directory }: Deps, approval: Approval): Promise<boolean> {
  if (isShown(directory, approval)) return true;
  if (approval.question === undefined) return false;
  const { approvalId = null } = (await store.actions.get(approval.actionId)) ?? {};
  const approvedOn = approvalId === null ? undefined : await store.approvals.get(approvalId);
  return approvedOn !== undefined && isShown(directory, approvedOn);
}

/** Of a batch or a question, as a member of an answer; nothing where there are none. */
export async function cardsOf({ store, directory }: Deps, batchId: string): Promise<{ readonly hasCards?: true }> {
  const approvals = await store.approvals.ofBatch(batchId);
  return approvals.some((one) => isShown(directory, one)) ? { hasCards: true } : {};
}

const isShown = (directory: Directory, approval: Approval): boolean =>
  mayStandInChannels(approval) && isAskedInChannels(directory, askedBy(approval));
