// Every id and every name on the wire is built here and nowhere else. May import nothing.

/** Task Queue of each role: three identities, three queues. */
export const TASK_QUEUES = {
  workflows: 'countersign-workflows',
  assistant: 'countersign-assistant',
  actor: 'countersign-actor',
} as const;

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

/** The key under which the call is written that code makes anew for an action. */
export const againKey = (of: string): string => `again:${of}`;

/** A batch is named by its first action; the question about an action by that action and this ending. */
export const QUESTION = '.question';

export const questionId = (actionOfIt: string): string => `${actionOfIt}${QUESTION}`;

export const isQuestionId = (id: string): boolean => id.endsWith(QUESTION);

/** The Workflow of what waits for people, a batch or a question. */
export function waitingWorkflowId(id: string): string {
  return isQuestionId(id) ? `question/${id.slice(0, -QUESTION.length)}` : `action/${id}`;
}

/** The conversation that a Workflow belongs to; undefined where it is none of ours. */
export function conversationOfWorkflow(workflowId: string): string | undefined {
  const [kind, id = ''] = workflowId.split('/');
  if (kind === 'conversation') return isConversationId(id) ? id : undefined;
  return kind === 'action' || kind === 'question' ? conversationOfAction(id) : undefined;
}

/** `<batch>.<index in batch>.<round>`: an approval id carries its Workflow, so a click finds it without a look-up. */
export const approvalId = (batchId: string, index: number, round: number): string => `${batchId}.${index}.${round}`;

// 100: an approval id has two digits for how often people were asked, whatever a version of the Workflow makes of it.
export const MAX_ROUNDS = 100;

const APPROVAL_ID =
  /^([A-Za-z0-9][A-Za-z0-9_-]{0,63}:\d{1,9}:\d{1,4}(?:~\d{1,2})?(?:\.question)?)\.(\d{1,3})\.(\d{1,2})$/;
const ACTION_ID = /^([A-Za-z0-9][A-Za-z0-9_-]{0,63}):(\d{1,9}):(\d{1,4})(?:~(\d{1,2}))?$/;

/** The parts of an approval id; undefined when the text is none. */
export function parseApprovalId(text: string): { batchId: string; index: number; round: number } | undefined {
  const parts = APPROVAL_ID.exec(text);
  if (parts === null) return undefined;
  return { batchId: parts[1] ?? '', index: Number(parts[2]), round: Number(parts[3]) };
}

/** The key of the same action proposed anew, edited or under a newer declaration of its tool: `…~1`, `…~2`. */
export function anewId(of: string): string {
  const [base = of, nth = '0'] = of.split('~');
  return `${base}~${Number(nth) + 1}`;
}

/** True of the ids of the same action before and after it was proposed anew. */
export const isAnewOf = (one: string, other: string): boolean =>
  one !== other && one.split('~', 1)[0] === other.split('~', 1)[0];

/** The conversation of an action id; undefined when the text is none. */
export function conversationOfAction(text: string): string | undefined {
  return ACTION_ID.exec(text)?.[1];
}

/** True when the text is the id of an action of that turn of that conversation. */
export const isActionOf = (text: string, conversationId: string, turn: number): boolean =>
  conversationOfAction(text) === conversationId && text.startsWith(`${conversationId}:${turn}:`);

/** A batch holds the actions of its turn from its first one on; a turn has one batch at most. */
export function standsIn(batchId: string, id: string): boolean {
  const [turn, index] = split(id);
  const [ofBatch, first] = split(batchId);
  return turn === ofBatch && index >= first;
}

// 128: a model call may ask for no more at once, and a batch is of one.
const MAX_OF_BATCH = 128;

/** The ids of the actions that may stand in a batch, from its first one on, as they were proposed first. */
export function actionsOf(batchId: string): readonly string[] {
  const [turn, first] = split(batchId);
  return Number.isSafeInteger(first) ? Array.from({ length: MAX_OF_BATCH }, (_, at) => `${turn}:${first + at}`) : [];
}

function split(id: string): readonly [turn: string, index: number] {
  const at = id.lastIndexOf(':');
  return [id.slice(0, at), Number(id.slice(at + 1))];
}

/** The subject under which the ledger keeps what was done to a switch. */
export const switchSubject = (scope: string, name: string): string => `switch:${scope}:${name}`;

/** The subject under which the ledger keeps who made and revoked an API key. */
export const apiKeySubject = (keyId: string): string => `api-key:${keyId}`;

/** The subject under which the ledger keeps that operators did more than it lists. No Workflow has such an id. */
export const OPERATOR_ACTS = 'operator-acts';

/** The subject under which the ledger keeps who read it. No conversation has such an id. */
export const LEDGER_READS = 'ledger:reads';

/** The key of the transcript item that answers a call: calls may repeat their own ids, actions never do. */
export const resultKey = (id: string): string => `result:${id}`;

/** The ledger step of a ruling: one per signed verdict, so that a claim can demand its very own on record. */
export const ruledStep = (verdict: { readonly kind: string }, signed: string): string =>
  `ruled:${verdict.kind}:${signed.slice(-16)}`;
