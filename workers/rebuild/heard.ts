// What is known of what a model was shown, and of what an intake came to, where only Temporal's histories are left: who
// answered, what, and the facts themselves are lost. Pure. May import domain only.
import type { TurnOf } from '../../domain/activity-ports.ts';
import type { IntakeTaken } from '../../domain/opened-turn.ts';
import type { Entry, FactOf } from '../../domain/entry.ts';
import type { CallModelInput, FillFactsResult, SumUpInput, SumUpResult } from '../../domain/model.ts';

export const LOST = '';

export function calledEntry(
  { conversationId, turn, show }: Pick<CallModelInput, 'conversationId' | 'turn' | 'show'>,
  step: string,
  {
    item: { id: itemId },
    promptTokens,
    completionTokens,
  }: Pick<FillFactsResult, 'item' | 'promptTokens' | 'completionTokens'>,
  atMs: number,
): Entry & { readonly fact: FactOf<'model_call'> } {
  const fact = {
    ...({ kind: 'model_call', turn, model: LOST, requestId: LOST, itemId, itemDigest: LOST } as const),
    ...{ promptTokens, completionTokens, cost: null },
    shown: show.map((id) => ({ id, digest: LOST })),
  };
  return { subject: conversationId, step, conversationId, atMs, fact };
}

/** Of a summary that a model chose; what code chose is no call. */
export function summedUpEntry({ sources, ...of }: SumUpInput, result: SumUpResult, atMs: number): Entry {
  const called = calledEntry({ ...of, show: sources }, `model:${of.turn}:summary`, result, atMs);
  return { ...called, fact: { ...called.fact, of: 'summary' } };
}

/** The route stands; its facts are looked for anew in what is said next. */
export function intakeEntry(
  { of: { conversationId, turn }, itemId }: { readonly of: TurnOf; readonly itemId: string },
  { priority, queue, next }: IntakeTaken,
  atMs: number,
): Entry {
  const lost = { version: LOST, facts: [], open: [], asked: {}, called: [], values: {} };
  const fact = { kind: 'intake', turn, priority, queue, next, itemId, ...lost } as const;
  return { subject: conversationId, step: `intake:${turn}`, conversationId, atMs, fact };
}

interface Reply {
  readonly conversationId: string;
  readonly turn: number;
  readonly itemId: string;
  readonly atMs: number;
  readonly step: string;
}

export function repliedEntry(
  { conversationId, turn, itemId, atMs, step }: Reply,
  by: 'model' | 'code' | 'staff',
): Entry {
  const fact = { kind: 'replied', turn, itemId, itemDigest: LOST, by } as const;
  return { subject: conversationId, step, conversationId, atMs, fact };
}
