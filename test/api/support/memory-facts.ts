// Remembered facts in memory, as the API reads and forgets them.
import { type RememberedFact, standingOf } from '../../../domain/memory.ts';
import type { Facts } from '../../../store/fact-port.ts';

interface Kept {
  facts: readonly RememberedFact[];
  here<T>(answer: () => T): Promise<T>;
}

const notHere = (): Promise<never> => Promise.reject(new Error('the API must not do this'));

export const memoryFacts = (kept: Kept): Facts => ({
  ...{ remember: notHere, byAction: notHere, some: notHere, shownOf: notHere, sweep: notHere },
  get: (id) => kept.here(() => kept.facts.find((fact) => fact.id === id)),
  list: ({ tenant, subject, nowMs, limit }) =>
    kept.here(() => {
      const rows = kept.facts.filter(
        (fact) =>
          fact.tenant === tenant && (subject === '' || fact.subject === subject) && standingOf(fact, nowMs) !== 'gone',
      );
      return { rows: rows.slice(0, limit), next: '' };
    }),
  forget: ({ tenant, subject, agent, id }, _by, nowMs) =>
    kept.here(() => {
      const isMeant = (fact: RememberedFact) =>
        fact.tenant === tenant &&
        fact.subject === subject &&
        (agent === '' || fact.agent === agent) &&
        (id === '' || fact.id === id) &&
        fact.value !== null;
      const count = kept.facts.filter(isMeant).length;
      kept.facts = kept.facts.map((fact) =>
        isMeant(fact) ? { ...fact, value: null, ended: { as: 'forgotten', atMs: nowMs } } : fact,
      );
      return count;
    }),
});
