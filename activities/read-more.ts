// The tool that every agent with tools has besides its own: it reads on in a result that was shown in part. It is a tool as
// any other, ruled on, recorded and counted as any other. May import domain and zod.
import { z } from 'zod';
import type { Agent } from '../domain/agent.ts';
import { PLACE } from '../domain/ids.ts';
import { partOf, READ_MORE } from '../domain/parts.ts';
import { type AnyTool, defineTool } from '../domain/tool.ts';

/** The agent with what it has besides its own tools. Throws a sentence where a name of its own is in the way. */
export function withReadMore<A extends Pick<Agent, 'name' | 'tools'> & Partial<Pick<Agent, 'procedures'>>>(
  agent: A,
): A {
  if (agent.tools.length === 0) return agent; // no tool, no result
  const taken = [...agent.tools, ...(agent.procedures ?? [])].some(({ name }) => name === READ_MORE);
  if (taken) throw new Error(`agent "${agent.name}": "${READ_MORE}" reads on in long results; give yours another name`);
  return Object.freeze({ ...agent, tools: [...agent.tools, readMore as AnyTool] });
}

/** Whether it is that tool. */
export const isReadMore = (tool: AnyTool): boolean => tool === (readMore as AnyTool);

export const readMore = defineTool({
  name: READ_MORE,
  version: '1',
  description:
    'Read on in an earlier result of this conversation that was shown in part or left out. Use the "result" and "from" that stand where something was left out.',
  input: z.object({
    result: z.string().regex(PLACE).describe('the name of the result, as it is given where something was left out'),
    from: z.int().min(0).describe('the character to read on from'),
  }),
  effect: 'read',
  idempotent: true,
  egress: false,
  critical: ['result'],
  scopes: [],
  summarize: ({ result, from }) => `read on in result ${result} from character ${from}`,
  continues: ({ result }) => result,
  // Whose data it is: by default nobody but the one for whom it was read may read on in it.
  inspect: async ({ principal }, { earlier, nowMs }) => ({
    asOfMs: nowMs,
    version: '',
    subject: earlier?.principalId ?? principal.id,
    record: { found: earlier !== undefined, chars: earlier?.text.length ?? 0 },
  }),
  execute: async ({ input: { result, from } }, { earlier }) =>
    earlier === undefined
      ? `There is no result ${result} in this conversation, or not any more.`
      : partOf(earlier, from),
});
