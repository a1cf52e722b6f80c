// The systems of record that the agents' tools use, connected for the actor: the real one where its variables are set,
// else, in development only, tables of its own in the store's database.
import type pg from 'pg';
import type { LoadedAgents } from './load-agents.ts';
import type { DatabaseSystem, SecretSystem, System } from '../domain/system.ts';
import { createMintedDatabase, type MintedDatabase } from '../store/access/minting.ts';
import { type LookInput, widerThanScopes } from '../store/access/look.ts';
import { accessScript, installAccess } from '../store/access/statements.ts';
import { createPool } from '../store/pool.ts';
import { createSql } from '../store/sql.ts';
import { namedSecret } from './config.ts';
import type { ServingRole } from './config-table.ts';

export interface ConnectedSystems {
  readonly databases: ReadonlyMap<string, MintedDatabase>;
  /** Systems that are reached by secrets, by name. */
  readonly secrets: ReadonlyMap<string, SecretSystem>;
  /** Where the tools' connections are wider than their scopes, as sentences. */
  look(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface SystemsInput {
  readonly loaded: LoadedAgents;
  readonly env: NodeJS.ProcessEnv;
  /** Where demo tables go; undefined in production, where every system has its own variables. */
  readonly development: pg.PoolConfig | undefined;
  readonly nowMs: () => number;
}

/** Connect every system. Throws a sentence when a database is not named, or nobody makes tokens there. */
export async function connectSystems({ loaded, env, development, nowMs }: SystemsInput): Promise<ConnectedSystems> {
  const databases = new Map<string, MintedDatabase>();
  const looks: LookInput[] = [];
  const close = async () => void (await Promise.all([...databases.values()].map((database) => database.end())));
  const systems = systemsOf(loaded);
  try {
    for (const system of systems) {
      if (system.kind !== 'database') continue;
      const { name, urlEnv } = system;
      const real = realOf(system, env);
      if (real === undefined && development === undefined)
        throw new Error(`set ${urlEnv}: where the system "${name}" is`);
      const { tools, mint } = real ?? (await demoOf(system, development ?? {}, nowMs()));
      databases.set(name, createMintedDatabase(tools, mint));
      looks.push({ name, urlEnv, config: tools, hasOwnLogin: real !== undefined });
    }
  } catch (error) {
    await close();
    throw error;
  }
  const bySecrets = systems.flatMap((system) => (system.kind === 'secrets' ? [[system.name, system] as const] : []));
  const look = async () => (await Promise.all(looks.map(widerThanScopes))).flat();
  return { databases, secrets: new Map(bySecrets), look, close };
}

interface Whereabouts {
  readonly tools: pg.PoolConfig;
  readonly mint: pg.PoolConfig;
}

/** The database that the environment names; undefined when it names none. */
function realOf({ name, urlEnv, mintUrlEnv }: DatabaseSystem, env: NodeJS.ProcessEnv): Whereabouts | undefined {
  const url = namedSecret(urlEnv, env) ?? '';
  if (url === '') return undefined;
  const mintUrl = namedSecret(mintUrlEnv, env) ?? '';
  if (mintUrl !== '') return { tools: { connectionString: url }, mint: { connectionString: mintUrl } };
  throw new Error(
    `set ${mintUrlEnv}: the login that makes tokens for the system "${name}", so that a tool is let in for one action ` +
      `only; its owner installs what this prints, and makes the login: countersign systems sql ${name}`,
  );
}

/** Demo tables never go into a database that somebody named. */
async function demoOf(system: DatabaseSystem, development: pg.PoolConfig, nowMs: number): Promise<Whereabouts> {
  const pool = createPool(development);
  try {
    const sql = createSql(pool);
    await system.prepare(sql, nowMs);
    await installAccess(sql, system);
  } finally {
    await pool.end();
  }
  return { tools: development, mint: development };
}

/** What the owner of a system's database runs there. Throws a sentence when no agent names such a database. */
export function systemScript(name: string, loaded: LoadedAgents): string {
  const databases = systemsOf(loaded).filter((system) => system.kind === 'database');
  const system = databases.find((one) => one.name === name);
  if (system !== undefined) return accessScript(system);
  throw new Error(`no agent has a database system "${name}"; there are ${databases.map((one) => one.name).join(', ')}`);
}

/** Systems whose whereabouts a role holds though it is not the actor, as sentences: production refuses them. */
export function systemProblems(role: ServingRole, loaded: LoadedAgents, env: NodeJS.ProcessEnv): readonly string[] {
  if (role === 'actor') return [];
  return systemsOf(loaded)
    .flatMap(variablesOf)
    .flatMap((name) => [name, `${name}_FILE`])
    .filter((name) => (env[name] ?? '') !== '')
    .map((name) => `${name} is not for the ${role} role; take it out of this process’s environment`);
}

function variablesOf(system: System): readonly string[] {
  return system.kind === 'database'
    ? [system.urlEnv, system.mintUrlEnv]
    : [...system.secrets, ...(system.settings ?? [])];
}

function systemsOf({ agents }: LoadedAgents): readonly System[] {
  const systems = new Map<string, System>();
  for (const { agent } of agents.values()) {
    for (const system of agent.systems) {
      const known = systems.get(system.name);
      if (known !== undefined && variablesOf(known).join() !== variablesOf(system).join()) {
        throw new Error(`two agents name a system "${system.name}" with different variables; rename one`);
      }
      systems.set(system.name, system);
    }
  }
  return [...systems.values()];
}
