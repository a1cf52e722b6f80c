// Commands of operators to a conversation. Pause and stop also get in by Signal when no Update does; what opens
// something again is signed. May import domain, trust, store.
import { randomUUID } from 'node:crypto';
import type { ConversationView } from '../domain/conversation.ts';
import type { FactOf } from '../domain/entry.ts';
import type { CommandStatement } from '../domain/signed.ts';
import type { Access } from './access.ts';
import type { ApiDeps } from './deps.ts';
import type { Ending } from './ending.ts';
import { Problem } from './problem.ts';
import { type Route, route } from './route.ts';
import { Commanded, Delivered, OfConversation } from './schemas.ts';

type Command = FactOf<'commanded'>['command'];
type Deps = Pick<ApiDeps, 'gateway' | 'signer' | 'nowMs' | 'store'>;

const HALTS = [
  { command: 'pause', summary: 'Queue messages and hold before each step until resume' },
  { command: 'stop', summary: 'Cancel what runs and what waits; refuse messages until resume' },
] as const;

// Each holds at once, or, in a conversation that is paused or stopped, as soon as it is resumed: the phase tells.
const SIGNED = [
  { command: 'resume', summary: 'Go on after a pause or a stop' },
  { command: 'handover', summary: 'A person of the team answers from now on' },
  { command: 'handback', summary: 'The agent answers again' },
] as const satisfies readonly { command: CommandStatement['command']; summary: string }[];

export function commandRoutes(deps: Deps, access: Access, ending: Ending): readonly Route[] {
  const { gateway, signer, nowMs } = deps;
  const halts = HALTS.map(({ command, summary }) =>
    route({
      method: 'post',
      path: `/v1/conversations/{id}/${command}`,
      id: `${command}Conversation`,
      summary,
      scope: ['operate'],
      params: OfConversation,
      responses: { 200: Commanded, 202: Delivered },
      handler: async ({ params, caller }) => {
        const { row } = await access.conversation(caller, params.id);
        await record(deps, row.id, command, caller.principal.id);
        const view = await ending.whileOpen(row, (start) => gateway.halt(start, command));
        if (view !== undefined) return { status: 200, body: commandedView(view) };
        const detail = `No worker answers now; the ${command} waits as a Signal and holds as soon as one does.`;
        return { status: 202, body: { id: row.id, delivered: 'signal' as const, detail } };
      },
    }),
  );
  const signed = SIGNED.map(({ command, summary }) =>
    route({
      method: 'post',
      path: `/v1/conversations/{id}/${command}`,
      id: `${command}Conversation`,
      summary,
      scope: ['operate'],
      params: OfConversation,
      responses: { 200: Commanded },
      handler: async ({ params, caller }) => {
        const { row } = await access.conversation(caller, params.id);
        const { principal } = caller;
        await record(deps, row.id, command, principal.id);
        const statement = { kind: 'command', command, conversationId: row.id, principal, atMs: nowMs() } as const;
        const proof = await signer.sign(statement);
        const view = await ending.whileOpen(row, (start) => gateway.command(start, command, proof));
        return { status: 200, body: commandedView(view) };
      },
    }),
  );
  return [...halts, ...signed];
}

/** On record before it is passed on: what follows in the conversation then has somebody who told it so. */
function record({ store, nowMs }: Deps, conversationId: string, command: Command, by: string): Promise<void> {
  const fact = { kind: 'commanded', command, by } as const;
  const step = `${command}:${randomUUID()}`;
  return store.record([{ subject: conversationId, step, conversationId, atMs: nowMs(), fact }]);
}

function commandedView({ conversationId, phase, turn, queued }: ConversationView) {
  if (phase === 'closed')
    throw new Problem('conversation_closed', 'The conversation has ended for good; start another one.');
  return { id: conversationId, phase, turn, queued };
}
