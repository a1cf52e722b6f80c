// Every history that a test or a proof made is replayed on today's code: a Workflow whose history does not replay is stuck
// for good once its Worker is gone, however well it went until then.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { workflowBundle } from '../../workers/bundle.ts';
import type { ProcedureFile } from '../../workers/procedures.ts';
import { historiesOf } from '../../workers/rebuild/replay.ts';

/** How many histories there are, and those that do not replay, as sentences. */
export async function replayAll(
  client: Client,
  procedures: readonly ProcedureFile[] = [],
  dataConverter?: DataConverter,
): Promise<{ readonly replayed: number; readonly problems: readonly string[] }> {
  const bundle = await workflowBundle(join(tmpdir(), 'countersign-test-bundles'), procedures, dataConverter);
  let replayed = 0;
  const problems: string[] = [];
  for await (const { workflowId, error } of Worker.runReplayHistories(
    { workflowBundle: bundle, ...(dataConverter === undefined ? {} : { dataConverter }) },
    historiesOf(client),
  )) {
    replayed += 1;
    if (error !== undefined) problems.push(`the history of ${workflowId} does not replay: ${error.message}`);
  }
  return { replayed, problems };
}
