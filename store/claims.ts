// Claims and receipts: written before and after an effect, each with its ledger entry in the same transaction. May
// import domain types only. Guarantees: an action id is claimed at most once, and so is a digest; nothing is claimed
// against a thrown switch, after its action has ended, without its verdict on record, or beyond a limit that the verdict
// rests on; only the latest epoch of a claim may end it, and what an earlier one finds out late counts only when it is that
// the effect happened.
import { type Selectable, sql } from 'kysely';
import type { Outcome } from '../domain/action.ts';
import type { FactOf, WarrantMark } from '../domain/entry.ts';
import { stoppedBy } from '../domain/switch.ts';
import { appendEntries, isRecorded, lockLedger, recordedKind } from './entries.ts';
import { type Claim, type Claiming, FencedOff, type Taking } from './claim-port.ts';
import { giveBack, take, whatDoesNotFit } from './limits.ts';
import type { Store } from './ports.ts';
import type { Db, Tables, Tx } from './schema.ts';
import { underOfConversation } from './subjects.ts';
import { openRow, sealedCell } from './words.ts';
import { thrownSwitches } from './switches.ts';

export function createClaims(db: Db): Store['claims'] {
  const within = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => db.transaction().execute(work);
  return {
    async get(actionId) {
      const row = await db.selectFrom('claims').selectAll().where('action_id', '=', actionId).executeTakeFirst();
      return row && fromRow(await openRow(db, 'claims', row));
    },
    claim: ({ claiming, warrant, attempted, taking }) =>
      within(async (tx) => {
        const { actionId } = claiming;
        // First of all: a switch, and the end of an action, are recorded under the same lock, so that what was answered
        // as thrown or ended before this is seen here.
        await lockLedger(tx);
        const standing = await standingClaim(tx, claiming);
        if (standing !== undefined) return { kind: 'exists', claim: standing } as const;
        const ended = await endedWithoutClaim(tx, actionId);
        if (ended !== undefined) return { kind: 'ended', outcome: ended } as const;
        const verdict = await recordedKind(tx, actionId, warrant.verdictStep);
        if (verdict !== 'ruled') return { kind: 'not_recorded' } as const;
        const stop = stoppedBy(await thrownSwitches(tx), claiming);
        if (stop !== undefined) return { kind: 'switched_off', by: stop } as const;
        const reserve = await whatDoesNotFit(tx, claiming, taking);
        if (reserve !== undefined) return { kind: 'does_not_fit', reserve } as const;
        if (await insertClaim(tx, claiming, warrant, [attempted], taking))
          return { kind: 'claimed', epoch: 1 } as const;
        return { kind: 'exists', claim: await otherClaim(tx, claiming) } as const;
      }),
    close: (claiming, outcome) =>
      within(async (tx) => {
        await lockLedger(tx);
        const isNew = await insertClaim(tx, claiming, null, []);
        if (!isNew) return { kind: 'exists', claim: await otherClaim(tx, claiming) } as const;
        return { kind: 'closed', outcome: await end(tx, claiming.actionId, 1, outcome, claiming.nowMs) } as const;
      }),
    takeOver: (actionId, { acts }) =>
      within(async (tx) => {
        const claim = await locked(tx, actionId);
        const sinceBegunMs = (await databaseMs(tx)) - claim.taken_ms;
        if (claim.outcome !== null) return { claim: fromRow(claim), sinceBegunMs };
        const taken = { epoch: claim.epoch + 1, ...(acts ? { taken_ms: DATABASE_MS } : {}) };
        await tx.updateTable('claims').set(taken).where('action_id', '=', actionId).execute();
        return { claim: fromRow({ ...claim, epoch: claim.epoch + 1 }), sinceBegunMs };
      }),
    async assertHeld(actionId, epoch) {
      const row = await db
        .selectFrom('claims')
        .select(['epoch', 'receipt_ms'])
        .where('action_id', '=', actionId)
        .executeTakeFirst();
      if (row?.epoch !== epoch || row.receipt_ms !== null) throw new FencedOff(actionId, epoch);
    },
    receipt: ({ actionId, epoch, outcome, nowMs }) => within((tx) => end(tx, actionId, epoch, outcome, nowMs)),
    answer: ({ actionId, outcome, nowMs }) =>
      within(async (tx) => {
        const claim = await locked(tx, actionId);
        return end(tx, actionId, claim.epoch, outcome, nowMs);
      }),
  };
}

// How long ago an attempt began is told by one clock, that of the database: those of two actors may differ by hours.
export const DATABASE_MS = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`;

async function databaseMs(tx: Tx): Promise<number> {
  const { rows } = await sql<{ ms: number }>`select ${DATABASE_MS} as ms`.execute(tx);
  return rows[0]?.ms ?? 0;
}

/** The claim in the way: that of the action itself, else that of the same digest under another id. */
async function standingClaim(tx: Tx, { actionId, digest }: Claiming): Promise<Claim | undefined> {
  const rows = await tx
    .selectFrom('claims')
    .selectAll()
    .where((eb) => eb.or([eb('action_id', '=', actionId), eb('digest', '=', digest)]))
    .execute();
  const row = rows.find((one) => one.action_id === actionId) ?? rows[0];
  return row && fromRow(await openRow(tx, 'claims', row));
}

/** How an action ended that nobody claimed: denied, say. After a Reset its Workflow may come back to it. */
async function endedWithoutClaim(tx: Tx, actionId: string): Promise<Outcome | undefined> {
  const row = await tx.selectFrom('actions').select(['id', 'outcome']).where('id', '=', actionId).executeTakeFirst();
  return (row && (await openRow(tx, 'actions', row)).outcome) ?? undefined;
}

async function otherClaim(tx: Tx, claiming: Claiming): Promise<Claim> {
  const claim = await standingClaim(tx, claiming);
  if (claim === undefined) throw new Error(`the claim of ${claiming.actionId} is neither new nor there`);
  return claim;
}

/** Of what is closed before it began. */
const NOTHING: Taking = { principalId: '', reserves: [] };

/** False when somebody was first. */
async function insertClaim(
  tx: Tx,
  claiming: Claiming,
  warrant: WarrantMark | null,
  attempts: readonly FactOf<'attempted'>[],
  taking: Taking = NOTHING,
): Promise<boolean> {
  const { actionId, conversationId, digest, tool, nowMs } = claiming;
  const inserted = await tx
    .insertInto('claims')
    .values({
      action_id: actionId,
      conversation_id: conversationId,
      digest,
      tool,
      claimed_ms: nowMs,
      epoch: 1,
      taken_ms: DATABASE_MS,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('action_id')
    .executeTakeFirst();
  if (inserted === undefined) return false;
  await take(tx, claiming, taking);
  const of = { subject: actionId, conversationId, atMs: nowMs };
  await appendEntries(tx, [
    { ...of, step: 'claimed', fact: { kind: 'claimed', digest, tool, warrant } },
    ...attempts.map((fact) => ({ ...of, step: `attempted:${fact.epoch}`, fact })),
  ]);
  return true;
}

async function locked(tx: Tx, actionId: string): Promise<Selectable<Tables['claims']>> {
  const claim = await tx
    .selectFrom('claims')
    .selectAll()
    .where('action_id', '=', actionId)
    .forUpdate()
    .executeTakeFirst();
  if (claim === undefined) throw new Error(`no claim of ${actionId}: only what was claimed can be ended`);
  return openRow(tx, 'claims', claim);
}

/** The first receipt stands; only `unknown` may be corrected, and only by what somebody knows. */
async function end(tx: Tx, actionId: string, epoch: number, outcome: Outcome, nowMs: number): Promise<Outcome> {
  const claim = await locked(tx, actionId);
  const before = claim.outcome;
  const corrects = before?.kind === 'unknown' && outcome.kind !== 'unknown';
  // Who was taken over may testify that it happened, and to nothing else: what failed for it may be done by another.
  const mayEnd = epoch === claim.epoch || outcome.kind === 'succeeded';
  if (before !== null && !(corrects && mayEnd)) return before;
  if (!mayEnd) throw new FencedOff(actionId, epoch);
  const { conversation_id: conversationId } = claim;
  const under = await underOfConversation(tx, conversationId);
  await tx
    .updateTable('claims')
    .set({ outcome: await sealedCell(under, 'claims.outcome', actionId, outcome), receipt_ms: nowMs })
    .where('action_id', '=', actionId)
    .execute();
  await giveBack(tx, actionId, outcome, nowMs);
  // The Workflow may have settled the action as unknown meanwhile; then what really happened corrects that.
  const step = (await isRecorded(tx, actionId, 'settled', 'settled')) ? 'corrected' : 'settled';
  await appendEntries(tx, [
    { subject: actionId, step, conversationId, atMs: nowMs, fact: { kind: 'settled', outcome } },
  ]);
  return outcome;
}

function fromRow(row: Selectable<Tables['claims']>): Claim {
  return {
    actionId: row.action_id,
    digest: row.digest,
    epoch: row.epoch,
    claimedMs: row.claimed_ms,
    outcome: row.outcome,
  };
}
