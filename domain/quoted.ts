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

/** Of what was summed up nobody looks which words are in it: the summary quotes whom any of it quoted. */
export function quotedInto(state: ConversationState, summaryId: string, sources: ReadonlySet<string>): void {
  const within = (state.quoted ?? []).filter(({ itemId }) => sources.has(itemId));
  if (within.length === 0) return;
  const people = [...new Set(within.flatMap((one) => one.people))];
  state.quoted = [...(state.quoted ?? []).filter((one) => !within.includes(one)), { itemId: summaryId, people }];
}

const stillShown = ({
  quoted = [],
  recent,
  leaving = [],
  summary,
}: ConversationState): NonNullable<ConversationState['quoted']> => {
  // What leaves is kept in mind until it is summed up.
  const known = new Set([...recent, ...leaving, ...(summary === undefined ? [] : [summary])].map(({ id }) => id));
  return quoted.filter(({ itemId }) => known.has(itemId));
};
