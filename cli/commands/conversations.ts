// The conversations of the caller, or, as staff, those of the agents that the caller may look after.
import { Conversation } from '../../api/schemas.ts';
import { EXIT } from '../failure.ts';
import { clockTime, columns } from '../terminal.ts';
import { type AsOption, connect, type Context } from './context.ts';
import { readAll } from './pages.ts';

export interface ConversationsOptions extends AsOption {
  readonly staff?: boolean;
  readonly archived?: boolean;
}

export async function listConversations(context: Context, options: ConversationsOptions): Promise<number> {
  const { terminal, nowMs } = context;
  const isStaff = options.staff === true;
  const client = connect(context, isStaff ? 'operate' : 'conversations:write', options);
  const archived = options.archived === true ? 'listed' : 'left_out';
  const which = { of: isStaff ? 'staff' : 'mine', archived };
  const list = await readAll(client, '/v1/conversations', which, Conversation);
  if (list.rows.length === 0) {
    terminal.print('There are no conversations. Begin one with: npx countersign chat');
    return EXIT.done;
  }
  // What an intake makes is the team's to work by; whoever wrote in knows their own case.
  const isRouted = isStaff && list.rows.some((one) => one.queue !== null);
  const rows = list.rows.map((one) => [
    one.id,
    one.agent,
    one.phase.replace('_', ' '),
    ...(isRouted ? [one.queue === null ? '' : `${one.priority} ${one.queue}`] : []),
    one.principal.name,
    clockTime(one.updatedMs, nowMs()),
  ]);
  const heads = ['CONVERSATION', 'AGENT', 'PHASE', ...(isRouted ? ['QUEUE'] : []), 'WITH', 'CHANGED'];
  terminal.print(columns(heads, rows, terminal.colors));
  if (list.isCut) terminal.print('… and more; these are the newest.');
  return EXIT.done;
}
