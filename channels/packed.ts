// Texts put together for a platform that takes so many characters at a time. Pure; may import nothing.

/** Texts in as few parts as hold them, none longer than `maxChars`; undefined where one text is too long for any. */
export function packed(texts: readonly string[], glue: string, maxChars: number): readonly string[] | undefined {
  const parts: string[] = [];
  for (const text of texts) {
    if (text.length > maxChars) return undefined;
    const longer = `${parts.at(-1) ?? ''}${glue}${text}`;
    if (parts.length === 0 || longer.length > maxChars) parts.push(text);
    else parts[parts.length - 1] = longer;
  }
  return parts;
}
