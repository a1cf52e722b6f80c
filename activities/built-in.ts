// What agents have besides what they declare. May import domain and the tools.
import type { Agent } from '../domain/agent.ts';
import { memoryRules } from '../domain/memory-rules.ts';
import { isOfMemory, withMemory } from './memory-tools.ts';
import { isReadMore, withReadMore } from './read-more.ts';

type Whole = Pick<Agent, 'name' | 'tools' | 'rules'> & Partial<Pick<Agent, 'procedures' | 'memory'>>;

/** The agent with all of it. Throws a sentence where a name of its own is in the way. */
export const withBuiltIns = <A extends Whole>(agent: A): A => withMemory(withReadMore(agent));

/** The agent with its own tools and rules alone, for what its owner is told is missing of them. */
export function asDeclared<A extends Pick<Whole, 'tools' | 'rules' | 'memory'>>(agent: A): A {
  const { tools, rules, memory = {} } = agent;
  const ofMemory = memoryRules(memory).map(({ id }) => id);
  return {
    ...agent,
    tools: tools.filter((tool) => !isReadMore(tool) && !isOfMemory(memory, tool.name)),
    rules: rules.filter(({ id }) => !ofMemory.includes(id)),
  };
}
