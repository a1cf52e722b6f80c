// A channel that hangs must not take the places of an actor's work. May import domain types and the channels' faults.
import { ChannelFault } from '../../channels/definition.ts';
import type { ChannelSending } from '../../domain/channel.ts';

// 20 of the 100 Activities that a process runs at once: a channel that is well answers a hundred calls a second so, far more
// than platforms take; one that hangs leaves the rest to those who act.
const AT_ONCE = 20;

/** The channel, called by so many at once; the next one is told to come again. */
export function atOnce(sender: ChannelSending, most = AT_ONCE): ChannelSending {
  let underWay = 0;
  const bounded = async <T>(call: () => Promise<T>): Promise<T> => {
    if (underWay >= most) throw new ChannelFault('later', `${sender.name} has ${most} calls under way`);
    underWay += 1;
    try {
      return await call();
    } finally {
      underWay -= 1;
    }
  };
  return {
    ...sender,
    post: (address, rendered) => bounded(() => sender.post(address, rendered)),
    edit: (ref, rendered) => bounded(() => sender.edit(ref, rendered)),
  };
}
