// Credentials live here and nowhere else: opened per action, for that tool and that principal, and never handed out of
// the actor. May import domain and store types.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Principal } from '../../domain/principal.ts';
import { type SecretSystem, systemsIn } from '../../domain/system.ts';
import type { Access } from '../../domain/tool.ts';
import type { MintedDatabase, OpenedDatabase } from '../../store/access/minting.ts';
import { createRedactor, type Redactor } from '../redaction.ts';

export interface CredentialRequest {
  readonly agent: string;
  readonly tool: string;
  readonly scopes: readonly string[];
  readonly principal: Principal;
  readonly tenant: string;
  readonly actionId: string;
  /** Which attempt at a write it is, from 1; 0 for inspect and reads, whose credential cannot write. */
  readonly epoch: number;
  readonly validForMs: number;
}

export interface Opened {
  readonly access: Access;
  /**
   * True when all systems that the tool's scopes name are databases with minted tokens: no earlier attempt at the action
   * can change anything there from now on.
   */
  readonly sealed: boolean;
  /** Knows all that was handed out. What comes back from the tool leaves the actor through it, and no other way. */
  readonly redactor: Redactor;
  /** End the credential before its time, as well as can be. Never rejects. */
  close(): Promise<void>;
}

/** Port: how the actor gets what a tool needs to do its work, and no more. */
export interface CredentialBroker {
  /**
   * With an epoch from 1, first takes back every credential of the same action with a lower epoch, and waits, bounded,
   * until nothing that runs under one can commit any more. Rejects when it cannot tell, and when a later epoch was opened.
   */
  open(request: CredentialRequest): Promise<Opened>;
}

/** The tool reached for what its scopes do not name. */
export class ScopeMissing extends Error {
  override readonly name = 'ScopeMissing';
}

type VariablesOf = Pick<SecretSystem, 'secrets' | 'settings'>;

export interface BrokerParts {
  /** By the name of the system. */
  readonly databases: ReadonlyMap<string, Pick<MintedDatabase, 'open'>>;
  /** The systems that are reached by secrets, by name. */
  readonly secrets: ReadonlyMap<string, VariablesOf>;
  /** Reads one secret as it is now; undefined when it is not configured. */
  readonly readSecret: (name: string) => string | undefined;
  readonly foldersPath: string;
}

const FOLDER_NAME = /^[a-z][a-z0-9-]{0,31}$/;

/** A broker over this process's own connections and secrets. A system is opened only to a scope "<system>:…". */
export function createLocalBroker(have: BrokerParts): CredentialBroker {
  return {
    async open(request) {
      const named = systemsIn(request.scopes);
      // Read anew each time, so that a secret file that was replaced counts at once; before anything is minted.
      const systems = named.flatMap((system) => have.secrets.get(system) ?? []);
      const read = (names: readonly string[]) => names.map((name) => [name, have.readSecret(name)] as const);
      const secrets = new Map(read(systems.flatMap((system) => system.secrets)));
      const settings = read(systems.flatMap((system) => system.settings ?? []));
      const databases = await openDatabases(have, request, named);
      return {
        access: accessOf(request.tool, databases, new Map([...settings, ...secrets]), have.foldersPath),
        redactor: createRedactor([...secrets.values(), ...[...databases.values()].map(({ token }) => token)]),
        sealed: named.length > 0 && named.every((system) => databases.has(system)),
        close: () => closeAll([...databases.values()]),
      };
    },
  };
}

async function openDatabases(
  { databases }: BrokerParts,
  { actionId, epoch, tool, scopes, principal, validForMs }: CredentialRequest,
  named: readonly string[],
): Promise<ReadonlyMap<string, OpenedDatabase>> {
  const opened = new Map<string, OpenedDatabase>();
  try {
    for (const system of named) {
      const within = scopes.filter((scope) => scope.startsWith(`${system}:`));
      const grant = { actionId, epoch, tool, scopes: within, customer: principal.id, validForMs };
      const database = await databases.get(system)?.open(grant);
      if (database !== undefined) opened.set(system, database);
    }
    return opened;
  } catch (error) {
    await closeAll([...opened.values()]);
    throw error;
  }
}

async function closeAll(databases: readonly OpenedDatabase[]): Promise<void> {
  await Promise.all(databases.map((database) => database.close()));
}

function accessOf(
  tool: string,
  databases: ReadonlyMap<string, OpenedDatabase>,
  secrets: ReadonlyMap<string, string | undefined>,
  foldersPath: string,
): Access {
  return {
    database(system) {
      const database = databases.get(system);
      if (database !== undefined) return database.sql;
      throw new ScopeMissing(`the tool ${tool} has no scope for the system "${system}", or it is not connected`);
    },
    secret(name) {
      if (secrets.has(name)) return secrets.get(name);
      throw new ScopeMissing(`the tool ${tool} has no scope for a system with the secret ${name}`);
    },
    folder(name) {
      if (!FOLDER_NAME.test(name)) throw new ScopeMissing(`"${name}" is no name of a folder`);
      const path = join(foldersPath, name);
      mkdirSync(path, { recursive: true, mode: 0o700 });
      return path;
    },
  };
}
