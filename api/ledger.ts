// The ledger for auditors and security teams: its last checkpoint, its entries one page after the other, and an export
// that verifies offline. May import domain, store, trust. Guarantees: who reads entries is on record before they leave; a
// reader who sees only that somebody has read leaves no record, so that no reader feeds itself.
import { randomUUID } from 'node:crypto';
import type { Entry, Fact } from '../domain/entry.ts';
import { LEDGER_READS } from '../domain/ids.ts';
import { DEFAULT_TENANT } from '../domain/principal.ts';
import type { HashedEntry } from '../store/ports.ts';
import type { Caller } from './auth.ts';
import type { ApiDeps } from './deps.ts';
import { exportLines } from './ledger-export.ts';
import { LedgerEntries, LedgerExported, LedgerPulled } from './ledger-schemas.ts';
import { EXPORTS_AT_ONCE, LEDGER_PAGE_CHARS, RETRY_AFTER_CHECKPOINT_S, RETRY_AFTER_FULL_S } from './limits.ts';
import { Problem } from './problem.ts';
import { type Route, route } from './route.ts';

type Deps = Pick<ApiDeps, 'store' | 'ledger' | 'nowMs' | 'log'>;
type What =
  | Omit<Extract<Fact, { kind: 'ledger_read'; from: number }>, 'kind' | 'by'>
  | Omit<Extract<Fact, { kind: 'ledger_read'; how: 'why' }>, 'kind' | 'by'>
  | Omit<Extract<Fact, { kind: 'ledger_read'; how: 'payloads' }>, 'kind' | 'by'>;

/** The header that carries the verifier key. */
const KEY_HEADER = 'Countersign-Verifier-Key';

export function ledgerRoutes(deps: Deps): readonly Route[] {
  const { store, ledger, log } = deps;
  const exports = createPlaces();
  return [
    route({
      method: 'get',
      path: '/v1/ledger/checkpoint',
      id: 'lastCheckpoint',
      summary: `The last signed checkpoint, a C2SP note; the key that verifies it is in the header ${KEY_HEADER}`,
      scope: ['ledger:read'],
      responses: { 200: 'text/plain' },
      handler: async ({ caller }) => {
        assertMayRead(caller);
        const { note } = await lastCheckpoint(deps);
        return { status: 200, body: note, headers: { [KEY_HEADER]: ledger.verifierKey } };
      },
    }),
    route({
      method: 'get',
      path: '/v1/ledger/entries',
      id: 'pullLedger',
      summary: 'Entries after a position, oldest first, at least once each; reading them is an entry of its own',
      scope: ['ledger:read'],
      query: LedgerPulled,
      responses: { 200: LedgerEntries },
      handler: async ({ query, caller }) => {
        assertMayRead(caller);
        const rows = cut(await store.ledger.hashed(query.after, query.limit));
        const [first, last] = [rows[0], rows.at(-1)];
        if (first === undefined || last === undefined) return { status: 200, body: { entries: [], next: query.after } };
        if (rows.some(isNews))
          await store.record([readBy(deps, caller, { from: first.seq, to: last.seq, how: 'entries' })]);
        const entries = rows.map(({ seq, leaf, text: entry }) => ({ seq, leaf: leaf.toString('base64'), entry }));
        return { status: 200, body: { entries, next: last.seq } };
      },
    }),
    route({
      method: 'get',
      path: '/v1/ledger/export',
      id: 'exportLedger',
      summary: 'Entries with their proofs against the last checkpoint, as lines of JSON; reading them is an entry',
      scope: ['ledger:read'],
      query: LedgerExported,
      responses: { 200: 'application/x-ndjson' },
      handler: async ({ query, caller, signal }) => {
        assertMayRead(caller);
        const checkpoint = await lastCheckpoint(deps);
        const { from = 1, to = checkpoint.size } = query;
        assertCovered(from, to, checkpoint.size);
        signal.throwIfAborted();
        const leave = exports.enter();
        signal.addEventListener('abort', leave, { once: true });
        await store.record([readBy(deps, caller, { from, to, how: 'export' })]);
        const origin = await store.checkpoints.origin();
        const body = exportLines(store, { origin, checkpoint, from, to }, signal, log);
        return { status: 200, body, headers: { [KEY_HEADER]: ledger.verifierKey } };
      },
    }),
  ];
}

/** The ledger holds what was done for every tenant, so it is for auditors of the house. */
export const isAuditor = ({ principal, scopes }: Caller): boolean =>
  scopes.includes('ledger:read') && principal.tenant === DEFAULT_TENANT;

const assertMayRead = (caller: Caller): void => assertOfHouse(caller, "the ledger holds every tenant's");

/** What concerns every tenant is for people of the house. */
export function assertOfHouse({ principal: { tenant } }: Caller, why: string): void {
  if (tenant === DEFAULT_TENANT) return;
  const detail = `Your key is of the tenant "${tenant}", and ${why}; use a key of "${DEFAULT_TENANT}".`;
  throw new Problem('ledger_refused', detail);
}

async function lastCheckpoint({ store }: Deps) {
  const last = await store.checkpoints.last();
  if (last !== undefined) return last;
  const detail = 'There is no checkpoint yet; the first is made within a minute of the first entry.';
  throw new Problem('no_checkpoint', detail, { retryAfterS: RETRY_AFTER_CHECKPOINT_S });
}

function assertCovered(from: number, to: number, size: number): void {
  if (from >= 1 && from <= to && to <= size) return;
  const detail = `The last checkpoint covers the entries 1 to ${size}: ask for some of these, with from not after to.`;
  throw new Problem('bad_request', detail);
}

/** As many as one answer may hold, and at least one. */
function cut(rows: readonly HashedEntry[]): readonly HashedEntry[] {
  let chars = 0;
  return rows.filter(({ text }, at) => {
    chars += text.length;
    return at === 0 || chars <= LEDGER_PAGE_CHARS;
  });
}

function isNews({ text }: HashedEntry): boolean {
  return (JSON.parse(text) as { readonly kind: string }).kind !== 'ledger_read';
}

/** Who read which entries, for the ledger itself. */
export function readBy({ nowMs }: Pick<Deps, 'nowMs'>, { principal }: Caller, what: What): Entry {
  const fact = { kind: 'ledger_read', by: principal.id, ...what } as const;
  return { subject: LEDGER_READS, step: `read-${randomUUID()}`, conversationId: '', atMs: nowMs(), fact };
}

/** Places for exports; `enter` returns how to leave, once. Throws `too_many_exports`. */
function createPlaces() {
  let taken = 0;
  return {
    enter(): () => void {
      if (taken >= EXPORTS_AT_ONCE) {
        const detail = `As many exports as there may be at once (${EXPORTS_AT_ONCE}) are under way; wait for one to end.`;
        throw new Problem('too_many_exports', detail, { retryAfterS: RETRY_AFTER_FULL_S });
      }
      taken += 1;
      return () => {
        taken -= 1;
      };
    },
  };
}
