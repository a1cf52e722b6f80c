// Whether what people are asked is shown in channels: where the directory has a place for any of them. The Workflows go by
// this answer, so that where there are no channels they schedule nothing. May import domain and store types.
import { type Approval, askedBy, mayStandInChannels } from '../../domain/approval.ts';
import { isAskedInChannels } from '../../domain/entitlement.ts';
import type { Fact } from '../../domain/entry.ts';
import type { Directory } from '../../domain/principal.ts';
import type { WorkflowsDeps } from './deps.ts';

export const hasCard = ({ directory }: Pick<WorkflowsDeps, 'directory'>, fact: Fact): boolean =>
  fact.kind === 'approval_requested' && isShown(directory, fact.approval);

/** Of a batch or a question, as a member of an answer; nothing where there are none. */
export async function cardsOf(
  { store, directory }: Pick<WorkflowsDeps, 'store' | 'directory'>,
  batchId: string,
): Promise<{ readonly hasCards?: true }> {
  const approvals = await store.approvals.ofBatch(batchId);
  return approvals.some((one) => isShown(directory, one)) ? { hasCards: true } : {};
}

const isShown = (directory: Directory, approval: Approval): boolean =>
  mayStandInChannels(approval) && isAskedInChannels(directory, askedBy(approval));
