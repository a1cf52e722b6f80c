// The operator's desk: what the Temporal UI shows of a conversation and of a batch that waits. No decision is made here.
// May import domain and @temporalio/workflow.
import { defineSearchAttributeKey, type SearchAttributePair, SearchAttributeType } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { SettledAction } from '../domain/action.ts';
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

/** The groups of a batch, which stands for all of them in one text; none where it waits for nobody. */
const namesIn = (groups: string): string[] => (groups === '' ? [] : groups.split(', '));

/** What a batch's row says: whose it is, and whom it waits for. */
export function attributesOfBatch(group: string, phase: BatchPhase = 'waiting'): SearchAttributePair[] {
  const { typedSearchAttributes: own } = workflowInfo();
  const inherited = INHERITED.flatMap((key) => pairOf(key, own.get(key)));
  return [
    ...inherited,
    ...pairOf(PRIORITY, own.get(PRIORITY)),
    { key: PHASE, value: phase },
    ...(group === '' ? [] : [{ key: WAITS_FOR, value: namesIn(group) } as const]),
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
  const waits = state.waiting.map((batch) => {
    const how = batch.group === '' ? 'goes on' : `waits for **${batch.group}** until ${timeText(batch.deadlineMs)}`;
    return `- \`${waitingWorkflowId(batch.batchId)}\` ${how}: ${batch.summaries.map(escaped).join('; ')}`;
  });
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

/** The live panel of a procedure: one line per step. */
export function describeProcedure(settled: readonly SettledAction[], now: string): void {
  const lines = settled.map(({ actionId, summary, ending }) => {
    return `- **${ending.kind}** ${escaped(summary)} · \`${actionId}\` ${escaped(ending.reason)}`;
  });
  setCurrentDetails([...lines, ...(now === '' ? [] : [`- ${escaped(now)}`])].join('\n'));
}

/** Text of a principal or a record, made plain for Markdown. */
const escaped = (text: string): string => text.replace(/[\\`*_{}[\]()#+!|<>~]/g, '\\$&').replace(/\s+/g, ' ');
