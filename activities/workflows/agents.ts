// Finding an agent, and what its calls may name. May import domain.
import { ApplicationFailure } from '@temporalio/common';
import { callablesOf, type LoadedAgent } from '../../domain/agent.ts';
import type { Callable } from '../../domain/tool.ts';

// 2 minutes: longer than the one within which the SDK tries again in the same Workflow Task, so that Temporal waits with a
// timer; else a few conversations of an agent that was taken away would hold all the places of a process for ever.
const LOOKED_FOR_AGAIN_AFTER = '2 minutes';

/** The loaded agent. A conversation of an agent that is gone waits, visibly, until it is loaded again. */
export function agentOf(agents: ReadonlyMap<string, LoadedAgent>, name: string): LoadedAgent {
  const loaded = agents.get(name);
  if (loaded !== undefined) return loaded;
  throw ApplicationFailure.create({
    type: 'AgentUnknown',
    message: `the agent "${name}" is not loaded in this worker; add it to the agents folder and restart`,
    nextRetryDelay: LOOKED_FOR_AGAIN_AFTER,
  });
}

/** The digest of what one of its tools or procedures declares. */
export function declarationOf({ agent, declarations }: LoadedAgent, { name }: Pick<Callable, 'name'>): string {
  const digest = declarations.get(name);
  if (digest !== undefined) return digest;
  throw new Error(`there must be a digest of what ${agent.name}.${name} declares`); // only a bug breaks this
}

/** The tool, or the procedure, of that name. */
export function toolOf(loaded: LoadedAgent, name: string): Callable | undefined {
  return callablesOf(loaded.agent).find((one) => one.name === name);
}
