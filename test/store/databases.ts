// The two kinds of database that the store runs on, each fresh and private.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { startEmbeddedPostgres } from '../../store/embedded.ts';
import { KEPT } from '../support/kept.ts';
import { startPostgres } from '../support/postgres.ts';

export interface Database {
  readonly poolConfig: pg.PoolConfig;
  stop(): Promise<void>;
}

export const KINDS = ['embedded', 'postgres'] as const;

export async function startDatabase(kind: (typeof KINDS)[number]): Promise<Database> {
  if (kind === 'postgres') {
    const { url, stop } = await startPostgres();
    return { poolConfig: { connectionString: url }, stop };
  }
  const folder = await mkdtemp(join(tmpdir(), 'countersign-store-'));
  const { poolConfig, stop } = await startEmbeddedPostgres({ dataDir: folder, freshIn: KEPT });
  return { poolConfig, stop: () => stop().then(() => rm(folder, { recursive: true })) };
}
