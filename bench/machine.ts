// What the figures of a run were measured on: machine, load, versions.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { postgresBinaries } from '../test/support/postgres.ts';
import { ROOT } from '../test/support/sources.ts';
import { findTemporal } from '../workers/dev-server/find.ts';

export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memoryMiB: number;
  readonly system: string;
  /** Names and versions: ours, with its commit where known; node, the servers, each package of ours and of the peers. */
  readonly versions: Readonly<Record<string, string>>;
}

const MIB = 1_024 * 1_024;

/** `node` is the program on which the measures run. */
export async function machine(node: string): Promise<Machine> {
  const temporal = await findTemporal({ env: process.env });
  const said = async (program: string, ...args: string[]) =>
    (await promisify(execFile)(program, args, { cwd: ROOT })).stdout.trim();
  const versionOf = (program: string) => said(program, '--version');
  const commit = await said('git', 'describe', '--always', '--dirty').catch(() => '');
  return {
    cores: cpus().length,
    processor: cpus()[0]?.model ?? '',
    memoryMiB: Math.round(totalmem() / MIB),
    system: `${platform()} ${release()} ${arch()}`,
    versions: {
      countersign: [packageAt(ROOT)?.version, commit].join(' ').trim(),
      node: await versionOf(node),
      temporal: await versionOf(temporal),
      postgres: await versionOf(join(postgresBinaries(), 'postgres')),
      ...installed('.'),
      ...installed('bench/peers'),
    },
  };
}

/** The load average over 1, 5 and 15 minutes. */
export const load = (): readonly number[] => loadavg().map((average) => Math.round(average * 100) / 100);

/** Direct dependencies of the package in that folder, as they lie there. */
function installed(folder: string): Readonly<Record<string, string>> {
  const own = packageAt(join(ROOT, folder));
  const names = Object.keys(own?.dependencies ?? {});
  return Object.fromEntries(
    names.flatMap((name) => {
      const version = packageAt(join(ROOT, folder, 'node_modules', name))?.version;
      return version === undefined ? [] : [[name, version]];
    }),
  );
}

interface Package {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function packageAt(folder: string): Package | undefined {
  const file = join(folder, 'package.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Package) : undefined;
}
