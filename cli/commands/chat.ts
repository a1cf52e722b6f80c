// `countersign chat`: opens a conversation or goes on with one, then says one thing, or talks until the input ends.
import { DEFAULT_AGENT } from '../default-agent.ts';
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { Conversation, ConversationDetail, NewMessage } from '../../api/schemas.ts';
import type { Client } from '../client.ts';
import { CommandFailed, EXIT } from '../failure.ts';
import { labelled } from '../terminal.ts';
import { outcomeLine, waitingLine } from './chat-events.ts';
import { notAnsweredText, pathOf, send } from './chat-send.ts';
import { talk } from './chat-talk.ts';
import { type AsOption, connect, type Context } from './context.ts';

export interface ChatOptions extends AsOption {
  readonly agent?: string;
  readonly conversation?: string;
  readonly message?: string;
}

type Opened = Pick<z.output<typeof Conversation>, 'id' | 'agent' | 'phase'>;

export async function chat(context: Context, options: ChatOptions): Promise<number> {
  const { terminal } = context;
  if (options.message !== undefined) refuseUnsayable(options.message);
  const client = connect(context, 'conversations:write', options);
  const conversation = await open(client, options);
  const { id, agent, phase } = conversation;
  terminal.print(
    labelled(
      'conversation',
      `${id} with ${agent}${phase === 'open' ? '' : `, ${phase.replace('_', ' ')}`}`,
      terminal.colors.dim,
    ),
  );
  if (options.message !== undefined) return sayOnce(context, client, conversation, options.message);
  return talk(context, client, { ...conversation, isResumed: options.conversation !== undefined });
}

/** What the API would not take is refused before a conversation is opened for it. */
function refuseUnsayable(message: string): void {
  const [fault] = NewMessage.safeParse({ text: message }).error?.issues ?? [];
  if (fault !== undefined) throw new CommandFailed(`the message ${fault.message}`);
}

/** An id alone must exist; with an agent, or without an id, the conversation is opened where it is not. */
async function open(client: Client, { agent, conversation: id }: ChatOptions): Promise<Opened> {
  if (id !== undefined && agent === undefined) return client.get(`${pathOf(id)}?limit=1`, ConversationDetail);
  const body = { agent: agent ?? DEFAULT_AGENT, ...(id === undefined ? {} : { id }) };
  const headers = { 'idempotency-key': randomUUID() };
  return client.post('/v1/conversations', body, Conversation, { countsOnce: true, headers });
}

const lookAgain = (id: string): string => `npx countersign chat --conversation ${id}`;

/** One message, its reply, what was done in its turn, and what waits. */
async function sayOnce(
  { terminal, nowMs }: Context,
  client: Client,
  { id, agent }: Opened,
  text: string,
): Promise<number> {
  const { print, colors } = terminal;
  const answer = await send(client, id, text, { waitsForReply: true });
  const { reply } = answer;
  if (reply === undefined) {
    print(labelled('  taken', `${notAnsweredText(answer)}\nLook again with: ${lookAgain(id)}`, colors.yellow));
    return EXIT.notAnswered;
  }
  print(labelled(agent, reply.text, colors.bold));
  const now = await client.get(`${pathOf(id)}?limit=1`, ConversationDetail);
  for (const action of now.actions.filter((one) => one.id.startsWith(`${id}:${reply.turn}:`)).toReversed()) {
    if (action.outcome !== null) print(outcomeLine(action.outcome.kind, action.summary, action.outcome.reason, colors));
  }
  for (const waiting of now.waiting) print(waitingLine({ ...waiting, approvalId: waiting.id }, colors, nowMs()));
  if (now.waiting.length > 0)
    print(labelled('', `The outcome will be reported in this conversation: ${lookAgain(id)}`, colors.dim));
  return EXIT.done;
}
