// All text that stands anywhere in what Temporal gave out, bytes as text: for looking whether a word is in it.

export function rawText(value: unknown): string {
  if (typeof value === 'string') return `${value}\n`;
  if (value instanceof Uint8Array) return `${Buffer.from(value).toString('utf8')}\n`;
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([name, member]) => `${name} ${rawText(member)}`)
    .join('');
}
