// What happens in a conversation, as lines for people. Parses the events of the stream, leaves out what a chat need not
// show, and remembers what each action is called, since later events name its id only. May import domain and zod.
import { z } from 'zod';
import { End } from '../../api/schemas.ts';
import { parseApprovalId } from '../../domain/ids.ts';
import { onlyPersonOf } from '../../domain/principal.ts';
import type { ServerEvent } from '../sse.ts';
import { type Colors, labelled, plainLine, untilWhen } from '../terminal.ts';

const Any = z.looseObject({ subject: z.string(), atMs: z.number() });
const Asked = {
  approvalId: z.string(),
  question: z.string().nullish(),
  summary: z.string(),
  group: z.string(),
  quorum: z.number(),
  deadlineMs: z.number(),
};

const Event = z.discriminatedUnion('kind', [
  Any.extend({ kind: z.literal('phase'), phase: z.string(), by: z.string(), reason: z.string() }),
  Any.extend({ kind: z.literal('message'), messageId: z.string(), from: z.string(), text: z.string() }),
  Any.extend({ kind: z.literal('message_refused'), messageId: z.string(), reason: z.string() }),
  Any.extend({ kind: z.literal('replied'), turn: z.number(), by: z.string(), text: z.string() }),
  Any.extend({ kind: z.literal('proposed'), actionId: z.string(), effect: z.string(), summary: z.string() }),
  Any.extend({ kind: z.literal('ruled'), verdict: z.string(), reason: z.string() }),
  Any.extend({ kind: z.literal('approval_requested'), ...Asked }),
  Any.extend({ kind: z.literal('decided'), receipt: z.string() }),
  Any.extend({ kind: z.literal('decision_refused'), reason: z.string(), why: z.string().optional() }),
  Any.extend({ kind: z.literal('approval_settled'), ...Asked, end: End }),
  Any.extend({ kind: z.literal('warrant_refused'), reason: z.string() }),
  Any.extend({ kind: z.literal('settled'), outcome: z.string(), reason: z.string() }),
]);

export type ChatEvent = z.output<typeof Event>;

/** The event, if it is one that a chat shows; a newer server may send others. */
export function chatEventOf({ data }: ServerEvent): ChatEvent | undefined {
  try {
    return Event.safeParse(JSON.parse(data)).data;
  } catch {
    return undefined;
  }
}

/** Where people ended it, their decision has been told. */
const TOLD: ReadonlySet<z.output<typeof End>> = new Set(['approved', 'denied', 'happened', 'did_not_happen']);

/** An action that ends so is told of as it ends, with the reason; a question has no end but this. */
const isToldLater = ({
  end,
  question,
}: {
  readonly end: string;
  readonly question?: string | null | undefined;
}): boolean => (question ?? null) === null && (end === 'cancelled' || end === 'expired');

// 500 actions: more than one conversation has open at once; the oldest names are forgotten first.
const MAX_NAMED_ACTIONS = 500;

/** Makes lines of events, in their order; undefined for what is not worth one. */
export function createTeller(
  agent: string,
  colors: Colors,
  nowMs: () => number,
): (event: ChatEvent) => string | undefined {
  const names = new Map<string, string>();
  const nameOf = (actionId: string): string => names.get(actionId) ?? actionId;
  const note = (label: string, text: string, colored = colors.dim): string => labelled(`  ${label}`, text, colored);

  return (event) => {
    switch (event.kind) {
      case 'phase':
        return note('phase', phaseText(event));
      case 'message':
        return labelled(event.from, event.text, colors.bold);
      case 'message_refused':
        return note('refused', `a message was not taken: ${event.reason}`, colors.red);
      case 'replied':
        return labelled(event.by === 'staff' ? 'staff' : agent, event.text, colors.bold);
      case 'proposed':
        names.set(event.actionId, event.summary);
        if (names.size > MAX_NAMED_ACTIONS) names.delete([...names.keys()][0] ?? '');
        return undefined;
      case 'ruled':
        // What the rules deny ends with their reason, and is told then.
        return undefined;
      case 'approval_requested':
        return waitingLine(event, colors, nowMs());
      case 'decided':
        return note('decision', event.receipt);
      case 'decision_refused':
        // Whom the API turned away was told so; it is no news of the conversation.
        return event.why === undefined ? note('decision', `did not count: ${event.reason}`, colors.red) : undefined;
      case 'approval_settled':
        return TOLD.has(event.end) || isToldLater(event) ? undefined : note(event.end, event.summary, colors.yellow);
      case 'warrant_refused':
        return note('refused', `${nameOf(event.subject)}: ${event.reason}`, colors.red);
      case 'settled':
        return outcomeLine(event.outcome, nameOf(event.subject), event.reason, colors);
      default:
        return event satisfies never;
    }
  };
}

function phaseText({ phase, by, reason }: Extract<ChatEvent, { kind: 'phase' }>): string {
  const who = by === '' ? '' : ` by ${by}`;
  return `${phase.replace('_', ' ')}${who}${reason === '' ? '' : ` (${reason})`}`;
}

interface WaitingApproval {
  readonly question?: string | null | undefined;
  readonly summary: string;
  readonly group: string;
  readonly quorum: number;
  readonly deadlineMs: number;
}

/** What waits, for whom, until when, and how to decide on it. */
export function waitingLine(
  { approvalId, question, summary, group, quorum, deadlineMs }: WaitingApproval & { readonly approvalId: string },
  colors: Colors,
  nowMs: number,
): string {
  const people = plainLine(quorum === 1 ? groupName(group) : `${quorum} people of ${group}`);
  const until = untilWhen(deadlineMs, nowMs);
  const isQuestion = question === 'unknown';
  const what = isQuestion
    ? `${plainLine(summary)}: did it happen? ${people} can answer until ${until}`
    : `${plainLine(summary)} waits for ${people} until ${until}`;
  // Whoever reads it may paste it into a shell, so only a real id becomes part of a command.
  const commands = isQuestion ? ['happened', 'did-not-happen'] : ['approve'];
  const how =
    parseApprovalId(approvalId) === undefined ? [] : commands.map((one) => `npx countersign ${one} ${approvalId}`);
  return labelled(isQuestion ? '  asked' : '  waits', [what, ...how].join('\n'), colors.yellow);
}

/** A group as people read it; a group of one is its person. */
export const groupName = (group: string): string => onlyPersonOf(group) ?? group;

/** How an action ended. */
export function outcomeLine(outcome: string, summary: string, reason: string, colors: Colors): string {
  const colored = outcome === 'succeeded' ? colors.green : colors.red;
  const label = outcome === 'succeeded' ? 'done' : outcome;
  return labelled(`  ${label}`, `${plainLine(summary)}${reason === '' ? '' : `: ${reason}`}`, colored);
}
