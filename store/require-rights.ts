// Whether a role's login may do in the store exactly what the table of store/grants.ts says: asked before the role opens
// anything. May import the table, migrations and the pool.
import type pg from 'pg';
import { memberships, RIGHTS, type Rights, withClient } from './grants.ts';
import { requireMigrated } from './migrations/migrate.ts';
import type { GuardedClient } from './pool.ts';

// 5 of them in a sentence: whoever reads it looks at the grants anyway.
const NAMED = 5;
/** Every role looks there which migrations there were. */
const MIGRATIONS_TABLE = 'kysely_migration';

/**
 * Reject with a sentence when this connection has other rights than those of `role`, wider ones too, by whatever way it has
 * them. Where a database has none of the roles, all share one user, and nothing can be told apart.
 */
export async function requireRights(config: pg.PoolConfig, role: string): Promise<void> {
  const known = await withClient(config, memberships);
  if (known.length === 0) return;
  const refuse = (has: string): never => {
    throw new Error(`the user in DATABASE_URL ${has}; this process needs the rights of ${role}, and no others`);
  };
  const held = known.filter((row) => row.held).map((row) => row.role);
  if (held.length !== 1 || held[0] !== role) {
    refuse(held.length === 0 ? 'has none of the roles’ rights' : `has the rights of ${held.join(', ')}`);
  }
  const above = await withClient(config, attributes);
  if (above.length > 0) refuse(`is bound by no rights: ${above.join(', ')}`);
  // What another version has granted is told by its migrations, and is nobody's fault.
  await requireMigrated(config);
  const all = await withClient(config, privileges);
  const named = (rows: readonly Privilege[]) => rows.map(({ privilege, of }) => `${privilege} ${of}`);
  const wider = named(all.filter((one) => one.held && !isDue(role, one)));
  if (wider.length > 0) refuse(`may also ${inShort(wider)}`);
  const missing = named(all.filter((one) => !one.held && isDue(role, one)));
  if (missing.length > 0) refuse(`may not ${inShort(missing)} (run: countersign migrate)`);
}

const inShort = (all: readonly string[]): string =>
  all.length <= NAMED ? all.join(', ') : `${all.slice(0, NAMED).join(', ')} and ${all.length - NAMED} more`;

/** By what the user, or a role that it may act as, is above all policies, or could give itself more. */
async function attributes(client: GuardedClient): Promise<readonly string[]> {
  const { rows } = await client.query<{ role: string; has: string }>(
    `select rolname as role, array_to_string(array_remove(array[
       case when rolsuper then 'superuser' end,
       case when rolbypassrls then 'bypassrls' end,
       case when rolcreaterole then 'createrole' end], null), ' ') as has
     from pg_roles where (rolsuper or rolbypassrls or rolcreaterole) and pg_has_role(oid, 'member') order by rolname`,
  );
  return rows.map(({ role, has }) => `${role} is ${has}`);
}

interface Privilege {
  readonly privilege: string;
  readonly table: string;
  /** null: of the whole table. */
  readonly column: string | null;
  /** "ledger", or "ledger.entry". */
  readonly of: string;
  readonly held: boolean;
}

/** Everything that somebody could be granted in our tables, and whether this user has it, by grants of any kind. */
async function privileges(client: GuardedClient): Promise<readonly Privilege[]> {
  const { rows } = await client.query<Privilege>(
    `with ours as (
       select c.oid, relname as "table" from pg_class as c join pg_namespace as n on n.oid = relnamespace
       where nspname in ('countersign', 'countersign_migrations') and relkind in ('r', 'p', 'v', 'm', 'f'))
     select privilege, "table", attname as "column", "table" || '.' || attname as of,
       has_column_privilege(oid, attnum, privilege) as held
     from ours join pg_attribute on attrelid = oid and attnum > 0 and not attisdropped
     cross join unnest(array['select', 'insert', 'update', 'references']) as privilege
     union all
     select privilege, "table", null, "table", has_table_privilege(oid, privilege) from ours
     cross join unnest(array['delete', 'truncate', 'trigger']) as privilege
     order by 1, 4`,
  );
  return rows;
}

function isDue(role: string, { privilege, table, column }: Privilege): boolean {
  const rights = RIGHTS[role];
  if (rights === undefined) return false;
  const among = (columns: readonly string[] | undefined) =>
    columns !== undefined && (columns.length === 0 || columns.some((one) => one === column));
  switch (privilege) {
    case 'select':
      return table === MIGRATIONS_TABLE || among(columnsOf(rights.read, table));
    case 'update':
      return among(columnsOf(rights.update, table));
    case 'insert':
      return rights.insert.some((one) => one === table);
    case 'delete':
      return (rights.remove ?? []).some((one) => one === table);
    default:
      return false;
  }
}

const columnsOf = (columns: Rights['read'], table: string): readonly string[] | undefined =>
  Object.entries(columns).find(([name]) => name === table)?.[1];
