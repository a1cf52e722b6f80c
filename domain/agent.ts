// What an agent declares: who owns it, what it is for, which model, tools, procedures and rules. May import domain only.
import { OF_AGENT } from './declared-agent.ts';
import { problemOfFields, unknownName } from './declared.ts';
import { DEFAULT_OF_A_TURN, MOST_OF_A_TURN, type TurnLimits } from './budget.ts';
import type { Intake } from './intake.ts';
import { type PeriodLimit, whyNotLimits } from './limit.ts';
import { type MemoryKinds, whyNoMemory } from './memory.ts';
import type { ModelPrice } from './model.ts';
import type { Directory } from './principal.ts';
import { CURRENCY, isMember } from './principal.ts';
import type { AnyProcedure } from './procedure.ts';
import { type Retention, whyNoRetention } from './retention.ts';
import type { Rule } from './rule.ts';
import { type AgentBudgets, budgetsOf, type DeclaredBudgets, whyNoBudgets } from './spending.ts';
import type { System } from './system.ts';
import type { AnyTool, Callable } from './tool.ts';

/** One intent of the scripted demo model: a pattern over the last message, and what to do then. */
export interface DemoIntent {
  /** Said when the model did not understand, as one of the things that can be tried: "refund order 1042". */
  readonly example: string;
  readonly matches: RegExp;
  /** The call that the model makes first. `groups` are the named groups of the pattern. */
  readonly call: (groups: Readonly<Record<string, string>>) => DemoCall;
  /**
   * The calls after the first, in order, one per model call. Each sees the results so far as texts, oldest first;
   * undefined ends the intent there. So an amount can come from a record that was just read, never from thin air.
   */
  readonly then?: readonly ((
    groups: Readonly<Record<string, string>>,
    results: readonly string[],
  ) => DemoCall | undefined)[];
  /** The model's words once the last call's result is in. Without it the result is shown as it is. */
  readonly say?: (result: string) => string;
}

export interface DemoCall {
  readonly tool: string;
  readonly args: object;
}

/** Limits of one turn. Each has a default with its reason below, or in budget.ts. */
export interface Limits extends TurnLimits {
  readonly callsPerModelCall: number;
  readonly maxOutputTokens: number;
  /** Of one call: instructions, tools and what is shown of the transcript. */
  readonly maxPromptTokens: number;
}

export const DEFAULT_LIMITS: Limits = {
  ...DEFAULT_OF_A_TURN,
  // 16: enough for parallel reads of one page of records; more is a flood.
  callsPerModelCall: 16,
  // 4,096 tokens: a long mail; a longer answer is cut by the provider and said to be cut.
  maxOutputTokens: 4_096,
  // 32,000 tokens, some 120,000 characters: a day's conversation with a dozen records whole. What a turn costs stays flat
  // over years, twelve calls of it stay within the tokens of a turn, and models read a shorter transcript better.
  maxPromptTokens: 32_000,
};

/** No agent may raise its limits above these. */
export const MOST: Limits = {
  ...MOST_OF_A_TURN,
  // 128: an action's place in a batch has three digits; past them no approval could be named.
  callsPerModelCall: 128,
  // 128,000 tokens: more than any provider answers with at once.
  maxOutputTokens: 128_000,
  // 1 million: the largest context that is sold.
  maxPromptTokens: 1_000_000,
};

export interface AgentDefinition {
  readonly name: string;
  /** A person of the directory who answers for what the agent does. */
  readonly owner: string;
  /** A group of the directory; its members may take a conversation over and read it. */
  readonly team: string;
  readonly purpose: string;
  readonly instructions: string;
  /** Models to try in order, as the provider names them; empty means the configured default. */
  readonly models?: readonly string[];
  /**
   * What models cost, by the name under which they are tried; what is not declared has no cost on record. Budgets count in
   * US dollars: what has no price in them here or in prices.ts counts as the dearest.
   */
  readonly prices?: Readonly<Record<string, ModelPrice>>;
  readonly tools: readonly AnyTool[];
  /** What the model may start and not steer; the code of each lies in `procedures/` beside this. */
  readonly procedures?: readonly AnyProcedure[];
  readonly rules: readonly Rule[];
  readonly systems?: readonly System[];
  /** Which facts are looked for in messages, and what priority and queue they come to: `defineIntake({ … })`. */
  readonly intake?: Intake;
  /** Kinds of fact that it may remember of whom it speaks with, by name; none: it remembers nothing. */
  readonly memory?: MemoryKinds;
  readonly limits?: Partial<Limits>;
  /** What is counted per principal, tenant or agent, and period: `defineLimit({ … })`. How much there may be, rules say. */
  readonly periodLimits?: readonly PeriodLimit[];
  /** How much models may be used over many turns. */
  readonly budgets?: DeclaredBudgets;
  /** How long conversations and their texts are kept; what is not said is kept for ever. */
  readonly retention?: Retention;
  readonly demo?: readonly DemoIntent[];
}

type Optional = 'limits' | 'intake' | 'budgets' | 'memory' | 'retention';

export interface Agent extends Required<Omit<AgentDefinition, Optional>> {
  readonly limits: Limits;
  /** Absent in an agent of another copy of this package that lacks them. */
  readonly budgets?: AgentBudgets;
  readonly retention?: Retention;
  readonly intake?: Intake;
  readonly memory?: MemoryKinds;
}

const AGENT_NAME = /^[a-z][a-z0-9-]{0,47}$/;

/** Declare an agent. Throws with a sentence where it cannot be right, whatever the directory says. */
export function defineAgent(definition: AgentDefinition): Agent {
  const { name } = definition;
  if (!AGENT_NAME.test(name)) throw new Error(`agent "${name}": a name is lower-kebab-case, at most 48 characters`);
  const problem = problemOfFields(OF_AGENT, definition, ['name']) ?? misspelt(definition);
  if (problem !== undefined) throw new Error(`agent "${name}": ${problem}`);
  const callables = callablesOf({ procedures: [], ...definition });
  repeated(callables.map((one) => one.name)).forEach((called) => {
    throw new Error(`agent "${name}": two tools or procedures are named "${called}"`);
  });
  repeated(definition.rules.map((rule) => rule.id)).forEach((id) => {
    throw new Error(`agent "${name}": two rules have the id "${id}"`);
  });
  for (const rule of definition.rules) {
    if (rule.tool !== '' && !callables.some((one) => one.name === rule.tool)) {
      throw new Error(
        `agent "${name}": rule "${rule.id}" is about the tool "${rule.tool}", which the agent does not have`,
      );
    }
  }
  const { tools, periodLimits = [] } = definition;
  const unlimited = whyNotLimits(
    periodLimits,
    tools.map((tool) => tool.name),
  );
  if (unlimited !== undefined) throw new Error(`agent "${name}": ${unlimited}`);
  const forgetful = whyNoMemory(
    definition.memory,
    tools.map((tool) => tool.name),
  );
  if (forgetful !== undefined) throw new Error(`agent "${name}": ${forgetful}`);
  for (const [model, price] of Object.entries(definition.prices ?? {})) assertPrice(name, model, price);
  const limits = limitsOf(definition.limits);
  for (const [limit, most] of Object.entries(MOST) as [keyof Limits, number][]) {
    const isSane = Number.isInteger(limits[limit]) && limits[limit] >= 1 && limits[limit] <= most;
    if (!isSane) throw new Error(`agent "${name}": limits.${limit} must be a whole number from 1 to ${most}`);
  }
  const budgets = budgetsOf(definition.budgets);
  const why = whyNoBudgets(budgets, limits.callsPerModelCall);
  if (why !== undefined) throw new Error(`agent "${name}": ${why}`);
  const unkept = whyNoRetention(definition.retention ?? {});
  if (unkept !== undefined) throw new Error(`agent "${name}": ${unkept}`);
  const empty = { models: [], prices: {}, procedures: [], systems: [], periodLimits: [], demo: [] };
  return Object.freeze({ ...empty, ...definition, limits, budgets });
}

/** A misspelt limit would be a limit that is not there. */
const misspelt = (definition: AgentDefinition): string | undefined =>
  unknownName(Object.keys(MOST), definition.limits ?? {}, 'limits.') ??
  unknownName(Object.keys(budgetsOf()), definition.budgets ?? {}, 'budgets.');

/** Also of an agent of another copy of this package, whose limits may lack what came later. */
export function limitsOf(own: Partial<Limits> = {}): Limits {
  const limits = { ...DEFAULT_LIMITS, ...own };
  if (own.toolCallsPerTurn !== undefined) return limits;
  // Whoever lets one answer call more than that lets the turn do so.
  return { ...limits, toolCallsPerTurn: Math.max(limits.toolCallsPerTurn, limits.callsPerModelCall) };
}

/** The limits of the agent per period. Agents of another copy of this package may lack what came later. */
export const periodLimitsOf = ({ periodLimits = [] }: Partial<Pick<Agent, 'periodLimits'>>): readonly PeriodLimit[] =>
  periodLimits;

/** All that a call of the model can name. Agents of another copy of this package may lack what came later. */
export const callablesOf = ({
  tools,
  procedures = [],
}: {
  readonly tools: readonly AnyTool[];
  readonly procedures?: readonly AnyProcedure[];
}): readonly Callable[] => [...tools, ...procedures];

function assertPrice(agent: string, model: string, price: ModelPrice): void {
  const { currency, promptPerMillion, completionPerMillion } = price;
  const isPrice = (figure: number) => Number.isFinite(figure) && figure >= 0;
  if (CURRENCY.test(currency) && isPrice(promptPerMillion) && isPrice(completionPerMillion)) return;
  throw new Error(
    `agent "${agent}": the price of "${model}" needs a currency such as EUR, and two figures that are not negative`,
  );
}

/** What keeps these agents from starting under this directory, as sentences; empty when nothing does. */
export function problemsOf(agents: readonly Agent[], directory: Directory): readonly string[] {
  const problems: string[] = [];
  for (const name of repeated(agents.map((agent) => agent.name))) problems.push(`two agents are named "${name}"`);
  for (const agent of agents) {
    if (!directory.people.some((person) => person.id === agent.owner)) {
      problems.push(`agent "${agent.name}": its owner "${agent.owner}" is not a person of the directory`);
    }
    for (const { name, what, owner } of ownersIn(agent)) {
      if (directory.people.some((person) => person.id === owner)) continue;
      problems.push(
        `agent "${agent.name}": the owner "${owner}" of the ${what} "${name}" is not a person of the directory`,
      );
    }
    for (const [kind, { owner = agent.owner, group }] of Object.entries(agent.memory ?? {})) {
      const about = `agent "${agent.name}": memory.${kind}`;
      if (!directory.people.some((person) => person.id === owner))
        problems.push(`${about}: its owner "${owner}" is not a person of the directory`);
      if (group !== undefined && (directory.groups[group] ?? []).length === 0)
        problems.push(`${about}: it asks "${group}", which is no group of the directory, or an empty one`);
    }
    if ((directory.groups[agent.team] ?? []).length === 0) {
      problems.push(`agent "${agent.name}": its team "${agent.team}" is no group of the directory, or an empty one`);
    }
  }
  return problems;
}

/** Who answers for each rule, tool and procedure of the agent. */
export function ownersIn({
  owner,
  rules,
  tools,
  procedures = [],
}: Pick<Agent, 'owner' | 'rules' | 'tools'> & Partial<Pick<Agent, 'procedures'>>): readonly {
  readonly what: 'rule' | 'tool' | 'procedure';
  readonly name: string;
  readonly owner: string;
}[] {
  return [
    ...rules.map((one) => ({ what: 'rule' as const, name: one.id, owner: one.owner ?? owner })),
    ...tools.map((one) => ({ what: 'tool' as const, name: one.name, owner: one.owner ?? owner })),
    ...procedures.map((one) => ({ what: 'procedure' as const, name: one.name, owner: one.owner ?? owner })),
  ];
}

/** True when the person may read and take over conversations of the agent. */
export function onTeam(agent: Agent, directory: Directory, personId: string): boolean {
  return isMember(directory, agent.team, personId);
}

function repeated(names: readonly string[]): readonly string[] {
  return names.filter((name, at) => names.indexOf(name) !== at);
}

/** An agent as it was loaded: with the hashes of the source that holds its rules, and of what its tools declare. */
export interface LoadedAgent {
  readonly agent: Agent;
  /** SHA-256, hex, over the agent's source files: what "rule version" means in a verdict. */
  readonly ruleVersion: string;
  /** By the name of each tool: SHA-256, hex, of all that it declares. */
  readonly declarations: ReadonlyMap<string, string>;
}
