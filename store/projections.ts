// What each entry does to the read models: one case per kind of fact, run in the entry's own transaction. Entries of
// several roles may arrive late, so nothing here moves an action back or ends an approval twice. May import domain
// types and trust.
import type { Outcome } from '../domain/action.ts';
import type { Approval } from '../domain/approval.ts';
import { addDecision } from '../domain/decision.ts';
import type { Entry, FactOf } from '../domain/entry.ts';
import { standingIn } from '../domain/intake-record.ts';
import { approvalHandle } from '../trust/digest.ts';
import { readDecision } from '../trust/decision.ts';
import { later } from './later.ts';
import type { ActionRow } from './ports.ts';
import type { Tx } from './schema.ts';
import { noteOpening, underOfConversation, underOfPrincipal } from './subjects.ts';
import { openRow, sealedCell } from './words.ts';

export async function project(tx: Tx, { subject, conversationId, atMs, fact }: Entry): Promise<void> {
  switch (fact.kind) {
    case 'conversation_opened':
      return insertConversation(tx, conversationId, fact, atMs);
    case 'phase':
      return touchConversation(tx, conversationId, atMs, { phase: fact.phase });
    case 'message':
    case 'replied':
      return touchConversation(tx, conversationId, atMs, {});
    case 'intake':
      return keepIntake(tx, conversationId, fact, atMs);
    case 'proposed':
      return insertAction(tx, fact, atMs);
    case 'ruled':
      return moveAction(tx, subject, 'ruled', atMs, await ruledCells(tx, conversationId, subject, fact));
    case 'approval_requested':
      await insertApproval(tx, fact.approval);
      return moveAction(tx, fact.approval.actionId, 'waiting', atMs, { approval_id: fact.approval.id });
    case 'decided':
      return showDecision(tx, fact);
    case 'approval_settled':
      return writeApproval(tx, fact.approval);
    case 'claimed':
      return moveAction(tx, subject, 'claimed', atMs, {});
    case 'settled':
      return settleAction(tx, subject, conversationId, fact.outcome, atMs);
    case 'commanded':
    case 'turn_limited':
    case 'budget_reached':
    case 'budget_opened':
    case 'facts_erased':
    case 'message_refused':
    case 'report_refused':
    case 'model_call':
    case 'model_call_failed':
    case 'inspected':
    case 'approval_noticed':
    case 'decision_refused':
    case 'attempted':
    case 'reconciled':
    case 'warrant_refused':
    case 'switched':
    case 'ledger_read':
    case 'ledger_resumed':
    case 'approval_seen':
    case 'card_shown':
    case 'card_not_shown':
    case 'configured':
    case 'operator_act':
    case 'api_key_added':
    case 'api_key_revoked':
    case 'erased':
    case 'maintained':
    case 'master_key_changed':
      return;
    default:
      return fact satisfies never;
  }
}

async function insertConversation(
  tx: Tx,
  id: string,
  fact: FactOf<'conversation_opened'>,
  atMs: number,
): Promise<void> {
  const { agent, tenant, owner, principal, channel } = fact;
  noteOpening(tx);
  const under = await underOfPrincipal(tx, principal);
  await tx
    .insertInto('conversations')
    .values({
      id,
      agent,
      tenant,
      owner,
      principal_id: principal.id,
      principal: await sealedCell(under, 'conversations.principal', id, principal),
      ...(under.keyId === undefined ? {} : { key_id: under.keyId }),
      channel: channel === undefined ? null : JSON.stringify(channel),
      phase: 'open',
      created_ms: atMs,
      updated_ms: atMs,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function touchConversation(
  tx: Tx,
  id: string,
  atMs: number,
  change: { readonly phase?: FactOf<'phase'>['phase'] },
): Promise<void> {
  const touched = tx
    .updateTable('conversations')
    .set((eb) => ({ ...change, updated_ms: eb.fn<number>('greatest', ['updated_ms', eb.val(atMs)]) }))
    .where('id', '=', id)
    // The end is final: what was recorded late says nothing of it.
    .$if(change.phase !== undefined, (query) => query.where('phase', '!=', 'closed'));
  await later(tx, touched);
}

/** The last one stands; an entry that comes late is of an earlier turn. */
async function keepIntake(tx: Tx, id: string, fact: FactOf<'intake'>, atMs: number): Promise<void> {
  const row = await tx.selectFrom('conversations').select('intake').where('id', '=', id).executeTakeFirst();
  if ((row?.intake?.turn ?? 0) > fact.turn) return;
  const under = await underOfConversation(tx, id);
  const intake = await sealedCell(under, 'conversations.intake', id, standingIn(fact));
  await tx
    .updateTable('conversations')
    .set((eb) => ({
      intake,
      updated_ms: eb.fn<number>('greatest', ['updated_ms', eb.val(atMs)]),
    }))
    .where('id', '=', id)
    .execute();
}

async function insertAction(tx: Tx, { proposal }: FactOf<'proposed'>, atMs: number): Promise<void> {
  const { salt: _, ...shown } = proposal;
  const under = await underOfConversation(tx, proposal.conversationId);
  const inserted = tx
    .insertInto('actions')
    .values({
      id: proposal.actionId,
      conversation_id: proposal.conversationId,
      proposal: await sealedCell(under, 'actions.proposal', proposal.actionId, shown),
      stage: 'proposed',
      created_ms: atMs,
      updated_ms: atMs,
    })
    .onConflict((conflict) => conflict.doNothing());
  await later(tx, inserted);
}

async function ruledCells(tx: Tx, conversationId: string, id: string, { verdict, evidence }: FactOf<'ruled'>) {
  const under = await underOfConversation(tx, conversationId);
  return {
    verdict: await sealedCell(under, 'actions.verdict', id, verdict),
    evidence: evidence === null ? null : await sealedCell(under, 'actions.evidence', id, evidence),
  };
}

// From which stages an action may come. It is ruled on again after people have decided, hence `waiting` before `ruled`.
const COMES_FROM: Record<'ruled' | 'waiting' | 'claimed', readonly ActionRow['stage'][]> = {
  ruled: ['proposed', 'ruled', 'waiting'],
  waiting: ['proposed', 'ruled', 'waiting'],
  claimed: ['proposed', 'ruled', 'waiting'],
};

async function moveAction(
  tx: Tx,
  id: string,
  stage: keyof typeof COMES_FROM,
  atMs: number,
  change: { readonly verdict?: string; readonly evidence?: string | null; readonly approval_id?: string },
): Promise<void> {
  const moved = tx
    .updateTable('actions')
    .set({ ...change, stage, updated_ms: atMs })
    .where('id', '=', id)
    .where('stage', 'in', COMES_FROM[stage]);
  await later(tx, moved);
}

/** The first outcome stands; only `unknown` may be corrected. */
async function settleAction(tx: Tx, id: string, conversationId: string, outcome: Outcome, atMs: number): Promise<void> {
  const cell = await sealedCell(await underOfConversation(tx, conversationId), 'actions.outcome', id, outcome);
  const ended = tx
    .updateTable('actions')
    .set({ stage: 'settled', outcome: cell, outcome_kind: outcome.kind, updated_ms: atMs })
    .where('id', '=', id)
    .where((eb) => eb.or([eb('outcome_kind', 'is', null), eb('outcome_kind', '=', 'unknown')]));
  await later(tx, ended);
}

async function approvalCell(tx: Tx, approval: Approval): Promise<string> {
  const under = await underOfConversation(tx, approval.conversationId);
  return sealedCell(under, 'approvals.approval', approval.id, approval);
}

async function insertApproval(tx: Tx, approval: Approval): Promise<void> {
  await tx
    .insertInto('approvals')
    .values({
      id: approval.id,
      conversation_id: approval.conversationId,
      group_name: approval.group,
      end_state: approval.end,
      asked_ms: approval.askedMs,
      handle: approvalHandle(approval),
      batch_id: approval.batchId,
      agent: approval.agent,
      rule_id: approval.question === undefined ? approval.ruleId : null,
      approval: await approvalCell(tx, approval),
      escalation: JSON.stringify(approval.escalation ?? []),
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** An approval that has ended stays as it ended. */
async function writeApproval(tx: Tx, approval: Approval): Promise<void> {
  await tx
    .updateTable('approvals')
    .set({ end_state: approval.end, approval: await approvalCell(tx, approval) })
    .where('id', '=', approval.id)
    .where('end_state', '=', 'open')
    .execute();
}

/** Show a counted decision while the approval is open. Its signature was verified by whoever recorded it. */
async function showDecision(tx: Tx, { approvalId, signed }: FactOf<'decided'>): Promise<void> {
  const row = await tx
    .selectFrom('approvals')
    .select(['id', 'approval'])
    .where('id', '=', approvalId)
    .executeTakeFirst();
  const decision = readDecision(signed);
  if (row === undefined || decision === undefined) return;
  const { approval: before } = await openRow(tx, 'approvals', row);
  const approval = addDecision(before, decision);
  if (approval !== before) await writeApproval(tx, approval);
}
