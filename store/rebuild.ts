// After a loss: entries that were derived again, put at the end of what is left, in a ledger that goes on under another
// name. For the owner of the tables only. May import domain types, Kysely and pg. Guarantees: all or nothing; what is there
// stays as it is, byte for byte; where nothing is lost, nothing changes.
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import type { Outcome } from '../domain/action.ts';
import type { Entry, FactOf } from '../domain/entry.ts';
import { appendEntries, headOf, lockLedger, pairOf, withoutKnown } from './entries.ts';
import { createPool } from './pool.ts';
import { createDb, type Tx } from './schema.ts';

// 500 entries in a statement: some hundred kilobytes.
const AT_ONCE = 500;

/** A claim that was lost with the rest. */
export interface LostClaim {
  readonly actionId: string;
  readonly conversationId: string;
  readonly digest: string;
  readonly tool: string;
  readonly claimedMs: number;
  readonly outcome: Outcome | null;
}

export interface Resuming {
  readonly entries: readonly Entry[];
  readonly claims: readonly LostClaim[];
  readonly published: string;
  readonly by: string;
  readonly reason: string;
  readonly nowMs: number;
}

export interface Rebuilding {
  /** How many entries there are. */
  size(): Promise<number>;
  /** Of these, what the ledger does not have. */
  missing(entries: readonly Entry[]): Promise<readonly Entry[]>;
  /** Give the ledger its new name, and append what was lost, marked as rebuilt. Resolves to that name. */
  resume(resuming: Resuming): Promise<string>;
  close(): Promise<void>;
}

export function openRebuilding(config: pg.PoolConfig): Rebuilding {
  const pool = createPool(config);
  const db = createDb(pool);
  return {
    size: () => headOf(db),
    async missing(entries) {
      const missing: Entry[] = [];
      for (const some of batches(entries)) {
        const lost = await withoutKnown(db, some);
        const olds = lost.flatMap(asBefore);
        const goneOlds = olds.length === 0 ? [] : await withoutKnown(db, olds);
        const gone = new Set(goneOlds.map(pairOf));
        missing.push(...lost.filter((entry) => asBefore(entry).every((old) => gone.has(pairOf(old)))));
      }
      return missing;
    },
    resume: (resuming) => db.transaction().execute((tx) => resume(tx, resuming)),
    close: () => pool.end(),
  };
}

/** Until 0.4.0 the step of a refusal was its words: what stands there under them is not lost. */
const asBefore = (entry: Entry): readonly Entry[] =>
  entry.fact.kind === 'warrant_refused' ? [{ ...entry, step: `refused:${entry.fact.reason}` }] : [];

async function resume(tx: Tx, { entries, claims, published, by, reason, nowMs }: Resuming): Promise<string> {
  await lockLedger(tx);
  const { origin } = await tx.selectFrom('ledger_identity').select('origin').executeTakeFirstOrThrow();
  const kept = await headOf(tx);
  const name = newOrigin();
  await tx.updateTable('ledger_identity').set({ origin: name }).execute();
  // They carry the old name. Those that were published are outside, where they stay.
  await tx.deleteFrom('checkpoints').execute();
  const fact: FactOf<'ledger_resumed'> = {
    ...{ kind: 'ledger_resumed', origin, kept, published },
    ...{ rebuilt: entries.length, by, reason },
  };
  await appendEntries(tx, [{ subject: name, step: 'resumed', conversationId: '', atMs: nowMs, fact }]);
  for (const some of batches(entries)) {
    await appendEntries(
      tx,
      some.map((entry) => ({ ...entry, rebuilt: true })),
    );
  }
  for (const claim of claims) await insertClaim(tx, claim);
  return name;
}

/** A ledger is known by a random name: no checkpoint of another fits it. */
const newOrigin = (): string => `countersign/ledger/${randomBytes(8).toString('hex')}`;

async function insertClaim(tx: Tx, claim: LostClaim): Promise<void> {
  const { actionId, conversationId, digest, tool, claimedMs, outcome } = claim;
  await tx
    .insertInto('claims')
    .values({
      ...{ action_id: actionId, conversation_id: conversationId, digest, tool, claimed_ms: claimedMs },
      ...{ epoch: 1, taken_ms: claimedMs },
      ...(outcome === null ? {} : { outcome: JSON.stringify(outcome), receipt_ms: claimedMs }),
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

function* batches(entries: readonly Entry[]): Generator<readonly Entry[]> {
  for (let at = 0; at < entries.length; at += AT_ONCE) yield entries.slice(at, at + AT_ONCE);
}
