// The logins of a production inside the rig's PostgreSQL: one for each role, which `countersign migrate` gives its rights,
// and two for the books, which their owner protects first. They need no password, as the server is the proof's own,
// unless the proof has given them one.
import pg from 'pg';
import { createPool } from '../../../store/pool.ts';
import { createSql } from '../../../store/sql.ts';
import { books } from '../agents/prover/books.ts';
import { type Role, ROLES } from './roles.ts';

const BOOKS = { tools: `${books.name}_tools`, mint: `${books.name}_mint` } as const;

/** The password of a login; undefined where it needs none. */
export type PasswordOf = (login: string) => string | undefined;

/** Before the migration, so that it finds whom to give rights to. */
export async function makeRoleLogins(ownerUrl: string, passwordOf: PasswordOf): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    for (const role of ROLES)
      await client.query(madeOnce(loginOf(role), `login${passwordIs(loginOf(role), passwordOf)}`));
  } finally {
    await client.end();
  }
}

/** As their owner does it: make the books, run what `countersign systems sql` prints, make the two logins. */
export async function protectBooks(ownerUrl: string, script: string, passwordOf: PasswordOf): Promise<void> {
  const pool = createPool({ connectionString: ownerUrl });
  try {
    await books.prepare(createSql(pool), Date.now());
    await pool.query(script);
    await pool.query(
      madeOnce(BOOKS.tools, `login noinherit${passwordIs(BOOKS.tools, passwordOf)} in role countersign_tools`),
    );
    await pool.query(madeOnce(BOOKS.mint, `login${passwordIs(BOOKS.mint, passwordOf)} in role countersign_mint`));
  } finally {
    await pool.end();
  }
}

/** Where a role finds its databases, at this address, under its own logins. */
export function databasesOf(role: Role, url: URL, passwordOf: PasswordOf): NodeJS.ProcessEnv {
  const as = (login: string): string => {
    const own = new URL(url);
    own.username = login;
    own.password = encodeURIComponent(passwordOf(login) ?? '');
    return own.href;
  };
  const store = { DATABASE_URL: as(loginOf(role)) };
  return role === 'actor' ? { ...store, [books.urlEnv]: as(BOOKS.tools), [books.mintUrlEnv]: as(BOOKS.mint) } : store;
}

/** A role belongs to the whole server, which may have been lent to rigs before. */
const madeOnce = (role: string, options: string): string =>
  `do $$ begin create role ${role} ${options}; exception when duplicate_object then null; end $$`;

function passwordIs(login: string, passwordOf: PasswordOf): string {
  const password = passwordOf(login);
  return password === undefined ? '' : ` password ${pg.escapeLiteral(password)}`;
}

const loginOf = (role: Role): string => `countersign_${role}`;
