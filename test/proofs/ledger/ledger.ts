// The proof `ledger`: what was written and published cannot be changed unseen, and what writes it may die at any moment.
// By its parts: the files of a ledger, a ledger in a real PostgreSQL, its writers, and a million entries.
import pg from 'pg';
import { startPrivatePostgres } from '../../support/postgres.ts';
import type { Proof, ProofContext, ProofResult } from '../support.ts';
import { proveDatabase } from './database.ts';
import { proveKnownAnswers, proveMutations } from './files.ts';
import { proveLarge } from './large.ts';
import { proveWriters } from './writers.ts';

export const ledger: Proof = { name: 'ledger', run: prove };

async function prove(context: ProofContext): Promise<ProofResult> {
  const parts = [proveKnownAnswers(context), await proveMutations(context)];
  const postgres = await startPrivatePostgres();
  try {
    parts.push(await proveDatabase(context, await aDatabase(postgres.url, 'tampered')));
    parts.push(await proveWriters(context, await aDatabase(postgres.url, 'written')));
  } finally {
    await postgres.stop();
  }
  parts.push(await proveLarge(context));
  return {
    cases: parts.reduce((sum, { cases }) => sum + cases, 0),
    violations: parts.flatMap(({ violations }) => violations),
  };
}

/** One for each part, in the same server. */
async function aDatabase(serverUrl: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}
