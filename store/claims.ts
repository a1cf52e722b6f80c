// Claims and receipts: written before and after an effect, each with its ledger entry in the same transaction. May
// import domain types only. An action id is claimed at most once, and so is a digest.
import type { Selectable } from 'kysely';
import type { Outcome } from '../domain/action.ts';
import { appendEntries, isRecorded } from './entries.ts';
import type { Claim, Store } from './ports.ts';
import type { Db, Tables, Tx } from './schema.ts';

export function createClaims(db: Db): Store['claims'] {
  return {
    async get(actionId) {
      const row = await db.selectFrom('claims').selectAll().where('action_id', '=', actionId).executeTakeFirst();
      return row && fromRow(row);
    },
    async claim(claim) {
      return db.transaction().execute(async (tx) => {
        const { actionId, conversationId, digest, tool, nowMs } = claim;
        const inserted = await tx
          .insertInto('claims')
          .values({ action_id: actionId, conversation_id: conversationId, digest, tool, claimed_ms: nowMs })
          .onConflict((conflict) => conflict.doNothing())
          .returning('action_id')
          .executeTakeFirst();
        if (inserted === undefined) return { kind: 'exists', claim: await standing(tx, actionId, digest) } as const;
        await appendEntries(tx, [
          { subject: actionId, step: 'claimed', conversationId, atMs: nowMs, fact: { kind: 'claimed', digest, tool } },
        ]);
        return { kind: 'claimed' } as const;
      });
    },
    async receipt(actionId, outcome, nowMs) {
      return db.transaction().execute((tx) => writeReceipt(tx, actionId, outcome, nowMs));
    },
  };
}

/** The claim in the way: that of the action itself, else that of the same digest under another id. */
async function standing(tx: Tx, actionId: string, digest: string): Promise<Claim> {
  const rows = await tx
    .selectFrom('claims')
    .selectAll()
    .where((eb) => eb.or([eb('action_id', '=', actionId), eb('digest', '=', digest)]))
    .execute();
  const row = rows.find((one) => one.action_id === actionId) ?? rows[0];
  if (row === undefined) throw new Error(`the claim of ${actionId} is neither new nor there`);
  return fromRow(row);
}

async function writeReceipt(tx: Tx, actionId: string, outcome: Outcome, nowMs: number): Promise<Outcome> {
  const claim = await tx
    .selectFrom('claims')
    .selectAll()
    .where('action_id', '=', actionId)
    .forUpdate()
    .executeTakeFirst();
  if (claim === undefined) throw new Error(`no claim of ${actionId}: a receipt is written for a claimed action only`);
  const before = claim.outcome;
  const corrects = before?.kind === 'unknown' && outcome.kind !== 'unknown';
  if (before !== null && !corrects) return before;
  await tx
    .updateTable('claims')
    .set({ outcome: JSON.stringify(outcome), receipt_ms: nowMs })
    .where('action_id', '=', actionId)
    .execute();
  // The Workflow may have settled the action as unknown meanwhile; then what really happened corrects that.
  const step = (await isRecorded(tx, actionId, 'settled')) ? 'corrected' : 'settled';
  await appendEntries(tx, [
    { subject: actionId, step, conversationId: claim.conversation_id, atMs: nowMs, fact: { kind: 'settled', outcome } },
  ]);
  return outcome;
}

function fromRow(row: Selectable<Tables['claims']>): Claim {
  return { actionId: row.action_id, digest: row.digest, claimedMs: row.claimed_ms, outcome: row.outcome };
}
