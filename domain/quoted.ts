// Whose words the model sees besides the requester's. They stay on the transcript after the turn of the report that quotes
// them, so what is proposed upon any later report rests on them too; what a message asks for rests on its sender. Pure.
// May import domain only.
import type { ConversationState } from './conversation.ts';

/** A report quotes these people. */
export function noteQuoted(state: ConversationState, itemId: string, people: readonly string[]): void {
  if (people.length > 0) state.quoted = [...stillShown(state), { itemId, people }];
}

/** All whom the model still sees quoted. */
export const quotedNow = (state: ConversationState): readonly string[] => [
  ...new Set(stillShown(state).flatMap(({ people }) => people)),
];

const stillShown = ({ quoted = [], recent }: ConversationState): NonNullable<ConversationState['quoted']> =>
  quoted.filter(({ itemId }) => recent.some(({ id }) => id === itemId));
