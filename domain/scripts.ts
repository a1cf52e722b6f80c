// Letters that pretend: words that mix scripts, whole words in another script that look Latin, and variants of a letter
// that only a computer tells apart. Pure. May import domain only.
import { looksLatin } from './look-alikes.ts';

/** Why a character is not what it looks like. */
export type Pretence = 'mixed_script' | 'look_alike';

/** The characters that pretend, by where they begin in the text (UTF-16). Plain text of any one language has none. */
export function pretences(text: string): ReadonlyMap<number, Pretence> {
  const found = new Map<number, Pretence>();
  if (ASCII.test(text)) return found;
  for (const at of variants(text)) found.set(at, 'look_alike');
  const words = wordsOf(text);
  for (const word of words) for (const at of mixedIn(word)) if (!found.has(at)) found.set(at, 'mixed_script');
  // A word alone may be of its own language; that it is not, its neighbours tell.
  mark(found, words, { isAddress: false, minLetters: PROSE_LETTERS });
  let next = 0;
  for (const { index, 0: token } of text.matchAll(TOKEN)) {
    // Words come in order, and each lies within one token or none.
    while ((words[next]?.at ?? Infinity) < index) next += 1;
    const first = next;
    while ((words[next]?.at ?? Infinity) < index + token.length) next += 1;
    const within = words.slice(first, next);
    if (ADDRESS.test(token)) mark(found, within, { isAddress: true, minLetters: 1 });
    else if (IDENTIFIER.test(token)) mark(found, within, { isAddress: false, minLetters: 1 });
  }
  return found;
}

const ASCII = /^\p{ASCII}*$/u;
// 2 letters: one Greek letter in Latin text is a symbol, as in "the α release".
const PROSE_LETTERS = 2;
const WORD = /[\p{L}\p{M}\p{Nd}\u200c\u200d]+/gu;
const TOKEN = /[^\s"'<>()[\]{},;“”„«»]+/gu;
const ADDRESS = /[@/\\:]|[\p{L}\p{N}]\.[\p{L}\p{N}]/u;
const IDENTIFIER = /[_=#+-]/;

// Compatibility forms of letters and digits: fullwidth, mathematical, circled, squared; ligatures; presentation forms.
const COMPATIBLE = /[\p{L}\p{Nd}\p{Nl}\u24b6-\u24e9\u{1f110}-\u{1f189}]/u;
const LATIN_TEXT = /^[A-Za-z0-9()]+$/;
// Letters that people write, though another spelling of them exists: ordinals, Dutch, Croatian, and small raised letters.
const WRITTEN = /[ªº\u0132\u0133\u01c4-\u01cc\u01f1-\u01f3\p{Lm}]/u;
const TWINS = /[\u2126\u212a\u212b\u{1d400}-\u{1d7ff}\uf900-\ufaff\ufb1d-\ufdcf\ufe70-\ufefc\u{2f800}-\u{2fa1f}]/u;
// What is written in one piece in these scripts; in others both spellings are common.
const COMPOSED =
  /[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;
const JOINS = /[\p{M}\u1161-\u1175\u11a8-\u11c2]/u;

function* variants(text: string): Generator<number> {
  let at = 0;
  let before = '';
  for (const character of text) {
    if (isTwin(character) || isLoose(before, character)) yield at;
    at += character.length;
    before = character;
  }
}

function isTwin(character: string): boolean {
  if (character < '\u0080') return false;
  if (TWINS.test(character)) return true;
  if (!COMPATIBLE.test(character) || WRITTEN.test(character)) return false;
  const same = character.normalize('NFKC');
  return same !== character && LATIN_TEXT.test(same);
}

/** An accent that stands by itself where the letter with it is one character. */
function isLoose(base: string, character: string): boolean {
  if (!JOINS.test(character) || !COMPOSED.test(base)) return false;
  return (base + character).normalize('NFC').length < base.length + character.length;
}

interface Letter {
  readonly at: number;
  readonly text: string;
  readonly script: string;
}

interface Word {
  readonly at: number;
  readonly text: string;
  /** Those with a script of their own: digits and accents go with any. */
  readonly letters: readonly Letter[];
}

function wordsOf(text: string): readonly Word[] {
  return Array.from(text.matchAll(WORD), ({ index, 0: word }) => {
    const letters: Letter[] = [];
    let at = index;
    for (const character of word) {
      const script = scriptOf(character);
      if (script !== ANY) letters.push({ at, text: character, script });
      at += character.length;
    }
    return { at: index, text: word, letters };
  });
}

const ANY = '';
// Chinese, Japanese and Korean write several scripts in one word, and Latin or Greek letters among them.
const EAST_ASIAN = 'East Asian';
const SCRIPTS: readonly (readonly [name: string, has: RegExp])[] = [
  [ANY, /[\p{Script=Common}\p{Script=Inherited}\p{Default_Ignorable_Code_Point}]/u],
  ['Latin', /\p{Script=Latin}/u],
  ['Cyrillic', /\p{Script=Cyrillic}/u],
  ['Greek', /\p{Script=Greek}/u],
  [EAST_ASIAN, /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}]/u],
  ['Arabic', /\p{Script=Arabic}/u],
  ['Hebrew', /\p{Script=Hebrew}/u],
  ['Devanagari', /\p{Script=Devanagari}/u],
  ['Armenian', /\p{Script=Armenian}/u],
  ['Georgian', /\p{Script=Georgian}/u],
  ['Cherokee', /\p{Script=Cherokee}/u],
  ['Coptic', /\p{Script=Coptic}/u],
];

/** Scripts without a name here count as one: mixing two of them is not found, mixing one with a named one is. */
function scriptOf(character: string): string {
  if (/[A-Za-z]/.test(character)) return 'Latin';
  return SCRIPTS.find(([, has]) => has.test(character))?.[0] ?? 'other';
}

function mixedIn({ at, text, letters }: Word): readonly number[] {
  return [...oddLetters(letters), ...oddDigits(at, text), ...phonetic(text, letters)];
}

function oddLetters(letters: readonly Letter[]): readonly number[] {
  const counts = new Map<string, number>();
  for (const { script } of letters) counts.set(script, (counts.get(script) ?? 0) + 1);
  const hasLatin = counts.has('Latin');
  if (hasLatin) {
    const strokes = letters.filter(({ script, text }) => script === EAST_ASIAN && looksLatin(text));
    if (strokes.length > 0) return strokes.map(({ at }) => at);
  }
  counts.delete(EAST_ASIAN);
  if (counts.size < 2) return [];
  const foreign = letters.filter(({ script }) => script !== 'Latin' && script !== EAST_ASIAN);
  // Where all of the others look Latin the word is to be read as a Latin one, however many they are.
  if (hasLatin && foreign.every(({ text }) => looksLatin(text))) return foreign.map(({ at }) => at);
  const [main] = [...counts].toSorted(([, one], [, other]) => other - one)[0] ?? [];
  return letters.filter(({ script }) => script !== main && script !== EAST_ASIAN).map(({ at }) => at);
}

/** Digits of two systems in one word: one of them may look like another digit of the other. */
function oddDigits(from: number, word: string): readonly number[] {
  const digits = Array.from(word.matchAll(/\p{Nd}/gu), ({ index, 0: digit }) => ({ at: from + index, digit }));
  const isAscii = ({ digit }: { readonly digit: string }): boolean => digit <= '9';
  const systems = new Set(digits.map(({ digit }) => (digit <= '9' ? 0 : zeroOf(digit))));
  return systems.size < 2 ? [] : digits.filter((one) => !isAscii(one)).map(({ at }) => at);
}

/** Unicode has the digits of a system in a row, each row at a multiple of ten of its block. */
function zeroOf(digit: string): number {
  let code = digit.codePointAt(0) ?? 0;
  while (/\p{Nd}/u.test(String.fromCodePoint(code - 1)) && (digit.codePointAt(0) ?? 0) - code < 9) code -= 1;
  return code;
}

// Letters of living Latin alphabets (Icelandic, Turkish, Ewe, Khoisan …) that look like others.
const OF_ALPHABETS = /[þıƒɣʋɩǀƿ]/u;

/** Phonetic and small capital letters among ordinary ones. */
function phonetic(word: string, letters: readonly Letter[]): readonly number[] {
  if (!/[A-Za-z]/.test(word)) return [];
  const isOdd = ({ script, text }: Letter) => script === 'Latin' && looksLatin(text) && !OF_ALPHABETS.test(text);
  return letters.filter(isOdd).map(({ at }) => at);
}

/** Mark words wholly of letters that look Latin, among words none of which is plainly of another script. */
function mark(
  found: Map<number, Pretence>,
  words: readonly Word[],
  { isAddress, minLetters }: { readonly isAddress: boolean; readonly minLetters: number },
): void {
  const isPlainlyForeign = ({ letters }: Word): boolean =>
    letters.some(({ script, text }) => script !== 'Latin' && !looksLatin(text));
  const hasLatin = words.some(({ letters }) => letters.some(({ script }) => script === 'Latin'));
  if (words.some(isPlainlyForeign) || !(hasLatin || isAddress)) return;
  for (const { letters } of words) {
    // In an address every letter counts, those of living alphabets too.
    const pretends = letters.filter(({ text }) => looksLatin(text));
    const isWhole = pretends.length === letters.length && letters.length >= minLetters;
    if (!isAddress && !isWhole) continue;
    for (const { at } of pretends) if (!found.has(at)) found.set(at, 'look_alike');
  }
}
