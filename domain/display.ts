// Text of others as people may safely see it: whatever hides, turns text around or pretends to be another letter is
// written out, such as <U+202E>, and named by a flag. Markup is escaped by each surface for itself. Pure. May import
// domain only. Guarantee: without a flag the shown text is the very text, character by character.
import { type Pretence, pretences } from './scripts.ts';
import { writtenOut } from './text.ts';

/** What was found, one word each. Stable: surfaces and tests know them. */
export type Flag = 'bidi' | 'invisible' | 'tag' | 'control' | 'cut' | Pretence;

/** The flags in words for people, who know nothing of code points. */
export const FLAG_WORDS: Readonly<Record<Flag, string>> = {
  bidi: 'characters that turn text around',
  invisible: 'characters that nobody sees',
  tag: 'hidden characters that can spell out a text of their own',
  control: 'characters that are no letters or signs, or blanks or accents without end',
  mixed_script: 'letters of different alphabets in one word',
  look_alike: 'letters that look like others',
  cut: 'too long to show here',
};

/** What was found, in words for people, and how it is shown; '' where nothing was found. */
export function careText(flags: readonly Flag[]): string {
  const found = flags.filter((flag) => flag !== 'cut').map((flag) => FLAG_WORDS[flag]);
  const written = found.length === 0 ? [] : [`careful: ${found.join(', and ')}; each is written out in <…>`];
  return [...written, ...(flags.includes('cut') ? [FLAG_WORDS.cut] : [])].join('; ');
}

/** Text that has been made safe to show; the flags in the order of FLAG_WORDS, each once. */
export interface Shown {
  readonly text: string;
  readonly flags: readonly Flag[];
}

/**
 * The text as people may see it, at most `maxChars` UTF-16 units. Line ends stay. Flags tell of the whole text, also of what
 * is cut; a text that is cut ends in "…".
 */
export function shownText(text: string, maxChars: number): Shown {
  return show(text, maxChars, true);
}

/** The same in one line: line ends are written out too. */
export function shownLine(text: string, maxChars: number): Shown {
  return show(text, maxChars, false);
}

/** Flags of several findings together. */
export function flagsOf(flags: Iterable<Flag>): readonly Flag[] {
  const all = new Set(flags);
  return (Object.keys(FLAG_WORDS) as Flag[]).filter((flag) => all.has(flag));
}

interface Piece {
  readonly text: string;
  /** How many characters of the text it stands for. */
  readonly length: number;
  readonly flag?: Flag;
}

function show(text: string, maxChars: number, keepsLines: boolean): Shown {
  const flags = new Set<Flag>();
  const pieces: string[] = [];
  for (const { text: piece, flag } of piecesOf(text, keepsLines)) {
    if (flag !== undefined) flags.add(flag);
    pieces.push(piece);
  }
  const whole = pieces.join('');
  if (whole.length <= maxChars) return { text: whole, flags: flagsOf(flags) };
  flags.add('cut');
  return { text: firstOf(pieces, maxChars - 1) + '…', flags: flagsOf(flags) };
}

/** What fits, by whole pieces. */
function firstOf(pieces: readonly string[], maxChars: number): string {
  let length = 0;
  const end = pieces.findIndex((piece) => (length += piece.length) > maxChars);
  return pieces.slice(0, end).join('');
}

// What is written out is a neighbour to nothing: it carries no mark, and joins with no letter.
const NO_NEIGHBOUR = '';

function* piecesOf(text: string, keepsLines: boolean): Generator<Piece> {
  const pretends = pretences(text);
  const characters: string[] = [];
  const written = new Map<number, Piece>();
  let at = 0;
  for (const character of text) {
    const flag = pretends.get(at);
    at += character.length;
    if (flag !== undefined) written.set(characters.length, { text: writtenOut(character), length: 1, flag });
    characters.push(flag === undefined ? character : NO_NEIGHBOUR);
  }
  for (let index = 0; index < characters.length; ) {
    const piece = written.get(index) ?? pieceAt(characters, index, keepsLines);
    if (piece.flag !== undefined) characters.fill(NO_NEIGHBOUR, index, index + piece.length);
    yield piece;
    index += piece.length;
  }
}

// What reads as if something had been written out here. Were it shown as it is, two different texts would look the same.
const PRETENDED = /^<(?:U\+[0-9A-F]{4,6}>|\d{1,9} (?:line ends|blanks|U\+[0-9A-F]{4})[,>])/;
// 21 characters: the longest of them.
const PRETENDED_CHARS = 21;

function pieceAt(characters: readonly string[], index: number, keepsLines: boolean): Piece {
  const character = characters[index] ?? '';
  if (character === '<' && PRETENDED.test(characters.slice(index, index + PRETENDED_CHARS).join(''))) {
    return { text: writtenOut(character), length: 1, flag: 'look_alike' };
  }
  if (character >= '!' && character <= '~') return { text: character, length: 1 };
  if (BLANK.test(character) || (keepsLines && character === '\n')) return whiteSpaceAt(characters, index, keepsLines);
  if (character === REGIONAL_FLAG) return subdivisionAt(characters, index);
  const flag = flagOf(characters, index);
  return { text: flag === undefined ? character : writtenOut(character), length: 1, ...(flag && { flag }) };
}

// Blanks that people type: those of French and Japanese are others than the usual one.
const BLANK = /[ \u00a0\u202f\u3000]/;
// 60 blanks and 3 line ends: deep indentation and two empty lines. Longer runs push what follows out of sight.
const MAX_BLANKS = 60;
const MAX_LINE_ENDS = 3;

function whiteSpaceAt(characters: readonly string[], from: number, keepsLines: boolean): Piece {
  let end = from;
  let lineEnds = 0;
  for (; end < characters.length; end += 1) {
    const character = characters[end] ?? '';
    if (keepsLines && character === '\n') lineEnds += 1;
    else if (!BLANK.test(character)) break;
  }
  const length = end - from;
  const text = characters.slice(from, end).join('');
  if (lineEnds <= MAX_LINE_ENDS && length - lineEnds <= MAX_BLANKS) return { text, length };
  return { text: `<${runsOf(text).join(', ')}>`, length, flag: 'control' };
}

const WHITE_WORDS: Readonly<Record<string, string>> = { '\n': 'line ends', ' ': 'blanks' };

/** "4 line ends", "2 U+00A0": each run of the same, in order, so that no two texts are written out alike. */
function runsOf(white: string): readonly string[] {
  return Array.from(white.matchAll(/(.)\1*/gs), ([run, character = '']) => {
    return `${run.length} ${WHITE_WORDS[character] ?? writtenOut(character).slice(1, -1)}`;
  });
}

const REGIONAL_FLAG = '\u{1f3f4}';
// The only flags that Unicode recommends for interchange: England, Scotland, Wales. Tags that spell anything else hide text.
const SUBDIVISIONS = ['gbeng', 'gbsct', 'gbwls'].map((region) =>
  [
    REGIONAL_FLAG,
    ...Array.from(region, (letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0))),
    '\u{e007f}',
  ].join(''),
);

function subdivisionAt(characters: readonly string[], index: number): Piece {
  const known = SUBDIVISIONS.find((one) => one === characters.slice(index, index + Array.from(one).length).join(''));
  return known === undefined ? { text: REGIONAL_FLAG, length: 1 } : { text: known, length: Array.from(known).length };
}

const TAG = /[\u{e0000}-\u{e007f}]/u;
const BIDI = /\p{Bidi_Control}/u;
const JOINER = /[\u200c\u200d]/;
const SELECTOR = /\p{Variation_Selector}/u;
// Format characters, but not those that are seen: the signs of Arabic and Kaithi that stand around numbers.
const UNSEEN_FORMAT = /(?![\u0600-\u0605\u06dd\u0890\u0891\u08e2\u{110bd}\u{110cd}])\p{Cf}/u;
// Beside what Unicode lets fonts ignore: blanks of odd widths, the empty Braille cell, and the place of an object.
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\u1680\u2000-\u200a\u205f\u2800\ufffc]/u;
const CONTROL = /[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/u;

function flagOf(characters: readonly string[], index: number): Flag | undefined {
  const character = characters[index] ?? '';
  if (TAG.test(character)) return 'tag';
  if (BIDI.test(character)) return 'bidi';
  if (JOINER.test(character)) return joins(characters, index) ? undefined : 'invisible';
  if (SELECTOR.test(character)) return selects(characters, index) ? undefined : 'invisible';
  if (INVISIBLE.test(character) || UNSEEN_FORMAT.test(character)) return 'invisible';
  if (CONTROL.test(character)) return 'control';
  return MARK.test(character) && !isCarried(characters, index) ? 'control' : undefined;
}

const MARK = /\p{M}/u;
const MARK_OR_JOINER = /[\p{M}\u200c\u200d]/u;
const ENCLOSING = /\p{Me}/u;
const KEYCAP = '\u20e3';
// 4 marks on one letter: Hebrew with points and accents has three, Tibetan and Vietnamese have fewer than five.
const MAX_MARKS = 4;

/** True for a mark on a letter or sign, among few others: more of them run over the lines around. */
function isCarried(characters: readonly string[], index: number): boolean {
  let from = index;
  // Joiners count too: a mark behind one still lies on the same letter.
  while (from >= 0 && index - from <= MAX_MARKS && MARK_OR_JOINER.test(characters[from] ?? '')) from -= 1;
  const base = characters[from] ?? '';
  if (characters[index] === KEYCAP) return /[0-9#*]/.test(base);
  if (ENCLOSING.test(characters[index] ?? '')) return false;
  return index - from <= MAX_MARKS && /[\p{L}\p{N}\p{S}\p{P}]/u.test(base);
}

const PICTURE = /\p{Extended_Pictographic}/u;
const AFTER_PICTURE = /\ufe0f|\p{Emoji_Modifier}/u;
// Scripts whose letters change shape with their neighbours, where joiners are part of the spelling.
const SHAPING =
  /(?=[\p{L}\p{M}])[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Myanmar}]/u;
// Arabic letters that never join what follows: after them a joiner changes nothing that people see.
const NEVER_JOINS =
  /[\u0621-\u0625\u0627\u0629\u062f-\u0632\u0648\u0671-\u0673\u0675-\u0677\u0688-\u0699\u06c0\u06c3-\u06cb\u06cd\u06cf\u06d2\u06d3\u06d5]/;

/** True where a joiner does what people see: within an emoji, or between letters that it shapes, both of which are shown. */
function joins(characters: readonly string[], index: number): boolean {
  const [before = '', after = ''] = [characters[index - 1], characters[index + 1]];
  if (SHAPING.test(before) && SHAPING.test(after))
    return !NEVER_JOINS.test(before) && flagOf(characters, index + 1) === undefined;
  const base = AFTER_PICTURE.test(before) ? characters[index - 2] : before;
  return characters[index] === '\u200d' && PICTURE.test(base ?? '') && PICTURE.test(after);
}

/** True for one selector after a sign that has variants: an emoji, a keycap, or a Chinese character. */
function selects(characters: readonly string[], index: number): boolean {
  const [selector = '', before = '', after = ''] = [characters[index], characters[index - 1], characters[index + 1]];
  if (/[0-9#*]/.test(before)) return selector === '\ufe0f' && after === KEYCAP;
  if (/[\ufe0e\ufe0f]/.test(selector)) return /\p{Emoji}/u.test(before);
  if (/\p{Script=Mongolian}/u.test(selector)) return /(?=\p{L})\p{Script=Mongolian}/u.test(before);
  return /[\ufe00-\ufe02\u{e0100}-\u{e01ef}]/u.test(selector) && /\p{Unified_Ideograph}/u.test(before);
}
