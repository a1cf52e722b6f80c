// Tokens inside a system's own database: what its owner installs so that a tool's connection is worth nothing without a
// token of its one action. May import domain types only.
// Guarantees: only hashes of tokens are kept; a policy that asks `customer()` or `has_scope()` holds the token's lock until
// the transaction ends, so that whoever takes the token back waits for it; no setting that a tool makes changes an answer.
import type { DatabaseSystem } from '../../domain/system.ts';
import type { Sql } from '../../domain/tool.ts';
import { sentenceOf } from '../../domain/sentence-of.ts';

/** Who the tools are in a system's database; roles belong to a whole server. */
export const TOOLS_ROLE = 'countersign_tools';
const MINT_ROLE = 'countersign_mint';

/** Make tables' protection and the tokens, as one transaction. Idempotent, and safe when several do it at once. */
export async function installAccess(sql: Sql, { name, protect }: DatabaseSystem): Promise<void> {
  try {
    await sql.transaction(async (inside) => {
      for (const statement of [LOCK, ...ROLES, ...SCHEMA, ...FUNCTIONS, ...RIGHTS, MEMBER, ...protect]) {
        await inside.query(statement);
      }
    });
  } catch (error) {
    const said = sentenceOf(error);
    throw new Error(`the system "${name}" cannot be protected here (${said}); its user needs the right CREATEROLE`, {
      cause: error,
    });
  }
}

/** The same as a script for psql, for the owner of a real database. */
export function accessScript({ name, urlEnv, mintUrlEnv, protect }: DatabaseSystem): string {
  const statements = ['begin', LOCK, ...ROLES, ...SCHEMA, ...FUNCTIONS, ...RIGHTS, ...protect, 'commit'];
  return [
    `-- The protection of the system "${name}". Run it as the owner of its tables, with the right CREATEROLE the first`,
    '-- time; it may be run again. Then make two logins, each with a password of its own:',
    `--   create role ${name}_tools login noinherit password '…' in role ${TOOLS_ROLE};   -- for ${urlEnv}`,
    `--   create role ${name}_mint login password '…' in role ${MINT_ROLE};   -- for ${mintUrlEnv}`,
    ...statements.map((statement) => `${statement.trim()};`),
    '',
  ].join('\n');
}

// One at a time in this database: what is made is looked for first, and two would both find nothing.
const LOCK = "select pg_advisory_xact_lock(hashtext('countersign_access'))";

// Another database of the server may make them in the same moment, where no lock of this one reaches.
const ROLES = [TOOLS_ROLE, MINT_ROLE].map(
  (role) => `do $$ begin
  if not exists (select from pg_catalog.pg_roles where rolname = '${role}') then create role ${role} nologin; end if;
exception when duplicate_object or unique_violation then null;
end $$`,
);

// Development has one user for all: it acts as the tools do, which a superuser may and others only as members.
const MEMBER = `do $$ begin
  if not pg_has_role('${TOOLS_ROLE}', 'usage') then grant ${TOOLS_ROLE} to current_user; end if;
end $$`;

const SCHEMA = [
  'create schema if not exists countersign_access',
  `create table if not exists countersign_access.tokens (
  hash bytea primary key, action_id text not null, epoch integer not null, tool text not null, scopes text[] not null,
  customer text not null, expires_at timestamptz not null)`,
  'create index if not exists tokens_by_action on countersign_access.tokens (action_id)',
  'create index if not exists tokens_by_expiry on countersign_access.tokens (expires_at)',
  // The latest attempt at each action: an earlier one that wakes up late gets no token any more.
  `create table if not exists countersign_access.fences (
  action_id text primary key, epoch integer not null, set_at timestamptz not null)`,
  'create index if not exists fences_by_time on countersign_access.fences (set_at)',
];

const definer = (signature: string, returns: string, body: string) =>
  `create or replace function countersign_access.${signature} returns ${returns} language plpgsql volatile
  security definer set search_path = pg_catalog, pg_temp as $$
${body}
$$`;

const FUNCTIONS = [
  // The lock is what a take-over waits for. A read's token needs none: its transaction cannot write.
  definer(
    'held()',
    'countersign_access.tokens',
    `declare
  held countersign_access.tokens;
  secret text := current_setting('countersign.token', true);
begin
  if secret is null or secret = '' then return null; end if;
  select * into held from countersign_access.tokens
    where hash = sha256(convert_to(secret, 'UTF8')) and expires_at > clock_timestamp();
  if held.epoch > 0 then
    select * into held from countersign_access.tokens where hash = held.hash for share;
  end if;
  return held;
end`,
  ),
  definer(
    'enter(token text)',
    'void',
    `declare held countersign_access.tokens;
begin
  perform set_config('countersign.token', token, true);
  held := countersign_access.held();
  if held.hash is null then
    raise exception 'the credential has expired or was taken back' using errcode = 'invalid_authorization_specification';
  end if;
  if held.epoch = 0 then perform set_config('transaction_read_only', 'on', true); end if;
end`,
  ),
  definer('customer()', 'text', 'begin return (countersign_access.held()).customer; end'),
  definer(
    'has_scope(scope text)',
    'boolean',
    'begin return coalesce(scope = any((countersign_access.held()).scopes), false); end',
  ),
  // 30 days: no attempt sleeps longer. 100 rows: a bit of the past with each token, so that none is slow.
  definer(
    `mint(new_hash bytea, of_action text, of_epoch integer, of_tool text, with_scopes text[], of_customer text,
  valid_for_ms integer)`,
    'void',
    `begin
  if of_epoch > 0 then
    insert into countersign_access.fences as fence values (of_action, of_epoch, clock_timestamp())
      on conflict (action_id) do update set epoch = excluded.epoch, set_at = excluded.set_at
      where fence.epoch <= excluded.epoch;
    if not found then
      raise exception 'a later attempt has taken the action over' using errcode = 'invalid_authorization_specification';
    end if;
    delete from countersign_access.tokens where action_id = of_action and epoch < of_epoch;
  end if;
  delete from countersign_access.tokens where hash in (
    select hash from countersign_access.tokens where expires_at < clock_timestamp() limit 100 for update skip locked);
  delete from countersign_access.fences where action_id in (
    select action_id from countersign_access.fences where set_at < clock_timestamp() - interval '30 days'
    limit 100 for update skip locked);
  insert into countersign_access.tokens values (new_hash, of_action, of_epoch, of_tool, with_scopes, of_customer,
    clock_timestamp() + valid_for_ms * interval '1 millisecond');
end`,
  ),
  definer('give_back(of_hash bytea)', 'void', 'begin delete from countersign_access.tokens where hash = of_hash; end'),
];

const RIGHTS = [
  'revoke all on schema countersign_access from public',
  'revoke all on all tables in schema countersign_access from public',
  'revoke all on all functions in schema countersign_access from public',
  `grant usage on schema countersign_access to ${TOOLS_ROLE}, ${MINT_ROLE}`,
  `grant execute on function countersign_access.enter(text), countersign_access.customer(),
  countersign_access.has_scope(text) to ${TOOLS_ROLE}`,
  `grant execute on function countersign_access.mint(bytea, text, integer, text, text[], text, integer),
  countersign_access.give_back(bytea) to ${MINT_ROLE}`,
];
