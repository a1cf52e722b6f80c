// Tells one person what the API wants told: a receipt, a form for a reason, a link. The API holds no token, so it puts
// notes into the store; the actor's process looks there. A note is worth little later: it is tried for a few minutes.
import type { Logger } from 'pino';
import { ChannelFault } from '../channels/definition.ts';
import type { ChannelSending } from '../domain/channel.ts';
import type { DueNote } from '../domain/delivery.ts';
import type { Store } from '../store/ports.ts';
import type { Open } from '../trust/sealing.ts';
import { openedNote } from './open-notes.ts';
import { regularly } from './regularly.ts';

// 400 ms: Slack opens a form within 3 s of the click; a look costs one small statement.
const LOOK_EVERY_MS = 400;
// 60 s without channels: only old notes are forgotten then.
const IDLE_EVERY_MS = 60_000;
// 20 at one look: each is a call of some 100 ms; the next look goes on.
const AT_ONCE = 20;
// 15 s: longer than a call may take, so that nobody else takes the note meanwhile.
const HOLD_MS = 15_000;
// 3 s, and 5 times: a platform that is down for longer has people who look elsewhere.
const AGAIN_MS = 3_000;
const MAX_TRIES = 5;
// 10 min: what is older surprises more than it tells.
const WORTH_MS = 600_000;
// 2 days: a stranger is told once a day.
const KEPT_MS = 172_800_000;

export interface TellingDeps {
  readonly store: Pick<Store, 'notes'>;
  readonly senders: readonly ChannelSending[];
  readonly nowMs: () => number;
  /** Opens links; absent where the process has no key. */
  readonly open?: Open;
  readonly log: Pick<Logger, 'warn'>;
}

/** Begin to look. Returns how to stop. */
export function tellNotes(deps: TellingDeps): () => void {
  let isLooking = false;
  const stop = regularly(deps.senders.length > 0 ? LOOK_EVERY_MS : IDLE_EVERY_MS, 'notes', deps.log, async () => {
    if (isLooking) return;
    isLooking = true;
    await tellDue(deps).finally(() => (isLooking = false));
  });
  const stopForgetting = regularly(IDLE_EVERY_MS, 'old notes', deps.log, () =>
    deps.store.notes.forget(deps.nowMs() - KEPT_MS),
  );
  return () => {
    stop();
    stopForgetting();
  };
}

/** One look. Resolves to how many were told. */
export async function tellDue(deps: TellingDeps): Promise<number> {
  let told = 0;
  for (let looked = 0; looked < AT_ONCE && deps.senders.length > 0; looked++) {
    const due = await deps.store.notes.take(deps.nowMs(), HOLD_MS);
    if (due === undefined) break;
    if (await tell(deps, due)) told += 1;
  }
  return told;
}

async function tell({ store, senders, nowMs, log, open }: TellingDeps, due: DueNote): Promise<boolean> {
  const { id, channel, way, madeMs, tries } = due;
  const sender = senders.find(({ name }) => name === channel);
  const isWorthIt = sender !== undefined && tries <= MAX_TRIES && nowMs() - madeMs <= WORTH_MS;
  if (!isWorthIt) {
    log.warn({ channel, tries }, 'a note was not told');
    await store.notes.over(id);
    return false;
  }
  try {
    await sender.tell(way, openedNote(due, open));
  } catch (error) {
    if (!(error instanceof ChannelFault)) throw error;
    log.warn({ channel, sentence: error.message }, 'a note could not be told');
    if (error.kind === 'refused') await store.notes.over(id);
    else await store.notes.later(id, nowMs() + Math.max(error.retryAfterMs, AGAIN_MS));
    return false;
  }
  await store.notes.over(id);
  return true;
}
