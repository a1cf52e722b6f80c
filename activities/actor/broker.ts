// Credentials live here and nowhere else: opened per action, for that tool and that principal, and never handed out of
// the actor. May import domain.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Principal } from '../../domain/principal.ts';
import type { Access, Sql } from '../../domain/tool.ts';

export interface CredentialRequest {
  readonly agent: string;
  readonly tool: string;
  readonly scopes: readonly string[];
  readonly principal: Principal;
  readonly tenant: string;
  readonly actionId: string;
  /** Of the claim under which it is used; 0 for reads. A higher one takes the credentials of lower ones back. */
  readonly epoch: number;
  readonly validForMs: number;
}

export interface Opened {
  readonly access: Access;
  /** True when no earlier attempt at this action can change anything at the tool's systems any more. */
  readonly sealed: boolean;
  close(): Promise<void>;
}

/** Port: how the actor gets what a tool needs to do its work, and no more. */
export interface CredentialBroker {
  open(request: CredentialRequest): Promise<Opened>;
}

/** The tool reached for what its scopes do not name. */
export class ScopeMissing extends Error {
  override readonly name = 'ScopeMissing';
}

const FOLDER_NAME = /^[a-z][a-z0-9-]{0,31}$/;

/** A broker over this process's own connections and environment. A system is opened only to a scope "<system>:…". */
export function createLocalBroker(have: {
  readonly databases: ReadonlyMap<string, Sql>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly foldersPath: string;
}): CredentialBroker {
  return {
    open: ({ tool, scopes }) => {
      const access: Access = {
        database(system) {
          const sql = have.databases.get(system);
          const scoped = scopes.some((scope) => scope.startsWith(`${system}:`));
          if (sql !== undefined && scoped) return sql;
          throw new ScopeMissing(`the tool ${tool} has no scope for the system "${system}", or it is not connected`);
        },
        secret: (name) => have.env[name],
        folder(name) {
          if (!FOLDER_NAME.test(name)) throw new ScopeMissing(`"${name}" is no name of a folder`);
          const path = join(have.foldersPath, name);
          mkdirSync(path, { recursive: true, mode: 0o700 });
          return path;
        },
      };
      return Promise.resolve({ access, sealed: false, close: () => Promise.resolve() });
    },
  };
}
