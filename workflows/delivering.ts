// What is said in a conversation reaches its channel beside the turns: no turn waits for it, and a run that is renewed goes
// on with it. May import domain and @temporalio/workflow.
import { sleep } from '@temporalio/workflow';
import { type ConversationState, hasWork } from '../domain/conversation.ts';
import { type Delivering, isBehind } from '../domain/delivering.ts';
import { deliverReplies, inChannels, SHOW_LAST_MS } from './effects.ts';
import { condition } from './in-turn.ts';

// 15 s: a call to a platform takes 10 at most, and whoever sends hears within one that the run has ended. Two who send at
// once would say the same twice.
const OF_RUN_BEFORE_MS = 15_000;
// 1 s: a channel that is well takes a fifth of that. Once in hundreds of turns, and only while nobody else speaks.
const BEFORE_RENEWAL_MS = 1_000;

/** Deliver what was said, in order, one Activity at a time; what is said meanwhile goes with it or with one more. */
export async function keepDelivering(state: ConversationState): Promise<void> {
  const { delivery, conversationId } = state;
  if (delivery === undefined) return;
  if (delivery.isUnderWay) delivery.fromMs = Date.now() + OF_RUN_BEFORE_MS;
  delivery.isUnderWay = false;
  delivery.isHeld = false;
  const waitMs = delivery.fromMs - Date.now();
  if (waitMs > 0) await sleep(waitMs, { summary: 'until the run before sends no more' });
  for (;;) {
    await condition(() => isBehind(state) && !delivery.isHeld);
    const { said } = delivery;
    delivery.isUnderWay = true;
    await inChannels('deliver replies', () => deliverReplies({ conversationId }));
    delivery.isUnderWay = false;
    delivery.delivered = said;
  }
}

/** Before the run is renewed: begin nothing more, and let what is under way end, if it does so soon. */
export async function holdDelivering(delivery: Delivering, state: ConversationState): Promise<void> {
  delivery.isHeld = true;
  if (!delivery.isUnderWay || hasWork(state)) return;
  await condition(() => !delivery.isUnderWay || hasWork(state), BEFORE_RENEWAL_MS, {
    summary: 'until it is delivered',
  });
}

/** At the end of the conversation: its last words reach the channel, or nobody waits for that any longer. */
export async function deliverLast(state: ConversationState): Promise<void> {
  await condition(() => !isBehind(state), SHOW_LAST_MS, { summary: 'until the last words are delivered' });
}
