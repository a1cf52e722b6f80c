// Claim → act → receipt. The claim is written before the effect; a claim without a receipt is never acted on blindly,
// and who takes it over fences off whoever held it before. What nobody can know is said so: `unknown`.
// May import domain and store types.
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { Outcome } from '../../domain/action.ts';
import type { Fact } from '../../domain/entry.ts';
import { type FailureType, OF_ANOTHER } from '../../domain/failure.ts';
import type { Json } from '../../domain/json.ts';
import { nameOf } from '../../domain/limit.ts';
import { reservesIn } from '../../domain/verdict.ts';
import { type DidNotHappen, isDidNotHappen, type Reconciled, type ToolContext } from '../../domain/tool.ts';
import { type Claim, type Claiming, FencedOff } from '../../store/claim-port.ts';
import { attempt } from '../heartbeat.ts';
import {
  type Acting,
  attemptedBy,
  entryOf,
  execute,
  type OpenedFor,
  openFor,
  reasonOf,
  type Running,
  runTool,
} from './execute.ts';
import { type Leave, leaveNow } from './warrant.ts';

export type Written = Exclude<Leave, { kind: 'holds' | 'expired' }> | Settled;
interface Settled {
  readonly kind: 'settled';
  readonly outcome: Outcome;
}

// 5 s beyond the tool's time-out: a call that left just before it may still be on its way to the far side.
const ARRIVES_WITHIN_MS = 5_000;

/** Carry the write out, or find out what became of it. `cancelled` is aborted once nobody wants it any more. */
export async function write(acting: Acting, cancelled: AbortSignal): Promise<Written> {
  const { deps, proposal, authority } = acting;
  const standing = await deps.store.claims.get(proposal.actionId);
  if (standing !== undefined) return afterClaim(acting, standing);
  const leave = leaveNow(deps, proposal, authority);
  if (leave.kind === 'verdict_stale' || leave.kind === 'refused') return leave;
  if (leave.kind === 'expired') return closeDoor(acting, { kind: 'expired', reason: leave.reason });
  // A credential that cannot be had claims nothing.
  const opened = await openFor(deps, { ...authority, proposal, epoch: 1 });
  try {
    if (cancelled.aborted) throw new CancelledFailure('it was stopped before it began');
    const attempted = attemptedBy(acting, opened, 1);
    const claimed = await deps.store.claims.claim({
      ...{ claiming: claimingOf(acting), warrant: authority.mark, attempted },
      taking: { principalId: proposal.principal.id, reserves: reservesIn(authority.verdict.verdict) },
    });
    switch (claimed.kind) {
      case 'claimed':
        return settledAs(await effect(acting, opened, claimed.epoch));
      case 'exists':
        return await afterClaim(acting, claimed.claim);
      case 'ended':
        return settledAs(claimed.outcome);
      case 'switched_off':
        return await closeDoor(acting, { kind: 'cancelled', reason: `it is switched off: ${claimed.by.reason}` });
      case 'not_recorded':
        return { kind: 'refused', reason: 'its verdict is not on record' };
      case 'does_not_fit':
        return { kind: 'verdict_stale', reason: `others have taken of ${nameOf(claimed.reserve)} what it counted on` };
      default:
        return claimed satisfies never;
    }
  } finally {
    await opened.close();
  }
}

const settledAs = (outcome: Outcome): Settled => ({ kind: 'settled', outcome });

function claimingOf({ deps, proposal }: Acting): Claiming {
  const { actionId, conversationId, digest, tenant, agent, tool } = proposal;
  return { actionId, conversationId, digest, tenant, agent, tool, nowMs: deps.nowMs() };
}

/** Close the door on an action that may not begin any more: its claim is taken and ended, and nobody acts on it. */
async function closeDoor(acting: Acting, outcome: Outcome): Promise<Settled> {
  const closed = await acting.deps.store.claims.close(claimingOf(acting), outcome);
  return closed.kind === 'closed' ? settledAs(closed.outcome) : afterClaim(acting, closed.claim);
}

/** The effect itself, and its receipt. A throw of a write is `unknown` unless the tool says that nothing happened. */
async function effect({ deps, proposal, authority }: Acting, opened: Running, epoch: number): Promise<Outcome> {
  const { actionId } = proposal;
  const receipt = (outcome: Outcome) => deps.store.claims.receipt({ actionId, epoch, outcome, nowMs: deps.nowMs() });
  // It corrects the `unknown` that the time-out left. Nobody waits for it, so nobody can be told that it failed.
  const onLate = (result: Json) => void receipt({ kind: 'succeeded', result }).catch(() => undefined);
  const tooLate = await notHeld(opened.context);
  // The far side that honours the key is called by the next attempt, which has its whole time again.
  if (tooLate !== undefined && authority.tool.idempotent) throw tooLate;
  if (tooLate !== undefined) return receipt({ kind: 'failed', reason: reasonOf(tooLate) });
  let outcome: Outcome;
  try {
    outcome = { kind: 'succeeded', result: await execute(authority, opened, onLate) };
  } catch (error) {
    if (error instanceof FencedOff) throw error; // another attempt answers for it now
    outcome = { kind: isDidNotHappen(error) ? 'failed' : 'unknown', reason: reasonOf(error) };
  }
  return receipt(outcome);
}

/**
 * Why it must not begin any more, if so. Throws where another attempt answers for it now, and where the store does not
 * say: the far side has not been called, so that is not unknown, and the next attempt takes it from here.
 */
async function notHeld(context: ToolContext): Promise<DidNotHappen | undefined> {
  try {
    await context.assertHeld();
    return undefined;
  } catch (error) {
    if (isDidNotHappen(error)) return error;
    throw error;
  }
}

/** Somebody claimed it before: its receipt is the answer; without one, find out. */
async function afterClaim(acting: Acting, claim: Claim): Promise<Settled> {
  const { deps, proposal, authority } = acting;
  const { actionId, digest } = proposal;
  if (claim.digest !== digest || claim.actionId !== actionId) {
    const reason = OF_ANOTHER.act;
    await deps.store.record([entryOf(acting, `refused:${digest}`, { kind: 'warrant_refused', reason })]);
    return settledAs({ kind: 'unknown', reason: `${reason}${OF_ANOTHER.then}` });
  }
  if (claim.outcome !== null) return settledAs(claim.outcome);
  const acts = authority.tool.idempotent;
  const { claim: taken, sinceBegunMs } = await deps.store.claims.takeOver(actionId, { acts });
  if (taken.outcome !== null) return settledAs(taken.outcome);
  const { epoch } = taken;
  const opened = await openFor(deps, { ...authority, proposal, epoch });
  try {
    return settledAs(await findOut(acting, { ...opened, epoch, sinceBegunMs }));
  } finally {
    await opened.close();
  }
}

/** It was begun, and its end was never recorded. Ask the system of record; repeat only where it honours the key. */
async function findOut(
  acting: Acting,
  now: Omit<OpenedFor, 'close'> & { readonly epoch: number; readonly sinceBegunMs: number },
): Promise<Outcome> {
  const { deps, proposal, authority } = acting;
  const { actionId } = proposal;
  const found = await reconcile(acting, now);
  const reconciled = { kind: 'reconciled', epoch: now.epoch, found: found.kind } as const;
  const record = (step: string, fact: Fact) => deps.store.record([entryOf(acting, `${step}:${now.epoch}`, fact)]);
  await record('reconciled', reconciled);
  const receipt = (outcome: Outcome) =>
    deps.store.claims.receipt({ actionId, epoch: now.epoch, outcome, nowMs: deps.nowMs() });
  if (found.kind === 'happened') return receipt({ kind: 'succeeded', result: found.result });
  if (authority.tool.idempotent) {
    await record('attempted', attemptedBy(acting, now, now.epoch));
    return effect(acting, now, now.epoch);
  }
  if (found.kind === 'did_not_happen') {
    const restMs = now.sealed ? 0 : authority.tool.timeoutMs + ARRIVES_WITHIN_MS - now.sinceBegunMs;
    if (restMs <= 0) return receipt({ kind: 'failed', reason: 'it was begun, and did not happen' });
    throw notYet('whether it happened cannot be told before the time of the attempt that began it is over', restMs);
  }
  return receipt({ kind: 'unknown', reason: 'it was begun, and its end was never recorded' });
}

// 5: a far side that restarts is there again by then; people are asked about what it cannot say after that.
const RECONCILE_ATTEMPTS = 5;

async function reconcile({ authority }: Acting, opened: Running): Promise<Reconciled<Json>> {
  const { call, tool } = authority;
  const { reconcile: ask } = tool;
  if (ask === undefined) return { kind: 'unknown' };
  try {
    return await runTool(tool, opened, () => ask(call, opened.context));
  } catch (error) {
    if (attempt() >= RECONCILE_ATTEMPTS) return { kind: 'unknown' };
    throw notYet(`the far side could not be asked whether it happened: ${reasonOf(error)}`);
  }
}

/** Not there yet is not the same as not there: whoever was frozen may still be about to do it. */
function notYet(message: string, nextRetryMs?: number): ApplicationFailure {
  const type: FailureType = 'OutcomeNotKnownYet';
  const when = nextRetryMs === undefined ? {} : { nextRetryDelay: nextRetryMs };
  return ApplicationFailure.create({ type, message, ...when });
}
