// Rows as the caller may see them. Arguments, evidence, tool results and other people's internals are for staff.
// Pure. May import domain and store types.
import type { z } from 'zod';
import type { Outcome } from '../domain/action.ts';
import type { Approval as ApprovalRow, CountedDecision } from '../domain/approval.ts';
import { type CardField, cardOf, headlineOf } from '../domain/card.ts';
import { approvalsOf } from '../domain/decision.ts';
import { type Shown, shownLine } from '../domain/display.ts';
import type { Item as ItemRow } from '../domain/item.ts';
import { sourceText } from '../domain/origin-words.ts';
import type { Principal } from '../domain/principal.ts';
import { type archivedBefore, HELD_PHASES } from '../domain/retention.ts';
import type { ActionRow, ConversationRow } from '../store/ports.ts';
import type { Eyes } from './access.ts';
import { PAGE_LIMITS } from './approval-page.ts';
import type { Approval, ApprovalLooked } from './approval-schemas.ts';
import type { Action, Conversation, ConversationDetail, Item, Waiting } from './schemas.ts';

export const urlOfConversation = (id: string): string => `/v1/conversations/${id}`;
export const urlOfMessage = (id: string, messageId: string): string => `${urlOfConversation(id)}/messages/${messageId}`;

export function conversationView(
  row: ConversationRow,
  archived: ReturnType<typeof archivedBefore>,
): z.input<typeof Conversation> {
  const { id, agent, phase, principal, intake, createdMs, updatedMs, textsDeletedMs } = row;
  const isArchived =
    !HELD_PHASES.some((held) => held === phase) &&
    archived.some((one) => one.agent === agent && updatedMs <= one.beforeMs);
  const { priority = null, queue = null } = intake ?? {};
  const at = { url: urlOfConversation(id), createdMs, updatedMs };
  return { id, agent, phase, principal: who(principal), priority, queue, ...at, isArchived, textsDeletedMs };
}

/** Facts are people's words, and what made a route is the team's business. */
export function intakeView(
  { intake }: ConversationRow,
  eyes: Eyes,
): Pick<z.input<typeof ConversationDetail>, 'intake'> {
  if (eyes !== 'staff') return {};
  if (intake === null) return { intake };
  const { turn, version, priority, queue, next, open, facts } = intake;
  const told = facts.map(({ name, state, why, said }) => ({ name, state, why, said: [...said] }));
  return { intake: { turn, version, priority, queue, next, open: [...open], facts: told } };
}

/** True when these eyes may see the item: the principal sees what was said, staff also what tools were asked. */
export function isVisible({ body }: ItemRow, eyes: Eyes): boolean {
  return eyes === 'staff' || (body.kind !== 'calls' && body.kind !== 'tool_result' && !isForModels(body));
}

const isForModels = ({ kind }: ItemRow['body']): boolean => kind === 'facts' || kind === 'summary';

export function itemView(item: ItemRow): z.input<typeof Item> {
  const { id, seq, turn, trust, createdMs, body, isErased } = item;
  const mark = isErased ? { isErased } : {};
  const common = { id, seq, turn, kind: body.kind, trust, text: body.text, createdMs, ...mark };
  switch (body.kind) {
    case 'message':
    case 'staff_reply':
      return { ...common, from: who(body.from) };
    case 'calls':
      return { ...common, calls: body.calls.map(({ tool, argumentsText }) => ({ tool, argumentsText })) };
    case 'tool_result':
      return { ...common, tool: body.tool };
    case 'reply':
    case 'summary':
      return { ...common, by: body.by };
    case 'facts':
    case 'report':
      return common;
    default:
      return body satisfies never;
  }
}

export function waitingView(approval: ApprovalRow): z.input<typeof Waiting> {
  const { id, actionId, question = null, summary, group, quorum, decisions, askedMs, deadlineMs, end } = approval;
  const approvals = approvalsOf({ decisions });
  return { id, actionId, question, summary, group, quorum, approvals, askedMs, deadlineMs, end };
}

type Names = Readonly<Record<string, string>>;
const shownView = ({ text, flags }: Shown) => ({ text, flags: [...flags] });

/** `names`: what people are called, by id. */
export function approvalView(approval: ApprovalRow, names: Names): z.input<typeof Approval> {
  const { conversationId, agent, tool, digest, ruleId, reason, requester, evidence } = approval;
  const [what, forWhom, howMuch] = headlineOf(approval, names);
  return {
    ...waitingView(approval),
    headline: { what: shownView(what), forWhom: shownView(forWhom), howMuch: shownView(howMuch) },
    conversationId,
    agent,
    tool,
    args: readJson(approval.args),
    digest,
    ruleId,
    reason,
    requester,
    evidence: evidence && { asOfMs: evidence.asOfMs, version: evidence.version, record: { ...evidence.record } },
    decisions: approval.decisions.map(saidView),
    asides: (approval.asides ?? []).map(saidView),
    editors: [...(approval.editors ?? [])],
    escalation: [...(approval.escalation ?? [])],
    // Of one whose words are gone nothing is left of how much it was.
    amount: approval.amount?.currency ? approval.amount : null,
  };
}

/** The same, looked through as its page does. */
export function approvalLookedView(approval: ApprovalRow, names: Names, nowMs: number): z.input<typeof ApprovalLooked> {
  const asks = [{ approval, handle: '', outcome: null }];
  const [ask] = cardOf({ id: approval.batchId, asks, batch: [approval], alsoRuns: [], names }, PAGE_LIMITS, nowMs).asks;
  if (ask === undefined) throw new Error('a card must have an ask for each approval');
  const ofFields = (of: 'argument' | 'evidence', fields: readonly CardField[]) =>
    fields.map(({ name, value }) => ({ of, name, ...shownView(value) }));
  const lines = (['rule', 'reason', 'requester'] as const).map((of) => ({ of, name: '', ...shownView(ask[of]) }));
  const all = [...ofFields('argument', ask.fields), ...ofFields('evidence', ask.evidence?.fields ?? []), ...lines];
  const flagged = all.filter(({ flags }) => flags.length > 0);
  const origins = (approval.provenance?.values ?? []).map((value) => {
    const shown = (text: string) => shownLine(text, PAGE_LIMITS.valueChars);
    return { path: shown(value.path).text, origin: value.origin, ...shownView(shown(sourceText(value))) };
  });
  return { ...approvalView(approval, names), flagged, origins, isWhole: ask.isWhole };
}

const saidView = ({ decisionId, personId, answer, reason, atMs }: CountedDecision) => ({
  ...{ id: decisionId, personId, answer, reason, atMs },
});

export function actionView(row: ActionRow, eyes: Eyes): z.input<typeof Action> {
  const { id, conversationId, agent, tool, effect, summary, stage, verdict, approvalId, createdMs, updatedMs } = row;
  return {
    id,
    conversationId,
    agent,
    tool,
    effect,
    summary,
    stage,
    verdict: verdict && {
      kind: verdict.kind,
      ruleId: verdict.ruleId,
      ruleVersion: verdict.ruleVersion,
      reason: verdict.reason,
    },
    approvalId,
    outcome: row.outcome && outcomeView(row.outcome, eyes),
    ...(eyes === 'staff' ? { args: readJson(row.args), evidence: row.evidence } : {}),
    createdMs,
    updatedMs,
  };
}

function outcomeView(outcome: Outcome, eyes: Eyes): z.input<typeof Action>['outcome'] {
  if (outcome.kind !== 'succeeded') return { kind: outcome.kind, reason: outcome.reason };
  return { kind: outcome.kind, reason: '', ...(eyes === 'staff' ? { result: outcome.result } : {}) };
}

const who = ({ id, name }: Principal): { id: string; name: string } => ({ id, name });

/** Arguments are canonical JSON; erased ones are an empty text. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
