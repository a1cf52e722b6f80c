// Genuine tasks out of real conversations: those that have run, and one that nobody has acted on, because the actor was
// frozen before it could and its Workflow ended meanwhile.
import { z } from 'zod';
import { conversationWorkflowId, waitingWorkflowId } from '../../../domain/ids.ts';
import { createPatient, travel } from '../crash/journey.ts';
import { wordsFor } from '../rig/model.ts';
import type { Rig } from '../rig/rig.ts';
import { createHttp, waitFor } from '../support.ts';
import type { Act } from './leave.ts';
import { firstScheduled, type Queue } from './queue.ts';

// 30 s: what takes one on a quiet machine.
const LIMIT_MS = 30_000;

/** The writes of one real conversation, as the actor was given them; all have run. */
export async function usedTasks(rig: Rig, queue: Queue): Promise<readonly Act[]> {
  const { approvalId } = await travel(rig, 'used');
  if (approvalId === undefined) throw new Error('the undisturbed conversation must come to its approval');
  const inline = await queue.scheduled(conversationWorkflowId('used'));
  const waited = await queue.scheduled(waitingWorkflowId(approvalId.split('.')[0] ?? ''));
  return ([...inline, ...waited] as Act[]).filter(({ proposal }) => proposal.effect !== 'read');
}

const Approvals = z.object({ rows: z.array(z.object({ id: z.string() })) });

/** An approved task that nobody has seen. Leaves the actor frozen, for the caller to kill. */
export async function unusedTask(rig: Rig, queue: Queue): Promise<Act> {
  const customer = createPatient(createHttp(rig.apiUrl, rig.keys.customer));
  const approver = createPatient(createHttp(rig.apiUrl, rig.keys.approver));
  const id = 'unused';
  rig.roles.freeze('actor');
  await customer.post('/v1/conversations', { agent: 'prover', id });
  const text = wordsFor(id, [['send', 5]]);
  await customer.post(`/v1/conversations/${id}/messages?wait=reply`, { text }, { 'idempotency-key': id });
  const approvalId = await waitFor('the approval', LIMIT_MS, async () => {
    const { body } = await approver.get(`/v1/approvals?conversationId=${id}`);
    return Approvals.parse(body).rows[0]?.id;
  });
  await approver.post(`/v1/approvals/${approvalId}/decision`, { answer: 'approve', id: `decision-of-${id}` });
  const action = waitingWorkflowId(approvalId.split('.')[0] ?? '');
  const task = await firstScheduled(queue, action, LIMIT_MS);
  await queue.terminate(action);
  await queue.terminate(conversationWorkflowId(id));
  return task as Act;
}
