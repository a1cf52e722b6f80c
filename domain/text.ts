// Cutting texts to what others take. Pure; may import nothing.

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
