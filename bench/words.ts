// What callers and the model say in a turn of the bench. Each message is marked, and so is its reply: one that belongs to
// another turn, or to nobody's, counts as an error. Pure.

/** The text of the n-th message of a conversation: every subject sends just this, so that the model can tell whose it is. */
export const wordsFor = (conversation: string, n: number): string =>
  `What is the weather in Paris? [${markOf(conversation, n)}]`;

export const markOf = (conversation: string, n: number): string => `${conversation}/${n}`;

const MARK = /\[([\w-]+\/\d+)\]/g;

/** The last mark in a text; undefined where there is none. */
export const markIn = (text: string): string | undefined => [...text.matchAll(MARK)].at(-1)?.[1];

/** What the model asks for, and what the tool gives back. */
export const CALL = { tool: 'get_weather', arguments: { city: 'Paris' } } as const;
export const WEATHER = { city: 'Paris', temp_c: 21 } as const;

export const replyTo = (mark: string | undefined): string =>
  `It is 21C and sunny in Paris.${mark === undefined ? '' : ` [${mark}]`}`;

/** Whether the reply is the one to that message. */
export const isReplyTo = (reply: string, conversation: string, n: number): boolean =>
  reply.includes(replyTo(markOf(conversation, n)));
