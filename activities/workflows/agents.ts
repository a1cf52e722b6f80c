// Finding an agent and its tools by name. May import domain.
import { ApplicationFailure } from '@temporalio/common';
import type { LoadedAgent } from '../../domain/agent.ts';
import type { AnyTool } from '../../domain/tool.ts';

/** The loaded agent. A conversation of an agent that is gone waits, visibly, until it is loaded again. */
export function agentOf(agents: ReadonlyMap<string, LoadedAgent>, name: string): LoadedAgent {
  const loaded = agents.get(name);
  if (loaded !== undefined) return loaded;
  throw ApplicationFailure.create({
    type: 'AgentUnknown',
    message: `the agent "${name}" is not loaded in this worker; add it to the agents folder and restart`,
  });
}

export function toolOf(loaded: LoadedAgent, name: string): AnyTool | undefined {
  return loaded.agent.tools.find((tool) => tool.name === name);
}
