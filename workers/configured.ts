// What a role works with goes on record when it begins, if it is not what the last one began with: which software, rules,
// tools, models, instructions, limits and people there were is then known at any time. May import domain, trust and store
// types.
import type { AgentVersion } from '../domain/agent-version.ts';
import { type Agent, callablesOf, type LoadedAgent } from '../domain/agent.ts';
import type { Json } from '../domain/json.ts';
import type { Directory } from '../domain/principal.ts';
import { budgetsOf } from '../domain/spending.ts';
import { canonicalJson, sha256Hex } from '../trust/digest.ts';
import type { Store } from '../store/ports.ts';

interface Begun {
  readonly store: Pick<Store, 'record'> & { readonly ledger: Pick<Store['ledger'], 'lastStepOf'> };
  readonly agents: ReadonlyMap<string, LoadedAgent>;
  readonly directory: Directory;
  /** Of this software. */
  readonly version: string;
  readonly nowMs: () => number;
  /** Where the calls of an agent go, where the role knows. */
  readonly modelsOf?: (agent: Agent) => readonly string[];
}

/** Record it, once per change. Instances of one deployment that begin side by side may record it twice. */
export async function recordConfiguration(role: string, begun: Begun): Promise<void> {
  const { store, agents, directory, version, nowMs, modelsOf = ({ models }: Agent) => models } = begun;
  const subject = `configuration:${role}`;
  const versions = [...agents.values()].map((one) => versionOf(one, modelsOf(one.agent)));
  const people = { directorySha256: directoryDigest(directory) };
  const fact = { kind: 'configured', role, version, ...people, agents: versions } as const;
  const last = await store.ledger.lastStepOf(subject);
  const mark = sha256Hex(JSON.stringify(fact)).slice(0, 16);
  if (last?.startsWith(`${mark}:`)) return;
  const atMs = nowMs();
  await store.record([{ subject, step: `${mark}:${atMs}`, conversationId: '', atMs, fact }]);
}

function versionOf({ agent, ruleVersion }: LoadedAgent, models: readonly string[]): AgentVersion {
  const { name, owner, team, instructions, limits, prices, budgets, retention } = agent;
  const rules = agent.rules.map((one) => ({ id: one.id, owner: one.owner ?? owner }));
  const tools = callablesOf(agent).map(({ version, effect, ...one }) => {
    return { name: one.name, owner: one.owner ?? owner, version, effect };
  });
  // Whoever declares none has the digest that they had before there was any.
  const kept = retention === undefined ? {} : { retention: { ...retention } };
  const digests = {
    instructionsSha256: sha256Hex(instructions),
    limitsSha256: sha256Hex(canonicalJson({ ...limits, ...kept, budgets: budgetsOf(budgets) } as unknown as Json)),
    pricesSha256: sha256Hex(canonicalJson(prices as unknown as Json)),
  };
  return { name, owner, team, ruleVersion, models, ...digests, rules, tools };
}

/** Of everything that decides who may decide. The ledger never forgets, so nothing in it may tell who is called what. */
function directoryDigest({ people, ...rest }: Directory): string {
  const nameless = people.map((person) => ({ ...person, name: '' }));
  return sha256Hex(canonicalJson({ ...rest, people: nameless }));
}
