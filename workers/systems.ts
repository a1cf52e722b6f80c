// The systems of record that the agents' tools use, connected for the actor: the real one where its variable is set,
// else, in development only, tables of its own in the store's database.
import type pg from 'pg';
import type { LoadedAgents } from './load-agents.ts';
import type { System } from '../domain/agent.ts';
import type { Sql } from '../domain/tool.ts';
import { createPool } from '../store/pool.ts';
import { createSql } from '../store/sql.ts';
import { namedSecret } from './config.ts';
import type { ServingRole } from './config-table.ts';

export interface ConnectedSystems {
  readonly databases: ReadonlyMap<string, Sql>;
  close(): Promise<void>;
}

export interface SystemsInput {
  readonly loaded: LoadedAgents;
  readonly env: NodeJS.ProcessEnv;
  /** Where demo tables go; undefined in production, where every system has its own variable. */
  readonly development: pg.PoolConfig | undefined;
  readonly nowMs: () => number;
}

/** Connect every system. Throws a sentence when production names no database for one. */
export async function connectSystems({ loaded, env, development, nowMs }: SystemsInput): Promise<ConnectedSystems> {
  const pools: pg.Pool[] = [];
  const databases = new Map<string, Sql>();
  const close = async () => void (await Promise.all(pools.map((pool) => pool.end())));
  try {
    for (const system of systemsOf(loaded)) {
      const url = namedSecret(system.urlEnv, env) ?? '';
      const config = url === '' ? development : { connectionString: url };
      if (config === undefined) throw new Error(`set ${system.urlEnv}: where the system "${system.name}" is`);
      const pool = createPool(config);
      pools.push(pool);
      const sql = createSql(pool);
      // Demo tables never go into a database that somebody named.
      if (url === '') await system.prepare(sql, nowMs());
      databases.set(system.name, sql);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { databases, close };
}

/** Systems whose whereabouts a role holds though it is not the actor, as sentences: production refuses them. */
export function systemProblems(role: ServingRole, loaded: LoadedAgents, env: NodeJS.ProcessEnv): readonly string[] {
  if (role === 'actor') return [];
  return systemsOf(loaded).flatMap(({ urlEnv }) =>
    [urlEnv, `${urlEnv}_FILE`]
      .filter((name) => (env[name] ?? '') !== '')
      .map((name) => `${name} is not for the ${role} role; take it out of this process’s environment`),
  );
}

function systemsOf({ agents }: LoadedAgents): readonly System[] {
  const systems = new Map<string, System>();
  for (const { agent } of agents.values()) {
    for (const system of agent.systems) {
      const known = systems.get(system.name);
      if (known !== undefined && known.urlEnv !== system.urlEnv) {
        throw new Error(`two agents name a system "${system.name}" with different variables; rename one`);
      }
      systems.set(system.name, system);
    }
  }
  return [...systems.values()];
}
