// Other rules, asked what is on record: the agents of a folder, their rules in the very process in which rules run, and what
// surrounds them in a decision. May import domain, activities, Node and its own folder.
// Guarantees: it only asks rules; no tool is called, nothing is read from or written to a store, and nobody is told.
import { parseArguments } from '../../activities/workflows/arguments.ts';
import { toolOf } from '../../activities/workflows/agents.ts';
import { periodLimitsOf } from '../../domain/agent.ts';
import { usedAsOnRecord, usesFor } from '../../domain/limit.ts';
import { groupsOf } from '../../domain/principal.ts';
import { factsOf, type Given, heldToPeople } from '../../domain/ruling.ts';
import type { RecordedRuling, Replayed, RulingInputs } from '../../domain/what-if.ts';
import { loadAgents } from '../load-agents.ts';
import { denialOf, startRules } from './rules.ts';

// 10: a rule over which its process is lost takes up to two seconds each time; over ten verdicts it is no accident.
const MOST_LOST = 10;

/** The rules of one folder. */
export interface Replay {
  /** What they answer, or why they cannot be asked the same. Throws a sentence where they cannot be asked any more. */
  ask(ruling: Pick<RecordedRuling, 'agent'>, inputs: RulingInputs, given: Given): Promise<Replayed>;
  /** What stands for groups and time where they are not on record: those of the folder's directory, that of the entry. */
  givenNow(ruling: Pick<RecordedRuling, 'atMs'>, inputs: RulingInputs): Given;
  stop(): Promise<void>;
}

/** Load the agents of a folder and start their rules. Throws a sentence where that cannot be. */
export async function startReplay(folder: string): Promise<Replay> {
  const loaded = await loadAgents(folder);
  let how = '';
  let lost = 0;
  const rules = startRules(loaded, {
    warn: (of) => void ({ how } = of),
    error: () => undefined,
  });
  try {
    await rules.ready;
  } catch (error) {
    await rules.stop();
    throw error;
  }
  return {
    async ask({ agent }, inputs, given) {
      const { proposal, evidence } = inputs;
      const one = loaded.agents.get(agent);
      if (one === undefined) return not(`there is no agent "${agent}"`);
      const tool = toolOf(one, proposal.tool);
      if (tool === undefined) return not(`the agent has no tool ${proposal.tool}`);
      const parsed = parseArguments(tool, proposal.args);
      if (parsed.kind === 'invalid') return not(`the tool ${tool.name} does not take its arguments: ${parsed.reason}`);
      if (tool.inspect !== undefined && evidence === null)
        return not(`the tool ${tool.name} reads its record, and nothing was read then`);
      const asked = { ...proposal, args: parsed.args };
      const seen = tool.inspect === undefined ? null : evidence;
      how = '';
      const { id: principalId, tenant } = proposal.principal;
      const uses = usesFor(periodLimitsOf(one.agent), { agent, tenant, principalId, tool: tool.name }, given.nowMs);
      const { limits, isWhole } = usedAsOnRecord(uses, given.limits);
      const verdict = await rules.decide(agent, factsOf(asked, tool, seen, { ...given, limits }));
      if (verdict.reason === denialOf(how)) lost += 1;
      if (lost > MOST_LOST)
        throw new Error(`the rule ${verdict.ruleId} of ${agent} ${how}, as with ${MOST_LOST} verdicts before; mend it`);
      return { kind: 'ruled', verdict: heldToPeople(verdict, asked, loaded.directory), isApproximate: !isWhole };
    },
    givenNow: ({ atMs }, { proposal }) => ({ groups: groupsOf(loaded.directory, proposal.principal.id), nowMs: atMs }),
    stop: () => rules.stop(),
  };
}

const not = (reason: string): Replayed => ({ kind: 'not_replayed', reason });
