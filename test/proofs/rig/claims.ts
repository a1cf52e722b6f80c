// The store's own books of a conversation against the far sides' records: every claim has its receipt, the action ended as
// its claim did, and what succeeded is what happened. Asked at the end of each run of a proof that strikes.
import type { Rig } from './rig.ts';
import { ask, createTruth, type Effects } from './truth.ts';

/** A claim with its action, or a write that ended without a claim; the start of a procedure has no effect to claim. */
export interface Booked {
  readonly actionId: string;
  /** How the claim ended; null while it has no receipt. Undefined where nobody claimed the action. */
  readonly claimed: string | null | undefined;
  /** How the action ended; null while it has not. */
  readonly settled: string | null;
}

/** How often the effect may have happened behind a claim that ended so. */
const TIMES: Readonly<Record<string, readonly [least: number, most: number]>> = {
  succeeded: [1, 1],
  // Whether it happened is what nobody knows.
  unknown: [0, 1],
};

/** What does not hold of the conversation's claims, as sentences. */
export async function claimProblems(
  rig: Pick<Rig, 'databaseUrl' | 'far'>,
  conversationId: string,
): Promise<readonly string[]> {
  const [booked, effects] = await Promise.all([
    bookedOf(rig, conversationId),
    createTruth(rig).effectsOf(conversationId),
  ]);
  return [...receiptProblems(booked), ...effectProblems(booked, effects)];
}

/** As claimProblems, without the effects: for a run whose effect came after its outcome in the window that is stated. */
export async function receiptsOnly(rig: Pick<Rig, 'databaseUrl'>, conversationId: string): Promise<readonly string[]> {
  return receiptProblems(await bookedOf(rig, conversationId));
}

/** Claims that nobody has ended, in any conversation, as sentences. */
export async function openClaims(rig: Pick<Rig, 'databaseUrl'>): Promise<readonly string[]> {
  const rows = await ask<{ id: string }>(
    rig,
    'select action_id as id from countersign.claims where receipt_ms is null or outcome is null',
  );
  return rows.map(({ id }) => `the claim of ${id} has no receipt`);
}

async function bookedOf(rig: Pick<Rig, 'databaseUrl'>, conversationId: string): Promise<readonly Booked[]> {
  const rows = await ask<{ id: string; has_claim: boolean; claimed: string | null; settled: string | null }>(
    rig,
    `select coalesce(claim.action_id, action.id) as id, claim.action_id is not null as has_claim,
       case when claim.receipt_ms is null then null else claim.outcome->>'kind' end as claimed,
       action.outcome_kind as settled
     from countersign.claims as claim full join countersign.actions as action on action.id = claim.action_id
     where coalesce(claim.conversation_id, action.conversation_id) = $1
       and (claim.action_id is not null or action.proposal->>'effect' not in ('read', 'start'))`,
    [conversationId],
  );
  return rows.map(({ id, has_claim: hasClaim, claimed, settled }) => ({
    actionId: id,
    claimed: hasClaim ? claimed : undefined,
    settled,
  }));
}

/** Pure. */
export function receiptProblems(booked: readonly Booked[]): readonly string[] {
  return booked.flatMap(({ actionId, claimed, settled }) => {
    if (claimed === null) return [`the claim of ${actionId} has no receipt`];
    if (claimed !== undefined && claimed !== settled)
      return [`the claim of ${actionId} ended as ${claimed}, and its action is ${settled ?? 'open'}`];
    const wasBegun = settled === 'succeeded' || settled === 'unknown';
    return claimed === undefined && wasBegun ? [`${actionId} is ${settled}, and nobody claimed it`] : [];
  });
}

/** Pure. */
export function effectProblems(booked: readonly Booked[], effects: Effects): readonly string[] {
  const counted = booked.flatMap(({ actionId, claimed }) => {
    const times = effects.get(actionId) ?? 0;
    const [least, most] = TIMES[claimed ?? ''] ?? [0, 0];
    if (times >= least && times <= most) return [];
    const said = claimed === undefined ? 'has no claim' : `has the receipt "${claimed ?? 'none'}"`;
    return [`${actionId} ${said}, and its effect happened ${times} times`];
  });
  const known = new Set(booked.map(({ actionId }) => actionId));
  const strange = [...effects.keys()].filter((key) => !known.has(key));
  return [...counted, ...strange.map((key) => `the effect ${key} has neither claim nor action`)];
}
