// An intake as the ledger has it, and back. Pure. May import domain only.
import type { FactNow } from './intake-facts.ts';
import type { FactState, IntakeStanding, ToldOfFact } from './intake.ts';
import type { ItemMark } from './item.ts';

/** What an entry tells of it: the facts with the words that they rest on, and what code made of them. */
export interface IntakeTold extends Omit<IntakeStanding, 'facts'> {
  /** What the model answered; '' where none was asked, or none answered. */
  readonly itemId: string;
  readonly facts: readonly {
    readonly name: string;
    readonly state: FactState;
    readonly why: string;
    /** Of a quote that holds: the message, and a digest that its salt goes into. */
    readonly quotes: readonly ItemMark[];
  }[];
  /** By the name of the fact. */
  readonly values: Readonly<Record<string, ToldOfFact>>;
}

/** What goes on record. `markOf` names a quote in its message. */
export function intakeFact(
  { facts: standings, ...rest }: IntakeStanding,
  facts: readonly FactNow[],
  itemId: string,
  markOf: (itemId: string, quote: string) => readonly ItemMark[],
): { readonly kind: 'intake' } & IntakeTold {
  return {
    kind: 'intake',
    ...rest,
    itemId,
    facts: facts.map(({ name, state, why, quotes }) => {
      return { name, state, why, quotes: quotes.flatMap((one) => markOf(one.itemId, one.quote)) };
    }),
    values: Object.fromEntries(
      standings.map(({ name, said, quoted, isUnread }) => [name, { said, quoted, isUnread }] as const),
    ),
  };
}

const NOTHING_TOLD = { said: [], quoted: [], isUnread: false };

/** What the next intake goes on from. Where what was said is erased, the route still stands. */
export function standingIn(fact: IntakeTold): IntakeStanding {
  const { turn, version, priority, queue, open, next, asked, called, facts, unlooked } = fact;
  const values: Partial<IntakeTold['values']> = fact.values ?? {};
  return {
    ...{ turn, version, priority, queue, open, next, asked, called },
    ...(unlooked === true ? { unlooked } : {}),
    facts: facts.map(({ name, state, why }) => ({ name, state, why, ...NOTHING_TOLD, ...values[name] })),
  };
}
