// One conversation of the corpus: what its customer writes, the facts that somebody who reads it with care points at, and
// where the desk's own handbook sends it. Nothing here comes from the code that is on trial. May import nothing.

export type FactName = 'orderId' | 'what' | 'amount' | 'deliveredOn' | 'injured' | 'lawyer';

/** A value as a model answers it, with the words that it rests on. */
export interface Pointed {
  readonly value: unknown;
  readonly quote: string;
}
export type Form = Readonly<Record<FactName, readonly Pointed[]>>;

export type Next = 'goes_on' | 'asks' | 'person';

/** Where a conversation goes: how urgent it is, whose it is, and who speaks next. */
export interface Place {
  readonly priority: number;
  readonly queue: string;
  readonly next: Next;
}

export interface Conversation {
  readonly name: string;
  readonly says: readonly string[];
  /** What is to be pointed at, over all messages. */
  readonly form: Form;
  readonly expected: Place;
  /**
   * Where it goes at the very least when no model points at anything: written where some of it is in words that none of the
   * owner's phrases has (docs/intake.md names this limit). Absent: as expected.
   */
  readonly leastUrgent?: number;
}

export const FACT_NAMES: readonly FactName[] = ['orderId', 'what', 'amount', 'deliveredOn', 'injured', 'lawyer'];

type Pairs = Partial<Record<FactName, readonly (readonly [value: string | boolean, quote: string])[]>>;

/** `place`: "1 safety person". A value of money is written "72.00 EUR". */
export function conversation(
  name: string,
  place: string,
  says: string | readonly string[],
  pairs: Pairs,
  leastUrgent?: number,
): Conversation {
  const [priority = '', queue = '', next = 'goes_on'] = place.split(' ');
  const pointed = (fact: FactName) =>
    (pairs[fact] ?? []).map(([value, quote]) => ({ value: fact === 'amount' ? moneyIn(value) : value, quote }));
  return {
    name,
    says: [says].flat(),
    form: Object.fromEntries(FACT_NAMES.map((fact) => [fact, pointed(fact)])) as unknown as Form,
    expected: { priority: Number(priority), queue, next: next as Next },
    ...(leastUrgent === undefined ? {} : { leastUrgent }),
  };
}

function moneyIn(value: string | boolean) {
  const [amount, currency] = String(value).split(' ');
  return { amount, currency };
}
