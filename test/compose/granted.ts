// A real server with a store in it as production sets it up: every role may log in, and has its rights and no more.
import pg from 'pg';
import { grantRights, RIGHTS } from '../../store/grants.ts';
import { migrateStore } from '../../store/migrations/migrate.ts';
import { startPrivatePostgres, type TestPostgres } from '../support/postgres.ts';

export const ROLE_NAMES = ['api', 'workflows', 'assistant', 'actor'] as const;
export type RoleName = (typeof ROLE_NAMES)[number];

export async function startGranted(): Promise<TestPostgres> {
  const server = await startPrivatePostgres();
  const owner = { connectionString: server.url };
  const client = new pg.Client(owner);
  await client.connect();
  for (const role of Object.keys(RIGHTS)) await client.query(`create role ${role} login`);
  await client.end();
  await migrateStore(owner);
  await grantRights(owner);
  return server;
}

export const urlOf = (server: TestPostgres, role: RoleName): string =>
  server.url.replace('postgres@', `countersign_${role}@`);
