// Opening a turn: on record, under a number of its own, with what its first model call may use. May import domain and
// @temporalio/workflow.
import type { TurnOf } from '../domain/activity-ports.ts';
import type { ConversationState, Work } from '../domain/conversation.ts';
import type { OpenedTurn } from '../domain/opened-turn.ts';
import { shownNow } from '../domain/recent.ts';
import { has } from './changes.ts';
import { workflowsRole } from './effects.ts';

export type Opened = Exclude<OpenedTurn, { kind: 'behind' }>;

interface How {
  readonly handedOver: boolean;
  readonly answers: boolean;
}

/** Open the turn; after a Reset, under the number that comes after all that the store knows. */
export async function openWork(state: ConversationState, work: Work, how: How): Promise<Opened> {
  const opened = await openAs(state, work, how);
  if (opened.kind !== 'behind') return opened;
  state.turn = opened.lastTurn + 1;
  const again = await openAs(state, work, how);
  if (again.kind === 'behind') throw new Error('there must be no turn after the last'); // only a bug breaks this
  return again;
}

function openAs(state: ConversationState, work: Work, how: How) {
  const of = turnOf(state);
  const { handedOver, answers } = how;
  if (work.kind === 'messages') {
    const speaks = answers && !handedOver && has('holds-at-opening');
    const first = speaks ? { first: { show: shownNow(state).itemIds, atMs: Date.now() } } : {};
    return workflowsRole.openTurn({ of, messages: work.messages, ...how, ...first });
  }
  const { principal, batchId } = work.batch;
  return workflowsRole.openReportTurn({ of, principal, batchId, signed: work.report.signed, handedOver });
}

export function turnOf(state: ConversationState): TurnOf {
  const { conversationId, agent, tenant, turn } = state;
  return { conversationId, agent, tenant, turn };
}
