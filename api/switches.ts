// Switches: operators stop all, a tenant, an agent or a tool at once, and take it back. Throwing one cancels what waits
// within its scope; the actor refuses the rest. May import domain, trust, store.
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { switchSubject } from '../domain/ids.ts';
import { DEFAULT_TENANT } from '../domain/principal.ts';
import { type Switch, whatOf } from '../domain/switch.ts';
import { sha256Hex } from '../trust/digest.ts';
import type { Caller } from './auth.ts';
import { cancelWithin } from './cancelling.ts';
import type { ApiDeps } from './deps.ts';
import { RETRY_AFTER_OUTAGE_S } from './limits.ts';
import { Problem } from './problem.ts';
import { type Route, route } from './route.ts';
import { Keyed, NewSwitch, Switched, Switches } from './schemas.ts';

type Deps = Pick<ApiDeps, 'store' | 'gateway' | 'agents' | 'nowMs' | 'log'>;
type Change = z.output<typeof NewSwitch>;

export function switchRoutes(deps: Deps): readonly Route[] {
  const { store } = deps;
  return [
    route({
      method: 'get',
      path: '/v1/switches',
      id: 'listSwitches',
      summary: 'What operators have stopped; the one for all first, then the oldest',
      scope: ['operate'],
      responses: { 200: Switches },
      handler: async ({ caller }) => {
        const switches = seenBy(caller, await store.switches.thrown());
        return { status: 200, body: { switches: [...switches] } };
      },
    }),
    route({
      method: 'post',
      path: '/v1/switches',
      id: 'setSwitch',
      summary: 'Kill: nothing within the scope acts, and what waits there is cancelled. Revive: take that back',
      scope: ['operate'],
      headers: Keyed,
      body: NewSwitch,
      responses: { 200: Switched },
      handler: async ({ headers, body, caller }) => {
        assertMayTouch(caller, body);
        const id = changeIdOf(caller, headers['idempotency-key'] ?? randomUUID());
        if (!(await isRepeat(deps, id, body)))
          assertMakesSense(deps, body, seenBy(caller, await store.switches.thrown()));
        const one = switchOf(body, caller, deps.nowMs());
        await store.switches.set({ id, isThrown: body.action === 'kill', switch: one });
        const { scope, name, action } = body;
        deps.log.warn({ scope, name, action, by: caller.principal.id }, 'a switch was set');
        return { status: 200, body: await whatCameOf(deps, caller, body) };
      },
    }),
  ];
}

/** The switches that concern the caller: no one learns the names of other tenants. */
export function seenBy({ principal }: Caller, switches: readonly Switch[]): readonly Switch[] {
  return switches.filter(({ scope, name }) => scope !== 'tenant' || name === principal.tenant);
}

/** What holds for all tenants is for operators of the house; a tenant is for its own operators. */
function assertMayTouch({ principal: { tenant } }: Caller, { scope, name }: Change): void {
  if (scope === 'tenant' ? name === tenant : tenant === DEFAULT_TENANT) return;
  const detail =
    scope === 'tenant'
      ? `Your key is of the tenant "${tenant}", so that is the only tenant that you may stop or revive.`
      : `Your key is of the tenant "${tenant}", and this concerns every tenant; you may stop { "scope": "tenant", "name": "${tenant}" }, or ask an operator of the tenant "${DEFAULT_TENANT}".`;
  throw new Problem('switch_refused', detail);
}

/** A key is its sender's own: two operators who choose the same one mean two changes. */
function changeIdOf({ principal }: Caller, key: string): string {
  return `s-${sha256Hex(JSON.stringify(['switch', principal.tenant, principal.id, key])).slice(0, 32)}`;
}

/** True when this very change was made before. Throws `key_reused` when its key stands for another one. */
async function isRepeat({ store }: Deps, id: string, { scope, name, action, reason }: Change): Promise<boolean> {
  const entries = await store.ledger.ofSubject(switchSubject(scope, name));
  const fact = entries.find(({ step }) => step === id)?.fact;
  if (fact?.kind !== 'switched') return false;
  if (fact.isThrown === (action === 'kill') && (fact.reason ?? reason) === reason) return true;
  const detail = 'This Idempotency-Key stands for another change of the same switch; send this one with a new key.';
  throw new Problem('key_reused', detail);
}

/** A misspelt name must not look as if something had been stopped, or set going again. */
function assertMakesSense({ agents }: Deps, { scope, name, action }: Change, thrown: readonly Switch[]): void {
  if (action === 'revive') return assertThrown({ scope, name }, thrown);
  const known = [...agents.values()];
  if (scope === 'agent' && !agents.has(name)) {
    const names = known.map((agent) => agent.name);
    throw new Problem('unknown_agent', `There is no agent "${name}"; there are: ${listed(names)}.`);
  }
  const tools = known.flatMap((agent) => agent.tools);
  if (scope === 'tool' && !tools.includes(name)) {
    throw new Problem('unknown_tool', `No agent has a tool "${name}"; there are: ${listed(tools)}.`);
  }
}

/** By what is thrown and not by what is known: what is stopped can be revived when the agent is gone from this server. */
function assertThrown({ scope, name }: Pick<Switch, 'scope' | 'name'>, thrown: readonly Switch[]): void {
  if (thrown.some((one) => one.scope === scope && one.name === name)) return;
  const wider = scope === 'tenant' ? thrown.filter((one) => one.scope === 'all') : thrown;
  const stopped = wider.length === 0 ? 'nothing is' : `stopped is: ${listed(wider.map(whatOf))}`;
  throw new Problem('not_stopped', `No switch of its own stops ${whatOf({ scope, name })}; ${stopped}.`);
}

const listed = (names: readonly string[]): string => [...new Set(names)].toSorted().join(', ') || 'none';

function switchOf({ scope, name, reason }: Change, { principal }: Caller, setMs: number): Switch {
  return { scope, name, setBy: principal.id, reason, setMs };
}

/** Cancels by what is thrown now: a repeat tells those that the first could not reach, unless it was taken back since. */
async function whatCameOf(deps: Deps, caller: Caller, change: Change): Promise<z.input<typeof Switched>> {
  const { scope, name, action } = change;
  const thrown = await deps.store.switches.thrown().catch((error: unknown) => {
    const detail = `The ${action} is on record and holds, but the store went away before the rest; send it again.`;
    throw new Problem('unavailable', detail, { retryAfterS: RETRY_AFTER_OUTAGE_S, cause: error });
  });
  const switches = [...seenBy(caller, thrown)];
  const own = thrown.find((one) => one.scope === scope && one.name === name);
  if (action === 'revive' || own === undefined) return { switches, cancelled: [], unreached: 0, isCut: false };
  const { cancelled, ...rest } = await cancelWithin(deps, own);
  const views = cancelled.map(({ id, conversationId, agent, tool, summary }) => {
    return { id, conversationId, agent, tool, summary };
  });
  return { switches, cancelled: views, ...rest };
}
