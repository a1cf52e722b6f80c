// Writing down what the Workflow knows, and what becomes of an action that could not be finished. All idempotent.
// May import domain, trust and store types.
import { endingOf, type Outcome, type Proposal, type SettledAction } from '../../domain/action.ts';
import type { WorkflowsActivities } from '../../domain/activity-ports.ts';
import type { Entry } from '../../domain/entry.ts';
import { OF_ANOTHER } from '../../domain/failure.ts';
import { questionId, PLACE, placeOf } from '../../domain/ids.ts';
import { howToRead } from '../../domain/parts.ts';
import type { Item } from '../../domain/item.ts';
import type { ReportStatement } from '../../domain/signed.ts';
import { refOf } from '../../domain/sources.ts';
import { cutText, cutToJson, utf8Bytes } from '../../domain/text.ts';
import type { ActionRow } from '../../store/ports.ts';
import { itemDigest } from '../../trust/digest.ts';
import { haveCards } from './cards.ts';
import type { WorkflowsDeps } from './deps.ts';

// 2,000 characters of a result: what the model needs to tell the outcome; the whole stays with the action.
const MAX_RESULT_CHARS = 2_000;
// 9,000 bytes of a report as JSON: signed, in base64, it stays within what a conversation takes in (MAX_REPORT_CHARS).
const MAX_REPORT_BYTES = 9_000;
// 2,000 bytes of JSON: a handful of questions whose answers the conversation waits for, which fit beside that text. People
// are asked all of them, and the actions tell the rest.
const MAX_ASKED_BYTES = 2_000;

export function createRecord(deps: WorkflowsDeps): WorkflowsActivities['record'] {
  return async ({ entries, items }) => {
    if (items.length === 0) {
      await deps.store.record(entries);
      return (await haveCards(deps, entries)) ? { items: [], hasCards: true } : [];
    }
    const written = await deps.store.items.append(items, (all) => [
      ...entries,
      ...all.flatMap((item) => replied(item, deps.nowMs())),
    ]);
    return written.map(refOf);
  };
}

/** A reply of code ends its turn as a reply of the model does. */
function replied(item: Item, nowMs: number): readonly Entry[] {
  if (item.body.kind !== 'reply') return [];
  const { conversationId, turn } = item;
  const fact = { kind: 'replied', turn, itemId: item.id, itemDigest: itemDigest(item), by: item.body.by } as const;
  return [{ subject: conversationId, step: `replied:${turn}`, conversationId, atMs: nowMs, fact }];
}

export function createSignReport(deps: WorkflowsDeps): WorkflowsActivities['signReport'] {
  return async ({ conversationId, batchId, settled, quotes = [], what = 'What waited' }) => {
    const rows = await Promise.all(settled.map((one) => deps.store.actions.get(one.actionId)));
    const lines = settled.map((one, at) => lineOf(one, rows[at]));
    const whole = `${what} has ended:\n${lines.join('\n')}`;
    const cut = cutToJson(whole, MAX_REPORT_BYTES);
    const text = cut === whole ? whole : `${cut} … (cut; the actions have the rest)`;
    const handsOver = settled.some((one) => one.then === 'handover' && one.ending.kind === 'succeeded');
    const asked = questionsOf(settled);
    const denials = settled.filter((one) => one.ending.kind === 'denied').length;
    const about = { conversationId, batchId, text, handsOver, asked, denials, ...quoting(quotes) };
    return deps.signer.sign({ kind: 'report', ...about, atMs: deps.nowMs() });
  };
}

/** Of what may or may not have happened, as many as fit. */
function questionsOf(settled: readonly SettledAction[]): readonly { questionId: string; summary: string }[] {
  const unknown = settled.filter(({ ending }) => ending.kind === 'unknown');
  const asked = unknown.map(({ actionId, summary }) => ({ questionId: questionId(actionId), summary }));
  while (utf8Bytes(JSON.stringify(asked)) > MAX_ASKED_BYTES) asked.pop();
  return asked;
}

export function createSignAskBack(deps: WorkflowsDeps): WorkflowsActivities['signAskBack'] {
  return ({ approval, decision: { decisionId, personId, reason }, as }) => {
    const { conversationId, batchId, summary, group } = approval;
    const text = cutToJson(
      `${personId} of ${group} asks before deciding on ${summary}: ${reason}\nIt still waits. Ask the requester.`,
      MAX_REPORT_BYTES,
    );
    const whose = { conversationId, batchId: as ?? batchId, ...(as === undefined ? {} : { asksIn: batchId }) };
    const about = { ...whose, text, asksBack: decisionId, ...quoting([personId]) };
    return deps.signer.sign({ kind: 'report', ...about, atMs: deps.nowMs() });
  };
}

const quoting = (quotes: readonly string[]): Pick<ReportStatement, 'quotes'> => (quotes.length === 0 ? {} : { quotes });

function lineOf(one: SettledAction, row: ActionRow | undefined): string {
  const { kind, reason } = one.ending;
  const outcome = row?.outcome;
  const result = outcome?.kind === 'succeeded' ? resultIn(outcome, placeOf(one.actionId)) : '';
  return `- ${one.summary}: ${kind}${reason === '' ? '' : ` (${reason})`}.${result}`;
}

function resultIn({ result, isLost }: Extract<Outcome, { kind: 'succeeded' }>, place: string): string {
  if (isLost === true) return ' What it gave back is lost.';
  const text = ` Result: ${JSON.stringify(result)}`;
  if (text.length <= MAX_RESULT_CHARS) return text;
  // What a step gave back has no place: it is for the procedure.
  const how = PLACE.test(place) ? `; ${howToRead(place, 0)} shows all of it` : '';
  return `${cutText(text, MAX_RESULT_CHARS)} [in part${how}]`;
}

export function createCloseUnfinished(deps: WorkflowsDeps): WorkflowsActivities['closeUnfinished'] {
  return async ({ proposal, as, reason }) => endingOf(await closeAction(deps, proposal, as, reason));
}

/**
 * End an action that nobody carries out any more. Where nobody has claimed it this takes the claim, so that nobody can;
 * a claim without a receipt is `unknown`.
 */
export async function closeAction(
  deps: WorkflowsDeps,
  action: Pick<Proposal, 'actionId' | 'conversationId' | 'digest' | 'tenant' | 'agent' | 'tool' | 'effect'>,
  as: 'cancelled' | 'failed' | 'expired',
  reason: string,
): Promise<Outcome> {
  const { actionId, conversationId, digest, tenant, agent, tool, effect } = action;
  const nowMs = deps.nowMs();
  const undone: Outcome = { kind: as, reason };
  // A procedure that somebody ended in Temporal was nothing that could be claimed; its steps are.
  if (effect === 'read' || effect === 'start') {
    const fact = { kind: 'settled', outcome: undone } as const;
    await deps.store.record([{ subject: actionId, step: 'settled', conversationId, atMs: nowMs, fact }]);
    return undone;
  }
  const { claims } = deps.store;
  const closed = await claims.close({ actionId, conversationId, digest, tenant, agent, tool, nowMs }, undone);
  if (closed.kind === 'closed') return closed.outcome;
  if (closed.claim.digest !== digest) {
    return { kind: 'unknown', reason: `${OF_ANOTHER.close}${OF_ANOTHER.then}` };
  }
  if (closed.claim.outcome !== null) return closed.claim.outcome;
  // Whoever still holds it is fenced off: from here on only the news that it happened can correct the outcome.
  const { epoch } = (await claims.takeOver(actionId, { acts: false })).claim;
  const unknown: Outcome = { kind: 'unknown', reason: `it was begun and its end was never recorded: ${reason}` };
  return claims.receipt({ actionId, epoch, outcome: unknown, nowMs });
}
