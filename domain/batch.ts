// Which of a model call's actions run now and which wait, in what order, and what their approvals come to. Pure.
// May import domain only.
import type { Case, Ending, RuledAction } from './action.ts';
import type { Approval } from './approval.ts';

/** A call that is not done, and what there is of an action. */
export interface RefusedCall {
  readonly actionId: string;
  readonly callId: string;
  readonly tool: string;
  readonly reason: string;
  readonly action: RuledAction | null;
}

/**
 * Split the cases of one model call. Denied and invalid ones are told at once and join nothing; what stands before the
 * first `ask` runs now; from that ask on the allowed and asking rest waits together, so that its order holds.
 */
export function splitAtFirstAsk(cases: readonly Case[]): {
  readonly refused: readonly RefusedCall[];
  readonly runNow: readonly RuledAction[];
  readonly waiting: readonly RuledAction[];
} {
  const refused: RefusedCall[] = [];
  const going: RuledAction[] = [];
  for (const one of cases) {
    if (one.kind === 'invalid') {
      const { actionId, callId, tool, reason } = one;
      refused.push({ actionId, callId, tool, reason, action: null });
    } else if (one.action.verdict.kind !== 'allow' && one.action.verdict.kind !== 'ask') {
      const { proposal, verdict } = one.action;
      const { actionId, callId, tool } = proposal;
      refused.push({ actionId, callId, tool, reason: verdict.reason, action: one.action });
    } else {
      going.push(one.action);
    }
  }
  const firstAsk = going.findIndex((action) => action.verdict.kind === 'ask');
  const cut = firstAsk === -1 ? going.length : firstAsk;
  return { refused, runNow: going.slice(0, cut), waiting: going.slice(cut) };
}

/** The groups that a batch asks, each once, in one text. */
export function groupsAsked(actions: readonly RuledAction[]): string {
  const groups = actions.flatMap(({ verdict }) => (verdict.kind === 'ask' ? [verdict.group] : []));
  return [...new Set(groups)].join(', ');
}

/** Neighbouring reads go together, each write alone and in its place. */
export function inSteps(actions: readonly RuledAction[]): readonly (readonly RuledAction[])[] {
  const steps: RuledAction[][] = [];
  for (const action of actions) {
    const last = steps.at(-1);
    const joins = isRead(action) && last?.every(isRead);
    if (joins) last?.push(action);
    else steps.push([action]);
  }
  return steps;
}

export const isRead = (action: RuledAction): boolean => action.proposal.effect === 'read';

/** It begins a procedure, which no actor does. */
export const isStart = (action: RuledAction): boolean => action.proposal.effect === 'start';

/** How an approval that did not end in `approved` ends its action. */
export function endingOfApproval(approval: Approval): Ending {
  switch (approval.end) {
    case 'denied': {
      const by = approval.decisions.find((one) => one.answer === 'deny');
      return { kind: 'denied', reason: `${by?.personId ?? 'someone'} denied it: ${by?.reason || 'no reason given'}` };
    }
    case 'expired':
      return { kind: 'expired', reason: `nobody of ${approval.group} decided in time` };
    case 'cancelled':
    case 'superseded':
      return { kind: 'cancelled', reason: 'it was cancelled while it waited' };
    case 'open':
    case 'approved':
    case 'happened':
    case 'did_not_happen':
      throw new Error(`an approval that is ${approval.end} does not end its action`);
    default:
      return approval.end satisfies never;
  }
}
