// Why an action happened, or did not: its entries in the ledger, told as a story. Each line says how much it proves.
// Nothing is guessed: what has no entry is a line that says so. Pure. May import domain only.
import type { Fact, RecordedEntry } from './entry.ts';
import type { JsonObject } from './json.ts';
import { filledFact } from './sealed.ts';
import { type Known, tell, type WhyLine, words } from './why-lines.ts';

/** The story, in the order of the ledger, what is missing at its end. */
export function tellWhy(entries: readonly RecordedEntry[], known: Known): readonly WhyLine[] {
  const told = entries.flatMap((entry) => lineOf(entry, entries, known));
  return [...told, ...missing(entries)];
}

function lineOf(entry: RecordedEntry, all: readonly RecordedEntry[], known: Known): readonly WhyLine[] {
  const { seq, atMs, seal } = entry;
  const isWhole = seal === 'none' || seal === 'fits';
  const told = tell(isWhole ? entry.fact : filled(entry.fact, seal), all, known);
  if (told === undefined) return [];
  const broken: Pick<WhyLine, 'coverage' | 'because'> = {
    coverage: 'unknown',
    because: seal === 'gone' ? 'its words are erased' : 'its words are not those that were recorded',
  };
  const details = isWhole ? (told.details ?? null) : null;
  const again = entry.rebuilt === true && told.coverage === 'enforced' ? REBUILT : {};
  return [{ ...told, seq, atMs, ...again, ...(isWhole ? {} : broken), details }];
}

/** Code of ours checked it then; that it did is now the word of Temporal's history. */
const REBUILT: Pick<WhyLine, 'coverage' | 'because'> = {
  coverage: 'attributed',
  because: 'the ledger has lost it; Temporal’s history, from which it was derived again, says so',
};

function filled(fact: Fact, seal: 'gone' | 'broken'): Fact {
  const word = seal === 'gone' ? '[erased]' : '[altered]';
  return filledFact(fact.kind, fact as unknown as JsonObject, word) as unknown as Fact;
}

/** What should be on record and is not: a line each. Nothing is demanded of what was never begun. */
function missing(entries: readonly RecordedEntry[]): readonly WhyLine[] {
  const has = (kind: Fact['kind']) => entries.some(({ fact }) => fact.kind === kind);
  const begun = has('attempted') || entries.some(({ fact }) => fact.kind === 'claimed' && fact.warrant !== null);
  const asks = entries.some(({ fact }) => fact.kind === 'ruled' && fact.verdict.kind === 'ask');
  const needed: readonly (readonly [Fact['kind'], WhyLine['part'], boolean])[] = [
    ['message', 'asked', true],
    ['proposed', 'proposed', true],
    ['ruled', 'rule', true],
    ['decided', 'people', begun && asks],
    ['attempted', 'ran', begun],
    ['settled', 'came back', true],
  ];
  return needed.flatMap(([kind, part, isNeeded]): WhyLine[] => {
    if (!isNeeded || has(kind)) return [];
    const text = kind === 'settled' ? 'it has not ended' : `there is no entry “${words(kind)}”`;
    return [
      {
        part,
        seq: null,
        atMs: null,
        text,
        coverage: 'unknown',
        because: 'the ledger has nothing of it',
        details: null,
      },
    ];
  });
}
