// What the measures of a run share: one PostgreSQL, with fsync, and one model server; and for each subject a database and a
// folder of its own, so that what is read of it is of nobody else.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { type PrivatePostgres, startPrivatePostgres } from '../test/support/postgres.ts';
import { databasesOfTemporal } from './temporal-on-postgres.ts';
import type { BenchContext, Surroundings } from './measure.ts';
import { type ModelServer, startModelServer } from './model.ts';

export interface Stage {
  readonly postgres: PrivatePostgres;
  readonly model: ModelServer;
  /** A fresh database and folder, each time. */
  surroundingsFor(subject: string): Promise<Surroundings>;
  /** The database, and whatever still holds it. */
  drop(at: Surroundings): Promise<void>;
}

/** Start them, do the work, and stop them, whatever becomes of it. */
export async function onStage<T>(context: BenchContext, work: (stage: Stage) => Promise<T>): Promise<T> {
  const { folder, log } = context;
  const model = await startModelServer();
  const postgres = await startPrivatePostgres().catch(async (error: unknown) => {
    await model.stop();
    throw error;
  });
  const asOwner = async (statement: string): Promise<void> => {
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  };
  let made = 0;
  try {
    return await work({
      postgres,
      model,
      async surroundingsFor(subject) {
        made += 1;
        const name = `bench_${made}`;
        const own = join(folder, `${subject}-${made}`);
        mkdirSync(own, { recursive: true });
        await asOwner(`create database ${name}`);
        const url = new URL(postgres.url);
        url.pathname = `/${name}`;
        return { folder: own, modelUrl: model.url, databaseUrl: url.href, log };
      },
      async drop({ databaseUrl }) {
        const name = new URL(databaseUrl).pathname.slice(1);
        for (const one of [name, ...databasesOfTemporal(name)])
          await asOwner(`drop database if exists ${one} with (force)`);
      },
    });
  } finally {
    await postgres.stop();
    await model.stop();
  }
}
