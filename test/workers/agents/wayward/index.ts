// An agent whose intake has a route that does all that it must not: how many deeds a reading has says which. May import
// countersign and the deeds of the agent beside it.
import { defineAgent, defineIntake, fact, type IntakeRoute } from 'countersign';
import { deeds, DEEDS, killedOnce } from '../unruly/index.ts';

export default defineAgent({
  name: 'wayward',
  owner: 'olga',
  team: 'operations',
  purpose: 'Shows what becomes of routes that misbehave.',
  instructions: 'Do as you are told.',
  tools: [],
  rules: [],
  intake: defineIntake({
    facts: { deeds: fact.count(['deeds']), mark: fact.count(['marks']) },
    route: ({ deeds: deed = 0, mark = 0 }): IntakeRoute<never> => {
      const answer = deed === DEEDS.isKilledOnce ? killedOnce(mark) : deeds[deed]?.();
      return (answer as IntakeRoute<never> | undefined) ?? { priority: 4, queue: 'questions' };
    },
    unclear: { priority: 2, queue: 'desk', handover: true },
  }),
});
