// Rules that run where they are asked, for tests whose agents are in no folder. A process of ours never does that.
import type { Rules } from '../../activities/workflows/deps.ts';
import { type LoadedAgent, periodLimitsOf } from '../../domain/agent.ts';
import { routesOf } from '../../domain/intake.ts';
import { decideByRules } from '../../domain/rule.ts';

export function rulesHere(agents: ReadonlyMap<string, LoadedAgent>): Rules {
  return {
    async decide(name, ruleCase) {
      const loaded = agents.get(name);
      if (loaded === undefined) throw new Error(`there is no agent "${name}"`);
      return decideByRules(loaded.agent.rules, loaded.ruleVersion, ruleCase, { limits: periodLimitsOf(loaded.agent) });
    },
    async route(name, readings) {
      const intake = agents.get(name)?.agent.intake;
      if (intake === undefined) throw new Error(`there is no agent "${name}" with an intake`);
      return { kind: 'routed', routes: routesOf(intake, readings) };
    },
  };
}
