// The operator's desk: what the Temporal UI shows of a conversation and of a batch that waits. No decision is made here.
// May import domain and @temporalio/workflow.
import { defineSearchAttributeKey, type SearchAttributePair, SearchAttributeType } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { Approval } from '../domain/approval.ts';
import type { ConversationState } from '../domain/conversation.ts';
import { SEARCH_ATTRIBUTES } from '../domain/protocol.ts';
import { actionWorkflowId } from '../domain/ids.ts';

const PHASE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.phase, SearchAttributeType.KEYWORD);
const WAITING_FOR = defineSearchAttributeKey(SEARCH_ATTRIBUTES.waitingFor, SearchAttributeType.KEYWORD);
const AGENT = defineSearchAttributeKey(SEARCH_ATTRIBUTES.agent, SearchAttributeType.KEYWORD);
const TENANT = defineSearchAttributeKey(SEARCH_ATTRIBUTES.tenant, SearchAttributeType.KEYWORD);

/** Keep the columns of a conversation's row true. One event each, so only when the phase changes. */
export function showPhase(state: ConversationState): void {
  upsertSearchAttributes([{ key: PHASE, value: state.phase }]);
}

/** What a batch's row says: whom it waits for. */
export function attributesOfBatch(agent: string, tenant: string, group: string): SearchAttributePair[] {
  return [
    { key: AGENT, value: agent },
    { key: TENANT, value: tenant },
    { key: PHASE, value: 'waiting' },
    { key: WAITING_FOR, value: group },
  ];
}

export function showBatchPhase(phase: 'waiting' | 'acting' | 'done'): void {
  upsertSearchAttributes([{ key: PHASE, value: phase }]);
}

/** The live panel of a conversation. */
export function describeConversation(state: ConversationState): void {
  const waits = state.waiting.map(
    (batch) =>
      `- \`${actionWorkflowId(batch.batchId)}\` waits for **${batch.group}** until ${time(batch.deadlineMs)}: ` +
      batch.summaries.map(escaped).join('; '),
  );
  setCurrentDetails(
    [
      `**${state.phase}** · agent ${state.agent} · turn ${state.turn} · ${state.inbox.length} queued`,
      ...(waits.length > 0 ? ['', 'Waiting:', ...waits] : []),
    ].join('\n'),
  );
}

/** The live panel of a batch: one line per approval. */
export function describeBatch(approvals: readonly Approval[]): void {
  setCurrentDetails(
    approvals
      .map(
        (one) =>
          `- **${one.end}** ${escaped(one.summary)} · ${one.group}, ${approvalsOf(one)} of ${one.quorum} · ` +
          `rule ${one.ruleId} · until ${time(one.deadlineMs)} · approval \`${one.id}\``,
      )
      .join('\n'),
  );
}

export function time(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

const approvalsOf = (approval: Approval): number => approval.decisions.filter((one) => one.answer === 'approve').length;

/** Text of a principal or a record, made plain for Markdown. */
const escaped = (text: string): string => text.replace(/[\\`*_{}[\]()#+!|<>~]/g, '\\$&').replace(/\s+/g, ' ');
