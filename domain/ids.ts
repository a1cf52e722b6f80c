// Every id and every name on the wire is built here and nowhere else. May import nothing.

/** Task Queue of each role: three identities, three queues. */
export const TASK_QUEUES = {
  workflows: 'countersign-workflows',
  assistant: 'countersign-assistant',
  actor: 'countersign-actor',
} as const;

// 1, the first of Temporal's 1 to 5, of which 3 is what nobody names: what people are asked and have decided goes before
// what waits for a model. A Workflow's tasks and Activities have it from it.
export const PEOPLE_FIRST = { priorityKey: 1 } as const;

// 2 s instead of 10: how long a message waits for a Worker that was killed before another takes its task over.
export const WORKFLOW_TASK_TIMEOUT = '2s' as const;

// 64 characters: long enough for a UUID with a prefix of the caller's, short enough to read in the Temporal UI.
const CONVERSATION_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

export const isConversationId = (text: string): boolean => CONVERSATION_ID.test(text);

export const conversationWorkflowId = (conversationId: string): string => `conversation/${conversationId}`;

/** The idempotency key of an effect: stable over retries, restarts, resets and Continue-As-New. */
export const actionId = (conversationId: string, turn: number, index: number): string =>
  `${conversationId}:${turn}:${index}`;

/** The key under which a message's item is written, once. */
export const messageKey = (messageId: string): string => `message:${messageId}`;

/** A message that was said in a channel is known as such by its id. */
export const channelMessageId = (channel: string, hash: string): string => `${channel}-${hash}`;

/**
 * The conversations of one place of a channel, one after the other: where one has ended, the next begins. `hash` names the
 * place in 22 characters.
 */
export const channelConversationId = (channel: string, hash: string, nth: number): string =>
  nth === 1 ? `${channel}-${hash}` : `${channel}-${hash}-${nth}`;

/** Whether a conversation of one of these channels could have this id. */
export const isChannelConversationId = (id: string, channels: readonly string[]): boolean =>
  channels.some((name) => id.startsWith(`${name}-`) && /^[\w-]{22}(?:-[1-9]\d*)?$/.test(id.slice(name.length + 1)));

/** The key under which the report of a batch or a question is written, once. */
export const reportKey = (batchId: string): string => `report:${batchId}`;

/** The key under which the answer of one model call is written, once. */
export const modelKey = (turn: number, call: number): string => `turn:${turn}:model:${call}`;

/** The key under which what a model says of facts is written, once in a turn. */
export const factsKey = (turn: number): string => `turn:${turn}:facts`;

/** The key under which the summary is written that is made after a turn, once. */
export const summaryKey = (turn: number): string => `turn:${turn}:summary`;

/** The key under which the call is written that code makes anew for an action. */
export const againKey = (of: string): string => `again:${of}`;

/** A batch is named by its first action; the question about an action by that action and this ending. */
export const QUESTION = '.question';

export const questionId = (actionOfIt: string): string => `${actionOfIt}${QUESTION}`;

export const isQuestionId = (id: string): boolean => id.endsWith(QUESTION);

/** A procedure that runs is named by the action that started it and this ending. */
export const PROCEDURE = '.procedure';

export const procedureId = (actionOfStart: string): string => `${actionOfStart}${PROCEDURE}`;

export const isProcedureId = (id: string): boolean => id.endsWith(PROCEDURE);

/**
 * The question whether a budget is opened: named by the budget and what is used up of it, as 32 hex digits, and by how often
 * that was opened before. So people are asked once each time, whichever conversations come to it.
 */
export const budgetQuestionId = (mark: string, openings: number): string => `budget-${mark}-${openings}${QUESTION}`;

/** Under which the ledger keeps what became of the remembered facts of a tenant; '' where that is nobody's doing. */
export const factsSubject = (tenant: string): string => `facts/${tenant}`;

/** Under which the ledger keeps what maintenance did, and the id of the Schedule that has it done. */
export const MAINTENANCE_SUBJECT = 'maintenance';

/** The Workflow of what a conversation hears of again: a batch, a question or a procedure. */
export function waitingWorkflowId(id: string): string {
  if (isQuestionId(id)) return `question/${id.slice(0, -QUESTION.length)}`;
  return isProcedureId(id) ? `procedure/${id.slice(0, -PROCEDURE.length)}` : `action/${id}`;
}

/** What waits under this Workflow Id: a batch, a question or a procedure. '' where it is none of them. */
export function waitingIdOf(workflowId: string): string {
  const [kind = ''] = workflowId.split('/', 1);
  const id = workflowId.slice(kind.length + 1);
  if (kind === 'question') return questionId(id);
  if (kind === 'procedure') return procedureId(id);
  return kind === 'action' ? id : '';
}

/** Whether it does nothing but ask people. */
export const waitsForPeople = (workflowId: string): boolean => workflowId.startsWith('question/');

const BUDGET_WORKFLOW = /^question\/budget-[0-9a-f]{32}-\d{1,6}$/;

/** Whether it is the question about a budget, which is of no one conversation. */
export const isBudgetWorkflow = (workflowId: string): boolean => BUDGET_WORKFLOW.test(workflowId);

/** The conversation that a Workflow belongs to; undefined where it is none of ours. */
export function conversationOfWorkflow(workflowId: string): string | undefined {
  const [kind = ''] = workflowId.split('/', 1);
  const id = workflowId.slice(kind.length + 1);
  if (kind === 'conversation') return isConversationId(id) ? id : undefined;
  return OF_AN_ACTION.has(kind) ? conversationOfAction(id) : undefined;
}

const OF_AN_ACTION: ReadonlySet<string> = new Set(['action', 'question', 'procedure']);

/** `<batch>.<index in batch>.<round>`: an approval id carries its Workflow, so a click finds it without a look-up. */
export const approvalId = (batchId: string, index: number, round: number): string => `${batchId}.${index}.${round}`;

// 100: an approval id has two digits for how often people were asked, whatever a version of the Workflow makes of it.
export const MAX_ROUNDS = 100;

// An action of a turn, or a step of the procedure that it started; each may have been proposed anew.
const ACTION = String.raw`([A-Za-z0-9][A-Za-z0-9_-]{0,63}):(\d{1,9}):\d{1,4}(?:~\d{1,2})?`;
const STEP = String.raw`/[a-z][a-z0-9-]{0,31}`;
const ACTION_ID = new RegExp(String.raw`^(?<start>${ACTION})(?<step>${STEP}(?:~\d{1,2})?)?$`);
const BUDGET = String.raw`budget-[0-9a-f]{32}-\d{1,6}\.question`;
const APPROVAL_ID = new RegExp(
  String.raw`^(${ACTION}(?:${STEP}(?:~\d{1,2})?)?(?:\.question)?|${BUDGET})\.(?<index>\d{1,3})\.(?<round>\d{1,2})$`,
);
const STEP_NAME = new RegExp(`^${STEP.slice(1)}$`);

/** The parts of an approval id; undefined when the text is none. */
export function parseApprovalId(text: string): { batchId: string; index: number; round: number } | undefined {
  const parts = APPROVAL_ID.exec(text);
  if (parts === null) return undefined;
  return { batchId: parts[1] ?? '', index: Number(parts.groups?.index), round: Number(parts.groups?.round) };
}

/** The key of the same action proposed anew, edited or under a newer declaration of its tool: `…~1`, `…~2`. */
export function anewId(of: string): string {
  const first = firstId(of);
  return `${first}~${first === of ? 1 : Number(of.slice(first.length + 1)) + 1}`;
}

/** The id of the same action as it was proposed first. */
const firstId = (id: string): string => id.replace(/~\d+$/, '');

/** True of the ids of the same action before and after it was proposed anew. */
export const isAnewOf = (one: string, other: string): boolean => one !== other && firstId(one) === firstId(other);

/** The conversation of an action id; undefined when the text is none. */
export function conversationOfAction(text: string): string | undefined {
  return ACTION_ID.exec(text)?.[2];
}

/** True when the text is the id of an action, or of a step, of that turn of that conversation. */
export const isActionOf = (text: string, conversationId: string, turn: number): boolean =>
  conversationOfAction(text) === conversationId && text.startsWith(`${conversationId}:${turn}:`);

/** Lower-kebab, 32 characters: it stands in ids, which people read. */
export const isStepName = (text: string): boolean => STEP_NAME.test(text);

/** A step of a procedure, named within it by code alone: no model makes such an id. */
export const stepId = (actionOfStart: string, step: string): string => `${actionOfStart}/${step}`;

/** The parts of the id of a step; undefined for every other action. */
export function parseStepId(id: string): { readonly start: string; readonly step: string } | undefined {
  const { start = '', step } = ACTION_ID.exec(id)?.groups ?? {};
  return step === undefined ? undefined : { start, step: firstId(step.slice(1)) };
}

/**
 * A batch holds the actions of its turn from its first one on, and a turn has one batch at most; that of a step holds the
 * step, and a procedure its start and its steps.
 */
export function standsIn(batchId: string, id: string): boolean {
  if (isProcedureId(batchId)) return id === startOf(batchId) || id.startsWith(`${startOf(batchId)}/`);
  if (batchId.includes('/')) return firstId(batchId) === firstId(id);
  const [turn, index] = split(id);
  const [ofBatch, first] = split(batchId);
  return turn === ofBatch && index >= first;
}

const startOf = (procedure: string): string => procedure.slice(0, -PROCEDURE.length);

// 128: a model call may ask for no more at once, and a batch is of one.
const MAX_OF_BATCH = 128;

/** The ids of the actions that may stand in a batch, from its first one on, as they were proposed first. */
export function actionsOf(batchId: string): readonly string[] {
  if (batchId.includes('/')) return [batchId];
  const [turn, first] = split(batchId);
  return Number.isSafeInteger(first) ? Array.from({ length: MAX_OF_BATCH }, (_, at) => `${turn}:${first + at}`) : [];
}

function split(id: string): readonly [turn: string, index: number] {
  const at = id.lastIndexOf(':');
  return [id.slice(0, at), Number(firstId(id).slice(at + 1))];
}

/** The subject under which the ledger keeps what was done to a switch. */
export const switchSubject = (scope: string, name: string): string => `switch:${scope}:${name}`;

/** Under which an erasure of a person stands in the ledger. */
export const erasureSubject = (tenant: string, personId: string): string => `erasure:${tenant}:${personId}`;

/** The subject under which the ledger keeps who made and revoked an API key. */
export const apiKeySubject = (keyId: string): string => `api-key:${keyId}`;

/** The subject under which the ledger keeps that the master key was changed. */
export const MASTER_KEY_CHANGES = 'master-key';

/** The subject under which the ledger keeps that operators did more than it lists. No Workflow has such an id. */
export const OPERATOR_ACTS = 'operator-acts';

/** The subject under which the ledger keeps who read it. No conversation has such an id. */
export const LEDGER_READS = 'ledger:reads';

/** The key of the transcript item that answers a call: calls may repeat their own ids, actions never do. */
export const resultKey = (id: string): string => `result:${id}`;

/** The turn in which a batch, or what a question or a procedure is about, was proposed; undefined where the text is none. */
export function turnOfBatch(batchId: string): number | undefined {
  const turn = /^[^:]+:(\d{1,9}):/.exec(batchId)?.[1];
  return turn === undefined ? undefined : Number(turn);
}

/** An action's place in its conversation, as a model is told it: "12:3", the fourth action of the twelfth turn. */
export const placeOf = (id: string): string => id.slice(id.indexOf(':') + 1);

/** As a model may write it. Of a procedure's step there is none: its result is for code. */
export const PLACE = /^\d{1,9}:\d{1,4}(?:~\d{1,2})?$/;

/** The action at a place of this very conversation; undefined where the text is no place. */
export const actionAt = (conversationId: string, place: string): string | undefined =>
  PLACE.test(place) ? `${conversationId}:${place}` : undefined;

/** The ledger step of a ruling: one per signed verdict, so that a claim can demand its very own on record. */
export const ruledStep = (verdict: { readonly kind: string }, signed: string): string =>
  `ruled:${verdict.kind}:${signed.slice(-16)}`;
