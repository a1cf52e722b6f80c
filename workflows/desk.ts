// The operator's desk: what the Temporal UI shows of a conversation and of a batch that waits. No decision is made here.
// May import domain and @temporalio/workflow.
import { defineSearchAttributeKey, type SearchAttributePair, SearchAttributeType } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { Approval } from '../domain/approval.ts';
import type { ConversationState } from '../domain/conversation.ts';
import { approvalsOf } from '../domain/decision.ts';
import { waitingWorkflowId } from '../domain/ids.ts';
import { SEARCH_ATTRIBUTES } from '../domain/protocol.ts';
import { timeText } from '../domain/text.ts';

const PHASE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.phase, SearchAttributeType.KEYWORD);
const WAITS_FOR = defineSearchAttributeKey(SEARCH_ATTRIBUTES.waitsFor, SearchAttributeType.KEYWORD_LIST);
/** What a batch has in common with its conversation. */
const QUEUE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.queue, SearchAttributeType.KEYWORD);
const INHERITED = [
  ...[SEARCH_ATTRIBUTES.agent, SEARCH_ATTRIBUTES.owner, SEARCH_ATTRIBUTES.tenant].map((name) =>
    defineSearchAttributeKey(name, SearchAttributeType.KEYWORD),
  ),
  QUEUE,
];
const PRIORITY = defineSearchAttributeKey(SEARCH_ATTRIBUTES.priority, SearchAttributeType.INT);

/** Keep the columns of a conversation's row true. A change costs one event of history, so only a change is written. */
function showColumns(state: ConversationState): void {
  const groups = [...new Set(state.waiting.flatMap((batch) => namesIn(batch.group)))];
  const { intake } = state;
  const routed = intake === undefined ? '' : ` · ${intake.priority} ${intake.queue}`;
  const shown = `${state.phase} · ${groups.join(', ')}${routed}`;
  if (shown === state.shown) return;
  state.shown = shown;
  upsertSearchAttributes([
    { key: PHASE, value: state.phase },
    { key: WAITS_FOR, value: groups.length === 0 ? null : groups },
    ...(intake === undefined
      ? []
      : [
          { key: PRIORITY, value: intake.priority },
          { key: QUEUE, value: intake.queue },
        ]),
  ]);
}

/** The groups of a batch, which stands for all of them in one text. */
const namesIn = (groups: string): string[] => groups.split(', ');

/** What a batch's row says: whose it is, and whom it waits for. */
export function attributesOfBatch(group: string): SearchAttributePair[] {
  const { typedSearchAttributes: own } = workflowInfo();
  const inherited = INHERITED.flatMap((key) => pairOf(key, own.get(key)));
  return [
    ...inherited,
    ...pairOf(PRIORITY, own.get(PRIORITY)),
    { key: PHASE, value: 'waiting' },
    { key: WAITS_FOR, value: namesIn(group) },
  ];
}

function pairOf(key: SearchAttributePair['key'], value: unknown): SearchAttributePair[] {
  return value === undefined ? [] : [{ key, value } as SearchAttributePair];
}

export type BatchPhase = 'waiting' | 'acting' | 'done';

/** What a batch's row says while it lives. `group` is '' when it waits for nobody. */
export function showBatchColumns(phase: BatchPhase, group: string): void {
  upsertSearchAttributes([
    { key: PHASE, value: phase },
    { key: WAITS_FOR, value: group === '' ? null : namesIn(group) },
  ]);
}

/** The live panel of a conversation, and the columns of its row. */
export function describeConversation(state: ConversationState): void {
  showColumns(state);
  const waits = state.waiting.map(
    (batch) =>
      `- \`${waitingWorkflowId(batch.batchId)}\` waits for **${batch.group}** until ${timeText(batch.deadlineMs)}: ` +
      batch.summaries.map(escaped).join('; '),
  );
  setCurrentDetails(
    [
      `**${state.phase}** · agent ${state.agent} · turn ${state.turn} · ${state.inbox.length} queued`,
      ...(state.intake === undefined ? [] : ['', `Priority ${state.intake.priority} · queue ${state.intake.queue}`]),
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
          `rule ${one.ruleId} · until ${timeText(one.deadlineMs)} · approval \`${one.id}\``,
      )
      .join('\n'),
  );
}

/** Text of a principal or a record, made plain for Markdown. */
const escaped = (text: string): string => text.replace(/[\\`*_{}[\]()#+!|<>~]/g, '\\$&').replace(/\s+/g, ' ');
