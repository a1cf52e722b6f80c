// The store port in memory, for tests of the HTTP side: the same rules as the real one, without its durability.
import type { Approval } from '../../../domain/approval.ts';
import type { RuleBurden } from '../../../domain/burden.ts';
import type { NewNote } from '../../../domain/delivery.ts';
import type { Entry, RecordedEntry } from '../../../domain/entry.ts';
import { switchSubject } from '../../../domain/ids.ts';
import { standingIn } from '../../../domain/intake-record.ts';
import type { Item, NewItem } from '../../../domain/item.ts';
import type { Budget } from '../../../domain/spending.ts';
import type { Switch } from '../../../domain/switch.ts';
import { approvalHandle, sha256Hex } from '../../../trust/digest.ts';
import { memoryBudgets } from './memory-budgets.ts';
import { memoryFacts } from './memory-facts.ts';
import { memoryItems } from './memory-items.ts';
import { memoryLedger } from './memory-ledger.ts';
import { maintenanceOf } from './memory-maintenance.ts';
import { paged } from './paged.ts';
import { memoryReports } from './memory-reports.ts';
import type { Claim } from '../../../store/claim-port.ts';
import { createAnswers } from '../../../store/answers.ts';
import type { ActionRow, ApiKeyRow, ConversationRow, Store } from '../../../store/ports.ts';

export interface MemoryStore extends Store {
  /** From now on every call fails, as when PostgreSQL is gone; undefined makes it answer again. */
  fail(error: Error | undefined): void;
  /** What the Workflow would have written. */
  put(rows: {
    actions?: readonly ActionRow[];
    counts?: Readonly<Record<string, number>>;
    budgets?: readonly Budget[];
    facts?: State['facts'];
    orphans?: State['orphans'];
    burden?: State['burden'];
    due?: State['due'];
  }): void;
  readonly entries: readonly RecordedEntry[];
  /** What one person is to be told, oldest first. */
  readonly told: readonly NewNote[];
}

/** All of it: the parts below are views of this. */
class State {
  readonly conversations = new Map<string, ConversationRow>();
  readonly approvals = new Map<string, Approval>();
  readonly actions = new Map<string, ActionRow>();
  readonly keys = new Map<string, ApiKeyRow>();
  readonly switches = new Map<string, Switch>();
  readonly notices = new Map<string, readonly string[]>();
  readonly items: (Item & { key: string })[] = [];
  readonly answers = createAnswers(undefined);
  readonly told: NewNote[] = [];
  readonly entries: RecordedEntry[] = [];
  counts: Readonly<Record<string, number>> = {};
  budgets: readonly Budget[] = [];
  facts: Parameters<typeof memoryFacts>[0]['facts'] = [];
  orphans: Awaited<ReturnType<Store['reports']['orphans']>> = [];
  burden: readonly RuleBurden[] = [];
  due: Awaited<ReturnType<Store['maintenance']['due']>> = [];
  broken: Error | undefined;

  async here<T>(answer: () => T): Promise<T> {
    if (this.broken) throw this.broken;
    return answer();
  }

  record(news: readonly Entry[]): void {
    for (const entry of news) {
      if (this.entries.some((one) => one.subject === entry.subject && one.step === entry.step)) continue;
      this.entries.push({ ...entry, seq: this.entries.length + 1, seal: 'none' });
      this.#apply(entry);
    }
  }

  append(news: readonly NewItem[]): readonly Item[] {
    return news.map((one) => {
      const known = this.items.find((item) => item.conversationId === one.conversationId && item.key === one.key);
      if (known) return known;
      const item = { ...one, id: `i${this.items.length + 1}`, seq: this.items.length + 1, salt: 'salt', createdMs: 0 };
      this.items.push(item);
      if (one.body.kind.endsWith('reply')) this.answers.written(one.conversationId);
      return item;
    });
  }

  tell(note: NewNote): void {
    if (!this.told.some(({ id }) => id === note.id)) this.told.push(note);
  }

  #apply({ conversationId: id, atMs, fact }: Entry): void {
    const row = this.conversations.get(id);
    if (fact.kind === 'conversation_opened') {
      const { agent, tenant, owner, principal, channel = null } = fact;
      const times = { createdMs: atMs, updatedMs: atMs };
      const opened = { id, agent, tenant, owner, principal, channel, intake: null, textsDeletedMs: null };
      this.conversations.set(id, { ...opened, phase: 'open', ...times });
    } else if (fact.kind === 'phase' && row !== undefined) {
      this.conversations.set(id, { ...row, phase: fact.phase, updatedMs: atMs });
    } else if (fact.kind === 'intake' && row !== undefined) {
      this.conversations.set(id, { ...row, intake: standingIn(fact), updatedMs: atMs });
    } else if (fact.kind === 'approval_requested' || fact.kind === 'approval_settled') {
      this.approvals.set(fact.approval.id, fact.approval);
    }
  }
}

const notHere = (): Promise<never> => Promise.reject(new Error('the API must not do this'));

export function createMemoryStore(): MemoryStore {
  const state = new State();
  return {
    entries: state.entries,
    told: state.told,
    fail: (error) => void (state.broken = error),
    put(rows) {
      const { actions = [], ...rest } = rows;
      for (const row of actions) state.actions.set(row.id, row);
      Object.assign(state, rest);
    },
    record: (news) => state.here(() => state.record(news)),
    answers: state.answers,
    items: memoryItems(state),
    ...switchesOf(state),
    reports: memoryReports(state),
    maintenance: maintenanceOf(state),
    conversations: conversationsOf(state),
    approvals: approvalsOf(state),
    actions: {
      get: (id) => state.here(() => state.actions.get(id)),
      some: (ids) => state.here(() => ids.flatMap((id) => state.actions.get(id) ?? [])),
      ofConversation: (id, limit) =>
        state.here(() => [...state.actions.values()].filter((row) => row.conversationId === id).slice(0, limit)),
      openWrites: () => state.here(() => []),
      deniedByPeople: () => state.here(() => []),
      unasked: () => state.here(() => []),
      counts: () => state.here(() => state.counts),
    },
    limits: { used: notHere },
    // Over a real store only.
    sealedBytes: { seal: notHere, sealForHouse: notHere, open: notHere, mark: async (_, text) => sha256Hex(text) },
    erasures: { survey: notHere, erase: notHere },
    // The HTTP side neither claims nor ends an action.
    claims: {
      get: () => state.here((): Claim | undefined => undefined),
      claim: notHere,
      close: notHere,
      takeOver: notHere,
      assertHeld: notHere,
      receipt: notHere,
      answer: notHere,
    },
    budgets: memoryBudgets(state),
    facts: memoryFacts(state),
    ...memoryLedger(state),
    apiKeys: keysOf(state),
    // The HTTP side says what is to be told; who holds the tokens tells it.
    notes: {
      add: (note) => state.here(() => state.tell(note)),
      take: notHere,
      later: notHere,
      over: notHere,
      expire: notHere,
      forget: notHere,
    },
    deliveries: {
      ...{ get: notHere, claim: notHere, renew: notHere, release: notHere, put: notHere, replies: notHere },
      ...{ told: notHere, ofBatch: notHere, stale: notHere, standsAt: notHere, forget: notHere },
    },
    ping: () => state.here(() => undefined),
    close: async () => undefined,
  };
}

function conversationsOf(state: State): Store['conversations'] {
  return {
    get: (id) => state.here(() => state.conversations.get(id)),
    list: ({ tenant, principalId, agents, cursor, limit }) =>
      state.here(() => {
        const rows = [...state.conversations.values()].filter(
          (row) =>
            row.tenant === tenant &&
            (principalId === '' || row.principal.id === principalId) &&
            (agents.length === 0 || agents.includes(row.agent)),
        );
        return paged(rows, cursor, limit);
      }),
  };
}

function approvalsOf(state: State): Store['approvals'] {
  return {
    get: (id) => state.here(() => state.approvals.get(id)),
    byHandle: (handle) => state.here(() => [...state.approvals.values()].find((one) => approvalHandle(one) === handle)),
    ofBatch: (batchId) => state.here(() => [...state.approvals.values()].filter((one) => one.batchId === batchId)),
    list: ({ tenant, end, groups, conversationId, cursor, limit }) =>
      state.here(() => {
        const rows = [...state.approvals.values()].filter(
          (one) =>
            state.conversations.get(one.conversationId)?.tenant === tenant &&
            (end === '' || one.end === end) &&
            groups.includes(one.group) &&
            (conversationId === '' || one.conversationId === conversationId),
        );
        return paged(rows, cursor, limit);
      }),
    open: ({ cursor, limit }) =>
      state.here(() => {
        const rows = [...state.approvals.values()]
          .filter((one) => one.end === 'open')
          .map((approval) => ({ approval, tenant: state.conversations.get(approval.conversationId)?.tenant ?? '' }));
        return paged(rows, cursor, limit);
      }),
    openStats: (nowMs) =>
      state.here(() => {
        const open = [...state.approvals.values()].filter((one) => one.end === 'open');
        return { count: open.length, oldestAgeMs: Math.max(0, ...open.map((one) => nowMs - one.askedMs)) };
      }),
  };
}

function keysOf(state: State): Store['apiKeys'] {
  return {
    byHash: (hash) => state.here(() => state.keys.get(hash)),
    add: ({ hash, id, principal, scopes, nowMs }) =>
      state.here(() => void state.keys.set(hash, { id, principal, scopes, createdMs: nowMs, revokedMs: null })),
    revoke: (id) => state.here(() => state.keys.delete([...state.keys].find(([, key]) => key.id === id)?.[0] ?? '')),
  };
}

function switchesOf(state: State): Pick<Store, 'switches' | 'notices'> {
  return {
    switches: {
      thrown: () =>
        state.here(() =>
          [...state.switches.values()].toSorted(
            (one, other) => Number(other.scope === 'all') - Number(one.scope === 'all') || one.setMs - other.setMs,
          ),
        ),
      set: ({ id, isThrown, switch: one }) =>
        state.here(() => {
          const { scope, name, setBy: by, reason, setMs: atMs } = one;
          const subject = switchSubject(scope, name);
          if (state.entries.some((entry) => entry.subject === subject && entry.step === id)) return;
          const fact = { kind: 'switched', scope, name, isThrown, by, reason } as const;
          state.record([{ subject, step: id, conversationId: '', atMs, fact }]);
          if (isThrown) state.switches.set(`${scope}:${name}`, one);
          else state.switches.delete(`${scope}:${name}`);
        }),
    },
    notices: {
      all: () =>
        state.here(() =>
          [...state.notices].flatMap(([role, sentences]) =>
            sentences.map((sentence) => ({ role, sentence, notedMs: 0 })),
          ),
        ),
      replace: (role, sentences) => state.here(() => void state.notices.set(role, sentences)),
    },
  };
}
