// Looks at what the tools' connection to a database system may do beyond its tokens. Changes nothing. May import the pool
// and the names of the roles.
import type pg from 'pg';
import { connectGuarded, createPool, type GuardedClient } from '../pool.ts';
import { TOOLS_ROLE } from './statements.ts';
import { sentenceOf } from '../../domain/sentence-of.ts';

export interface LookInput {
  readonly name: string;
  /** The variable to change when the login is too wide. */
  readonly urlEnv: string;
  readonly config: pg.PoolConfig;
  /** False where one user does everything, as in development: then only what the tools' role may do is looked at. */
  readonly hasOwnLogin: boolean;
}

/** What is wider than the tools' scopes, as sentences; one that says so where nothing can be looked at. */
export async function widerThanScopes({ name, urlEnv, config, hasOwnLogin }: LookInput): Promise<readonly string[]> {
  const pool = createPool({ ...config, max: 1 });
  try {
    const client = await connectGuarded(pool);
    try {
      const login = hasOwnLogin ? await widerLogin(client, urlEnv) : [];
      return [...login, ...(await widerTables(client))].map((what) => `the system "${name}": ${what}`);
    } finally {
      client.release();
    }
  } catch (error) {
    const said = sentenceOf(error);
    return [`the system "${name}" could not be looked at: ${said}; see: countersign systems sql ${name}`];
  } finally {
    await pool.end();
  }
}

async function widerLogin(client: GuardedClient, urlEnv: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ login: string; powers: string[]; others: string[]; mints: boolean }>(LOGIN);
  const [row] = rows;
  if (row === undefined) return [];
  const { login, powers, others, mints } = row;
  const instead = `give ${urlEnv} a login that is a member of ${TOOLS_ROLE} and nothing else`;
  return [
    ...powers.map((power) => `the tools' login "${login}" is or has ${power}, so policies do not bind it; ${instead}`),
    ...(others.length > 0 ? [`the tools' login "${login}" may also act as ${others.join(', ')}; ${instead}`] : []),
    ...(mints ? [`the tools' login "${login}" can make tokens; ${instead}`] : []),
  ];
}

/** As the tools' role, in a transaction without a token: what it could reach, and what it sees. */
async function widerTables(client: GuardedClient): Promise<readonly string[]> {
  await client.query(`begin; set transaction read only; set local role ${TOOLS_ROLE}`);
  try {
    const { rows } = await client.query<{ relation: string; unbound: boolean; readable: boolean }>(RELATIONS);
    const sentences: string[] = [];
    for (const { relation, unbound, readable } of rows) {
      if (unbound) {
        sentences.push(
          `tools may use ${relation} with no row-level security in force; protect it, or revoke the right`,
        );
      } else if (readable && (await seesRows(client, relation))) {
        sentences.push(`${relation} can be read without a token; let its policies ask countersign_access.has_scope()`);
      }
    }
    return sentences;
  } finally {
    await client.query('rollback');
  }
}

async function seesRows(client: GuardedClient, relation: string): Promise<boolean> {
  await client.query('savepoint look');
  try {
    const { rows } = await client.query<{ some: boolean }>(`select exists (select from ${relation}) as some`);
    return rows[0]?.some === true;
  } catch {
    // A policy that refuses by an error shows nothing either.
    return false;
  } finally {
    await client.query('rollback to savepoint look');
  }
}

const LOGIN = `
  select session_user as login,
    array_remove(array[
      case when rolsuper then 'superuser' end, case when rolbypassrls then 'BYPASSRLS' end,
      case when rolcreaterole then 'CREATEROLE' end,
      case when exists (select from pg_class where relowner = me.oid and relkind in ('r', 'p', 'v', 'm')) then
        'owner of tables' end], null) as powers,
    case when rolsuper then '{}' else array(
      select rolname::text from pg_roles other
       where other.oid <> me.oid and rolname <> '${TOOLS_ROLE}' and pg_has_role(me.oid, other.oid, 'member')
       order by 1) end as others,
    not rolsuper and coalesce(
      has_schema_privilege(me.oid, to_regnamespace('countersign_access')::oid, 'usage') and has_function_privilege(me.oid,
        to_regprocedure('countersign_access.mint(bytea,text,integer,text,text[],text,integer)')::oid, 'execute'),
      false) as mints
  from pg_roles me where rolname = session_user`;

// A view reads as its owner unless it says otherwise. What an extension brings is not the house's data.
const RELATIONS = `
  select format('%I.%I', nspname, relname) as relation,
    case when relkind in ('v', 'm') then not coalesce('security_invoker=true' = any(reloptions)
      or 'security_invoker=on' = any(reloptions), false) else not row_security_active(c.oid) end as unbound,
    has_table_privilege(c.oid, 'select') as readable
  from pg_class c join pg_namespace n on n.oid = relnamespace
  where relkind in ('r', 'p', 'v', 'm', 'f')
    and nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
    and has_schema_privilege(n.oid, 'usage')
    and (has_table_privilege(c.oid, 'select, insert, update, delete, truncate')
      or has_any_column_privilege(c.oid, 'select, insert, update'))
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and deptype = 'e')
  order by 1`;
