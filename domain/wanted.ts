// What to look for, for one value: the value as a whole in its spellings, then its parts. And what is said of it once they
// were looked for. Pure. May import domain only.
import { accountsIn, atomsOf, hostsIn, isTelling, isWord, leadsAway, normalValue } from './atoms.ts';
import type { Json } from './json.ts';
import { type Origin, worstOf } from './sources.ts';
import { momentOf, numberForm } from './spellings.ts';

export interface Wanted {
  /** Which other spellings are worth looking for in texts. */
  readonly kinds: readonly ('number' | 'moment' | 'account' | 'host')[];
  /** The value as atoms; empty for a truth value, which no text can be shown to say. */
  readonly whole: readonly string[];
  /** Its other spellings, any of which is the value: "number:1000". */
  readonly forms: readonly string[];
  /** All of which together are the value: a date, a time. Empty where it is no such value. */
  readonly parts: readonly string[];
  /** Whether it has a part that cannot be found by its spelling. */
  readonly isPartial: boolean;
  /** The words of a text, and what leads somewhere within it. */
  readonly words: readonly string[];
  readonly leads: readonly string[];
  readonly accounts: readonly string[];
  readonly isTelling: boolean;
}

export interface Found {
  readonly origin: Origin;
  /** Where it was found; undefined where nowhere. */
  readonly rank?: number | undefined;
  /**
   * `composed`: of parts that stand there. `short`: it stands there, as it would by chance. `within`: something in the
   * text that leads somewhere, an address or an account, has this origin; the words have none that is worse. `worked_out`:
   * by code, from texts of which the worst has this origin.
   */
  readonly match?: 'composed' | 'short' | 'within' | 'worked_out' | undefined;
}

export interface Looked {
  readonly phrase: (phrase: readonly string[]) => number | undefined;
  readonly form: (form: string) => number | undefined;
  readonly originAt: (rank: number) => Origin;
  /** What is in no text that was looked through. */
  readonly nowhere: Origin;
}

// 8 words: an address or a name is put together of parts; a longer text is prose, and its wording the model's.
const MAX_COMPOSED_WORDS = 8;
// 4 words in a row are copied; three stand in any two texts of a language.
const COPIED_WORDS = 4;

const NOTHING = { forms: [], parts: [], isPartial: false, words: [], leads: [], accounts: [] } as const;

export function wantedOf(value: Json): Wanted {
  // A truth value is one bit: any text would have it.
  if (typeof value === 'boolean') return { ...NOTHING, kinds: [], whole: [], isTelling: false };
  if (typeof value === 'number') {
    const form = numberForm(String(value)) ?? String(value);
    return { ...NOTHING, kinds: ['number'], whole: [], forms: [`number:${form}`], isTelling: isTelling(form) };
  }
  return wantedText(normalValue(typeof value === 'string' ? value : JSON.stringify(value)));
}

function wantedText(text: string): Wanted {
  const atoms = atomsOf(text);
  // Punctuation alone stands in any text: "*" is nobody's wish.
  const whole = atoms.some(isWord) ? atoms : [];
  const number = numberForm(text);
  const moment = momentOf(text);
  const accounts = accountsIn(text);
  const words = whole.filter(isWord);
  const leads = words.filter(leadsAway);
  const isAccount = accounts.length === 1 && accounts[0] === text.replaceAll(' ', '');
  const parts =
    moment === undefined ? [] : [`date:${moment.date}`, ...(moment.time === undefined ? [] : [`time:${moment.time}`])];
  return {
    kinds: [
      ...(number === undefined && !words.some((word) => numberForm(word)) ? [] : (['number'] as const)),
      ...(moment === undefined ? [] : (['moment'] as const)),
      ...(accounts.length === 0 ? [] : (['account'] as const)),
      ...(leads.length === 0 ? [] : (['host'] as const)),
    ],
    whole,
    forms: [
      ...(number === undefined ? [] : [`number:${number}`]),
      ...(isAccount ? [`account:${accounts[0]}`] : []),
      ...(leads.length === 1 && leads[0] === text ? [`host:${text}`] : []),
    ],
    ...{ parts, isPartial: moment?.zone !== undefined, words, leads, accounts, isTelling: isTelling(text) },
  };
}

/** Every phrase that is asked for. */
export function phrasesOf({ whole, words, leads }: Wanted): readonly (readonly string[])[] {
  const isShort = words.length <= MAX_COMPOSED_WORDS;
  const single = [...(isShort ? words : leads), ...leads.flatMap(hostsIn)];
  return [whole, ...copiesIn(whole), ...single.map((atom) => [atom])];
}

/** Every few words in a row. */
const copiesIn = (atoms: readonly string[]): readonly (readonly string[])[] =>
  atoms.length <= COPIED_WORDS ? [] : atoms.slice(COPIED_WORDS - 1).map((_, at) => atoms.slice(at, at + COPIED_WORDS));

/** What is said of a value: where the whole of it stands, or else the worst of its parts. */
export function originOf(wanted: Wanted, look: Looked): Found {
  const whole = best([look.phrase(wanted.whole), ...wanted.forms.map(look.form)]);
  if (whole !== undefined) {
    const origin = look.originAt(whole);
    // An address that the model alone has said before is nobody's still.
    const isNobodys = origin === 'model' && wanted.words.length > 1 && awayOf(ledBy(wanted, look), look) !== undefined;
    return { origin, rank: whole, match: isNobodys ? 'within' : wanted.isTelling ? undefined : 'short' };
  }
  if (wanted.parts.length > 0) {
    const found = worst(
      wanted.parts.map((part) => at(look, look.form(part))),
      look,
    );
    return wanted.isPartial ? { origin: worstOf([found.origin, look.nowhere]) } : found;
  }
  const words = wordsOf(wanted, look);
  const led = ledBy(wanted, look);
  const away = awayOf(led, look);
  if (away === undefined || wanted.words.length === 1) return led.length === 0 ? words : worst([words, ...led], look);
  return worstOf([words.origin, away.origin]) === away.origin ? { ...away, match: 'within' } : words;
}

/** The worst of the addresses and accounts in it; undefined where all are the requester's own or a record's. */
function awayOf(led: readonly Found[], look: Looked): Found | undefined {
  const away = worst(led, look);
  const isOwn = led.length === 0 || away.origin === 'principal' || away.origin === 'record';
  return isOwn ? undefined : away;
}

const ledBy = ({ leads, accounts }: Wanted, look: Looked): readonly Found[] => [
  ...leads.map((lead) => leadsFrom(lead, look)),
  ...accounts.map((one) => accountFrom(one, look)),
];

/** The words of a text that stands nowhere as a whole. */
function wordsOf({ whole, words }: Wanted, look: Looked): Found {
  const copied = copiesIn(whole)
    .map((phrase) => at(look, look.phrase(phrase)))
    .filter(({ origin }) => origin !== 'model');
  const strange = copied.filter(({ origin }) => origin !== 'principal' && origin !== 'record');
  if (strange.length > 0) return { ...worst(strange, look), match: 'composed' };
  if (words.length === 0 || words.length > MAX_COMPOSED_WORDS) return { origin: look.nowhere };
  const found = words.map((word) => at(look, wordAt(word, look)));
  const whether = worst(found, look);
  return whether.rank === undefined ? { origin: whether.origin } : { ...whether, match: 'composed' };
}

function wordAt(word: string, look: Looked): number | undefined {
  const number = numberForm(word);
  return best([look.phrase([word]), number === undefined ? undefined : look.form(`number:${number}`)]);
}

/** An address: as a whole, or made up at a host that stands there, which is then the worse of both. */
function leadsFrom(lead: string, look: Looked): Found {
  const whole = best([look.phrase([lead]), look.form(`host:${lead}`)]);
  if (whole !== undefined) return at(look, whole);
  const hosts = hostsIn(lead).map((host) => at(look, best([look.phrase([host]), look.form(`host:${host}`)])));
  return worst([{ origin: look.nowhere }, ...hosts], look);
}

const accountFrom = (account: string, look: Looked): Found =>
  at(look, best([look.form(`account:${account}`), look.phrase([account])]));

const at = (look: Looked, rank: number | undefined): Found =>
  rank === undefined ? { origin: look.nowhere } : { origin: look.originAt(rank), rank };

const best = (ranks: readonly (number | undefined)[]): number | undefined => {
  const found = ranks.filter((rank) => rank !== undefined);
  return found.length === 0 ? undefined : Math.min(...found);
};

/** The found with the worst origin; the first of several. */
function worst(found: readonly Found[], look: Looked): Found {
  const origin = worstOf(found.map((one) => one.origin));
  return found.find((one) => one.origin === origin) ?? { origin: found.length === 0 ? look.nowhere : origin };
}
