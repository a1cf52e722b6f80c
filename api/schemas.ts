// What crosses the HTTP edge, as schemas: they parse what comes in, type what goes out and make the OpenAPI document.
// May import domain and zod.
import { z } from 'zod';
import type { ApprovalEnd } from '../domain/approval.ts';
import { isConversationId } from '../domain/ids.ts';
import { MAX_REASON_CHARS } from '../domain/rule.ts';
import { SWITCH_SCOPES } from '../domain/switch.ts';
import { DEFAULT_PAGE, ID_CHARS, KEY_CHARS, MAX_PAGE, MESSAGE_CHARS } from './limits.ts';

/** Text that every store can keep: PostgreSQL has no NUL, and half a surrogate pair is no text. */
const keepable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();
export const text = (max: number) =>
  z
    .string()
    .max(max, `has more than ${max} characters; shorten it`)
    .refine(keepable, 'has a NUL character or broken Unicode; remove it');

export const ConversationId = z
  .string()
  .refine(isConversationId, 'must be 1 to 64 letters, digits, "_" or "-", beginning with a letter or digit')
  .meta({ id: 'ConversationId', example: 'c-4f0c2a' });
const AnyId = z
  .string()
  .min(1)
  .max(ID_CHARS)
  .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces');
const IdempotencyKey = z
  .string()
  .regex(
    new RegExp(`^[\\x21-\\x7e]{1,${KEY_CHARS}}$`),
    `must be 1 to ${KEY_CHARS} printable ASCII characters without spaces`,
  )
  .meta({ description: 'Send the same key again, and it is done once.' });

export const OfConversation = z.object({ id: ConversationId });
export const OfMessage = z.object({ id: ConversationId, messageId: AnyId });
export const OfAnything = z.object({ id: AnyId });
export const Keyed = z.object({ 'idempotency-key': IdempotencyKey.optional() });
/** A position in the ledger. */
export const Seq = z
  .string()
  .regex(/^\d{1,15}$/, 'must be a position: digits only')
  .transform(Number);
export const Resumed = z.object({ 'last-event-id': Seq.optional() });
const limit = z.coerce.number().int().min(1).max(MAX_PAGE).default(DEFAULT_PAGE);
export const Paged = z.object({
  cursor: z
    .string()
    .max(ID_CHARS)
    .regex(/^[\x21-\x7e]*$/)
    .default(''),
  limit,
});
export const After = z.object({ after: Seq.default(0), limit });
export const AfterEvent = z.object({ after: Seq.optional() });
export const Listed = Paged.extend({
  of: z.enum(['mine', 'staff']).default('mine'),
  archived: z.enum(['left_out', 'listed']).default('left_out'),
});
const ENDS = [
  'open',
  'approved',
  'denied',
  'happened',
  'did_not_happen',
  'expired',
  'cancelled',
  'superseded',
] as const satisfies readonly ApprovalEnd[];
export const Waits = z.object({ wait: z.literal('reply').optional() });

export const NewConversation = z
  .strictObject({ agent: z.string().min(1).max(64), id: ConversationId.optional() })
  .meta({ id: 'NewConversation' });
export const NewMessage = z
  .strictObject({ text: text(MESSAGE_CHARS).refine((value) => value.trim() !== '', 'is empty; write something') })
  .meta({ id: 'NewMessage' });
const Phase = z.enum(['open', 'paused', 'stopped', 'handed_over', 'closed']).meta({ id: 'Phase' });
const Who = z.object({ id: z.string(), name: z.string() }).meta({ id: 'Who' });
export const Ms = z.number().meta({ description: 'Milliseconds since 1970-01-01T00:00Z' });

export const Conversation = z
  .object({
    id: ConversationId,
    agent: z.string(),
    phase: Phase,
    principal: Who,
    priority: z.number().nullable().meta({ description: '1 is the most urgent; null where no intake made one' }),
    queue: z.string().nullable(),
    url: z.string(),
    createdMs: Ms,
    updatedMs: Ms,
    isArchived: z.boolean().meta({
      description: 'Idle for as long as its agent declares: listed only where one asks; a message brings it back',
    }),
    textsDeletedMs: Ms.nullable().meta({ description: 'When its texts were deleted; null while they are there' }),
  })
  .meta({ id: 'Conversation' });

/** What an intake came to, for staff. */
const Intake = z
  .object({
    turn: z.number(),
    version: z.string().meta({ description: 'Of the agent, whose code made the route' }),
    priority: z.number(),
    queue: z.string(),
    next: z.enum(['goes_on', 'asks', 'hands_over']),
    open: z.array(z.string()).meta({ description: 'The facts that are not certain, and that the route depends on' }),
    facts: z.array(
      z.object({
        name: z.string(),
        state: z.enum(['verified', 'unverified', 'unsaid']),
        why: z.string(),
        said: z.array(z.unknown()).meta({ description: 'The values that code found in what people wrote' }),
      }),
    ),
  })
  .meta({ id: 'Intake' });

export const Item = z
  .object({
    id: z.string(),
    seq: z.number(),
    turn: z.number(),
    kind: z.enum(['message', 'staff_reply', 'calls', 'facts', 'tool_result', 'report', 'reply', 'summary']),
    trust: z.enum(['principal', 'record', 'untrusted', 'model']),
    text: z.string(),
    from: Who.optional(),
    by: z.enum(['model', 'code']).optional(),
    tool: z.string().optional(),
    isErased: z.literal(true).optional().meta({ description: 'Its words were erased, and cannot be read any more' }),
    calls: z.array(z.object({ tool: z.string(), argumentsText: z.string() })).optional(),
    createdMs: Ms,
  })
  .meta({ id: 'Item' });

export const End = z.enum(ENDS);
/** An approval as those see it who wait for it. */
export const Waiting = z
  .object({
    id: z.string(),
    actionId: z.string(),
    question: z.enum(['unknown', 'budget']).nullable().meta({
      description: 'null asks for leave; "unknown" whether what may have happened did; "budget" for more of a budget',
    }),
    summary: z.string(),
    group: z.string(),
    quorum: z.number(),
    approvals: z.number(),
    askedMs: Ms,
    deadlineMs: Ms,
    end: End,
  })
  .meta({ id: 'Waiting' });
/** An approval as those see it who decide. */
export const Action = z
  .object({
    id: z.string(),
    conversationId: ConversationId,
    agent: z.string(),
    tool: z.string(),
    effect: z.enum(['read', 'write', 'irreversible', 'start']),
    summary: z.string(),
    stage: z.enum(['proposed', 'ruled', 'waiting', 'claimed', 'settled']),
    verdict: z
      .object({
        kind: z.enum(['allow', 'deny', 'ask']),
        ruleId: z.string(),
        ruleVersion: z.string(),
        reason: z.string(),
      })
      .nullable(),
    approvalId: z.string().nullable(),
    outcome: z
      .object({
        kind: z.enum(['succeeded', 'failed', 'denied', 'expired', 'cancelled', 'unknown']),
        reason: z.string(),
        result: z.unknown().optional(),
      })
      .nullable(),
    args: z.unknown().optional(),
    evidence: z.unknown().optional(),
    createdMs: Ms,
    updatedMs: Ms,
  })
  .meta({ id: 'Action' });

export const ConversationDetail = Conversation.extend({
  /** What the Workflow says right now; null when no worker answers at once. */
  live: z.object({ turn: z.number(), queued: z.number() }).nullable(),
  items: z.array(Item),
  nextAfter: z.number().nullable().meta({ description: 'Ask again with ?after= this; null at the end' }),
  intake: Intake.nullable().optional(),
  waiting: z.array(Waiting),
  actions: z.array(Action),
  temporalUrl: z.string().optional(),
}).meta({ id: 'ConversationDetail' });

export const Message = z
  .object({
    messageId: z.string(),
    conversationId: ConversationId,
    url: z.string(),
    status: z.enum(['queued', 'taken', 'answered']),
    reply: Item.optional(),
    ahead: z.number().optional().meta({ description: 'How many messages stood before it in the queue' }),
    phase: Phase.optional(),
    duplicate: z.boolean().optional(),
    shutUntilMs: z.number().nullable().optional().meta({
      description: 'It waits for a budget that is used up: when that opens by itself; null where only people open it',
    }),
  })
  .meta({ id: 'Message' });

export const Commanded = z
  .object({ id: ConversationId, phase: Phase, turn: z.number(), queued: z.number() })
  .meta({ id: 'Commanded' });
export const Delivered = z
  .object({ id: ConversationId, delivered: z.literal('signal'), detail: z.string() })
  .meta({ id: 'Delivered' });

export const NewSwitch = z
  .strictObject({
    scope: z.enum(SWITCH_SCOPES),
    name: text(ID_CHARS).default('').meta({ description: 'The tenant, agent or tool; none where the scope is all' }),
    action: z.enum(['kill', 'revive']),
    reason: text(MAX_REASON_CHARS).default('').meta({ description: 'Why; a kill needs it' }),
  })
  .refine(({ scope, name }) => scope !== 'all' || name === '', {
    path: ['name'],
    message: 'the scope "all" takes no name; leave it out, or choose the scope tenant, agent or tool',
  })
  .refine(({ scope, name }) => scope === 'all' || name.trim() !== '', {
    path: ['name'],
    message: 'is missing; name the tenant, agent or tool, or choose the scope "all"',
  })
  .refine(({ action, reason }) => action === 'revive' || reason.trim() !== '', {
    path: ['reason'],
    message: 'a kill needs a reason; say why in one sentence',
  })
  .meta({ id: 'NewSwitch' });
const Switch = z
  .object({ scope: z.enum(SWITCH_SCOPES), name: z.string(), setBy: z.string(), reason: z.string(), setMs: Ms })
  .meta({ id: 'Switch' });
export const Switches = z
  .object({ switches: z.array(Switch).meta({ description: 'Those that are thrown now' }) })
  .meta({ id: 'Switches' });
export const Switched = Switches.extend({
  cancelled: z
    .array(
      z.object({
        id: z.string(),
        conversationId: z.string(),
        agent: z.string(),
        tool: z.string(),
        summary: z.string(),
      }),
    )
    .meta({ description: 'Open approvals whose batch was told to cancel' }),
  unreached: z
    .number()
    .meta({ description: 'Open approvals whose batch could not be told in time; the actor refuses them all the same' }),
  isCut: z.boolean().meta({ description: 'True when not all that waits could be looked through' }),
}).meta({ id: 'Switched' });

export const Check = z
  .object({ name: z.string(), kind: z.enum(['ok', 'warning', 'problem']), text: z.string() })
  .meta({ id: 'Check' });
export const DoctorReport = z.object({ checks: z.array(Check) }).meta({ id: 'DoctorReport' });

export const ProblemBody = z
  .looseObject({ type: z.string(), title: z.string(), status: z.number(), detail: z.string(), requestId: z.string() })
  .meta({ id: 'Problem' });

export const pageOf = <T extends z.ZodType>(row: T) =>
  z.object({
    rows: z.array(row),
    next: z.string().meta({ description: 'Ask again with ?cursor= this; empty at the end' }),
  });
