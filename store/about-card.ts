// What stands on a card beside its approvals, read from the store: how their actions ended, what runs with them, what the
// requester has said since somebody asked back. One piece for channels and for the page, so that they show the same.
// May import domain, trust and store types.
import type { Outcome } from '../domain/action.ts';
import type { Approval } from '../domain/approval.ts';
import { askedBackMs, LOOKED_AT, type SaidSince, saidSince } from '../domain/asked-back.ts';
import { allowedIn, type Card, type CardLimits, cardOf } from '../domain/card.ts';
import { actionsOf } from '../domain/ids.ts';
import { approvalHandle } from '../trust/digest.ts';
import type { Store } from './ports.ts';

export interface About {
  /** All approvals of the batch, or of the question. */
  readonly batch: readonly Approval[];
  /** How the actions that people were asked about ended, by their ids. */
  readonly outcomes: ReadonlyMap<string, Outcome | null>;
  /** What the requester has said since each approval was asked back about, by its id. */
  readonly said: ReadonlyMap<string, readonly SaidSince[]>;
  /** Summaries of what was allowed and waits with them. */
  readonly alsoRuns: readonly string[];
}

export async function aboutBatch(store: Pick<Store, 'actions' | 'items'>, batch: readonly Approval[]): Promise<About> {
  const [first] = batch;
  const asked = await store.actions.some([...new Set(batch.map(({ actionId }) => actionId))]);
  const inBatch = first === undefined || first.question ? [] : await store.actions.some(actionsOf(first.batchId));
  const outcomes = new Map(asked.map(({ id, outcome }) => [id, outcome]));
  return { batch, outcomes, said: await saidOn(store, batch), alsoRuns: allowedIn(inBatch) };
}

async function saidOn({ items }: Pick<Store, 'items'>, batch: readonly Approval[]): Promise<About['said']> {
  const said = new Map<string, readonly SaidSince[]>();
  for (const approval of batch) {
    const fromMs = askedBackMs(approval);
    if (fromMs === undefined) continue;
    said.set(approval.id, saidSince(approval, await items.since(approval.conversationId, fromMs, LOOKED_AT)));
  }
  return said;
}

/** The card that shows these approvals of the batch. `names`: what people are called, by id. */
export function cardAbout(
  { batch, outcomes, said, alsoRuns }: About,
  shown: readonly Approval[],
  { names, limits, nowMs }: { readonly names: Readonly<Record<string, string>>; limits: CardLimits; nowMs: number },
): Card {
  const asks = shown.map((approval) => ({
    ...{ approval, handle: approvalHandle(approval), outcome: outcomes.get(approval.actionId) ?? null },
    saidSince: said.get(approval.id) ?? [],
  }));
  return cardOf({ id: shown[0]?.batchId ?? '', asks, batch, alsoRuns, names }, limits, nowMs);
}
