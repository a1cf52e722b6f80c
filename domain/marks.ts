// What must not get lost where words are left out: ids, figures with what they count, dates, addresses, account numbers.
// Found by patterns, so that code can tell whether all of them are still there. Pure. May import domain only.
import { accountsIn, atomsOf, leadsAway, normalTexts } from './atoms.ts';
import { decimalsOf } from './currency.ts';

// 3 letters or digits, of which one is a digit: an order, a ticket, a date, a time. Shorter figures count things, and are
// marks only beside what they count.
const MIN_ID_CHARS = 3;
const HAS_DIGIT = /\p{N}/u;
const SYMBOL = /^[€$£¥₹%]$/u;
const MONTH =
  /^(?:jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz|apr(?:il)?|may|mai|june?|juni|july?|juli|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|oktober|nov(?:ember)?|dec(?:ember)?|dezember)$/u;
const UNIT =
  /^(?:euros?|dollars?|pounds?|percent|prozent|minutes?|hours?|days?|weeks?|months?|years?|minuten?|stunden?|tagen?|wochen?|monaten?|jahren?|uhr|am|pm)$/u;

const isUnit = (atom = ''): boolean =>
  SYMBOL.test(atom) || MONTH.test(atom) || UNIT.test(atom) || decimalsOf(atom.toUpperCase()) !== undefined;

/**
 * The marks of a text in their one form, each once, in order: "1042", "zx-7731-qp", "12 eur", "3 may",
 * "ada@house.example".
 */
export function marksIn(text: string): readonly string[] {
  const [normal = ''] = normalTexts(text);
  const atoms = atomsOf(normal);
  const marks = new Set<string>();
  for (const [at, atom] of atoms.entries()) {
    if (leadsAway(atom)) marks.add(atom);
    if (!HAS_DIGIT.test(atom)) continue;
    const [before, after] = [atoms[at - 1], atoms[at + 1]];
    if (isUnit(after)) marks.add(`${atom} ${after}`);
    else if (isUnit(before)) marks.add(`${before} ${atom}`);
    if ([...atom.matchAll(/[\p{L}\p{N}]/gu)].length >= MIN_ID_CHARS) marks.add(atom);
  }
  for (const account of accountsIn(normal)) marks.add(account);
  return [...marks];
}

/** The mark as it stands in that text; in its one form where it stands there otherwise. */
export function asWritten(mark: string, text: string): string {
  const at = text.toLowerCase().indexOf(mark);
  const found = at === -1 ? mark : text.slice(at, at + mark.length);
  return found.toLowerCase() === mark ? found : mark;
}
