// What a role decides with goes on record when it begins, if it is not what the last one began with: which rules, tools and
// models there were is then known for every verdict. May import domain, trust and store types.
import type { AgentVersion } from '../domain/entry.ts';
import type { LoadedAgent } from '../domain/agent.ts';
import { sha256Hex } from '../trust/digest.ts';
import type { Store } from '../store/ports.ts';

interface Begun {
  readonly store: Pick<Store, 'record'> & { readonly ledger: Pick<Store['ledger'], 'lastStepOf'> };
  readonly agents: ReadonlyMap<string, LoadedAgent>;
  /** Of this software. */
  readonly version: string;
  readonly nowMs: () => number;
}

/** Record it, once per change. Instances of one deployment that begin side by side may record it twice. */
export async function recordConfiguration(role: string, { store, agents, version, nowMs }: Begun): Promise<void> {
  const subject = `configuration:${role}`;
  const fact = { kind: 'configured', role, version, agents: [...agents.values()].map(versionOf) } as const;
  const last = await store.ledger.lastStepOf(subject);
  const mark = sha256Hex(JSON.stringify(fact)).slice(0, 16);
  if (last?.startsWith(`${mark}:`)) return;
  const atMs = nowMs();
  await store.record([{ subject, step: `${mark}:${atMs}`, conversationId: '', atMs, fact }]);
}

function versionOf({ agent, ruleVersion }: LoadedAgent): AgentVersion {
  const { name, owner, team, models } = agent;
  const rules = agent.rules.map((one) => ({ id: one.id, owner: one.owner ?? owner }));
  const tools = agent.tools.map(({ version, effect, ...one }) => {
    return { name: one.name, owner: one.owner ?? owner, version, effect };
  });
  return { name, owner, team, ruleVersion, models, rules, tools };
}
