// Why an action happened, or did not: its entries in the ledger, told as a story. Each line says how much it proves.
// Nothing is guessed: what has no entry is a line that says so, and what contradicts another entry or its own signature
// proves nothing. Pure. May import domain only.
import type { Fact, RecordedEntry } from './entry.ts';
import type { JsonObject } from './json.ts';
import { filledFact } from './sealed.ts';
import { type Chain, chainOf, contradiction } from './why-chain.ts';
import { type Known, type Line, type Proof, type WhyLine, words } from './why-line.ts';
import { partOf, tell } from './why-lines.ts';
import { gap, missing } from './why-missing.ts';

/** The story, in the order of the ledger, what is missing at its end. */
export function tellWhy(entries: readonly RecordedEntry[], known: Known): readonly WhyLine[] {
  const readable = new Set(entries.filter((entry) => entry.isAltered !== true && canBeTold(entry, known)));
  const chain = chainOf([...readable]);
  const told = entries.flatMap((entry) => (readable.has(entry) ? lineOf(entry, chain, known) : [altered(entry)]));
  const cut = known.isCut
    ? [gap('gap', 'it has more entries than one answer holds; later ones are not told', known)]
    : [];
  return [...told, ...cut, ...(known.waitsFor ?? []).map(waiting), ...missing(chain, known)];
}

/** Now, and not on record here: each step that waits is an action of its own. */
const waiting = (text: string): WhyLine => {
  const because = 'so its open steps say; each is an action of its own, with a story of its own';
  return { part: 'people', seq: null, atMs: null, text, coverage: 'attributed', because, details: null };
};

/** Whoever owns the database may have written a fact without its members, and hashed it as it should be. */
function canBeTold(entry: RecordedEntry, known: Known): boolean {
  try {
    lineOf(entry, chainOf([entry]), known);
    return true;
  } catch {
    return false;
  }
}

function altered({ seq, atMs, fact }: RecordedEntry): WhyLine {
  const text = `an entry “${words(fact.kind)}” stands here, and says nothing that can be told`;
  const because = 'its text, or where it is filed, is not what was recorded';
  return { part: partOf(fact.kind), seq, atMs, text, coverage: 'unknown', because, details: null };
}

type Doubt = Pick<WhyLine, 'coverage' | 'because'>;

function lineOf(entry: RecordedEntry, chain: Chain, known: Known): readonly WhyLine[] {
  const { seq, atMs, seal } = entry;
  const isWhole = seal === 'none' || seal === 'fits';
  const told = tell(isWhole ? entry : { ...entry, fact: filled(entry.fact, seal) }, chain, known);
  if (told === undefined) return [];
  const line: WhyLine = { details: null, ...told, seq, atMs };
  if (!isWhole) return [{ ...line, ...(seal === 'gone' ? ERASED : BROKEN), details: null }];
  const doubt = told.coverage === 'unknown' ? undefined : doubtOf(entry, told, chain, known);
  return [{ ...line, ...doubt }];
}

/** Why the line proves less than it says; undefined where all fits. */
function doubtOf(entry: RecordedEntry, told: Line, chain: Chain, known: Known): Doubt | undefined {
  const contradicted = contradiction(entry, chain, known.questionDigest);
  if (contradicted !== undefined) return { coverage: 'unknown', because: contradicted };
  const proof = 'signed' in entry.fact ? PROVES[known.proofs.get(entry.seq) ?? 'not_verified'] : undefined;
  if (proof?.coverage === 'unknown') return proof;
  if (told.coverage !== 'enforced') return undefined;
  return entry.rebuilt === true ? REBUILT : proof;
}

const PROVES: Readonly<Record<Proof | 'not_verified', Doubt | undefined>> = {
  holds: undefined,
  not_verified: { coverage: 'attributed', because: 'nobody has verified its signature here' },
  key_gone: { coverage: 'attributed', because: 'it was signed by a key that is not known here, or not any more' },
  differs: { coverage: 'unknown', because: 'what was signed is not what stands here' },
  wrong: { coverage: 'unknown', because: 'its signature does not hold' },
};

const ERASED: Doubt = { coverage: 'unknown', because: 'its words are erased' };
const BROKEN: Doubt = { coverage: 'unknown', because: 'its words are not those that were recorded' };

/** Code of ours checked it then; that it did is now the word of Temporal's history. */
const REBUILT: Doubt = {
  coverage: 'attributed',
  because: 'the ledger has lost it; Temporal’s history, from which it was derived again, says so',
};

function filled(fact: Fact, seal: 'gone' | 'broken'): Fact {
  const word = seal === 'gone' ? '[erased]' : '[altered]';
  return filledFact(fact.kind, fact as unknown as JsonObject, word) as unknown as Fact;
}
