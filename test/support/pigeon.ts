// A third channel: keeps what was sent in memory, and fails as it is told to.
import { ChannelFault } from '../../channels/definition.ts';
import type { ChannelSending, MessageRef, OutMessage } from '../../domain/channel.ts';

export interface Pigeon extends ChannelSending {
  /** What stands where, by message id. */
  readonly standing: Map<string, { readonly to: string; readonly thread: string; message: OutMessage }>;
  /** Every call, such as "post C1" or "edit m1". */
  readonly calls: string[];
  /** Told one person alone. */
  readonly told: string[];
  /** What is wrong with a place or a message, by its name. */
  readonly faults: Map<string, ChannelFault>;
}

export function createPigeon(limits: Partial<ChannelSending['limits']> = {}): Pigeon {
  const standing: Pigeon['standing'] = new Map();
  const calls: string[] = [];
  const told: string[] = [];
  const faults: Pigeon['faults'] = new Map();
  const fly = (call: string, name: string) => {
    calls.push(`${call} ${name}`);
    const fault = faults.get(name);
    if (fault !== undefined) throw fault;
  };
  return {
    ...{ name: 'pigeon', standing, calls, told, faults },
    limits: { valueChars: 500, fields: 20, totalChars: 4_000, asksPerMessage: 5, textChars: 40, ...limits },
    place: (to) => ({ to, thread: '' }),
    render: (message) => JSON.stringify(message, withoutAge),
    async post({ to, thread }, rendered): Promise<MessageRef> {
      fly('post', to);
      const id = `m${calls.length}`;
      standing.set(id, { to, thread, message: JSON.parse(rendered) as OutMessage });
      return { to, id };
    },
    async edit({ to, id }, rendered) {
      fly('edit', id);
      const before = standing.get(id);
      if (before === undefined) throw new ChannelFault('refused', 'there is no such message');
      standing.set(id, { ...before, to, message: JSON.parse(rendered) as OutMessage });
    },
    async tell(way, note) {
      fly('tell', way['user'] ?? '');
      told.push(`${way['user']}: ${note.kind === 'text' ? note.text : `why ${note.answer}?`}`);
    },
  };
}

/** What changes with the clock alone is never shown. */
const withoutAge = (name: string, value: unknown): unknown => (name === 'ageMs' ? undefined : value);
