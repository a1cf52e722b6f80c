// Asking the models of an agent, in order, within the time of one attempt; what was shown in vain is on record too. What
// is made of an answer is the caller's. May import domain, trust and the store's port.
import { type ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import type { Agent } from '../../domain/agent.ts';
import type { Entry } from '../../domain/entry.ts';
import type { Item, ItemBody } from '../../domain/item.ts';
import { costOf, type ModelAnswer, type ModelCost, type ModelRequest } from '../../domain/model.ts';
import type { Store } from '../../store/ports.ts';
import { itemDigest } from '../../trust/digest.ts';
import { deadline } from '../deadline.ts';
import { attempt } from '../heartbeat.ts';
import { failureOf, failureOfAll } from './failures.ts';
import type { ModelRoute } from './models/router.ts';
import { patiently } from './patience.ts';
import type { Showing } from './showing.ts';

// 5 s of the 10 that are left of an attempt: an answer that cannot be kept by then is lost to it.
export const KEEP_WAIT_MS = 5_000;

export interface Speaker {
  readonly agent: Agent;
  readonly routes: readonly ModelRoute[];
}

export interface Heard<Body extends ItemBody> {
  readonly answer: ModelAnswer;
  readonly cost: ModelCost | null;
  readonly body: Body;
}

export interface Within {
  readonly cancelled: AbortSignal;
  /** When the time of the attempt is over, of performance.now(). */
  readonly endMs: number;
  readonly nowMs: () => number;
}

/** A model that was shown the transcript, and gave no answer that counts. */
export interface InVain {
  readonly model: string;
  readonly reason: string;
}

/**
 * Ask the models in order, each at most once, until one gives an answer of which `bodyOf` can make an item; it throws
 * ModelAnswerUnusable where it cannot. Who gave none is put into `inVain`.
 */
export async function ask<Body extends ItemBody>(
  { agent, routes }: Speaker,
  request: Omit<ModelRequest, 'model'>,
  bodyOf: (model: string, answer: ModelAnswer) => Body,
  { cancelled, endMs, nowMs }: Within,
  inVain: InVain[],
): Promise<Heard<Body>> {
  const failures: ApplicationFailure[] = [];
  for (const [at, { model, port }] of routes.entries()) {
    const shareMs = Math.max(1, Math.floor((endMs - performance.now()) / (routes.length - at)));
    const share = deadline(shareMs, cancelled);
    try {
      const answer = await port.complete({ ...request, model }, share.signal);
      return { answer, cost: costOf(agent.prices[model], answer), body: bodyOf(model, answer) };
    } catch (error) {
      const failure = cancelled.aborted ? undefined : failureOf(error, model, nowMs());
      const isStopped = failure === undefined || failure instanceof CancelledFailure;
      inVain.push({ model, reason: isStopped ? `${model}: it was stopped before it had answered` : failure.message });
      if (failure === undefined) throw cancelled.reason;
      if (failure instanceof CancelledFailure) throw failure;
      failures.push(failure);
    } finally {
      share.end();
    }
  }
  throw failureOfAll(failures);
}

/** Of which turn of which conversation a call is, and the step under which it is on record. */
export interface CallOf {
  readonly conversationId: string;
  readonly turn: number;
  readonly step: string;
  /** What it was for, if not to answer. */
  readonly of?: 'summary';
}

type Recorded = Pick<Showing, 'shown' | 'within'>;

/** The entry of a call whose answer is kept as this item. */
export function calledEntry(
  { conversationId, turn, step, of }: CallOf,
  item: Item,
  { shown, within }: Recorded,
  { answer: { model, requestId, promptTokens, completionTokens }, cost }: Heard<ItemBody>,
  atMs: number,
): Entry {
  const made = { turn, itemId: item.id, itemDigest: itemDigest(item) };
  const spent = { promptTokens, completionTokens, cost };
  const what = of === undefined ? {} : { of };
  const fact = { kind: 'model_call', ...made, ...what, model, requestId, shown, within, ...spent } as const;
  return { subject: conversationId, step, conversationId, atMs, fact };
}

/** What was shown has left the house, answer or not: one entry for all of an attempt; none where nobody was asked. */
export function failedEntries(
  { conversationId, turn, step }: CallOf,
  { shown, within }: Recorded,
  inVain: readonly InVain[],
  atMs: number,
): readonly Entry[] {
  if (inVain.length === 0) return [];
  const models = inVain.map(({ model }) => model);
  const reason = inVain.map((one) => one.reason).join(' · ');
  const fact = { kind: 'model_call_failed', turn, shown, within, models, reason } as const;
  return [{ subject: conversationId, step: `${step}:failed:${attempt()}`, conversationId, atMs, fact }];
}

/**
 * Throws where it cannot be recorded, so that the next attempt asks, and records, again. A call that nobody wants any more
 * has no next attempt: it tries for a moment, and what cannot be recorded then is lost.
 */
export async function recordFailure(
  { store }: { readonly store: Pick<Store, 'record'> },
  failed: readonly Entry[],
  { cancelled, endMs }: Within,
): Promise<void> {
  if (failed.length === 0) return;
  const record = () => store.record(failed);
  const isWanted = !cancelled.aborted;
  if (isWanted) return patiently(record, endMs + KEEP_WAIT_MS, cancelled);
  const never = new AbortController().signal;
  return patiently(record, performance.now() + KEEP_WAIT_MS, never).catch(() => undefined);
}
