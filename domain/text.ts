// Cutting texts to what others take, and making plain what is in them. Pure; may import nothing.

/** The longest beginning of the text that is at most so many bytes in UTF-8. Never splits a character. */
export function cutToBytes(text: string, maxBytes: number): string {
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += bytesOf(character.codePointAt(0) ?? 0);
    if (bytes > maxBytes) return text.slice(0, end);
    end += character.length;
  }
  return text;
}

/** The longest beginning of the text that is at most so many bytes as a JSON string, which escapes some characters. */
export function cutToJson(text: string, maxBytes: number): string {
  let bytes = 2; // the quotes
  let end = 0;
  for (const character of text) {
    bytes += utf8Bytes(JSON.stringify(character)) - 2;
    if (bytes > maxBytes) return text.slice(0, end);
    end += character.length;
  }
  return text;
}

/** How many bytes the text is in UTF-8. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) bytes += bytesOf(character.codePointAt(0) ?? 0);
  return bytes;
}

function bytesOf(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

/** The first `maxChars` UTF-16 units of the text, one less where that would split a character. */
export function cutText(text: string, maxChars: number): string {
  const end = text.length > maxChars && /[\uD800-\uDBFF]/.test(text[maxChars - 1] ?? '') ? maxChars - 1 : maxChars;
  return text.slice(0, end);
}

/**
 * Control characters, what formats invisibly (turns text around, joins, tags), halves of surrogate pairs, private use, and
 * the two Unicode line ends.
 */
const UNPLAIN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;
// Where people read, line ends stay, and the joiners that scripts and emoji need are let through.
const UNSAFE = new RegExp(`(?![\\n\\u200c\\u200d])${UNPLAIN.source}`, 'gu');

/** The text with everything that is not plainly visible written out, such as <U+001B>. Line ends stay, tabs are blanks. */
export function plain(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll('\t', '  ').replace(UNSAFE, writtenOut);
}

/** The text with each character that is not plainly visible, line ends too, as `by` writes it. */
export const withoutUnplain = (text: string, by: (character: string) => string): string => text.replace(UNPLAIN, by);

/** How a character is written out. */
export const writtenOut = (character: string): string =>
  `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`;

/** A time to the minute, as people read it. */
export const timeText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
