// Where a secret could turn up: every table of the database, every Workflow in Temporal with its history and what is pending
// of it, and every file of the run. All of it as bytes, decoded as deep as it goes.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Client } from '@temporalio/client';
import type { Rig } from '../rig/rig.ts';
import { ask } from '../rig/truth.ts';

/** A place and what is in it. */
export type Place = readonly [name: string, content: string | Buffer];

const TABLES = `select format('%I.%I', schemaname, tablename) as name from pg_tables
  where schemaname not in ('pg_catalog', 'information_schema')
  union all select 'pg_catalog.pg_stat_activity' union all select 'pg_catalog.pg_authid'`;

/** Each table as text; what its bytes say, too. */
export async function tables(rig: Rig): Promise<readonly Place[]> {
  const names = await ask<{ name: string }>(rig, TABLES);
  return Promise.all(
    names.map(async ({ name }): Promise<Place> => {
      const rows = await ask<{ row: string }>(rig, `select one::text as row from ${name} as one`);
      const text = rows.map(({ row }) => row).join('\n');
      const bytes = [...text.matchAll(/\\x((?:[\da-f]{2})+)/g)].map(([, hex = '']) => Buffer.from(hex, 'hex'));
      return [`table ${name}`, Buffer.concat([Buffer.from(text), ...bytes])];
    }),
  );
}

/** What Temporal shows of every Workflow: the list, its description with what is pending, its history. */
export async function workflows(client: Client): Promise<readonly Place[]> {
  const places: Place[] = [];
  for await (const listed of client.workflow.list()) {
    const { workflowId, runId } = listed;
    const handle = client.workflow.getHandle(workflowId, runId);
    const [described, history] = [await handle.describe(), await handle.fetchHistory()];
    places.push([`visibility of ${workflowId}`, textOf(listed.raw)]);
    places.push([`description of ${workflowId}`, textOf(described.raw)]);
    places.push([`history of ${workflowId}`, textOf(history)]);
  }
  return places;
}

/** What is pending right now: failures of the last attempts, heartbeats. */
export async function pending(client: Client): Promise<readonly Place[]> {
  const places: Place[] = [];
  for await (const { workflowId, runId } of client.workflow.list({ query: `ExecutionStatus = 'Running'` })) {
    const { raw } = await client.workflow.getHandle(workflowId, runId).describe();
    if ((raw.pendingActivities ?? []).length > 0) places.push([`pending of ${workflowId}`, textOf(raw)]);
  }
  return places;
}

/** Every text and every payload in a message of Temporal's, decoded, one a line. */
function textOf(message: unknown): string {
  if (message instanceof Uint8Array) return Buffer.from(message).toString();
  if (typeof message === 'string') return message;
  if (typeof message !== 'object' || message === null) return '';
  return Object.entries(message)
    .flatMap(([name, value]) => [name, textOf(value)])
    .join('\n');
}

/** The files of the run, such as the log and the database of Temporal, and the checkpoints. */
export function files(folder: string): readonly Place[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map(({ parentPath, name }): Place => {
      const path = join(parentPath, name);
      return [`file ${relative(folder, path)}`, readFileSync(path)];
    });
}
