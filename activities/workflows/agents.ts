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

/** The digest of what one of its tools declares. */
export function declarationOf({ agent, declarations }: LoadedAgent, tool: AnyTool): string {
  const digest = declarations.get(tool.name);
  if (digest !== undefined) return digest;
  throw new Error(`there must be a digest of what ${agent.name}.${tool.name} declares`); // only a bug breaks this
}

export function toolOf(loaded: LoadedAgent, name: string): AnyTool | undefined {
  return loaded.agent.tools.find((tool) => tool.name === name);
}
