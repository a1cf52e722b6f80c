// What stands on a card beside its approvals: how their actions ended, what runs with them, what the requester has said
// since, what people are called. May import domain and store types.
import type { Approval } from '../../domain/approval.ts';
import { askedBackMs, LOOKED_AT, type SaidSince, saidSince } from '../../domain/asked-back.ts';
import { allowedIn } from '../../domain/card.ts';
import { actionsOf } from '../../domain/ids.ts';
import { namesOf } from '../../domain/principal.ts';
import type { ActionRow } from '../../store/ports.ts';
import type { DeliverDeps } from './everywhere.ts';

export interface About {
  /** What the requester has said since each of them was asked back about, by its id. */
  readonly said: ReadonlyMap<string, readonly SaidSince[]>;
  /** Those that people are asked about, by their ids. */
  readonly actions: ReadonlyMap<string, ActionRow>;
  /** Summaries of what was allowed and waits with them. */
  readonly alsoRuns: readonly string[];
  readonly names: Readonly<Record<string, string>>;
}

export async function aboutBatch({ store, directory }: DeliverDeps, approvals: readonly Approval[]): Promise<About> {
  const names = namesOf(directory);
  const [first] = approvals;
  if (first === undefined) return { said: new Map(), actions: new Map(), alsoRuns: [], names };
  const asked = await store.actions.some([...new Set(approvals.map(({ actionId }) => actionId))]);
  const inBatch = first.question === undefined ? await store.actions.some(actionsOf(first.batchId)) : [];
  return {
    said: await saidOn(store, approvals),
    actions: new Map(asked.map((row) => [row.id, row])),
    alsoRuns: allowedIn(inBatch),
    names,
  };
}

async function saidOn(store: DeliverDeps['store'], approvals: readonly Approval[]): Promise<About['said']> {
  const said = new Map<string, readonly SaidSince[]>();
  for (const approval of approvals) {
    const fromMs = askedBackMs(approval);
    if (fromMs === undefined) continue;
    said.set(approval.id, saidSince(approval, await store.items.since(approval.conversationId, fromMs, LOOKED_AT)));
  }
  return said;
}
