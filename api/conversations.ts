// Conversations: open, list, look at, end. A conversation is on record before its Workflow starts, so a crash between
// the two leaves one that the next message starts. May import domain, trust, store and the list of channels.
import { randomBytes } from 'node:crypto';
import { CHANNELS } from '../channels/index.ts';
import type { ConversationChannel } from '../domain/channel.ts';
import { conversationWorkflowId, isChannelConversationId } from '../domain/ids.ts';
import { archivedBefore } from '../domain/retention.ts';
import type { ConversationRow } from '../store/ports.ts';
import { sha256Hex } from '../trust/digest.ts';
import type { Access } from './access.ts';
import type { Admission } from './admission.ts';
import { type Caller, isOperator } from './auth.ts';
import type { ApiDeps } from './deps.ts';
import { type Ending, startOf } from './ending.ts';
import { GatewayError } from './gateway-error.ts';
import { ACTIONS_SHOWN, MAX_PAGE } from './limits.ts';
import { Problem } from './problem.ts';
import { type Route, route } from './route.ts';
import {
  After,
  Conversation,
  ConversationDetail,
  Keyed,
  Listed,
  NewConversation,
  OfConversation,
  pageOf,
} from './schemas.ts';
import { actionView, conversationView, intakeView, isVisible, itemView, waitingView } from './views.ts';

type Deps = Pick<ApiDeps, 'store' | 'gateway' | 'agents' | 'nowMs' | 'temporalUiUrl'> & {
  readonly admission: Admission;
};

export function conversationRoutes(deps: Deps, access: Access, ending: Ending): readonly Route[] {
  return [openRoute(deps, ending), listRoute(deps, access), lookRoute(deps, access), endRoute(deps, access, ending)];
}

function openRoute(deps: Deps, ending: Ending): Route {
  const { store, gateway, admission } = deps;
  return route({
    method: 'post',
    path: '/v1/conversations',
    id: 'openConversation',
    summary: 'Open a conversation with an agent; once per id or Idempotency-Key',
    scope: ['conversations:write'],
    headers: Keyed,
    body: NewConversation,
    responses: { 200: Conversation, 201: Conversation },
    handler: async ({ headers, body, caller }) => {
      if (body.id !== undefined) assertFree(body.id);
      const id = body.id ?? freshId(caller, headers['idempotency-key']);
      const before = await store.conversations.get(id);
      const open = async () => {
        const opened = before ?? (await openConversation(deps, caller, { id, agent: body.agent }));
        assertSame(opened, caller, body.agent);
        await ending.whileOpen(opened, (start) => gateway.start(start));
        return opened;
      };
      const row = await admission.enter({ id: `open ${id}`, principal: caller.principal }, open, () => false);
      const view = conversationView(row, archivedBefore(deps.agents.values(), deps.nowMs()));
      return { status: before === undefined ? 201 : 200, body: view, headers: { Location: view.url } };
    },
  });
}

function listRoute({ store, ...deps }: Deps, access: Access): Route {
  return route({
    method: 'get',
    path: '/v1/conversations',
    id: 'listConversations',
    summary:
      'Your conversations, newest first, but archived ones; ?of=staff lists those that you may see as staff, if any',
    scope: ['conversations:read', 'operate'],
    query: Listed,
    responses: { 200: pageOf(Conversation) },
    handler: async ({ query: { of, archived, cursor, limit }, caller }) => {
      const { id, tenant } = caller.principal;
      const asStaff = of === 'staff';
      const agents = asStaff && !isOperator(caller) ? access.agents(caller) : [];
      // An empty list means all agents to the store, so whoever is staff of none must not get there.
      const ofNone = asStaff && !isOperator(caller) && agents.length === 0;
      const principalId = asStaff && !ofNone ? '' : id;
      const hidden = archivedBefore(deps.agents.values(), deps.nowMs());
      const which = { tenant, principalId, agents, archived: archived === 'listed' ? [] : hidden };
      const page = await store.conversations.list({ ...which, cursor, limit });
      const rows = page.rows.map((row) => conversationView(row, hidden));
      return { status: 200, body: { rows, next: page.next } };
    },
  });
}

function lookRoute(deps: Deps, access: Access): Route {
  const { store, gateway } = deps;
  return route({
    method: 'get',
    path: '/v1/conversations/{id}',
    id: 'getConversation',
    summary: 'State, transcript by pages, what waits and what was done',
    scope: ['conversations:read', 'operate'],
    params: OfConversation,
    query: After,
    responses: { 200: ConversationDetail },
    handler: async ({ params, query: { after, limit }, caller }) => {
      const { row, eyes } = await access.conversation(caller, params.id);
      const waitingHere = {
        end: 'open',
        groups: access.everyGroup,
        nowMs: deps.nowMs(),
        cursor: '',
        limit: MAX_PAGE,
      } as const;
      const [items, waiting, actions, live] = await Promise.all([
        store.items.page(row.id, after, limit),
        store.approvals.list({ ...waitingHere, tenant: row.tenant, conversationId: row.id }),
        store.actions.ofConversation(row.id, ACTIONS_SHOWN),
        gateway.view(row.id),
      ]);
      const body = {
        ...conversationView(row, archivedBefore(deps.agents.values(), deps.nowMs())),
        ...(live === undefined ? {} : { phase: live.phase }),
        live: live === undefined ? null : { turn: live.turn, queued: live.queued },
        items: items.filter((item) => isVisible(item, eyes)).map(itemView),
        nextAfter: items.length < limit ? null : (items.at(-1)?.seq ?? null),
        ...intakeView(row, eyes),
        waiting: waiting.rows.map(waitingView),
        actions: actions.map((action) => actionView(action, eyes)),
        ...(eyes === 'staff' ? temporalUrl(deps.temporalUiUrl, row.id) : {}),
      };
      return { status: 200, body };
    },
  });
}

function endRoute({ gateway }: Deps, access: Access, ending: Ending): Route {
  return route({
    method: 'delete',
    path: '/v1/conversations/{id}',
    id: 'endConversation',
    summary: 'End it for good; what runs and what waits is cancelled',
    scope: ['conversations:write', 'operate'],
    params: OfConversation,
    responses: { 204: null },
    handler: async ({ params, caller }) => {
      const { row } = await access.conversation(caller, params.id);
      await gateway.close(startOf(row)).catch((error: unknown) => {
        const over = error instanceof GatewayError && error.fault.kind === 'ended';
        if (!over) throw error;
      });
      // The Workflow knows that it ended; only here is known who wanted it.
      await ending.record(row, caller.principal.id, 'ended over the API');
      return { status: 204, body: null };
    },
  });
}

/** Put a new conversation on record. Of two at once with one id the first stands. */
export async function openConversation(
  { store, agents, nowMs }: Pick<Deps, 'store' | 'agents' | 'nowMs'>,
  caller: Caller,
  { id, agent: name, channel }: { readonly id: string; readonly agent: string; readonly channel?: ConversationChannel },
): Promise<ConversationRow> {
  const agent = agents.get(name);
  if (agent === undefined) {
    const names = [...agents.keys()].join(', ');
    throw new Problem('unknown_agent', `There is no agent "${name}"; choose one of: ${names}.`);
  }
  const { principal } = caller;
  const fact = {
    kind: 'conversation_opened',
    agent: agent.name,
    tenant: principal.tenant,
    owner: agent.owner,
    principal,
    ...(channel && { channel }),
  } as const;
  await store.record([{ subject: id, step: 'opened', conversationId: id, atMs: nowMs(), fact }]);
  const row = await store.conversations.get(id);
  if (row === undefined) throw new Error(`the conversation ${id} must be on record once its opening is`);
  return row;
}

/** Whoever opened a place of a channel before its people do would read what they say there. */
function assertFree(id: string): void {
  const channels = CHANNELS.map(({ name }) => name);
  if (!isChannelConversationId(id, channels)) return;
  throw new Problem('bad_request', `The id "${id}" is kept for what is said in a channel; choose another, or none.`);
}

/** The same id again is the same conversation only for the same caller and agent. */
function assertSame(row: ConversationRow, { principal }: Caller, agent: string): void {
  if (row.principal.id !== principal.id || row.tenant !== principal.tenant || row.agent !== agent) {
    throw new Problem(
      'conversation_exists',
      `The id "${row.id}" is taken by another conversation; choose another, or none.`,
    );
  }
  if (row.phase === 'closed') {
    throw new Problem(
      'conversation_closed',
      `The conversation "${row.id}" has ended for good; open one under another id.`,
    );
  }
}

/** Short enough to read in the Temporal UI, long enough (80 bits) that no one guesses it. */
function freshId({ principal }: Caller, key: string | undefined): string {
  if (key === undefined) return `c-${randomBytes(10).toString('hex')}`;
  return `c-${sha256Hex(JSON.stringify(['conversation', principal.tenant, principal.id, key])).slice(0, 20)}`;
}

function temporalUrl(uiUrl: string | undefined, id: string): { temporalUrl?: string } {
  if (uiUrl === undefined) return {};
  return { temporalUrl: `${uiUrl}/workflows/${encodeURIComponent(conversationWorkflowId(id))}` };
}
