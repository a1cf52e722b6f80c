// The tools that an agent with a memory has besides its own. They are tools as any other: ruled on, warranted, claimed and
// recorded; their far side is our own store. May import domain and zod.
import { z } from 'zod';
import type { Agent } from '../domain/agent.ts';
import type { Json } from '../domain/json.ts';
import { canonicalText } from '../domain/leaves.ts';
import {
  FORGET,
  keyOf,
  lifeOf,
  MAX_FACTS_EACH,
  MAX_VALUE_BYTES,
  type MemoryKinds,
  type OwnMemory,
  REMEMBER,
  remembers,
} from '../domain/memory.ts';
import { dayOf } from '../domain/memory-note.ts';
import { memoryRules } from '../domain/memory-rules.ts';
import { utf8Bytes } from '../domain/text.ts';
import { type AnyTool, DidNotHappen, defineTool, type ToolContext } from '../domain/tool.ts';

/** The agent with the tools and rules of its memory. Throws a sentence where a name of its own is in the way. */
export function withMemory<
  A extends Pick<Agent, 'name' | 'tools' | 'rules'> & Partial<Pick<Agent, 'procedures' | 'memory'>>,
>(agent: A): A {
  const { memory = {} } = agent;
  if (!remembers({ memory })) return agent;
  const taken = [...agent.tools, ...(agent.procedures ?? [])].find(({ name }) => name === REMEMBER || name === FORGET);
  if (taken !== undefined)
    throw new Error(`agent "${agent.name}": "${taken.name}" is of its memory; give yours another name`);
  const tools = [...agent.tools, rememberTool(memory) as AnyTool, forgetTool(memory) as AnyTool];
  return Object.freeze({ ...agent, tools, rules: [...memoryRules(memory), ...agent.rules] });
}

/** Names of what an agent has for its memory, which its owner has not declared. */
export const isOfMemory = (memory: MemoryKinds | undefined, name: string): boolean =>
  remembers({ memory }) && (name === REMEMBER || name === FORGET);

/** One fact, under the name of its kind. */
const oneOf = (input: Readonly<Record<string, Json | undefined>>): readonly [kind: string, value: Json] => {
  const [[kind, value = null] = ['', null]] = Object.entries(input).filter(([, one]) => one !== undefined);
  return [kind, value];
};

const base = { version: '1', effect: 'write', idempotent: true, egress: false, scopes: [], memory: true } as const;

function rememberTool(kinds: MemoryKinds) {
  const input = z
    .strictObject(
      Object.fromEntries(
        Object.entries(kinds).map(([name, { schema, description }]) => [name, schema.optional().describe(description)]),
      ),
    )
    .refine(
      (all) => Object.values(all).filter((one) => one !== undefined).length === 1,
      'name exactly one kind of fact',
    )
    .refine(isSmall, `a fact is no text: at most ${MAX_VALUE_BYTES} bytes, and no NUL character`);
  return defineTool({
    ...base,
    name: REMEMBER,
    description:
      'Remember one fact about the person you speak with, for a time. Only what they say themselves, in their own words, or what a record says; anything else is refused. Name exactly one kind.',
    input: input as z.ZodType<Record<string, Json>>,
    critical: Object.keys(kinds),
    trust: 'record',
    // Without words: they stand in the arguments alone, where they can be erased.
    summarize: (one) => `remember ${oneOf(one)[0]}`,
    reconcile: async ({ input: one }, context) =>
      (await memoryOf(context).hasRemembered())
        ? { kind: 'happened', result: saidOf(kinds, one, context.nowMs) }
        : { kind: 'did_not_happen' },
    execute: async ({ input: one }, context) => {
      const [kind, value] = oneOf(one);
      const declared = kinds[kind];
      if (declared === undefined) throw new DidNotHappen(`there is no kind of fact "${kind}" any more`);
      const fact = { kind, key: keyOf(declared, value), value, ...lifeOf(declared, context.nowMs) };
      const came = await memoryOf(context).remember(fact);
      if (came === 'full') {
        throw new DidNotHappen(`${MAX_FACTS_EACH} facts are remembered, and no more can be; ${FORGET} some first`);
      }
      return saidOf(kinds, one, context.nowMs);
    },
  });
}

function saidOf(kinds: MemoryKinds, one: Record<string, Json>, nowMs: number): string {
  const [kind] = oneOf(one);
  const declared = kinds[kind];
  return declared === undefined ? 'Remembered.' : `Remembered until ${dayOf(lifeOf(declared, nowMs).expiresMs)}.`;
}

function isSmall(all: Readonly<Record<string, Json | undefined>>): boolean {
  const text = canonicalText(oneOf(all)[1]);
  return utf8Bytes(text) <= MAX_VALUE_BYTES && !text.includes('\\u0000');
}

function forgetTool(kinds: MemoryKinds) {
  const names = Object.keys(kinds) as [string, ...string[]];
  return defineTool({
    ...base,
    name: FORGET,
    description:
      'Forget for good what is remembered of one kind about the person you speak with, when they ask for it. With a key only that one of several.',
    input: z.strictObject({ kind: z.enum(names), key: z.string().max(MAX_VALUE_BYTES).optional() }),
    critical: ['kind', 'key'],
    trust: 'record',
    summarize: ({ kind }) => `forget ${kind}`,
    // Whoever forgets again forgets what is left.
    execute: async ({ input: { kind, key = '' } }, context) => {
      const count = await memoryOf(context).forget({ kind, key: key.toLowerCase() });
      return count === 0 ? 'There was nothing to forget.' : `Forgotten: ${count}.`;
    },
  });
}

function memoryOf({ memory }: ToolContext): OwnMemory {
  if (memory !== undefined) return memory;
  throw new Error('a tool that declares the memory must be given it'); // only a bug breaks this
}
