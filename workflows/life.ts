// The life of one action: propose → inspect → decide → act → record. Every action takes this path, whoever proposed it.
// May import domain and @temporalio/workflow.
import type { Case, Ending, Outcome, Proposal, RuledAction } from '../domain/action.ts';
import type { Inspected, TurnOf } from '../domain/activity-ports.ts';
import type { Entry, Fact } from '../domain/entry.ts';
import { ruledStep } from '../domain/ids.ts';
import type { ItemRef } from '../domain/item.ts';
import type { DecisionStatement, MessageStatement, Signed } from '../domain/signed.ts';
import { isCancellation } from '@temporalio/workflow';
import { ActivityFailure } from '@temporalio/common';
import { act, inspect, isActivityFailure, whyFailed, workflowsRole } from './effects.ts';

// 3: an actor busy for three times the freshness of a verdict will not come in time; then it is not done.
const MAX_RULINGS = 3;

/** Propose, inspect and decide: one case per call of the model, in its order. */
export async function ruleOn(input: {
  readonly of: TurnOf;
  readonly itemId: string;
  readonly firstIndex: number;
  readonly principal: Signed<MessageStatement>;
}): Promise<readonly Case[]> {
  const proposed = await workflowsRole.propose(input);
  const open = proposed.flatMap((one) => (one.kind === 'to_inspect' ? [one.proposal] : []));
  if (open.length === 0) return proposed.flatMap((one) => (one.kind === 'to_inspect' ? [] : [one]));
  const inspected = await Promise.all(open.map((proposal) => readEvidence(proposal, input.principal, null)));
  const ruled = await workflowsRole.decide(inspected);
  const byId = new Map(ruled.map((action) => [action.proposal.actionId, action]));
  return proposed.flatMap((one): Case[] => {
    if (one.kind !== 'to_inspect') return [one];
    const action = byId.get(one.proposal.actionId);
    return action === undefined ? [] : [{ kind: 'ruled', action }];
  });
}

/** Inspect and decide again, just before acting, and put it on record. The proposal, and so its digest, stays the same. */
export async function ruleAgain(
  action: RuledAction,
  principal: Signed<MessageStatement>,
  approval: Inspected['approval'],
): Promise<RuledAction> {
  const { proposal } = action;
  const inspected = proposal.inspects
    ? await readEvidence(proposal, principal, approval)
    : { proposal, evidence: null, approval };
  const [again = action] = await workflowsRole.decide([inspected]);
  await workflowsRole.record({ entries: entriesOf(again), items: [] });
  return again;
}

/** What came of `act`, with the item that tells the model when there is one. */
export interface Performed {
  readonly ending: Ending;
  readonly item: ItemRef | null;
}

/** Act on a permitted action. A verdict that has grown old is given again, a bounded number of times. */
export async function performAction(
  action: RuledAction,
  principal: Signed<MessageStatement>,
  leave: {
    readonly approval: Inspected['approval'];
    readonly decisions: readonly Signed<DecisionStatement>[];
    readonly notesResult: boolean;
  },
): Promise<Performed> {
  let current = action;
  for (let ruling = 0; ruling < MAX_RULINGS; ruling++) {
    const { proposal, signed, verdict } = current;
    if (verdict.kind === 'deny') return notDone(current, verdict.reason);
    if (verdict.kind === 'ask' && leave.approval === null) {
      return notDone(current, 'the rules now ask a person for it; propose it again');
    }
    const warrant = { principal, verdict: signed, decisions: leave.decisions };
    try {
      const result = await act({ proposal, warrant, notesResult: leave.notesResult });
      if (result.kind === 'settled') return { ending: result.ending, item: result.item };
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      const how = isCancellation(error)
        ? ({ as: 'cancelled', reason: 'the conversation was stopped' } as const)
        : ({ as: 'failed', reason: whyFailed(error) } as const);
      return { ending: await workflowsRole.closeUnfinished({ proposal, ...how }), item: null };
    }
    current = await ruleAgain(current, principal, leave.approval);
  }
  return notDone(action, 'nobody acted on it while its verdict was fresh');
}

async function notDone(action: RuledAction, reason: string): Promise<Performed> {
  const ending = { kind: 'denied', reason } as const;
  await workflowsRole.record({ entries: [settledEntry(action.proposal, ending)], items: [] });
  return { ending, item: null };
}

async function readEvidence(
  proposal: Proposal,
  principal: Signed<MessageStatement>,
  approval: Inspected['approval'],
): Promise<Inspected> {
  try {
    return { proposal, evidence: await inspect({ proposal, principal }), approval };
  } catch (error) {
    if (!isActivityFailure(error)) throw error;
    return { proposal, evidence: null, approval }; // what cannot be read is denied by `decide`
  }
}

/** What goes on record of a ruling, before anything acts on it. */
export function entriesOf(action: RuledAction): readonly Entry[] {
  const { proposal, verdict, evidence, signed } = action;
  const { salt: _, ...shown } = proposal;
  return [
    entryOf(proposal, 'proposed', { kind: 'proposed', proposal: shown }),
    entryOf(proposal, ruledStep(verdict, signed), {
      kind: 'ruled',
      digest: proposal.digest,
      verdict,
      evidence,
      signed,
    }),
  ];
}

export function settledEntry(proposal: Proposal, outcome: Exclude<Outcome, { kind: 'succeeded' }>): Entry {
  return entryOf(proposal, 'settled', { kind: 'settled', outcome });
}

export function entryOf(proposal: Proposal, step: string, fact: Fact): Entry {
  const { actionId, conversationId } = proposal;
  return { subject: actionId, step, conversationId, atMs: Date.now(), fact };
}
