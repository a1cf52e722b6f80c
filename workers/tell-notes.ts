// Tells one person what the API wants told: a receipt, a form for a reason, a link. The API holds no token, so it puts
// notes into the store; the actor's process looks there. A note is worth little later: it is tried for a few minutes.
import type { Logger } from 'pino';
import { HELD_MS, whileHeld } from '../activities/actor/held.ts';
import { ChannelFault } from '../channels/definition.ts';
import type { ChannelSending } from '../domain/channel.ts';
import type { Clicked, DueNote } from '../domain/delivery.ts';
import type { Store } from '../store/ports.ts';
import type { Open } from '../trust/sealing.ts';
import { openedNote } from './open-notes.ts';
import { regularly } from './regularly.ts';

// 400 ms: Slack opens a form within 3 s of the click; a look costs one small statement.
const LOOK_EVERY_MS = 400;
// 60 s: how often old notes are looked for.
const TIDY_EVERY_MS = 60_000;
// 20 notes, one after the other, at one look: each is a call of some 100 ms; the next look goes on.
const A_LOOK = 20;
// 5 looks of one channel at once: a call that hangs keeps no form of somebody else from being opened in time.
const LOOKS_AT_ONCE = 5;
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
  /** Bring a card up to date of which a click has told. */
  readonly showFound?: (channel: string, clicked: Clicked) => Promise<unknown>;
  readonly log: Pick<Logger, 'warn'>;
}

/** Begin to look, for each channel by itself. Returns how to stop. */
export function tellNotes(deps: TellingDeps): () => void {
  const { store, senders, nowMs, log } = deps;
  const stops = senders.map((sender) => {
    let looks = 0;
    return regularly(LOOK_EVERY_MS, `notes on ${sender.name}`, log, async () => {
      if (looks >= LOOKS_AT_ONCE) return;
      looks += 1;
      await tellDueOn(deps, sender).finally(() => (looks -= 1));
    });
  });
  const tidy = async () => {
    await store.notes.expire(nowMs() - WORTH_MS);
    await store.notes.forget(nowMs() - KEPT_MS);
  };
  stops.push(regularly(TIDY_EVERY_MS, 'old notes', log, tidy));
  return () => {
    for (const stop of stops) stop();
  };
}

/** One look at all channels, side by side. Resolves to how many notes were told. */
export async function tellDue(deps: TellingDeps): Promise<number> {
  const told = await Promise.all(deps.senders.map((sender) => tellDueOn(deps, sender)));
  return told.reduce((sum, one) => sum + one, 0);
}

async function tellDueOn(deps: TellingDeps, sender: ChannelSending): Promise<number> {
  let told = 0;
  for (let looked = 0; looked < A_LOOK; looked++) {
    const due = await deps.store.notes.take(sender.name, deps.nowMs(), HELD_MS);
    if (due === undefined) break;
    if (await tell(deps, sender, due)) told += 1;
  }
  return told;
}

async function tell(deps: TellingDeps, sender: ChannelSending, due: DueNote): Promise<boolean> {
  const { store, nowMs, log, open, showFound } = deps;
  const { id, channel, way, madeMs, tries } = due;
  const { clicked } = due.note;
  // Beside the telling: whoever clicked waits for no card. What fails is done at the next click.
  if (clicked !== undefined && tries === 1) {
    void showFound?.(channel, clicked).catch((error: unknown) =>
      log.warn({ channel, err: error }, 'a card that was clicked could not be brought up to date'),
    );
  }
  const isWorthIt = tries <= MAX_TRIES && nowMs() - madeMs <= WORTH_MS;
  if (!isWorthIt) {
    log.warn({ channel, tries }, 'a note was not told');
    await store.notes.over(id);
    return false;
  }
  try {
    const renew = () => store.notes.later(id, nowMs() + HELD_MS);
    await whileHeld(renew, async () => sender.tell(way, openedNote(due, open)));
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
