// The transcripts of the store in memory.
import type { Entry } from '../../../domain/entry.ts';
import { messageKey } from '../../../domain/ids.ts';
import type { Item, NewItem } from '../../../domain/item.ts';
import type { ConversationRow, Store } from '../../../store/ports.ts';

/** What they need of it. */
interface MemoryItems {
  readonly items: readonly (Item & { readonly key: string })[];
  readonly conversations: ReadonlyMap<string, ConversationRow>;
  here<T>(answer: () => T): Promise<T>;
  append(items: readonly NewItem[]): readonly Item[];
  record(entries: readonly Entry[]): void;
}

const notHere = (): Promise<never> => Promise.reject(new Error('the API must not do this'));
export function memoryItems(state: MemoryItems): Store['items'] {
  const ofConversation = (id: string) => state.items.filter((item) => item.conversationId === id);
  const replyTo = (id: string, messageId: string) => {
    const turn = ofConversation(id).find((item) => item.key === messageKey(messageId))?.turn;
    return ofConversation(id).find((item) => item.turn === turn && item.body.kind === 'reply');
  };
  return {
    append: (news, toEntries) =>
      state.here(() => {
        const written = state.append(news);
        state.record(toEntries?.(written) ?? []);
        return written;
      }),
    load: (_id, ids) => state.here(() => ids.flatMap((id) => state.items.filter((item) => item.id === id))),
    bytesOf: notHere,
    byKey: (id, key) => state.here(() => ofConversation(id).find((item) => item.key === key)),
    page: (id, after, limit) =>
      state.here(() =>
        ofConversation(id)
          .filter((item) => item.seq > after)
          .slice(0, limit),
      ),
    since: (id, fromMs, limit) =>
      state.here(() =>
        ofConversation(id)
          .filter((item) => item.createdMs >= fromMs)
          .slice(-limit),
      ),
    turns: (id, turn) =>
      state.here(() => {
        const later = ofConversation(id).filter((item) => item.turn >= turn);
        const isAnswered = later.some((item) => item.turn === turn && item.body.kind.endsWith('reply'));
        return { last: Math.max(0, ...later.map((item) => item.turn)), isAnswered };
      }),
    replyTo: (id, messageId) => state.here(() => replyTo(id, messageId)),
    overOf: (messages) =>
      state.here(() =>
        messages.flatMap(({ conversationId: id, messageId }) => {
          const isAnswered = replyTo(id, messageId) !== undefined;
          const isOver = isAnswered || state.conversations.get(id)?.phase !== 'open';
          return isOver ? [{ messageId, isAnswered }] : [];
        }),
      ),
  };
}
