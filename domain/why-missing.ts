// What should be on record of an action and is not: a line each. Nothing is demanded of what was never begun. Pure.
// May import domain only.
import type { Fact } from './entry.ts';
import { type Chain, leaveGiven, leaveNeeded } from './why-chain.ts';
import { type Known, type WhyLine, words } from './why-line.ts';

export function missing(chain: Chain, known: Known): readonly WhyLine[] {
  const { isBegun, asked, outcomes, has } = chain;
  const lacks = (kind: Fact['kind'], isNeeded: boolean): string | undefined =>
    isNeeded && !has(kind) ? `there is no entry “${words(kind)}”` : undefined;
  const [needed, given] = [leaveNeeded(chain), leaveGiven(chain).length];
  const succeeded = outcomes.some(({ fact }) => fact.outcome.kind === 'succeeded');
  const found: readonly (readonly [WhyLine['part'], string | undefined])[] = [
    ['asked', lacks('message', true)],
    ['saw', lacks('model_call', !isByCode(chain, known))],
    ['proposed', lacks('proposed', true)],
    ['record', unread(chain)],
    ['rule', lacks('ruled', true)],
    ['people', isBegun && needed > 0 && asked.length === 0 ? 'there is no entry “approval requested”' : undefined],
    ['people', isBegun && given < needed ? `${given} of ${needed} decisions that give leave are on record` : undefined],
    ['warrant', lacks('claimed', mustBeClaimed(chain))],
    ['ran', lacks('attempted', isBegun || (succeeded && chain.proposal?.effect !== 'start'))],
    ['came back', has('settled') ? undefined : 'it has not ended'],
  ];
  return found.flatMap(([part, text]) => (text === undefined ? [] : [gap(part, text, known)]));
}

/** A line about what is not there. */
export function gap(part: WhyLine['part'], text: string, { isCut }: Pick<Known, 'isCut'>): WhyLine {
  const because = isCut ? 'it may be among the entries that are not told' : 'the ledger has nothing of it';
  return { part, seq: null, atMs: null, text, coverage: 'unknown', because, details: null };
}

/** What a person says did not happen is proposed anew by code: no model was asked. */
function isByCode({ proposal }: Chain, { items }: Known): boolean {
  return proposal?.origin !== undefined && items.get(proposal.origin.itemId)?.item.trust === 'record';
}

/** Each ruling rests on what was read at one moment, and that reading is an entry of its own. */
function unread({ proposal, isBegun, rulings, inspected }: Chain): string | undefined {
  if (proposal?.inspects !== true) return undefined;
  const moments = rulings.flatMap(({ fact }) => fact.evidence?.asOfMs ?? []);
  const lost = moments.filter((asOfMs) => inspected.every(({ fact }) => fact.evidence.asOfMs !== asOfMs));
  if (inspected.length === 0) return isBegun || lost.length > 0 ? 'there is no entry “inspected”' : undefined;
  return lost.length > 0 ? 'there is no entry “inspected” of what a ruling rests on' : undefined;
}

/** A read needs no claim; what was not proposed on record is told from a read by the epoch of its attempt. */
const mustBeClaimed = ({ proposal, attempts }: Chain): boolean =>
  attempts.some(({ fact }) => (proposal === undefined ? fact.epoch > 0 : proposal.effect !== 'read'));
