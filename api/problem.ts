// What went wrong, as RFC 9457 says it: one table of problems, and one function that makes one out of any error. A
// detail is a sentence that says what to do; it never carries a stack. May import domain and the gateway's error.
import type { FailureType } from '../domain/failure.ts';
import type { Refusal } from '../domain/refusal.ts';
import { MAX_REASON_CHARS } from '../domain/rule.ts';
import { MAX_ARGUMENTS_BYTES } from '../domain/tool.ts';
import { GatewayError } from './gateway-error.ts';
import { FORM_BYTES, JSON_BYTES, RETRY_AFTER_FULL_S, RETRY_AFTER_OUTAGE_S } from './limits.ts';

const PROBLEMS = {
  bad_request: { status: 400, title: 'The request is not as it must be' },
  unknown_agent: { status: 400, title: 'There is no such agent' },
  unknown_tool: { status: 400, title: 'There is no such tool' },
  message_rejected: { status: 400, title: 'The message is not as it must be' },
  unauthenticated: { status: 401, title: 'No valid key' },
  webhook_refused: { status: 401, title: 'The webhook does not prove where it comes from' },
  missing_scope: { status: 403, title: 'The key may not do this' },
  not_a_member: { status: 403, title: 'You may not decide this' },
  not_shown_whole: { status: 403, title: 'It cannot be shown whole' },
  link_refused: { status: 403, title: 'The link does not open this' },
  form_refused: { status: 403, title: 'The form does not count' },
  decision_refused: { status: 403, title: 'The decision does not count' },
  switch_refused: { status: 403, title: 'The switch is not yours to set' },
  erasure_refused: { status: 403, title: 'The person is not yours to erase' },
  ledger_refused: { status: 403, title: 'The ledger is not yours to read' },
  command_refused: { status: 403, title: 'The command was refused' },
  not_found: { status: 404, title: 'Not found' },
  no_checkpoint: { status: 404, title: 'There is no checkpoint yet' },
  method_not_allowed: { status: 405, title: 'The method is not allowed here' },
  request_timeout: { status: 408, title: 'The request came too slowly' },
  conversation_exists: { status: 409, title: 'The id is taken' },
  conversation_stopped: { status: 409, title: 'The conversation is stopped' },
  not_erasable: { status: 409, title: 'Nothing was erased yet' },
  not_stopped: { status: 409, title: 'No such switch is thrown' },
  approval_settled: { status: 409, title: 'The approval is already settled' },
  decision_not_counted: { status: 409, title: 'The decision changed nothing' },
  approval_expired: { status: 410, title: 'The approval has expired' },
  approval_gone: { status: 410, title: 'What was to be approved is gone' },
  conversation_closed: { status: 410, title: 'The conversation has ended' },
  too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body is of another kind' },
  key_reused: { status: 422, title: 'The Idempotency-Key was used for something else' },
  inbox_full: { status: 429, title: 'Too many messages wait' },
  overloaded: { status: 429, title: 'Too much is under way' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  too_many_streams: { status: 429, title: 'Too many open event streams' },
  too_many_exports: { status: 429, title: 'Too many exports at once' },
  header_too_large: { status: 431, title: 'The URL and the headers are too long' },
  internal: { status: 500, title: 'Something went wrong here' },
  unavailable: { status: 503, title: 'Not available right now' },
} as const satisfies Record<string, { readonly status: number; readonly title: string }>;

export type ProblemType = keyof typeof PROBLEMS;

export interface ProblemExtras {
  readonly retryAfterS?: number;
  /** Extension members of the body: a receipt, the issues, the key to retry with. */
  readonly members?: Readonly<Record<string, unknown>>;
  /** More headers, such as Allow. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
  /** For people who look at it in a browser. It is in no answer to a program. */
  readonly onPage?: OnPage;
  /** Where it turns a decision away: why, for the ledger. It is in no answer. */
  readonly refusal?: Refusal;
}

/** What the page of a problem has beside its sentence. */
export interface OnPage {
  /** Where to go on. */
  readonly links?: readonly { readonly url: string; readonly label: string }[];
  /** What they had written, which is lost otherwise. */
  readonly written?: readonly { readonly label: string; readonly text: string }[];
}

/** An answer that is no success. Thrown by whoever knows it, sent by the one error handler. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly type: ProblemType;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly refusal: Refusal | undefined;
  readonly onPage: OnPage;
  readonly #extras: ProblemExtras;

  constructor(type: ProblemType, detail: string, extras: ProblemExtras = {}) {
    const { retryAfterS, headers, cause, refusal, onPage = {} } = extras;
    super(detail, { cause });
    this.type = type;
    this.status = PROBLEMS[type].status;
    this.headers = { ...(retryAfterS === undefined ? {} : { 'Retry-After': String(retryAfterS) }), ...headers };
    this.refusal = refusal;
    this.onPage = onPage;
    this.#extras = extras;
  }

  get title(): string {
    return PROBLEMS[this.type].title;
  }

  /** The same, with more on its page. */
  with(onPage: OnPage): Problem {
    return new Problem(this.type, this.message, { ...this.#extras, onPage: { ...this.onPage, ...onPage } });
  }

  body(requestId: string): Readonly<Record<string, unknown>> {
    const { type, title, status, message } = this;
    return { ...this.#extras.members, type, title, status, detail: message, requestId };
  }
}

/** The problem that an error comes to. What nobody foresaw is `internal`, and says nothing of its inside. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof GatewayError) return problemOfGateway(error);
  const fromBody = problemOfBody(error);
  if (fromBody !== undefined) return fromBody;
  if (isNamed(error, 'CursorInvalid')) return new Problem('bad_request', sentence(error.message));
  if (isNamed(error, 'StoreUnavailable')) {
    const detail = `The store does not answer; nothing was changed. Try again in ${RETRY_AFTER_OUTAGE_S} seconds.`;
    return new Problem('unavailable', detail, { retryAfterS: RETRY_AFTER_OUTAGE_S, cause: error });
  }
  const detail =
    'This is our fault, not yours. Try again; if it stays, give the request id to whoever runs this server.';
  return new Problem('internal', detail, { cause: error });
}

/** What each refusal of a Workflow comes to. A type that no HTTP call can meet is our own bug. */
const REFUSALS: Partial<Record<FailureType, ProblemType>> = {
  ConversationStopped: 'conversation_stopped',
  ConversationClosed: 'conversation_closed',
  InboxFull: 'inbox_full',
  MessageRejected: 'message_rejected',
  CommandRefused: 'command_refused',
  DecisionRefused: 'decision_refused',
};

function problemOfGateway(error: GatewayError): Problem {
  const { fault } = error;
  switch (fault.kind) {
    case 'unavailable': {
      const detail = `Temporal or its workers do not answer in time. Try again in ${RETRY_AFTER_OUTAGE_S} seconds.`;
      return new Problem('unavailable', detail, { retryAfterS: RETRY_AFTER_OUTAGE_S, cause: error });
    }
    case 'ended':
      return new Problem('conversation_closed', 'The conversation has ended for good; start another one.');
    case 'refused': {
      const type = REFUSALS[fault.type];
      if (type === undefined)
        return new Problem('internal', 'The Workflow refused this for a reason of its own.', { cause: error });
      return new Problem(
        type,
        sentence(fault.reason),
        type === 'inbox_full' ? { retryAfterS: RETRY_AFTER_FULL_S } : {},
      );
    }
    default:
      return fault satisfies never;
  }
}

/** What express and its body parser throw carries `type` and `status`. */
function problemOfBody(error: unknown): Problem | undefined {
  if (!(error instanceof Error)) return undefined;
  const { type, status, limit = JSON_BYTES } = error as { type?: unknown; status?: unknown; limit?: number };
  if (type === 'entity.too.large' && limit === FORM_BYTES) {
    const most = `arguments of up to ${MAX_ARGUMENTS_BYTES / 1024} KB and a reason of ${MAX_REASON_CHARS} characters fit`;
    return new Problem(
      'too_large',
      `The form is larger than ${limit / 1024} KB, so nothing was read and nothing was decided; ${most}. Go back, and write less.`,
    );
  }
  if (type === 'entity.too.large') {
    return new Problem('too_large', `The body is larger than ${limit / 1024} KB; send a shorter one.`);
  }
  if (type === 'entity.parse.failed')
    return new Problem('bad_request', 'The body is not JSON; check its quotes and commas.');
  if (type === 'entity.not.utf8')
    return new Problem(
      'bad_request',
      'The body is not valid UTF-8; encode its text as UTF-8, or escape it as JSON does.',
    );
  if (status === 415)
    return new Problem('unsupported_media_type', 'Send plain JSON in UTF-8 (Content-Type: application/json).');
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new Problem('bad_request', 'The request could not be read; check its URL and its body.');
  }
  return undefined;
}

/** The store's own errors are known by name: only its types are imported here. */
function isNamed(error: unknown, name: 'CursorInvalid' | 'StoreUnavailable'): error is Error {
  return error instanceof Error && error.name === name;
}

// How a schema says what is wrong with a member of which it does not repeat the name.
const OF_A_MEMBER = /^(?:is|has|must) /;
const MEMBERS: Readonly<Record<string, string>> = { text: 'message', args: 'arguments' };

/** What a schema finds wrong with what a person wrote, as a sentence for that person. */
export function issueSentence(
  issue: { readonly path: readonly PropertyKey[]; readonly message: string } | undefined,
): string {
  const { path = [], message = 'it is not as it must be' } = issue ?? {};
  const member = String(path.at(-1) ?? 'text');
  const what = OF_A_MEMBER.test(message) ? `your ${MEMBERS[member] ?? member} ${message}` : message;
  return sentence(`This cannot be taken: ${what}`);
}

// amountCents, lines.0.sku: the name of an argument, which is written as it is.
const BEGINS_WITH_A_NAME = /^\w*[a-z\d](?:[A-Z_]|\.\w)/;

/** A reason of the domain as a sentence. */
export function sentence(text: string): string {
  const begun = BEGINS_WITH_A_NAME.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
