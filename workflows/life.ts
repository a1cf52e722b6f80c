// The life of one action: propose → inspect → decide → act → record. Every action takes this path, whoever proposed it.
// May import domain and @temporalio/workflow.
import type { Case, Ending, Evidence, Proposal, RuledAction } from '../domain/action.ts';
import { entriesOf, recordOfCases, settledEntry } from '../domain/action-record.ts';
import type { Inspected } from '../domain/activity-ports.ts';
import { withinRoom } from '../domain/evidence-bounds.ts';
import { type ItemRef, refsIn } from '../domain/item.ts';
import type { ProposeInput, Proposed } from '../domain/proposing.ts';
import type { DecisionStatement, MessageStatement, Signed } from '../domain/signed.ts';
import { isCancellation } from '@temporalio/workflow';
import { ActivityFailure } from '@temporalio/common';
import { ACT_WITHIN_MS } from '../domain/approval.ts';
import { has } from './changes.ts';
import { act, inspect, isActivityFailure, whyFailed, workflowsRole } from './effects.ts';

// 3: an actor busy for three times the freshness of a verdict will not come in time, and of a limit for which so many race
// nothing will be left; then it is not done.
export const MAX_RULINGS = 3;
export const NO_VERDICT_HELD = `it was ruled on ${MAX_RULINGS} times, and each time too much had changed before it could begin`;

/** One case per call of the model, in its order, and what the model was told of those that were refused. */
interface Ruled {
  readonly cases: readonly Case[];
  readonly told: readonly ItemRef[];
}

/** Propose, inspect, decide, and put it on record. */
export async function ruleOn(input: ProposeInput): Promise<Ruled> {
  const ruled = has('rules-at-once')
    ? await workflowsRole.ruleOnCalls({ ...input, atMs: Date.now() })
    : ({ kind: 'to_inspect', proposed: await workflowsRole.propose(input) } as const);
  if (ruled.kind === 'on_record') return ruled;
  const cases = await ruleOnProposed(ruled.proposed, input.principal);
  const told = refsIn(await workflowsRole.record(recordOfCases(input.of, cases, Date.now())));
  return { cases, told };
}

/** Propose it again, as somebody wrote it or under the tool's declaration of today, and rule on that. */
export async function ruleAnew(
  { proposal }: RuledAction,
  anew: { readonly args: string; readonly editor: string },
  principal: Signed<MessageStatement>,
): Promise<Case> {
  return ruleOnOne(await workflowsRole.proposeAnew({ proposal, ...anew }), principal);
}

/** Propose a step of a procedure as its code wants it, and rule on that. */
export async function ruleOnStep(
  wanted: Parameters<typeof workflowsRole.proposeStep>[0],
  principal: Signed<MessageStatement>,
): Promise<Case> {
  return ruleOnOne(await workflowsRole.proposeStep(wanted), principal);
}

async function ruleOnOne(proposed: Proposed, principal: Signed<MessageStatement>): Promise<Case> {
  const [ruled] = await ruleOnProposed([proposed], principal);
  if (ruled === undefined) throw new Error('there must be one case for one proposal'); // only a bug breaks this
  return ruled;
}

async function ruleOnProposed(
  proposed: readonly Proposed[],
  principal: Signed<MessageStatement>,
): Promise<readonly Case[]> {
  const open = proposed.flatMap((one) => (one.kind === 'to_inspect' ? [one.proposal] : []));
  if (open.length === 0) return proposed.flatMap((one) => (one.kind === 'to_inspect' ? [] : [one]));
  const inspected = withinRoom(await Promise.all(open.map((proposal) => readEvidence(proposal, principal, null))));
  const ruled = await workflowsRole.decide(inspected);
  const byId = new Map(ruled.map((action) => [action.proposal.actionId, action]));
  return proposed.flatMap((one): Case[] => {
    if (one.kind !== 'to_inspect') return [one];
    const action = byId.get(one.proposal.actionId);
    return action === undefined ? [] : [{ kind: 'ruled', action }];
  });
}

/**
 * Inspect and decide again, just before acting, and put it on record. The proposal, and so its digest, stays the same.
 * `seen`: what the record said when people gave their leave.
 */
export async function ruleAgain(
  action: RuledAction,
  principal: Signed<MessageStatement>,
  approval: Inspected['approval'],
  seen?: Evidence | null,
): Promise<RuledAction> {
  const { proposal } = action;
  const inspected = proposal.inspects
    ? await readEvidence(proposal, principal, approval)
    : { proposal, evidence: null, approval };
  const [again] = await workflowsRole.decide([seen === undefined ? inspected : { ...inspected, seen }]);
  if (again === undefined) throw new Error('there must be one ruling for one proposal'); // only a bug breaks this
  await workflowsRole.record({ entries: entriesOf(again, Date.now()), items: [] });
  return again;
}

/** What came of `act`, with the item that tells the model when there is one. */
export interface Performed {
  readonly ending: Ending;
  readonly item: ItemRef | null;
}

/** Whose leave an action has, and whether its result becomes an item of the turn. */
export interface LeaveOf {
  readonly approval: Inspected['approval'];
  readonly decisions: readonly Signed<DecisionStatement>[];
  readonly notesResult: boolean;
}

/** Act on an action that needs nobody. A verdict that has grown old is given again, a bounded number of times. */
export async function performAction(action: RuledAction, principal: Signed<MessageStatement>): Promise<Performed> {
  let current = action;
  for (let ruling = 0; ruling < MAX_RULINGS; ruling++) {
    const { verdict } = current;
    if (verdict.kind === 'ask') return notDone(current, 'the rules now ask a person for it; propose it again');
    if (verdict.kind !== 'allow') return notDone(current, verdict.reason);
    const performed = await actOnce(current, principal, { approval: null, decisions: [], notesResult: true });
    if (performed !== undefined) return performed;
    current = await ruleAgain(current, principal, null);
  }
  return notDone(action, NO_VERDICT_HELD);
}

/** Act on a ruled action, with the leave that there is. Undefined when its verdict has grown old: rule on it again. */
export async function actOnce(
  { proposal, signed }: RuledAction,
  principal: Signed<MessageStatement>,
  { approval, decisions, notesResult }: LeaveOf,
): Promise<Performed | undefined> {
  const untilMs = endOfLeave(approval);
  try {
    const result = await act({ proposal, warrant: { principal, verdict: signed, decisions }, notesResult }, untilMs);
    return result.kind === 'settled' ? { ending: result.ending, item: result.item } : undefined;
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const isLate = untilMs !== undefined && Date.now() >= untilMs;
    const how = isCancellation(error)
      ? ({ as: 'cancelled', reason: 'the conversation was stopped' } as const)
      : ({ as: isLate ? 'expired' : 'failed', reason: whyFailed(error) } as const);
    return { ending: await workflowsRole.closeUnfinished({ proposal, ...how }), item: null };
  }
}

/** When nobody may begin it any more; undefined where nobody's leave is needed. */
export function endOfLeave(approval: Inspected['approval']): number | undefined {
  return approval === null ? undefined : approval.deadlineMs + ACT_WITHIN_MS;
}

async function notDone(action: RuledAction, reason: string): Promise<Performed> {
  const ending = { kind: 'denied', reason } as const;
  await workflowsRole.record({ entries: [settledEntry(action.proposal, ending, Date.now())], items: [] });
  return { ending, item: null };
}

async function readEvidence(
  proposal: Proposal,
  principal: Signed<MessageStatement>,
  approval: Inspected['approval'],
): Promise<Inspected> {
  try {
    return { proposal, evidence: await inspect({ proposal, principal }, endOfLeave(approval)), approval };
  } catch (error) {
    if (!isActivityFailure(error)) throw error;
    return { proposal, evidence: null, approval }; // what cannot be read is denied by `decide`
  }
}
