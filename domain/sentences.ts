// A text in its sentences: what is quoted of it is whole ones, so that no quote begins behind a "not". Pure. May import
// nothing.

// 400 characters: a long sentence; what has none, such as JSON on one line, is read in pieces of that.
const MAX_SENTENCE_CHARS = 400;
const ENDS = /(?<=[.!?…][)"'”’]?)\s+|(?<=[。！？])|[\r\n\u2028\u2029]+/u;

/** Its sentences, or pieces of them, with single blanks. Together they are the text. */
export function sentencesOf(text: string): readonly string[] {
  return text.split(ENDS).flatMap((sentence) => piecesOf(oneBlank(sentence)));
}

/** The whole sentences in which these words stand, one after the other; undefined where they stand nowhere. */
export function sentencesWith(sentences: readonly string[], words: string): readonly string[] | undefined {
  const sought = oneBlank(words);
  if (sought === '') return undefined;
  const from = sentences.join(' ').indexOf(sought);
  if (from === -1) return undefined;
  const to = from + sought.length;
  let at = 0;
  return sentences.filter((sentence) => {
    const start = at;
    at += sentence.length + 1;
    return start < to && start + sentence.length > from;
  });
}

const oneBlank = (text: string): string => text.replace(/\s+/gu, ' ').trim();

function piecesOf(sentence: string): readonly string[] {
  const pieces: string[] = [];
  let rest = sentence;
  while (rest.length > MAX_SENTENCE_CHARS) {
    const end = borderBefore(rest);
    pieces.push(rest.slice(0, end).trim());
    rest = rest.slice(end).trim();
  }
  return rest === '' ? pieces : [...pieces, rest];
}

/** Behind the last blank, or comma that groups no digits; where there is none in the middle of it, but in no character. */
function borderBefore(text: string): number {
  for (let at = MAX_SENTENCE_CHARS; at > MAX_SENTENCE_CHARS / 2; at--) {
    const [before = '', after = ''] = [text[at - 1], text[at]];
    if (before === ' ' || (before === ',' && !/\d/.test(after))) return at;
  }
  return /[\uDC00-\uDFFF]/.test(text[MAX_SENTENCE_CHARS] ?? '') ? MAX_SENTENCE_CHARS - 1 : MAX_SENTENCE_CHARS;
}
