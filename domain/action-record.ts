// What goes on record of actions, and what the model is told of the calls that they came from. Pure. May import domain only.
import {
  type Case,
  type Ending,
  endingText,
  type Outcome,
  type Proposal,
  type RuledAction,
  trustOfEnding,
} from './action.ts';
import { splitAtFirstAsk } from './batch.ts';
import type { Entry, Fact } from './entry.ts';
import { resultKey, ruledStep } from './ids.ts';
import type { NewItem, Trust } from './item.ts';

/** What is written of the calls of one answer before any of them is carried out: each ruling, and what is refused. */
export function recordOfCases(of: OfTurn, cases: readonly Case[], atMs: number): Written {
  const { refused } = splitAtFirstAsk(cases);
  const ruled = cases.flatMap((one) => (one.kind === 'ruled' ? entriesOf(one.action, atMs) : []));
  const denied = refused.flatMap(({ action, reason }) =>
    action === null ? [] : [settledEntry(action.proposal, { kind: 'denied', reason }, atMs)],
  );
  const items = refused.map((one) => toolResult(of, one, `Not done. denied: ${one.reason}`));
  return { entries: [...ruled, ...denied], items };
}

export interface Written {
  readonly entries: readonly Entry[];
  readonly items: readonly NewItem[];
}

/** What goes on record of a ruling, before anything acts on it. */
export function entriesOf(action: RuledAction, atMs: number): readonly Entry[] {
  const { proposal, verdict, evidence, given, signed } = action;
  const ruling = { digest: proposal.digest, verdict, evidence, ...(given === undefined ? {} : { given }), signed };
  return [
    entryOf(proposal, 'proposed', { kind: 'proposed', proposal }, atMs),
    entryOf(proposal, ruledStep(verdict, signed), { kind: 'ruled', ...ruling }, atMs),
  ];
}

export function settledEntry(
  proposal: Proposal,
  outcome: Exclude<Outcome, { kind: 'succeeded' }>,
  atMs: number,
): Entry {
  return entryOf(proposal, 'settled', { kind: 'settled', outcome }, atMs);
}

export function entryOf(proposal: Proposal, step: string, fact: Fact, atMs: number): Entry {
  const { actionId, conversationId } = proposal;
  return { subject: actionId, step, conversationId, atMs, fact };
}

type OfTurn = Pick<NewItem, 'conversationId' | 'turn'>;
type Called = Pick<Proposal, 'actionId' | 'callId' | 'tool'>;

/** Words of code, which may repeat the model's arguments: so they are worth what the model's are. */
export function toolResult(of: OfTurn, call: Called, text: string, trust: Trust = 'model'): NewItem {
  const { conversationId, turn } = of;
  const { actionId, callId, tool } = call;
  const body = { kind: 'tool_result', callId, tool, text } as const;
  return { key: resultKey(actionId), conversationId, turn, trust, body };
}

/** How an action ended, for the model. */
export const endingResult = (of: OfTurn, call: Called, ending: Ending): NewItem =>
  toolResult(of, call, endingText(ending), trustOfEnding(ending));
