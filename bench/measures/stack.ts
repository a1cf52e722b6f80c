// The system under measure: a production of four roles, with everything on (rules, ledger, provenance, warrants,
// encryption), on its own PostgreSQL and a development server of Temporal, in a folder of its own.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Rig, type RigOptions, startRig } from '../../test/proofs/rig/rig.ts';
import { ROLES } from '../../test/proofs/rig/roles.ts';
import { type Cost, createMeter, type Meter } from '../cost.ts';
import type { BenchContext, Figure } from '../measure.ts';

const AGENTS = fileURLToPath(new URL('./agents/', import.meta.url));

/** A stack that is up, and where it keeps its files. */
export interface Stack {
  readonly rig: Rig;
  readonly folder: string;
}

/** Start it, work with it, stop it. A process of it that ended by itself fails the measure. */
export async function inStack<T>(
  context: BenchContext,
  work: (stack: Stack) => Promise<T>,
  options: Pick<RigOptions, 'more'> = {},
): Promise<T> {
  const folder = join(context.folder, 'stack');
  mkdirSync(folder, { recursive: true });
  const begunMs = Date.now();
  const rig = await startRig({ folder }, { ...options, agentsFolder: AGENTS, encrypts: true, unwatched: true });
  try {
    context.log(`the stack is up after ${((Date.now() - begunMs) / 1_000).toFixed(0)} s`);
    const result = await work({ rig, folder });
    if (rig.roles.surprises.length > 0) throw new Error(rig.roles.surprises.join('\n'));
    return result;
  } finally {
    await rig.stop();
  }
}

/** As its process is called among the others. */
export const TEMPORAL = 'temporal';

/** What the processes of a stack and its database use, those that were started anew too. */
export function meterOf({ rig, folder }: Stack): Promise<Meter> {
  const { databaseUrl, roles, temporal, postgres } = rig;
  const beside = new URL(databaseUrl);
  beside.pathname = '/template1';
  const pids = () => ({
    ...Object.fromEntries(ROLES.map((role) => [role, roles.pid(role)])),
    [TEMPORAL]: temporal.pid() ?? 0,
    postgres: postgres.pid() ?? 0,
  });
  return createMeter(beside.href, { databaseUrl, folder, pids });
}

export const cpuOf = ({ cpuMs }: Cost): number => [...cpuMs.values()].reduce((sum, ms) => sum + ms, 0);

/** Our own figures, told under the same circumstances. */
export const ours = (
  at: Figure['at'],
  values: Readonly<Record<string, number>>,
  limits: Readonly<Record<string, Figure['limit']>> = {},
): readonly Figure[] =>
  Object.entries(values).map(([name, value]) => {
    const limit = limits[name];
    return { subject: 'countersign', name, value, at, ...(limit === undefined ? {} : { limit }) };
  });

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

export const spread = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);
