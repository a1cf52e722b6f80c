// The event stream of a conversation: what gets recorded, as server-sent events, from any position on. Ids are ledger
// positions, so a client that comes back with Last-Event-ID misses nothing. May import domain, store.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fact, FactOf, RecordedEntry } from '../domain/entry.ts';
import type { Item } from '../domain/item.ts';
import type { SystemFact } from '../domain/system-fact.ts';
import { REFUSALS } from '../domain/refusal.ts';
import type { Store } from '../store/ports.ts';
import type { Access } from './access.ts';
import {
  type ApiLimits,
  EVENTS_HEARTBEAT_MS,
  EVENTS_PAGE,
  EVENTS_POLL_MS,
  EVENTS_RETRY_MS,
  EVENTS_STREAM_MS,
  RETRY_AFTER_FULL_S,
} from './limits.ts';
import { Problem } from './problem.ts';
import { type Route, route } from './route.ts';
import { AfterEvent, OfConversation, Resumed } from './schemas.ts';

type Reads = Pick<Store, 'ledger' | 'items'>;

export function eventRoutes(store: Reads, access: Access, limits: ApiLimits): readonly Route[] {
  const open = new Map<string, number>();
  return [
    route({
      method: 'get',
      path: '/v1/conversations/{id}/events',
      id: 'streamEvents',
      summary: 'What happens, live; resumes after Last-Event-ID, or after ?after=',
      scope: ['conversations:read', 'operate'],
      params: OfConversation,
      query: AfterEvent,
      headers: Resumed,
      responses: { 200: 'text/event-stream' },
      handler: async ({ params, query, headers, caller, signal }) => {
        await access.conversation(caller, params.id);
        const after = headers['last-event-id'] ?? query.after ?? 0;
        signal.throwIfAborted();
        const leave = enter(open, caller.keyId, limits);
        signal.addEventListener('abort', leave, { once: true });
        return { status: 200, body: stream(store, params.id, after, signal) };
      },
    }),
  ];
}

/** Take a place among the open streams; returns how to leave it. Throws `too_many_streams`. */
function enter(open: Map<string, number>, keyId: string, limits: ApiLimits): () => void {
  const own = open.get(keyId) ?? 0;
  const all = [...open.values()].reduce((sum, count) => sum + count, 0);
  if (own >= limits.streamsPerKey || all >= limits.streams) {
    const detail = 'Too many event streams are open; close one, or poll the conversation instead.';
    throw new Problem('too_many_streams', detail, { retryAfterS: RETRY_AFTER_FULL_S });
  }
  open.set(keyId, own + 1);
  return () => {
    const left = (open.get(keyId) ?? 1) - 1;
    if (left > 0) open.set(keyId, left);
    else open.delete(keyId);
  };
}

async function* stream(
  store: Reads,
  conversationId: string,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const openedMs = performance.now();
  let lastMs = openedMs;
  let seq = after;
  yield `retry: ${EVENTS_RETRY_MS}\n\n`;
  while (!signal.aborted && performance.now() - openedMs < EVENTS_STREAM_MS) {
    const entries = await store.ledger.ofConversation(conversationId, seq, EVENTS_PAGE);
    const texts = await textsOf(store, conversationId, entries);
    for (const entry of entries) {
      seq = entry.seq;
      yield eventText(entry, texts);
      if (entry.fact.kind === 'phase' && entry.fact.phase === 'closed') return;
    }
    if (entries.length > 0) lastMs = performance.now();
    if (entries.length === EVENTS_PAGE) continue;
    if (performance.now() - lastMs >= EVENTS_HEARTBEAT_MS) {
      lastMs = performance.now();
      yield ': still here\n\n';
    }
    await sleep(EVENTS_POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** The words of messages and replies lie in items; entries only name them. */
async function textsOf(
  { items }: Reads,
  id: string,
  entries: readonly RecordedEntry[],
): Promise<ReadonlyMap<string, Item>> {
  const ids = entries.flatMap(({ fact, isAltered }) =>
    !isAltered && (fact.kind === 'message' || fact.kind === 'replied') ? [fact.itemId] : [],
  );
  const found = ids.length === 0 ? [] : await items.load(id, ids);
  return new Map(found.map((item) => [item.id, item]));
}

function eventText({ seq, subject, atMs, fact, isAltered }: RecordedEntry, texts: ReadonlyMap<string, Item>): string {
  const said = isAltered ? { isAltered } : shown(fact, texts);
  const data = JSON.stringify({ seq, subject, atMs, kind: fact.kind, ...said });
  return `id: ${seq}\nevent: ${fact.kind}\ndata: ${data}\n\n`;
}

/** What anybody who may see the conversation may see of a fact: no arguments, no evidence, no signatures. */
function shown(fact: Fact, texts: ReadonlyMap<string, Item>): Readonly<Record<string, unknown>> {
  switch (fact.kind) {
    case 'conversation_opened':
      return { agent: fact.agent };
    case 'phase':
      return { phase: fact.phase, by: fact.by, reason: fact.reason };
    case 'commanded':
      return { command: fact.command, by: fact.by };
    case 'message':
      return { messageId: fact.messageId, from: fact.principal.name, text: texts.get(fact.itemId)?.body.text ?? '' };
    case 'report_refused':
      return { kind: fact.kind, batchId: fact.batchId };
    case 'message_refused':
      return { messageId: fact.messageId, reason: fact.reason };
    case 'model_call':
    case 'model_call_failed':
    case 'intake':
    case 'turn_limited':
      return ofTurn(fact);
    case 'budget_reached':
    case 'budget_opened':
      return ofBudget(fact);
    case 'replied':
      return { turn: fact.turn, by: fact.by, text: texts.get(fact.itemId)?.body.text ?? '' };
    case 'proposed':
      return proposed(fact);
    case 'ruled':
      return { verdict: fact.verdict.kind, ruleId: fact.verdict.ruleId, reason: fact.verdict.reason };
    case 'approval_requested':
    case 'approval_settled':
      return approved(fact);
    case 'decided':
      return { approvalId: fact.approvalId, receipt: fact.receipt };
    case 'approval_seen':
      return { approvalId: fact.approvalId };
    case 'approval_noticed':
      return { approvalId: fact.approvalId, notice: fact.notice, groups: fact.groups };
    case 'decision_refused':
    case 'warrant_refused':
      return refused(fact);
    case 'claimed':
    case 'inspected':
      return { tool: fact.tool };
    case 'attempted':
      return { tool: fact.tool, epoch: fact.epoch };
    case 'reconciled':
      return { found: fact.found };
    case 'operator_act':
      return { act: fact.act };
    case 'switched':
      return { scope: fact.scope, name: fact.name, isThrown: fact.isThrown, by: fact.by, reason: fact.reason };
    case 'ledger_resumed':
    case 'ledger_read':
    case 'maintained':
    case 'configured':
    case 'facts_erased':
    case 'erased':
    case 'api_key_added':
    case 'api_key_revoked':
      return ofHouse(fact);
    case 'card_shown':
    case 'card_not_shown':
      return { batchId: fact.batchId, channel: fact.channel };
    case 'settled':
      return { outcome: fact.outcome.kind, reason: fact.outcome.kind === 'succeeded' ? '' : fact.outcome.reason };
    default:
      return fact satisfies never;
  }
}

type OfHouse = FactOf<'ledger_resumed' | 'ledger_read' | 'facts_erased'> | Exclude<SystemFact, FactOf<'operator_act'>>;

/** What belongs to no conversation; whatever it holds besides is for whoever reads the ledger. */
function ofHouse(fact: OfHouse): Readonly<Record<string, unknown>> {
  switch (fact.kind) {
    case 'ledger_read':
      return { by: fact.by, how: fact.how };
    case 'ledger_resumed':
      return { by: fact.by };
    case 'api_key_added':
    case 'api_key_revoked':
      return { keyId: fact.keyId, by: fact.by };
    default:
      return {};
  }
}

const proposed = ({ proposal: { actionId, tool, effect, summary } }: FactOf<'proposed'>) => {
  return { actionId, tool, effect, summary };
};

/** What a person was told is theirs; the conversation learns that somebody was turned away, and why. */
function refused(fact: FactOf<'decision_refused' | 'warrant_refused'>) {
  const { reason } = fact;
  if (fact.kind === 'warrant_refused') return { reason };
  const { approvalId, by } = fact;
  return by === undefined ? { approvalId, reason } : { approvalId, reason: REFUSALS[by.why], why: by.why };
}

const approved = ({ approval }: FactOf<'approval_requested' | 'approval_settled'>) => {
  const { id, actionId, question = null, summary, group, quorum, deadlineMs, end } = approval;
  return { approvalId: id, actionId, question, summary, group, quorum, deadlineMs, end };
};

function ofBudget(fact: FactOf<'budget_reached' | 'budget_opened'>) {
  const { scope, of, measure, day, endsMs, amount } = fact;
  const what = { scope, of, measure, day, untilMs: endsMs };
  if (fact.kind === 'budget_opened') return { ...what, amount, by: fact.by };
  return { ...what, turn: fact.turn, used: fact.used, most: fact.most };
}

function ofTurn(fact: FactOf<'model_call' | 'model_call_failed' | 'intake' | 'turn_limited'>) {
  const { turn } = fact;
  switch (fact.kind) {
    case 'model_call':
      return { turn, model: fact.model, promptTokens: fact.promptTokens, completionTokens: fact.completionTokens };
    case 'model_call_failed':
      return { turn };
    case 'intake':
      return { turn, priority: fact.priority, queue: fact.queue, next: fact.next };
    case 'turn_limited':
      return { turn, limit: fact.limit, most: fact.most };
    default:
      return fact satisfies never;
  }
}
