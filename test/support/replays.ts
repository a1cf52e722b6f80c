// Every history that a test or a proof made is replayed on today's code: a Workflow whose history does not replay is stuck
// for good once its Worker is gone, however well it went until then.
import type { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { workflowBundle } from '../../workers/bundle.ts';
import { KEPT } from './kept.ts';
import type { ProcedureFile } from '../../workers/procedures.ts';
import { replayHistories } from '../../workers/replay-check.ts';

/** How many histories were replayed, each that is chosen, and those that do not replay, as sentences. */
export async function replayAll(
  client: Client,
  procedures: readonly ProcedureFile[] = [],
  dataConverter?: DataConverter,
  isChosen?: () => boolean,
) {
  const bundle = await workflowBundle(KEPT, procedures, dataConverter);
  return replayHistories({ client, workflowBundle: bundle, dataConverter }, { all: true, isChosen });
}
