// What an agent declares about the systems that its tools use: databases, which are opened with a token per action, and
// systems that are reached by secrets of their own. May import domain types only.
import type { Sql } from './tool.ts';

/** A database of record. A tool with a scope "<name>:…" gets a port to it, with a token minted for its one action. */
export interface DatabaseSystem {
  readonly kind: 'database';
  readonly name: string;
  /**
   * The variable that holds the URL of the real one, for a login that is a member of `countersign_tools` and nothing
   * else; if unset, development keeps the system in the store's database.
   */
  readonly urlEnv: string;
  /** The variable that holds the URL by which tokens are made there: for a login that is a member of `countersign_mint`. */
  readonly mintUrlEnv: string;
  /** Make the tables and the demo data, if they are not there. Development only; idempotent. */
  readonly prepare: (sql: Sql, nowMs: number) => Promise<void>;
  /**
   * What the tools may do, as idempotent SQL: grants to `countersign_tools`, row-level security and its policies, which
   * ask `countersign_access.customer()` and `countersign_access.has_scope('<name>:…')`. Development installs it; the
   * owner of a real database runs what `countersign systems sql <name>` prints.
   */
  readonly protect: readonly string[];
}

/** A system reached by secrets of the environment, such as a mail server. */
export interface SecretSystem {
  readonly kind: 'secrets';
  readonly name: string;
  /**
   * Variables, each also as NAME_FILE; a tool with a scope "<name>:…" gets them, and no other tool. What the tool answers
   * and how it fails is kept without them, whoever said them again.
   */
  readonly secrets: readonly string[];
  /** Variables that tools get in the same way, and that everybody may see: a sender's address, say. */
  readonly settings?: readonly string[];
}

export type System = DatabaseSystem | SecretSystem;

/** The names of the systems that scopes such as "shop:read" are about, each once. */
export function systemsIn(scopes: readonly string[]): readonly string[] {
  return [...new Set(scopes.map((scope) => scope.split(':', 1).join('')))];
}
