// An intake for tests: of a shop, with a fact of each kind that decides something.
import { defineIntake, fact, type IntakeRoute } from 'countersign';
import { answerFrom, type FactNow } from '../../domain/intake-facts.ts';
import { readingsOf, routeBy, type Routed } from '../../domain/intake-route.ts';
import { type Intake, routesOf } from '../../domain/intake.ts';
import { saidText } from '../../domain/said.ts';
import { obedient, type Script } from './system.ts';

export const shopIntake = defineIntake({
  facts: {
    orderId: fact.id(/\border (\d{3,10})/),
    what: fact.oneOf({ damaged: ['damaged', 'broken'], late: ['late'] }),
    amount: fact.money(),
    injured: fact.yesNo({ yes: ['injured'], no: ['nobody was injured'] }),
  },
  questions: { orderId: 'Which order is it?', amount: 'How much was it?' },
  route: ({ what, amount, injured, orderId }): IntakeRoute<'orderId'> => {
    if (injured === true) return { priority: 1, queue: 'safety', handover: true };
    if (amount !== undefined && amount.minorUnits > 50_000) return { priority: 2, queue: 'finance' };
    if (what === 'damaged') return { priority: 3, queue: 'returns', needs: ['orderId'] };
    if (what === 'late' && orderId !== undefined) return { priority: 4, queue: 'shipping' };
    return { priority: 4, queue: 'support' };
  },
  unclear: { priority: 3, queue: 'desk', handover: true },
});

/** The route that the facts have, asked where the test runs. */
export function routedHere(intake: Intake, facts: readonly FactNow[]): Routed {
  const readings = readingsOf(facts);
  return routeBy(intake, facts, readings, { kind: 'routed', routes: routesOf(intake, readings ?? []) });
}

/** What a model answers of one fact. */
export const claims = (value: unknown, quote: string) => [{ value, quote }];
export const eur = (amount: string) => ({ amount, currency: 'EUR' });

/** A model that finds exactly what is said. */
export const answersFacts: Script = (request) => {
  if (request.answer === undefined) return obedient(request);
  const said = request.transcript.flatMap((item, at) =>
    item.kind === 'message' ? [saidText(`${at}`, item.text)] : [],
  );
  return JSON.stringify(answerFrom(shopIntake, said));
};
