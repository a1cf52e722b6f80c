// Opening a turn: who really speaks, and what goes on the transcript. A message whose signature does not hold is put on
// record and changes nothing. May import domain, trust and store types.
import { endingOf } from '../../domain/action.ts';
import type { TurnOf, WorkflowsActivities } from '../../domain/activity-ports.ts';
import type { OpenedTurn } from '../../domain/opened-turn.ts';
import { type Agent, limitsOf, onTeam } from '../../domain/agent.ts';
import type { SubmittedMessage } from '../../domain/conversation.ts';
import type { Entry } from '../../domain/entry.ts';
import { againKey, messageKey, reportKey, resultKey } from '../../domain/ids.ts';
import type { Item, NewItem } from '../../domain/item.ts';
import { refOf } from '../../domain/sources.ts';
import type { MessageStatement, ReportStatement, Signed } from '../../domain/signed.ts';
import type { ActionRow } from '../../store/ports.ts';
import { itemDigest, sha256Hex } from '../../trust/digest.ts';
import { SignatureInvalid } from '../../trust/signing.ts';
import { agentOf } from './agents.ts';
import { cardsOf } from './cards.ts';
import type { WorkflowsDeps } from './deps.ts';
import { intakeWork } from './intake.ts';

type Verified = { readonly message: SubmittedMessage; readonly statement: MessageStatement };

export function createOpenTurn(
  deps: WorkflowsDeps,
  reserve: WorkflowsActivities['reserve'],
): WorkflowsActivities['openTurn'] {
  return async ({ of, messages, handedOver, answers, first: firstCall }) => {
    const { agent } = agentOf(deps.agents, of.agent);
    const verified: Verified[] = [];
    for (const message of messages) {
      const checked = await verifyMessage(deps, of, message);
      if (typeof checked === 'string') await refuse(deps, of, message, checked);
      else verified.push({ message, statement: checked });
    }
    const first = verified[0];
    if (first === undefined) return { kind: 'refused' };
    const lastTurn = await turnBefore(
      deps,
      of,
      verified.map(({ message }) => messageKey(message.id)),
    );
    if (lastTurn !== undefined) return { kind: 'behind', lastTurn };
    const byTeam = handedOver && onTeam(agent, deps.directory, first.statement.principal.id);
    const written = await deps.store.items.append(
      verified.map((one) => itemOf(of, one, byTeam)),
      (items) => verified.flatMap((one, at) => entriesOf(deps, of, one, items[at], byTeam)),
    );
    // Who sends the same again after so long that the Workflow has forgotten it was answered then.
    const items = written.filter((item) => item.turn === of.turn).map(refOf);
    if (items.length === 0) return { kind: 'refused' };
    if (await isClosed(deps, of)) return { kind: 'noted', items, handedBack: false };
    const intake = answers ? await intakeWork(deps, of, written, handedOver) : {};
    if (handedOver || !answers) return { kind: 'noted', items, handedBack: byTeam, ...intake };
    const principal = first.message.signed;
    const speaks = { kind: 'speaks', principal, items, ...limitsIn(agent), ...intake } as const;
    if (firstCall === undefined || speaks.intake !== undefined) return speaks;
    const show = [...firstCall.show, ...items.map(({ id }) => id)];
    // This step may have waited for a store that was away: what is held from then on must not be old by then.
    const atMs = Math.max(firstCall.atMs, deps.nowMs());
    return { ...speaks, held: await reserve({ atMs, of, call: 0, show, mayCall: true, principal }) };
  };
}

export function createOpenReportTurn(deps: WorkflowsDeps): WorkflowsActivities['openReportTurn'] {
  return async ({ of, principal, batchId, signed, handedOver }): Promise<OpenedTurn> => {
    const { agent } = agentOf(deps.agents, of.agent);
    const { conversationId } = of;
    const statement = await statementFor(deps, { conversationId, batchId, signed });
    if (statement === undefined) return { kind: 'refused' };
    const lastTurn = await turnBefore(deps, of, [keyOfReport(statement)]);
    if (lastTurn !== undefined) return { kind: 'behind', lastTurn };
    const closed = await isClosed(deps, of);
    const isAnew = statement.again !== undefined && !closed;
    const anew = isAnew ? await deps.store.actions.get(statement.again ?? '') : undefined;
    const written = await deps.store.items.append(itemsOfReport(of, statement, anew));
    const stillWaits = statement.asksBack !== undefined;
    // The batch waits on, so nothing else tells that this was said in an earlier turn.
    if (stillWaits && written.every((item) => item.turn !== of.turn)) return { kind: 'refused' };
    const items = written.map(refOf);
    const [report, again] = items;
    const { handsOver = false, asked = [], denials = 0, quotes = [] } = statement;
    const told = {
      items,
      asked,
      denials,
      quotes,
      // What is made anew rests on the words that the first one rested on.
      ...(again === undefined ? {} : { again, againRestsOn: anew?.editors ?? [] }),
      ...(stillWaits ? { stillWaits, ...(await cardsOf(deps, statement.asksIn ?? batchId)) } : {}),
    };
    if (handedOver || closed || report === undefined) return { kind: 'noted', handedBack: false, ...told };
    return { kind: 'speaks', principal, ...limitsIn(agent), handsOver, ...told };
  };
}

/** The end is final. What is reset in Temporal does not know of it, and gets no turn of the agent. */
const isClosed = async ({ store }: WorkflowsDeps, { conversationId }: TurnOf): Promise<boolean> =>
  (await store.conversations.get(conversationId))?.phase === 'closed';

function limitsIn(agent: Agent): Pick<Extract<OpenedTurn, { kind: 'speaks' }>, 'modelCallsPerTurn' | 'limits'> {
  const { callsPerModelCall: _, maxOutputTokens: __, ...limits } = limitsOf(agent.limits);
  return { modelCallsPerTurn: limits.modelCallsPerTurn, limits };
}

export function createTakeReport(deps: WorkflowsDeps): WorkflowsActivities['takeReport'] {
  return async ({ of: { conversationId, turn }, batchId, signed, call: { actionId, callId, tool } }) => {
    const statement = await statementFor(deps, { conversationId, batchId, signed });
    if (statement === undefined || statement.asksBack !== undefined) return { kind: 'refused' };
    const { text, asked = [], handsOver = false, denials = 0, quotes = [] } = statement;
    const body = { kind: 'tool_result', callId, tool, text } as const;
    // It quotes results of tools, as a report that opens a turn does.
    const item: NewItem = { key: resultKey(actionId), conversationId, turn, trust: 'untrusted', body };
    const items = (await deps.store.items.append([item])).map(refOf);
    const outcome = (await deps.store.actions.get(actionId))?.outcome ?? undefined;
    const ending = outcome && endingOf(outcome);
    if (ending === undefined) throw new Error(`the report on ${actionId} must come after its end`); // and it is tried again
    return { kind: 'taken', ending, items, asked, handsOver, denials, quotes };
  };
}

/** What a report says; undefined where it is not signed for this batch, which is on record then. */
async function statementFor(
  { verifier, store, nowMs }: WorkflowsDeps,
  {
    conversationId,
    batchId,
    signed,
  }: { readonly conversationId: string; readonly batchId: string; readonly signed: Signed<ReportStatement> },
): Promise<ReportStatement | undefined> {
  const statement = await verifier.verify('report', signed).catch(orNothing);
  if (statement?.conversationId === conversationId && statement.batchId === batchId) return statement;
  const fact = { kind: 'report_refused', batchId, reason: 'it is not signed for this batch' } as const;
  const step = `report:${batchId}:refused`;
  await store.record([{ subject: conversationId, step, conversationId, atMs: nowMs(), fact }]);
  return undefined;
}

/**
 * The last turn on record, where what is new would come into a turn that was over before: what is kept under its number
 * would be taken for the answer. Undefined where all is as it should be.
 */
async function turnBefore({ store }: WorkflowsDeps, of: TurnOf, keys: readonly string[]): Promise<number | undefined> {
  const { last, isAnswered } = await store.items.turns(of.conversationId, of.turn);
  if (last <= of.turn && !isAnswered) return undefined;
  const known = await Promise.all(keys.map((key) => store.items.byKey(of.conversationId, key)));
  return known.includes(undefined) ? last : undefined;
}

/** A batch ends once, and may be asked back about before. */
const keyOfReport = ({ batchId, asksBack }: ReportStatement): string =>
  asksBack === undefined ? reportKey(batchId) : `${reportKey(batchId)}:${asksBack}`;

/** The report, and with it the call that code makes anew where a person said that it did not happen. */
function itemsOfReport(of: TurnOf, statement: ReportStatement, anew: ActionRow | undefined): readonly NewItem[] {
  const { conversationId, turn } = of;
  const body = { kind: 'report', text: statement.text } as const;
  // The text quotes results of tools: its label is that of the worst of them.
  const item: NewItem = { key: keyOfReport(statement), conversationId, turn, trust: 'untrusted', body };
  if (anew === undefined) return [item];
  const call = { callId: `again-${sha256Hex(anew.id).slice(0, 16)}`, tool: anew.tool, argumentsText: anew.args };
  const again = { kind: 'calls', text: '', calls: [call], opaque: '' } as const;
  return [item, { key: againKey(anew.id), conversationId, turn, trust: 'record', body: again }];
}

/** The statement behind a message, or why it does not hold. */
async function verifyMessage(
  deps: WorkflowsDeps,
  of: TurnOf,
  message: SubmittedMessage,
): Promise<MessageStatement | string> {
  const statement = await deps.verifier.verify('message', message.signed).catch(orNothing);
  if (statement === undefined) return 'its signature does not hold';
  const matches =
    statement.conversationId === of.conversationId &&
    statement.messageId === message.id &&
    statement.principal.id === message.principalId &&
    statement.principal.tenant === of.tenant &&
    statement.textSha256 === sha256Hex(message.text);
  return matches ? statement : 'it is signed for another conversation, sender or text';
}

async function refuse(deps: WorkflowsDeps, of: TurnOf, message: SubmittedMessage, reason: string): Promise<void> {
  const { conversationId } = of;
  const fact = { kind: 'message_refused', messageId: message.id, reason } as const;
  await deps.store.record([
    { subject: conversationId, step: `message:${message.id}:refused`, conversationId, atMs: deps.nowMs(), fact },
  ]);
}

function itemOf(of: TurnOf, { message, statement }: Verified, byTeam: boolean): NewItem {
  const { conversationId, turn } = of;
  const { principal: from } = statement;
  const body = { kind: byTeam ? 'staff_reply' : 'message', text: message.text, from } as const;
  return { key: messageKey(message.id), conversationId, turn, trust: 'principal', body };
}

function entriesOf(
  deps: WorkflowsDeps,
  of: TurnOf,
  one: Verified,
  item: Item | undefined,
  byTeam: boolean,
): readonly Entry[] {
  if (item === undefined) return [];
  const { conversationId, turn } = of;
  const { principal, messageId } = one.statement;
  const about = { subject: conversationId, conversationId, atMs: deps.nowMs() };
  const { signed } = one.message;
  const at = { turn, itemId: item.id, itemDigest: itemDigest(item) };
  const message = { kind: 'message', ...at, messageId, principal, signed } as const;
  const replied = { kind: 'replied', ...at, by: 'staff' } as const;
  return [
    { ...about, step: `message:${messageId}`, fact: message },
    ...(byTeam ? [{ ...about, step: `replied:${messageId}`, fact: replied }] : []),
  ];
}

/** A signature that does not hold is an answer; any other error is not. */
function orNothing(error: unknown): undefined {
  if (error instanceof SignatureInvalid) return undefined;
  throw error;
}
