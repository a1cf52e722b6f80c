// Cards that say open where nothing is open any more: whoever should have brought them up to date is gone, since an operator
// has terminated it, or was not able to in its time. Looks now and then, beside the Activities that show what changes; and
// forgets what has long stood as it is. May import the actor's Activities and the store's types.
import { showCards } from '../activities/actor/deliver.ts';
import type { DeliverDeps } from '../activities/actor/everywhere.ts';
import { runOf } from '../activities/actor/posting.ts';
import { regularly } from './regularly.ts';

// 60 s between looks: a click on such a card is answered with what became of it meanwhile.
const LOOK_EVERY_MS = 60_000;
// 50 batches at one look, some hundred calls; the next look goes on with the next ones.
const AT_ONCE = 50;
// 10,000 batches, a megabyte: more that are stale at once are looked at twice by chance, and shown then.
const MAX_SEEN = 10_000;
// 90 days: what a card says after it has ended does not change any more, but where people correct an unknown outcome.
const KEPT_MS = 90 * 86_400_000;

/** What earlier looks have seen. */
export interface Look {
  after: string;
  /** In the round before, and in this one. A round goes through all that is stale. */
  before: ReadonlySet<string>;
  seen: Set<string>;
}

export const firstLook = (): Look => ({ after: '', before: new Set(), seen: new Set() });

/** Begin to look. Returns how to stop. */
export function tendCards(deps: DeliverDeps): () => void {
  const look = firstLook();
  let isLooking = false;
  return regularly(LOOK_EVERY_MS, 'stale cards', deps.log, async () => {
    if (isLooking) return; // a channel that hangs takes longer than a look may
    isLooking = true;
    await showStale(deps, look).finally(() => (isLooking = false));
    await deps.store.deliveries.forget(deps.nowMs() - KEPT_MS);
  });
}

/**
 * One look. Only what was stale a round before is shown: what has ended just now, its Workflow shows. Resolves to how many
 * messages were edited.
 */
export async function showStale(deps: DeliverDeps, look: Look): Promise<number> {
  const channels = deps.senders.map(({ name }) => name);
  if (channels.length === 0) return 0;
  const batches = await deps.store.deliveries.stale({ channels, after: look.after, limit: AT_ONCE });
  const run = runOf(deps, new Map(), new AbortController().signal);
  let edited = 0;
  for (const batchId of batches) {
    if (!look.before.has(batchId)) continue;
    // One whose channel is away holds up no other; it comes again with the next round.
    edited += await showCards(run, batchId).then(
      ({ done }) => done,
      (error: unknown) => {
        deps.log.warn({ err: error, batchId }, 'a stale card could not be brought up to date');
        return 0;
      },
    );
  }
  for (const batchId of batches) if (look.seen.size < MAX_SEEN) look.seen.add(batchId);
  look.after = batches.length < AT_ONCE ? '' : (batches.at(-1) ?? '');
  if (look.after !== '') return edited;
  look.before = look.seen;
  look.seen = new Set();
  return edited;
}
