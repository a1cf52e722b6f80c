// The system under measure: a production of four roles, with everything on (rules, ledger, provenance, warrants,
// encryption), on its own PostgreSQL and a development server of Temporal, in a folder of its own.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startRig } from '../../test/proofs/rig/rig.ts';
import { ROLES } from '../../test/proofs/rig/roles.ts';
import { type Cost, createMeter, type Meter } from '../cost.ts';
import { asInImage } from '../image.ts';
import type { BenchContext, Figure, Stack } from '../measure.ts';

const AGENTS = fileURLToPath(new URL('./agents/', import.meta.url));
const COLLECTOR = fileURLToPath(new URL('./collect.cjs', import.meta.url));

export interface SharedStack extends Pick<BenchContext, 'stack'> {
  /** Rejects once a process of it has ended by itself. */
  assertUnharmed(): Promise<void>;
  stop(): Promise<void>;
}

/** One for all who ask, and none where nobody does. */
export function sharedStack(folder: string, log: BenchContext['log']): SharedStack {
  let started: Promise<Stack> | undefined;
  return {
    stack: () => (started ??= startStack(join(folder, 'stack'), log)),
    async assertUnharmed() {
      const surprises = (await started)?.rig.roles.surprises ?? [];
      if (surprises.length > 0) throw new Error(surprises.join('\n'));
    },
    async stop() {
      await started?.then(
        ({ rig }) => rig.stop(),
        () => undefined,
      );
    },
  };
}

async function startStack(folder: string, log: BenchContext['log']): Promise<Stack> {
  mkdirSync(folder);
  const heapsFile = join(folder, 'heaps.json');
  const heaps = { NODE_OPTIONS: `--require ${COLLECTOR}`, BENCH_HEAPS: heapsFile };
  const begunMs = performance.now();
  const rig = await startRig(
    { folder },
    { ...asInImage(AGENTS), encrypts: true, more: (role) => (role === 'workflows' ? heaps : {}) },
  );
  log(`the stack is up after ${((performance.now() - begunMs) / 1_000).toFixed(0)} s`);
  return { rig, folder, heapsFile };
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
