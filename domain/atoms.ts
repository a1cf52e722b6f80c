// Texts as atoms, so that values are compared on the boundaries of words and never inside of them: a word with what joins
// it (a@b.example, 1,000.00, 2025-01-11), or one character of punctuation. Pure, and linear in the text. May import nothing.

/** What a value and a text have in common however they are written: case, line ends, kinds of quotes and of blanks. */
const common = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[\u2018\u2019\u02bc]/g, "'")
    .replace(/[\u201c\u201d]/g, '"')
    // JSON in JSON: a line end or a tab that was escaped twice.
    .replace(/\\[nrt]/g, ' ');

/**
 * A value as it is looked for. Only composed (NFC), not made alike: a recipient in fullwidth letters is another one than
 * what a person typed, as far as anybody knows.
 */
export const normalValue = (text: string): string => common(text.normalize('NFC')).trim();

/** A text to look in: as it is and, where that differs, with compatible characters made alike, as a keyboard may differ. */
export function normalTexts(text: string): readonly string[] {
  const composed = common(text.normalize('NFC'));
  const alike = common(text.normalize('NFKC'));
  return alike === composed ? [composed] : [composed, alike];
}

// What nobody sees belongs to the word: it makes it another one.
const WORD = '[\\p{L}\\p{M}\\p{N}_\\p{Co}\\p{Cs}\\p{Default_Ignorable_Code_Point}]';
// Scripts without blanks between words: each character is an atom.
const UNSPACED = '[\\p{scx=Hani}\\p{scx=Hira}\\p{scx=Kana}\\p{sc=Thai}\\p{sc=Laoo}\\p{sc=Khmr}\\p{sc=Mymr}]';
// 20, 64 and 255 characters: the longest scheme in use, local part and domain; 16 points or slashes before a path. Bounds,
// so that looking stays linear.
const URL_ATOM = '(?:[a-z][a-z0-9+.-]{1,20}:\\/\\/|www\\.)[^\\s<>"\'`\\\\{}|^]+';
const mailAtom = (word: string) => `(?:${word}|[.%+-])(?:${word}|[.%+'-]){0,63}@(?:${word}|[.-]){1,255}`;
const MAIL_ATOM = mailAtom(WORD);

function atomPattern(word: string, spaced: string): RegExp {
  const joined = `[-./\\\\]{0,16}(?:${spaced})+(?:(?:[-./\\\\@+]|(?<=\\d)[,:](?=\\d))(?:${spaced})+)*`;
  return new RegExp(`${URL_ATOM}|${mailAtom(word)}|${joined}|\\S`, 'gu');
}

const ATOM = atomPattern(WORD, `(?!${UNSPACED})${WORD}`);
// The same of texts that are plain ASCII, as most are: five times as fast.
const ASCII_ATOM = atomPattern('[a-z0-9_]', '[a-z0-9_]');
const BEYOND_ASCII = /\P{ASCII}/u;

// What ends a sentence, and closes what was opened before an address.
const SENTENCE_END = /[.,;:!?'")\]]+$/;
const IS_ADDRESS = new RegExp(`^(?:${URL_ATOM}|${MAIL_ATOM})$`, 'u');

/** The atoms of a normal text, in order. */
export function atomsOf(text: string): readonly string[] {
  const atoms: string[] = [];
  for (const [found] of text.matchAll(BEYOND_ASCII.test(text) ? ATOM : ASCII_ATOM)) {
    const end = found.includes('.') && IS_ADDRESS.test(found) ? found.replace(SENTENCE_END, '') : found;
    atoms.push(end, ...found.slice(end.length));
  }
  return atoms;
}

const HAS_WORD = new RegExp(WORD, 'u');

/** Whether it is more than punctuation. */
export const isWord = (atom: string): boolean => HAS_WORD.test(atom);

// 4: a shorter value stands in many texts by chance: 1, 12, EUR, yes.
export const MIN_TELLING = 4;

/** Whether finding it says anything: so short a value is in many texts by chance, and who wants it there may choose. */
export const isTelling = (value: string): boolean => [...value.matchAll(/[\p{L}\p{N}]/gu)].length >= MIN_TELLING;

const MAIL = new RegExp(`^${MAIL_ATOM}$`, 'u');
const URL = new RegExp(`^${URL_ATOM}$`, 'u');
const HOST = /^(?:[\p{L}\p{N}-]+\.)+\p{L}{2,63}(?:\/\S*)?$/u;
// Country, two digits, and 11 to 30 more, in groups of four or none.
const IBAN = /(?<![\p{L}\p{N}])[a-z]{2}\d{2}(?: ?[a-z0-9]{4}){2,7}(?: ?[a-z0-9]{1,3})?(?![\p{L}\p{N}])/gu;

/** What leads somewhere: e-mail addresses, URLs, hosts. They are values of their own within a text. */
export const leadsAway = (atom: string): boolean => MAIL.test(atom) || URL.test(atom) || HOST.test(atom);

// 15: the shortest that is in use, of Norway.
const MIN_IBAN = 15;

/** The account numbers (IBAN) in a normal text, without blanks. */
export const accountsIn = (text: string): readonly string[] =>
  [...text.matchAll(IBAN)].map(([found]) => found.replaceAll(' ', '')).filter((account) => account.length >= MIN_IBAN);

/** The text without these accounts, in whichever groups they stand. */
export const withoutAccounts = (text: string, accounts: ReadonlySet<string>): string =>
  accounts.size === 0 ? text : text.replace(IBAN, (found) => (accounts.has(found.replaceAll(' ', '')) ? ' ' : found));

/** The host in what leads away: of a URL, of an e-mail address, and before a path. */
export function hostsIn(atom: string): readonly string[] {
  if (!leadsAway(atom)) return [];
  const address = atom.replace(/^[^/]*:\/\//, '').split(/[/?#]/, 1)[0] ?? '';
  const host = address.slice(address.lastIndexOf('@') + 1);
  return host === '' || host === atom ? [] : [host];
}
