// A batch that waits: the actions of one model call from the first that asks people. It outlives its turn, and its
// conversation goes on meanwhile. All is carried out in order; what fails ends those behind it.
// May import domain and @temporalio/workflow.
import { allHandlersFinished, CancellationScope, log } from '@temporalio/workflow';
import {
  type Case,
  type Ending,
  type Proposal,
  type RuledAction,
  type SettledAction,
  settledOf,
} from '../domain/action.ts';
import { entriesOf, settledEntry } from '../domain/action-record.ts';
import { type Approval, type CountedDecision, leaveOf, openApproval, stillStands } from '../domain/approval.ts';
import { endingOfApproval, groupsAsked, isStart } from '../domain/batch.ts';
import type { BatchInput } from '../domain/conversation.ts';
import { editOf, quotedOf } from '../domain/decision.ts';
import { approvalId } from '../domain/ids.ts';
import { isCancelled, listenForPeople, tellConversation, waitForPeople } from './approval.ts';
import { isShown, showInChannels, showLast } from './cards.ts';
import { has } from './changes.ts';
import { workflowsRole } from './effects.ts';
import { condition } from './in-turn.ts';
import { actOnce, endOfLeave, MAX_RULINGS, NO_VERDICT_HELD, ruleAgain, ruleAnew } from './life.ts';
import { untilCancelled } from './hold.ts';
import { askWhetherItHappened } from './question.ts';
import { procedureInBatch, tellProcedure } from './starting.ts';
import { endOpen, flush, noteChange, openWaiting, request, showBatch, type Waiting } from './waiting.ts';

// 3: what changes three times while people look at it is not ready to be approved.
const MAX_ASKS = 3;
// 6: five edits, which is more than people do in earnest, or changes of the tool; the next one ends it.
const MAX_REWRITES = 6;
const CHANGED_TOO_OFTEN = `it changed ${MAX_ASKS} times while people looked at it`;
const REWRITTEN_TOO_OFTEN = `it was edited, or its tool changed, ${MAX_REWRITES} times while people looked at it`;

export async function action(batch: BatchInput): Promise<void> {
  const { batchId, stepOf } = batch;
  const waiting = openWaiting(batchId, groupsAsked(batch.actions), stepOf?.reportsAs);
  // Temporal's own Cancel, as an operator may press it, means what our Signal means: end in good order.
  CancellationScope.current().cancelRequested.catch(() => {
    waiting.hold = 'cancelled';
  });
  await CancellationScope.nonCancellable(() => runBatch(batch, waiting));
}

async function runBatch(batch: BatchInput, waiting: Waiting): Promise<void> {
  const asked = batch.actions.map((one, index) => askFor(waiting, one, index, 0));
  listenForPeople(waiting);
  showInChannels(waiting);
  await flush(waiting); // on record before anyone sees a card

  const done: Settled[] = [];
  for (const [index, one] of batch.actions.entries()) {
    const goesOn = done.every(({ ending }) => ending.kind === 'succeeded');
    const settled = goesOn
      ? await settle(batch, waiting, one, index, asked[index])
      : { proposal: one.proposal, ending: cancelled(waiting, asked[index]) };
    done.push(settled);
    waiting.settled.push(settledOf(settled.proposal, settled.ending), ...(settled.steps ?? []));
    noteChange(waiting); // the actor has put its outcome on record
    await askWhetherItHappened(settled.proposal, settled.ending);
  }
  await recordEndings(done, waiting);
  await report(batch, waiting);
  showBatch(waiting, 'done');
  if (!isShown(waiting)) await showLast(waiting);
  await condition(allHandlersFinished);
  await flush(waiting); // a click that was counted while the report went out
}

/** How an action ended, as it was proposed last: people may have edited it. */
interface Settled {
  readonly proposal: Proposal;
  readonly ending: Ending;
  /** Those of the procedure that it started. */
  readonly steps?: readonly SettledAction[];
}

/** Bring one action to its end: leave of the people it needs, a fresh ruling, then the act. */
async function settle(
  batch: BatchInput,
  waiting: Waiting,
  one: RuledAction,
  index: number,
  asked: Approval | undefined,
): Promise<Settled> {
  const asks = askingFrom(waiting, index);
  let current = one;
  let approval = asked;
  let changes = 0;
  let rewrites = 0;
  while (changes < MAX_ASKS && rewrites < MAX_REWRITES) {
    const people = approval === undefined ? undefined : await waitForPeople(waiting, approval.id);
    const edit = people && editOf(people);
    if (people !== undefined && people.end !== 'approved' && edit === undefined) {
      return { proposal: current.proposal, ending: endingOfApproval(people) };
    }
    await flush(waiting);
    const came = edit === undefined ? await actWithLeave(batch, waiting, current, people) : rewriteOf(edit);
    if (came.kind === 'ended') return { proposal: current.proposal, ending: came.ending, steps: came.steps ?? [] };
    log.info('asking anew', { actionId: current.proposal.actionId, reason: came.reason });
    if (came.kind === 'ask_anew') {
      changes += 1;
      approval = changes < MAX_ASKS ? asks(came.again) : undefined;
      continue;
    }
    rewrites += 1;
    const anew = await proposeAnew(batch, waiting, current, came);
    if (anew.kind === 'invalid') {
      return { proposal: current.proposal, ending: { kind: 'denied', reason: anew.reason } };
    }
    current = anew.action;
    const { verdict, proposal } = current;
    if (verdict.kind === 'deny') return { proposal, ending: { kind: 'denied', reason: verdict.reason } };
    approval = rewrites < MAX_REWRITES ? asks(current) : undefined;
  }
  const reason = changes < MAX_ASKS ? REWRITTEN_TOO_OFTEN : CHANGED_TOO_OFTEN;
  return { proposal: current.proposal, ending: { kind: 'denied', reason } };
}

/** Ask for one action of the batch, each time under an approval of its own. */
function askingFrom(waiting: Waiting, index: number): (one: RuledAction) => Approval | undefined {
  let round = 0;
  return (one) => {
    round += 1;
    return askFor(waiting, one, index, round);
  };
}

const rewriteOf = ({ args = '', personId }: CountedDecision): Extract<Came, { kind: 'rewrite' }> => ({
  kind: 'rewrite',
  args,
  editor: personId,
  reason: `${personId} has edited it`,
});

/**
 * Take the action off, and propose it anew under a key of its own. The old one is ended on record first: it would else
 * stand in the way of the new one, as the same that is already open.
 */
async function proposeAnew(
  batch: BatchInput,
  waiting: Waiting,
  one: RuledAction,
  { args, editor, reason }: Extract<Came, { kind: 'rewrite' }>,
): Promise<Case> {
  waiting.unrecorded.push(
    settledEntry(one.proposal, { kind: 'cancelled', reason: `${reason}; proposed anew` }, Date.now()),
  );
  await flush(waiting);
  const anew = await ruleAnew(one, { args, editor }, batch.principal);
  if (anew.kind === 'ruled') waiting.unrecorded.push(...entriesOf(anew.action, Date.now()));
  await flush(waiting);
  return anew;
}

type Came =
  | { readonly kind: 'ended'; readonly ending: Ending; readonly steps?: readonly SettledAction[] }
  | { readonly kind: 'ask_anew'; readonly again: RuledAction; readonly reason: string }
  /** It must be proposed anew: an approver wrote other arguments, or its tool is declared otherwise now. */
  | { readonly kind: 'rewrite'; readonly args: string; readonly editor: string; readonly reason: string };

/** Rule on it again, and act while that ruling is fresh. What people approved must still stand each time. */
async function actWithLeave(
  batch: BatchInput,
  waiting: Waiting,
  one: RuledAction,
  people: Approval | undefined,
): Promise<Came> {
  const leave = people === undefined ? null : leaveOf(people);
  const decisions = people?.decisions.map((decision) => decision.signed) ?? [];
  for (let ruling = 0; ruling < MAX_RULINGS; ruling++) {
    if (await isCancelled(waiting, batch)) return STOPPED;
    const again = await ruleAgain(one, batch.principal, leave, people?.evidence);
    if (Date.now() >= (endOfLeave(leave) ?? Number.POSITIVE_INFINITY)) {
      return ended({ kind: 'expired', reason: 'nobody could act on it in time' });
    }
    const stand = people === undefined ? standOfAllowed(again) : stillStands(people, again, one.proposal.preconditions);
    if (stand.kind === 'tool_changed' && has('asks-anew-for-a-changed-tool')) {
      return { kind: 'rewrite', args: one.proposal.args, editor: '', reason: stand.reason };
    }
    if (stand.kind === 'denied' || stand.kind === 'tool_changed') {
      return ended({ kind: 'denied', reason: stand.reason });
    }
    if (stand.kind === 'ask_anew') return { kind: 'ask_anew', again, reason: stand.reason };
    // What was done is undone also where its conversation has ended.
    if (batch.stepOf?.undoes !== true && !(await workflowsRole.conversationRuns(batch.conversationId))) {
      return ended({ kind: 'cancelled', reason: 'its conversation has ended' });
    }
    if (await isCancelled(waiting, batch)) return STOPPED; // ruling and looking took time
    showBatch(waiting, 'acting');
    if (isStart(again)) return await runProcedure(batch, waiting, again);
    const performed = await untilCancelled(waiting, () =>
      actOnce(again, batch.principal, { approval: leave, decisions, notesResult: false }),
    );
    if (performed !== undefined) return ended(performed.ending);
  }
  return ended({ kind: 'denied', reason: NO_VERDICT_HELD });
}

const ended = (ending: Ending): Extract<Came, { kind: 'ended' }> => ({ kind: 'ended', ending });
const STOPPED = ended({ kind: 'cancelled', reason: 'it was stopped before it began' });

/** Start the procedure, and wait for its end: what stands behind it in the batch needs it done. */
async function runProcedure(batch: BatchInput, waiting: Waiting, { proposal }: RuledAction): Promise<Came> {
  const { batchId, principal } = batch;
  const { settled, quotes } = await procedureInBatch({ proposal, principal, batchId }, waiting);
  waiting.quotes.push(...quotes);
  const [start, ...steps] = settled;
  return { ...ended(start?.ending ?? { kind: 'failed', reason: 'its procedure told nothing' }), steps };
}

/** Open the approval that the verdict asks for; undefined when it asks nobody. */
function askFor(waiting: Waiting, one: RuledAction, index: number, round: number): Approval | undefined {
  const { proposal, evidence, verdict } = one;
  if (verdict.kind !== 'ask') return undefined;
  const id = approvalId(waiting.batchId, index, round);
  const approval = openApproval(id, waiting.batchId, proposal, evidence, verdict, Date.now());
  request(waiting, approval);
  return approval;
}

/** An action that asked nobody goes on only while the rules still allow it. */
function standOfAllowed(again: RuledAction): ReturnType<typeof stillStands> {
  const { verdict } = again;
  if (verdict.kind === 'allow') return { kind: 'stands' };
  return { kind: verdict.kind === 'ask' ? 'ask_anew' : 'denied', reason: verdict.reason };
}

function cancelled(waiting: Waiting, approval: Approval | undefined): Ending {
  if (approval !== undefined) endOpen(waiting, approval.id, 'cancelled');
  return { kind: 'cancelled', reason: 'a step before it in the same order was not done' };
}

/** Put on record how those ended that the actor never saw; the actor's own receipts stand. */
async function recordEndings(done: readonly Settled[], waiting: Waiting): Promise<void> {
  for (const { proposal, ending } of done) {
    if (ending.kind === 'succeeded' || ending.kind === 'unknown' || ending.kind === 'failed') continue;
    waiting.unrecorded.push(settledEntry(proposal, { kind: ending.kind, reason: ending.reason }, Date.now()));
  }
  await flush(waiting);
}

async function report(batch: BatchInput, waiting: Waiting): Promise<void> {
  const { conversationId, batchId, stepOf } = batch;
  if (stepOf !== undefined) return tellProcedure(stepOf.actionId);
  const { settled, approvals } = waiting;
  const quotes = [...new Set([...quotedOf(approvals), ...waiting.quotes])];
  const signed = await workflowsRole.signReport({ conversationId, batchId, settled, quotes });
  await tellConversation(conversationId, { batchId, signed });
}
