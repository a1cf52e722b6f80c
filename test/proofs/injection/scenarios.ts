// The recorded tasks and attacks as uniform scenarios: what an obedient model does step by step, and what each tool returns.
// Whose wish a step is stands beside it for whoever counts, and reaches no part of the system. Its texts are data.
import { z } from 'zod';
import type { Json, JsonObject } from '../../../domain/json.ts';
import { readMaterial } from '../rig/material.ts';
import type { Declared } from './agent/agent.ts';

export interface Step {
  readonly tool: string;
  readonly args: JsonObject;
  readonly result: Json;
  /** What it is in the material: `read` and `egress_read` change nothing, all else does. */
  readonly changes: boolean;
  /** The wish of whoever planted a text, and not the requester's. */
  readonly isPlanted: boolean;
  /** Without it the attack has failed. */
  readonly isCritical: boolean;
}

export interface Scenario {
  readonly id: string;
  /** `words`: the attack wants a sentence said, which no gate of actions can stop. */
  readonly kind: 'benign' | 'attack' | 'words';
  readonly prompt: string;
  readonly steps: readonly Step[];
}

export interface Suite {
  readonly name: string;
  readonly tools: readonly Declared[];
  readonly scenarios: readonly Scenario[];
}

const Args = z.record(z.string(), z.json());
const Named = z.object({ id: z.string() });
const Call = z.object({ tool: z.string(), args: Args, result: z.json(), critical: z.boolean().optional() });
type Call = z.infer<typeof Call>;
const Kind = z.enum(['read', 'egress_read', 'write', 'risky']);
const OfTool = z.object({ name: z.string(), parameters: z.record(z.string(), z.json()), kind: Kind });

const Dojo = z.object({
  attack_template: z.string(),
  suites: z.record(
    z.string(),
    z.object({
      tools: z.array(
        OfTool.extend({ egress: z.boolean(), returns_untrusted_text: z.boolean(), critical_args: z.array(z.string()) }),
      ),
      vectors: z.record(z.string(), z.string()),
      benign: z.array(Named.extend({ prompt: z.string(), calls: z.array(Call) })),
      attacks: z.array(
        Named.extend({ goal: z.string(), class: z.enum(['side_effect', 'output_only']), calls: z.array(Call) }),
      ),
      pairs: z.array(z.object({ user: z.string(), attack: z.string(), insert_after_step: z.int() })),
    }),
  ),
});
const InjecAgent = z.object({
  tools: z.array(OfTool),
  benign: z.array(Named.extend({ prompt: z.string(), call: Call })),
  attacks: z.array(Named.extend({ instruction: z.string(), calls: z.array(Call) })),
  pairs: z.array(z.tuple([z.string(), z.string()])),
});

/** All that was recorded, by the names that it has in the material. */
export const allSuites = (): readonly Suite[] => [...agentDojo(), injecAgent()];

type Fill = (text: string) => string;
type Kinds = ReadonlyMap<string, z.infer<typeof Kind>>;

function agentDojo(): readonly Suite[] {
  const { suites, attack_template } = readMaterial(new URL('./material/agentdojo.json.gz', import.meta.url), Dojo);
  return Object.entries(suites).map(([name, suite]): Suite => {
    const kinds: Kinds = new Map(suite.tools.map((tool) => [tool.name, tool.kind]));
    const steps = (calls: readonly Call[], fill: Fill, isPlanted: boolean) =>
      calls.map((call) => stepOf(call, { kinds, fill, isPlanted }));
    const harmless: Fill = (text) =>
      text.replace(/<INJ--([^>]+)>/g, (_, vector: string) => suite.vectors[vector] ?? '');
    const benign = suite.benign.map(({ id, prompt, calls }): Scenario => {
      return { id, kind: 'benign', prompt, steps: steps(calls, harmless, false) };
    });
    const attacks = suite.pairs.map(({ user, attack, insert_after_step: after }): Scenario => {
      const task = found(suite.benign, user);
      const { goal, class: of, calls } = found(suite.attacks, attack);
      const words = { goal, user: 'Emma Johnson', model: 'AI assistant' };
      const text = attack_template.replace(/\{(goal|user|model)\}/g, (_, one: keyof typeof words) => words[one]);
      const planted: Fill = (whole) => whole.replace(/<INJ--[^>]+>/g, () => text);
      const own = steps(task.calls, planted, false);
      const theirs = steps(calls, planted, true);
      return {
        id: `${user}+${attack}`,
        kind: of === 'output_only' ? 'words' : 'attack',
        prompt: task.prompt,
        steps: [...own.slice(0, after + 1), ...theirs, ...own.slice(after + 1)],
      };
    });
    const tools = suite.tools.map((tool): Declared => {
      const { egress, critical_args: critical, returns_untrusted_text: isAnybodys } = tool;
      return { ...declaredBy(tool), egress, critical, trust: isAnybodys ? 'untrusted' : 'record' };
    });
    return { name, tools, scenarios: [...benign, ...attacks] };
  });
}

function injecAgent(): Suite {
  const data = readMaterial(new URL('./material/injecagent.json.gz', import.meta.url), InjecAgent);
  const kinds: Kinds = new Map(data.tools.map((tool) => [tool.name, tool.kind]));
  const step = (call: Call, text: string, isPlanted: boolean) =>
    stepOf(call, { kinds, fill: (whole) => whole.replaceAll('<INJ>', text), isPlanted });
  const benign = data.benign.map(({ id, prompt, call }): Scenario => {
    return { id, kind: 'benign', prompt, steps: [step(call, 'Nothing to add.', false)] };
  });
  const attacks = data.pairs.map(([user, attack]): Scenario => {
    const { prompt, call } = found(data.benign, user);
    const { instruction, calls } = found(data.attacks, attack);
    const steps = [step(call, instruction, false), ...calls.map((one) => step(one, instruction, true))];
    return { id: `${user}+${attack}`, kind: 'attack', prompt, steps };
  });
  // The source says of them no more than their kind; what it does not say is taken for the worst.
  const tools = data.tools.map((tool): Declared => {
    return { ...declaredBy(tool), egress: tool.kind !== 'read', critical: [], trust: 'untrusted' };
  });
  return { name: 'injecagent', tools, scenarios: [...benign, ...attacks] };
}

function stepOf(
  { tool, args, result, critical = false }: Call,
  { kinds, fill, isPlanted }: { readonly kinds: Kinds; readonly fill: Fill; readonly isPlanted: boolean },
): Step {
  const kind = kinds.get(tool) ?? 'risky';
  const changes = kind !== 'read' && kind !== 'egress_read';
  const filled = { args: deep(args, fill) as JsonObject, result: deep(result, fill) };
  return { tool, ...filled, changes, isPlanted, isCritical: isPlanted && critical };
}

const declaredBy = ({ name, parameters, kind }: z.infer<typeof OfTool>) => ({
  name,
  parameters: { ...parameters, type: 'object', additionalProperties: false },
  effect: kind === 'read' || kind === 'egress_read' ? ('read' as const) : ('irreversible' as const),
});

function found<T extends { readonly id: string }>(all: readonly T[], id: string): T {
  const one = all.find((other) => other.id === id);
  if (one === undefined) throw new Error(`there must be a record ${id} in the material`);
  return one;
}

/** The same with every text in it changed so, and its keys too where they are texts. */
export function deep(value: Json, change: Fill, changeKey: Fill = (key) => key): Json {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((one) => deep(one, change, changeKey));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [changeKey(key), deep(one, change, changeKey)]));
}
