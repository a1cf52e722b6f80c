// What Telegram shows of ours, in its HTML. On a card text from outside stands in <code>, where Telegram makes no link and
// no mention, and what is not in code is ours. Of other texts, one voice's words, whatever would be live is in code. Pure.
// May import domain types and the channels' own files.
import type { Note, OutMessage } from '../domain/channel.ts';
import { type AskLines, fitted, type Line, type Span } from './card-lines.ts';
import { writePayload } from './payload.ts';

// 4,096 characters of text in a message, without its markup, are Telegram's.
const MESSAGE_CHARS = 4_096;
// 90: Telegram formats the first 100 pieces of a message and shows the rest as bare text, which would look like ours.
const MAX_PIECES = 90;

export type Params = Readonly<Record<string, unknown>>;
export type TextNote = Extract<Note, { kind: 'text' }>;

const QUIET = { parse_mode: 'HTML', link_preview_options: { is_disabled: true } } as const;

export function shownAs(message: OutMessage): Params {
  return message.kind === 'text' ? textMessage(message.text) : fitted(message.card, cardMessage);
}

export function textMessage(text: string, link?: TextNote['link']): Params {
  const last = link === undefined ? '' : `\n<a href="${escaped(link.url)}">${escaped(link.label)}</a>`;
  const words = text.split(/(\s+)/);
  const isMany = words.filter((word) => LIVE.test(word)).length > MAX_PIECES;
  return { ...QUIET, text: `${isMany ? inCode(text) : words.map(wordText).join('')}${last}` };
}

// What Telegram would make a link, a mention, a hashtag or a command of.
// Addresses may be in any script.
const LIVE = /[@#$/:]|[\p{L}\p{N}_]\.[\p{L}\p{N}_]|\d{5}/u;
const wordText = (word: string): string => (LIVE.test(word) ? `<code>${escaped(word)}</code>` : escaped(word));

function cardMessage(asks: readonly AskLines[]): Params | undefined {
  const lines = asks.flatMap((ask) => ask.lines);
  const chars = lines.reduce((sum, line) => sum + 1 + line.reduce((of, { text }) => of + text.length, 0), 0);
  const pieces = lines.flat().filter((span) => span.from === 'outside' || 'isBold' in span).length;
  if (chars > MESSAGE_CHARS || pieces > MAX_PIECES) return undefined;
  const keyboard = asks.map(({ buttons }) =>
    buttons.map(({ label: text, payload: callback_data }) => ({ text, callback_data })),
  );
  const reply_markup = { inline_keyboard: keyboard.filter((row) => row.length > 0) };
  return { ...QUIET, text: lines.map(lineText).join('\n'), reply_markup };
}

/** Words of ours to somebody by name, for all to see. */
export const mentioning = (user: string, text: string): Params => ({
  ...QUIET,
  text: `<a href="tg://user?id=${escaped(user)}">To you</a>: ${escaped(text)}`,
});

/** The last line comes back with the reply: it says what is answered, and who was asked. */
export function questionFor(
  { answer, handle, about }: Extract<Note, { kind: 'reason' }>,
  of: { user: string; mark: string },
): Params {
  const why = `Why ${answer === 'deny' ? 'deny it' : 'so'}? <a href="tg://user?id=${escaped(of.user)}">Reply</a> to this message; whoever asked for it reads the reason.`;
  const ref = `ref ${writePayload(answer, handle)} ${of.mark}`;
  const text = [inCode(about.slice(0, 500)), why, `<code>${escaped(ref)}</code>`].join('\n');
  return {
    ...QUIET,
    text,
    reply_markup: {
      force_reply: true,
      selective: true,
      input_field_placeholder: 'The reason, which whoever asked reads',
    },
  };
}

const lineText = (line: Line): string => line.map(spanText).join('');

function spanText(span: Span): string {
  if (span.from === 'outside') return inCode(span.text);
  return 'isBold' in span ? `<b>${escaped(span.text)}</b>` : escaped(span.text);
}

const inCode = (text: string): string => (text === '' ? '' : `<code>${escaped(text)}</code>`);

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
