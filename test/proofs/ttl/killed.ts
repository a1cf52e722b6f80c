// The workflows role dies in the middle of a maintenance run: the next run ends the work, and nothing is done twice.
import { Client, Connection, type ScheduleHandle } from '@temporalio/client';
import { MAINTENANCE } from '../../../domain/protocol.ts';
import type { Rig } from '../rig/rig.ts';
import { ask } from '../rig/truth.ts';
import { waitFor } from '../support.ts';

// 60 s: a run begins within a second.
const STRUCK_LIMIT_MS = 60_000;

/** The conversations whose words are deleted. */
export async function deleted(rig: Rig): Promise<readonly string[]> {
  const text = 'select id from countersign.conversations where texts_deleted_ms is not null order by id';
  return (await ask<{ id: string }>(rig, text)).map(({ id }) => id);
}

/** Have the Schedule itself run, and kill the role just before the words of one conversation are gone. How many were. */
export async function killWithin(rig: Rig, at: number): Promise<number> {
  const run = 'maintenance';
  await rig.roles.arm(run, [{ role: 'workflows', name: 'workflows|store|commit ledger|before', at }]);
  await runBySchedule(rig);
  await waitFor('the kill', STRUCK_LIMIT_MS, () => rig.roles.reached(run).some(({ struck }) => struck));
  const done = (await deleted(rig)).length;
  await rig.roles.disarm();
  await rig.roles.untilUp();
  return done;
}

/** Have the Schedule itself run now. Throws where it does not. */
export const runBySchedule = (rig: Rig): Promise<void> =>
  withSchedule(rig, async (handle) => {
    const before = (await handle.describe()).info.numActionsTaken;
    await handle.trigger();
    await waitFor('a run of the Schedule', STRUCK_LIMIT_MS, async () => {
      return (await handle.describe()).info.numActionsTaken > before;
    });
  });

/** Resolves once each run so far is over, one that was cut too: Temporal has it begun anew within seconds. */
export const untilRunsAreOver = (rig: Rig): Promise<void> =>
  withSchedule(rig, async (handle, client) => {
    const { recentActions } = (await handle.describe()).info;
    const ids = recentActions.map(({ action }) => action.workflow.workflowId);
    for (const id of [...ids, MAINTENANCE.byHandId]) await client.workflow.getHandle(id).result();
  });

async function withSchedule(rig: Rig, use: (handle: ScheduleHandle, client: Client) => Promise<void>): Promise<void> {
  const connection = await Connection.connect({ address: rig.temporal.address });
  try {
    const client = new Client({ connection });
    await use(client.schedule.getHandle(MAINTENANCE.scheduleId), client);
  } finally {
    await connection.close();
  }
}

/** What stands on record more or less than once, as sentences. */
export async function onRecord(
  rig: Rig,
  { closed, deleted: gone }: { readonly closed: readonly string[]; readonly deleted: readonly string[] },
): Promise<readonly string[]> {
  const ends = await ask<{ id: string; n: number }>(
    rig,
    `select conversation_id as id, count(*)::int as n from countersign.ledger
      where kind = 'phase' and entry::json->'fact'->>'phase' = 'closed'
        -- Whoever ends one over the API says so besides.
        and entry::json->'fact'->>'by' = '' group by 1`,
  );
  const deletions = await ask<{ id: string; n: number }>(
    rig,
    `select ids.id, count(*)::int as n from countersign.ledger,
      json_array_elements_text(entry::json->'fact'->'conversationIds') as ids(id)
      where kind = 'maintained' and entry::json->'fact'->>'task' = 'delete_texts' group by 1`,
  );
  const counted = (
    what: string,
    rows: readonly { readonly id: string; readonly n: number }[],
    due: readonly string[],
  ) => {
    const times = new Map(rows.map(({ id, n }) => [id, n]));
    return [...new Set([...times.keys(), ...due])].flatMap((id) => {
      const expected = due.includes(id) ? 1 : 0;
      const n = times.get(id) ?? 0;
      return n === expected ? [] : [`that ${id} was ${what} is on record ${n} times, not ${expected}`];
    });
  };
  return [...counted('closed', ends, closed), ...counted('deleted', deletions, gone)];
}
