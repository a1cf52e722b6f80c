// Switches: how operators stop acting at once, for everything, a tenant, an agent or a tool. Pure. May import nothing.

export const SWITCH_SCOPES = ['all', 'tenant', 'agent', 'tool'] as const;
export type SwitchScope = (typeof SWITCH_SCOPES)[number];

/** A switch that is thrown: nothing within its scope acts until it is taken back. */
export interface Switch {
  readonly scope: SwitchScope;
  /** The tenant, agent or tool; '' where the scope is `all`. A tool's name stops that tool of every agent. */
  readonly name: string;
  readonly setBy: string;
  readonly reason: string;
  readonly setMs: number;
}

/** What a switch stops, for people: "everything", "the tool refund". */
export const whatOf = ({ scope, name }: Pick<Switch, 'scope' | 'name'>): string =>
  scope === 'all' ? 'everything' : `the ${scope} ${name}`;

/** The first switch that stops this action; undefined when none does. */
export function stoppedBy(
  switches: readonly Switch[],
  action: { readonly tenant: string; readonly agent: string; readonly tool: string },
): Switch | undefined {
  const names = { all: '', tenant: action.tenant, agent: action.agent, tool: action.tool };
  return switches.find(({ scope, name }) => names[scope] === name);
}
