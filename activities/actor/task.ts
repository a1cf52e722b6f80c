// What comes from the actor's Task Queue, parsed once. Whoever may write to Temporal may put anything there; what is not
// even of the form of a task is refused, an act or a look like a warrant that proves nothing. May import domain and zod.
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import type { ActorActivities, DeliverActivities } from '../../domain/activity-ports.ts';
import { type FailureType, UNREADABLE_TASK } from '../../domain/failure.ts';
import { conversationOfAction } from '../../domain/ids.ts';
import { WarrantRefused } from './warrant.ts';

type ActInput = Parameters<ActorActivities['act']>[0];
type InspectInput = Parameters<ActorActivities['inspect']>[0];

const Principal = z.looseObject({ id: z.string(), name: z.string(), tenant: z.string() });

// Loose: the verdict covers every field, those too that only a newer role knows.
const Proposal = z.looseObject({
  actionId: z.string().refine((id) => conversationOfAction(id) !== undefined),
  conversationId: z.string(),
  turn: z.int(),
  agent: z.string(),
  tenant: z.string(),
  callId: z.string(),
  origin: z.object({ messageId: z.string(), itemId: z.string() }).optional(),
  proposedBy: z.object({ procedure: z.string(), actionId: z.string() }).optional(),
  tool: z.string(),
  toolVersion: z.string(),
  args: z.string(),
  salt: z.string(),
  digest: z.string(),
  principal: Principal,
  effect: z.enum(['read', 'write', 'irreversible']),
  summary: z.string(),
  timeoutMs: z.number(),
  inspects: z.boolean(),
  preconditions: z.array(z.string()),
  then: z.enum(['nothing', 'handover']),
});

const ActInput: z.ZodType<ActInput> = z.object({
  proposal: Proposal,
  warrant: z.object({ principal: z.string(), verdict: z.string(), decisions: z.array(z.string()) }),
  notesResult: z.boolean(),
});

const InspectInput: z.ZodType<InspectInput> = z.object({ proposal: Proposal, principal: z.string() });

// 200 characters: the longest id of a conversation with a turn, an index and what a question adds is half of that.
const ShownId = z.string().min(1).max(200);
const Ms = z.int().nonnegative();

type Shows = { readonly [Name in keyof DeliverActivities]: z.ZodType<Parameters<DeliverActivities[Name]>[0]> };

// What a role of before adds, such as the words of a reminder, is left out.
const SHOWS: Shows = {
  showCards: z.object({ batchId: ShownId, atMs: Ms.optional() }) as Shows['showCards'],
  remind: z.object({ batchId: ShownId, atMs: Ms }),
  deliverReplies: z.object({ conversationId: ShownId }),
};

/** A task that shows something in channels. Throws ChannelTaskRefused where it is none. */
export function readShow<Name extends keyof Shows>(name: Name, input: unknown): z.output<Shows[Name]> {
  const result = SHOWS[name].safeParse(input);
  if (result.success) return result.data;
  const type: FailureType = 'ChannelTaskRefused';
  const where = result.error.issues[0]?.path.join('.') ?? '';
  const message = `${UNREADABLE_TASK}: ${where === '' ? name : where} is not what it must be`;
  throw ApplicationFailure.create({ type, message, nonRetryable: true });
}

/** The task `act`. Throws WarrantRefused where it is none. */
export const readAct = (input: unknown): ActInput => read(ActInput, input);

/** The task `inspect`. Throws WarrantRefused where it is none. */
export const readInspect = (input: unknown): InspectInput => read(InspectInput, input);

function read<T>(form: z.ZodType<T>, input: unknown): T {
  const result = form.safeParse(input);
  if (result.success) return result.data;
  const where = result.error.issues[0]?.path.join('.') ?? '';
  throw new WarrantRefused(`${UNREADABLE_TASK}${where === '' ? '' : `: ${where} is not what it must be`}`);
}
