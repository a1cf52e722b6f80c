// A place that a platform wants left alone for a while is not called before, whoever asks and however often: what is for
// other places, and for other channels, need not wait for it. May import domain types and the channels' faults.
import { ChannelFault } from '../../channels/definition.ts';
import type { ChannelSending } from '../../domain/channel.ts';

// 1,000 places, each a few bytes: past that the oldest is called once too early, and says so again.
const MAX_PLACES = 1_000;

/** The channel; `nowMs` may count from anywhere, and must not jump. */
export function patient(sender: ChannelSending, nowMs: () => number = () => performance.now()): ChannelSending {
  const untilMs = new Map<string, number>();
  const inTime = async <T>(to: string, call: () => Promise<T>): Promise<T> => {
    const leftMs = (untilMs.get(to) ?? 0) - nowMs();
    if (leftMs > 0) throw new ChannelFault('later', `${sender.name} wants us to wait for ${to}`, Math.ceil(leftMs));
    untilMs.delete(to);
    try {
      return await call();
    } catch (error) {
      if (error instanceof ChannelFault && error.retryAfterMs > 0) wait(to, error.retryAfterMs);
      throw error;
    }
  };
  const wait = (to: string, ms: number): void => {
    const [oldest] = untilMs.keys();
    if (untilMs.size >= MAX_PLACES && oldest !== undefined) untilMs.delete(oldest);
    untilMs.set(to, nowMs() + ms);
  };
  return {
    ...sender,
    post: (address, rendered) => inTime(address.to, () => sender.post(address, rendered)),
    edit: (ref, rendered) => inTime(ref.to, () => sender.edit(ref, rendered)),
  };
}
