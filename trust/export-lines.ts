// The lines of an export, as docs/ledger-format.md has them, and JSON on one plain line. May import domain and trust.
// Guarantees: the same values make the same line; a line is plain to the eye and to every reader of lines, and says exactly
// what it was made of.
import { withoutUnplain } from '../domain/text.ts';
import { EXPORT_FORMAT } from './ledger-file.ts';

// Most text is plain ASCII, and this finds it so ten times as fast.
const NOT_ASCII = /[^ -~]/;

/** A value as JSON on one line, in which everything that is not plainly visible is an escape of JSON. */
export function plainJson(value: unknown): string {
  const text = JSON.stringify(value);
  return NOT_ASCII.test(text) ? withoutUnplain(text, escaped) : text;
}

/** The first line. `checkpoint` is the signed note of that size. */
export function headerLine(header: {
  readonly origin: string;
  readonly size: number;
  readonly from: number;
  readonly to: number;
  readonly checkpoint: string;
}): string {
  const { origin, size, from, to, checkpoint } = header;
  return plainJson({ format: EXPORT_FORMAT, origin, size, from, to, checkpoint });
}

/** The line of an entry. `entry` is its exact text, the proof goes from the leaf up. */
export function entryLine(seq: number, entry: string, proof: readonly Buffer[]): string {
  // Put together by hand: base64 has nothing to escape, and is as long as the entry.
  const hashes = proof.map((one) => `"${one.toString('base64')}"`).join(',');
  return `{"seq":${seq},"entry":${plainJson(entry)},"proof":[${hashes}]}`;
}

/** Each unit by itself: JSON writes a character beyond U+FFFF as the two halves of its pair. */
function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    const unit = character.charCodeAt(at).toString(16).padStart(4, '0');
    return `\\u${unit}`;
  }).join('');
}
