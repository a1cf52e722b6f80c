// Where words could still be that were deleted: every answer of the API to everybody, the export, the command `why`, what
// the roles printed, what models were asked since, and every table.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Rig } from '../rig/rig.ts';
import { ROLES } from '../rig/roles.ts';
import { ask } from '../rig/truth.ts';
import { askForAll, type Ids } from '../secrets/answers.ts';
import { type Canary, createSearch } from '../secrets/canaries.ts';
import { type Place, tables } from '../secrets/places.ts';
import { waitFor } from '../support.ts';
import { command } from './upkeep.ts';

export interface Searched {
  /** Places in which a word was found, with which. */
  readonly hits: readonly string[];
  /** The same, of what must be there. */
  readonly controls: readonly string[];
  readonly places: number;
}

/** Search all places at once. */
export function searchAll(
  places: readonly Place[],
  canaries: readonly Canary[],
  controls: readonly Canary[],
): Searched {
  const search = createSearch();
  for (const canary of [...canaries, ...controls]) search.add(canary);
  const isControl = new Set(controls.map(({ name }) => name));
  const hits = places.flatMap(([place, content]) => search.find(place, content));
  const told = (which: typeof hits) => which.map(({ canary, form, place }) => `${canary} (${form}) in ${place}`);
  return {
    hits: told(hits.filter(({ canary }) => !isControl.has(canary))),
    controls: told(hits.filter(({ canary }) => isControl.has(canary))),
    places: places.length,
  };
}

export interface Readers {
  /** By name, the key. */
  readonly keys: Readonly<Record<string, string>>;
  readonly auditor: string;
}

/** What everybody is answered about these conversations, and whatever is listed. */
export async function answers(rig: Rig, readers: Readers, conversations: readonly string[]) {
  const users = Object.entries(readers.keys).map(([name, key]) => ({ name, authorization: `Bearer ${key}` }));
  return askForAll(rig, users, { conversations, ...(await idsOf(rig, conversations)) });
}

export async function idsOf(rig: Rig, conversations: readonly string[]): Promise<Omit<Ids, 'conversations'>> {
  const idsIn = async (table: string) =>
    (
      await ask<{ id: string }>(
        rig,
        `select id from countersign.${table} where conversation_id = any($1) order by id`,
        [conversations],
      )
    ).map(({ id }) => id);
  return { actions: await idsIn('actions'), approvals: await idsIn('approvals') };
}

/** All that is not answered by the API. */
export async function elsewhere(rig: Rig, prompts: readonly string[]): Promise<readonly Place[]> {
  return [
    ...(await tables(rig)),
    ...ROLES.map((role): Place => [`log of ${role}`, rig.roles.allOutput(role)]),
    ['prompts', prompts.join('\n')],
  ];
}

// 90 s: a checkpoint is made once a minute.
const CHECKPOINT_MS = 90_000;

export interface Commanded {
  readonly places: readonly Place[];
  readonly problems: readonly string[];
}

/** The export and its verification, and `why` of a deleted action, as an auditor and an operator have them. */
export async function commands(rig: Rig, folder: string, auditor: string, actionId: string): Promise<Commanded> {
  const [{ seq } = { seq: 0 }] = await ask<{ seq: number }>(rig, `select max(seq)::int as seq from countersign.ledger`);
  // The last one counts as old, so that the next is made at the next look and not in a minute.
  await ask(rig, 'update countersign.checkpoints set made_ms = 0');
  const size = `select 1 from countersign.checkpoints where size >= $1 and published_ms is not null`;
  await waitFor('a checkpoint', CHECKPOINT_MS, async () => (await ask(rig, size, [seq])).length > 0);
  const file = join(folder, 'ttl-export.jsonl');
  const [exported, why] = await Promise.all([
    command(rig, auditor, ['ledger', 'export', file]),
    command(rig, rig.keys.approver, ['why', actionId]),
  ]);
  const verified = await command(rig, auditor, ['ledger', 'verify', file, rig.ledger.checkpointFile]);
  const failed = (what: string, { code, output }: typeof why, good = /(?:)/) =>
    code === 0 && good.test(output) ? [] : [`${what} ends with ${code}: ${output.slice(0, 1_000)}`];
  return {
    places: [
      ['export', await readFile(file).catch(() => '')],
      ['why', why.output],
      ['what is printed of the export', `${exported.output}${verified.output}`],
    ],
    problems: [
      ...failed('ledger export', exported),
      ...failed('ledger verify', verified, /holds/),
      ...failed('why', why, /erased|deleted|gone/),
    ],
  };
}
