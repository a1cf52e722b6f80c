// The store port in memory, for tests of the HTTP side: the same rules as the real one, without its durability.
import type { Approval } from '../../../domain/approval.ts';
import type { Entry } from '../../../domain/entry.ts';
import type { Item, NewItem } from '../../../domain/item.ts';
import type { ActionRow, ApiKeyRow, Claim, ConversationRow, Page, RecordedEntry, Store } from '../../../store/ports.ts';

export interface MemoryStore extends Store {
  /** From now on every call fails, as when PostgreSQL is gone; undefined makes it answer again. */
  fail(error: Error | undefined): void;
  /** What the Workflow would have written. */
  put(rows: { actions?: readonly ActionRow[]; counts?: Readonly<Record<string, number>> }): void;
  readonly entries: readonly RecordedEntry[];
}

export function createMemoryStore(): MemoryStore {
  const conversations = new Map<string, ConversationRow>();
  const approvals = new Map<string, Approval>();
  const actions = new Map<string, ActionRow>();
  const keys = new Map<string, ApiKeyRow>();
  const items: (Item & { key: string })[] = [];
  const entries: RecordedEntry[] = [];
  let counts: Readonly<Record<string, number>> = {};
  let broken: Error | undefined;

  async function here<T>(answer: () => T): Promise<T> {
    if (broken) throw broken;
    return answer();
  }

  function apply({ conversationId, atMs, fact }: Entry): void {
    const row = conversations.get(conversationId);
    if (fact.kind === 'conversation_opened') {
      const { agent, tenant, owner, principal } = fact;
      const times = { createdMs: atMs, updatedMs: atMs };
      conversations.set(conversationId, {
        id: conversationId,
        agent,
        tenant,
        owner,
        principal,
        phase: 'open',
        ...times,
      });
    } else if (fact.kind === 'phase' && row !== undefined) {
      conversations.set(conversationId, { ...row, phase: fact.phase, updatedMs: atMs });
    } else if (fact.kind === 'approval_requested' || fact.kind === 'approval_settled') {
      approvals.set(fact.approval.id, fact.approval);
    }
  }

  function record(news: readonly Entry[]): void {
    for (const entry of news) {
      if (entries.some((one) => one.subject === entry.subject && one.step === entry.step)) continue;
      entries.push({ ...entry, seq: entries.length + 1 });
      apply(entry);
    }
  }

  function append(news: readonly NewItem[]): readonly Item[] {
    return news.map((one) => {
      const known = items.find((item) => item.conversationId === one.conversationId && item.key === one.key);
      if (known) return known;
      const item = { ...one, id: `i${items.length + 1}`, seq: items.length + 1, salt: 'salt', createdMs: 0 };
      items.push(item);
      return item;
    });
  }

  return {
    entries,
    fail: (error) => void (broken = error),
    put(rows) {
      for (const row of rows.actions ?? []) actions.set(row.id, row);
      counts = rows.counts ?? counts;
    },
    items: {
      append: (news, toEntries) =>
        here(() => {
          const written = append(news);
          record(toEntries?.(written) ?? []);
          return written;
        }),
      load: (_id, ids) => here(() => ids.flatMap((id) => items.filter((item) => item.id === id))),
      byKey: (id, key) => here(() => items.find((item) => item.conversationId === id && item.key === key)),
      page: (id, after, limit) =>
        here(() => items.filter((item) => item.conversationId === id && item.seq > after).slice(0, limit)),
      replyTo: (id, messageId) =>
        here(() => {
          const turn = items.find((item) => item.conversationId === id && item.key === `message:${messageId}`)?.turn;
          return items.find((item) => item.conversationId === id && item.turn === turn && item.body.kind === 'reply');
        }),
    },
    record: (news) => here(() => record(news)),
    conversations: {
      get: (id) => here(() => conversations.get(id)),
      list: ({ tenant, principalId, agents, cursor, limit }) =>
        here(() =>
          paged(
            [...conversations.values()].filter(
              (row) =>
                row.tenant === tenant &&
                (principalId === '' || row.principal.id === principalId) &&
                (agents.length === 0 || agents.includes(row.agent)),
            ),
            cursor,
            limit,
          ),
        ),
    },
    actions: {
      get: (id) => here(() => actions.get(id)),
      ofConversation: (id, limit) =>
        here(() => [...actions.values()].filter((row) => row.conversationId === id).slice(0, limit)),
      counts: () => here(() => counts),
    },
    approvals: {
      get: (id) => here(() => approvals.get(id)),
      list: ({ end, groups, conversationId, cursor, limit }) =>
        here(() =>
          paged(
            [...approvals.values()].filter(
              (one) =>
                (end === '' || one.end === end) &&
                groups.includes(one.group) &&
                (conversationId === '' || one.conversationId === conversationId),
            ),
            cursor,
            limit,
          ),
        ),
      openStats: (nowMs) =>
        here(() => {
          const open = [...approvals.values()].filter((one) => one.end === 'open');
          return { count: open.length, oldestAgeMs: Math.max(0, ...open.map((one) => nowMs - one.askedMs)) };
        }),
    },
    claims: {
      get: () => here((): Claim | undefined => undefined),
      claim: () => here(() => ({ kind: 'claimed' }) as const),
      receipt: (_id, outcome) => here(() => outcome),
    },
    ledger: {
      ofConversation: (id, after, limit) =>
        here(() => entries.filter((one) => one.conversationId === id && one.seq > after).slice(0, limit)),
      ofSubject: (subject) => here(() => entries.filter((one) => one.subject === subject)),
    },
    apiKeys: {
      byHash: (hash) => here(() => keys.get(hash)),
      add: ({ hash, id, principal, scopes, nowMs }) =>
        here(() => void keys.set(hash, { id, principal, scopes, createdMs: nowMs, revokedMs: null })),
      revoke: (id) =>
        here(() => {
          for (const [hash, key] of keys) if (key.id === id) keys.delete(hash);
        }),
    },
    ping: () => here(() => undefined),
    close: async () => undefined,
  };
}

/** Newest first; the cursor is how many were shown. */
function paged<Row>(rows: readonly Row[], cursor: string, limit: number): Page<Row> {
  const from = Number(cursor || 0);
  const page = rows.toReversed().slice(from, from + limit);
  return { rows: page, next: from + limit < rows.length ? String(from + limit) : '' };
}
