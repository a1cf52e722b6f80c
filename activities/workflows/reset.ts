// Conversations that are closed on record and run all the same, as after a Reset in Temporal: they are ended again. May
// import domain and store types.
import { Context } from '@temporalio/activity';
import { type DoneWork, undone } from '../../domain/maintenance.ts';
import { sentenceOf } from '../../domain/sentence-of.ts';
import type { WorkflowsDeps } from './deps.ts';

const END_RESET = 'end_reset';
// 10 min: Temporal's lists lag by seconds, and the clocks of its servers differ by as much.
const LAG_MS = 600_000;

/**
 * Compare what has begun to run since the last look with the record. By Temporal's clock, as what it lists is. One that is
 * just ending by itself loses nothing by being told to.
 */
export async function endReset({ store: { maintenance }, runs }: WorkflowsDeps, beat: () => void): Promise<DoneWork> {
  const { scheduledTimestampMs: atMs } = Context.current().info;
  try {
    const begun = await runs.begunSince((await maintenance.lastRunMs(END_RESET)) - LAG_MS);
    const ids: string[] = [];
    let failed: string | undefined;
    for (const id of await maintenance.closedOf(begun)) {
      beat();
      try {
        if (await runs.end(id)) ids.push(id);
      } catch (error) {
        // The others are not to wait for it; all are looked at from the same time again.
        failed ??= `${id}: ${sentenceOf(error)}`;
      }
    }
    if (failed !== undefined) return { task: END_RESET, done: ids.length, ids, ask: [], failed };
    await maintenance.noteRun(END_RESET, ids.length, atMs);
    return { task: END_RESET, done: ids.length, ids, ask: [] };
  } catch (error) {
    return undone(END_RESET, error);
  }
}
