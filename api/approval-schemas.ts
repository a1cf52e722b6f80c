// Approvals and decisions as they cross the HTTP edge. May import domain and zod.
import { z } from 'zod';
import { FLAG_WORDS, type Flag } from '../domain/display.ts';
import { MAX_REASON_CHARS } from '../domain/rule.ts';
import type { DecisionAnswer } from '../domain/signed.ts';
import type { Origin } from '../domain/sources.ts';
import { ConversationId, End, Ms, Paged, text, Waiting } from './schemas.ts';

const ANSWERS = [
  ...(['approve', 'deny', 'edit', 'withdraw', 'ask_back'] as const),
  ...(['happened', 'did_not_happen'] as const),
] as const satisfies readonly DecisionAnswer[];
const FLAGS = Object.keys(FLAG_WORDS) as [Flag, ...Flag[]];
const ORIGINS = ['principal', 'record', 'person', 'untrusted', 'model', 'unknown'] as const satisfies readonly Origin[];
const FLAGGED = ['argument', 'evidence', 'rule', 'reason', 'requester'] as const;
const NEEDS_REASON: readonly string[] = ['deny', 'ask_back'] satisfies readonly DecisionAnswer[];
export const ApprovalsListed = Paged.extend({
  end: z.enum(['all', ...End.options]).default('open'),
  conversationId: ConversationId.or(z.literal('')).default(''),
});
export const SignsOnly = z.object({ sign: z.literal('only').optional() });

export const NewDecision = z
  .strictObject({
    answer: z.enum(ANSWERS, `must be one of ${ANSWERS.join(', ')}`).meta({
      description:
        '"approve", "deny", "edit", "withdraw" (your approval, while more are needed) or "ask_back" (ask the ' +
        'conversation; the time goes on); to a question "happened" or "did_not_happen"',
    }),
    reason: text(MAX_REASON_CHARS)
      .default('')
      .meta({ description: 'Whoever asked for the action reads that of a deny, a question back, and what happened' }),
    args: z
      .record(z.string(), z.unknown(), 'must be a JSON object')
      .optional()
      .meta({ description: 'With "edit": all arguments that are to run instead, for the same tool' }),
    id: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, "_" or "-"')
      .optional(),
  })
  .refine(({ answer, reason }) => !NEEDS_REASON.includes(answer) || reason.trim() !== '', {
    path: ['reason'],
    message: 'a deny needs a reason, and who asks back a question; say it in one sentence',
  })
  .refine(({ answer, args }) => (answer === 'edit') === (args !== undefined), {
    path: ['args'],
    message: 'an edit needs the arguments that are to run instead, and nothing else takes any',
  })
  .meta({ id: 'NewDecision' });

const Said = z
  .object({ id: z.string(), personId: z.string(), answer: z.enum(ANSWERS), reason: z.string(), atMs: Ms })
  .meta({ id: 'Said' });
const Shown = z
  .object({
    text: z
      .string()
      .meta({ description: 'As it may be shown: what hides or pretends is written out, such as <U+202E>' }),
    flags: z.array(z.enum(FLAGS)).meta({ description: 'What was found in it; none: it is the very text' }),
  })
  .meta({ id: 'Shown' });
export const Approval = Waiting.extend({
  headline: z
    .object({ what: Shown, forWhom: Shown, howMuch: Shown })
    .meta({ description: 'The three lines that come first on a card' }),
  conversationId: ConversationId,
  agent: z.string(),
  tool: z.string(),
  args: z.unknown(),
  digest: z.string(),
  ruleId: z.string(),
  reason: z.string(),
  requester: z.string(),
  evidence: z.object({ asOfMs: Ms, version: z.string(), record: z.record(z.string(), z.unknown()) }).nullable(),
  decisions: z.array(Said),
  asides: z
    .array(Said)
    .meta({ description: 'Approvals that were taken back, what took them back, what was asked back' }),
  editors: z.array(z.string()).meta({
    description:
      'Whose words it rests on besides the requester’s: who wrote its arguments, or is quoted by the report that it follows; they cannot decide it',
  }),
  escalation: z
    .array(z.object({ group: z.string(), fromMs: Ms }))
    .meta({ description: 'Who may decide too, from then' }),
  amount: z.object({ currency: z.string(), minorUnits: z.number() }).nullable(),
}).meta({ id: 'Approval' });

/** With what a card has of what the digest covers. To look through all of it takes time, so no list has it. */
export const ApprovalLooked = Approval.extend({
  flagged: z
    .array(Shown.extend({ of: z.enum(FLAGGED), name: z.string() }))
    .meta({ description: 'Whatever else of it hides or pretends to be something, as it may be shown' }),
  origins: z
    .array(Shown.extend({ path: z.string(), origin: z.enum(ORIGINS) }))
    .meta({ description: 'Where its values come from, as code traced them; empty where nobody did' }),
  isWhole: z.boolean().meta({ description: 'false: its page cannot show all of it, and nobody can approve it there' }),
}).meta({ id: 'ApprovalLooked' });

export const Receipt = z
  .object({ decisionId: z.string(), approvalId: z.string(), counted: z.boolean(), text: z.string(), end: End })
  .meta({ id: 'Receipt' });
export const SignedDecision = z
  .object({ decisionId: z.string(), approvalId: z.string(), signed: z.string() })
  .meta({ id: 'SignedDecision' });
