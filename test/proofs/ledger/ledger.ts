// The proof `ledger`: what was written and published cannot be changed unseen, and what writes it may die at any moment.
// By its parts: the files of a ledger, a ledger in a real PostgreSQL, its writers, and a million entries.
import pg from 'pg';
import { startPrivatePostgres } from '../../support/postgres.ts';
import { createRandom, type Proof, type ProofContext, type ProofResult } from '../support.ts';
import { proveDatabase } from './database.ts';
import { proveKnownAnswers, proveMutations } from './files.ts';
import { loadLarge, proveLarge } from './large.ts';
import { proveWriters } from './writers.ts';

export const ledger: Proof = { name: 'ledger', run: prove };

async function prove(context: ProofContext): Promise<ProofResult> {
  // A chance of its own for each part, whatever the others do meanwhile.
  const [ofFiles, ofDatabase, ofWriters, ofLarge] = [0, 1, 2, 3].map(() => {
    return { ...context, random: createRandom(context.random.next() * 2 ** 32) };
  }) as [ProofContext, ProofContext, ProofContext, ProofContext];
  const postgres = await startPrivatePostgres();
  try {
    const urlOf = (name: string) => aDatabase(postgres.url, name);
    const known = proveKnownAnswers(ofFiles);
    // Beside each other: writers wait for processes to start, most of the time, and the load has a process of its own.
    const [written, tampered, large] = await Promise.all([
      inOneGo(ofWriters, async (writers) => proveWriters(writers, await urlOf('written'))),
      proveMutations(ofFiles).then(async (files) => [files, await proveDatabase(ofDatabase, await urlOf('tampered'))]),
      urlOf('large').then(async (url) => loadLarge(ofLarge, url)),
    ]);
    return together([known, ...tampered, written, await proveLarge(ofLarge, postgres, large)]);
  } finally {
    await postgres.stop();
  }
}

function together(parts: readonly ProofResult[]): ProofResult {
  return {
    cases: parts.reduce((sum, { cases }) => sum + cases, 0),
    violations: parts.flatMap(({ violations }) => violations),
  };
}

/** What it says comes together at its end, and not between the lines of others. */
async function inOneGo(
  context: ProofContext,
  part: (context: ProofContext) => Promise<ProofResult>,
): Promise<ProofResult> {
  const lines: string[] = [];
  const result = await part({ ...context, log: (line) => void lines.push(line) });
  for (const line of lines) context.log(line);
  return result;
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
