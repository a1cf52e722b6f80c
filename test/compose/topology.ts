// Runs the services of a compose file as plain processes on this machine: command, environment, secrets, bind mounts and
// health checks are the file's. What a container would have of its own (addresses, /run/secrets, mounts) is mapped here,
// by one table, and nothing else reaches a process. Each is a process group of its own, so that it can be ended whole.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { ComposeFile, Service } from './compose-file.ts';

export interface TopologyInput {
  readonly file: ComposeFile;
  /** Where docker-compose.yml is; commands of our own image run here. */
  readonly root: string;
  /** Where its `./secrets` are. */
  readonly project: string;
  /** For what the processes write. */
  readonly folder: string;
  readonly entrypoint: readonly string[];
  /** What stands for what: "temporal:7233" → an address here, "PORT=3000" → a free one. */
  readonly substitutes: ReadonlyMap<string, string>;
  /** PATH and other variables that an image has by itself. */
  readonly image: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

interface Running {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<Ended>;
}

// 120 s: a role from source on a busy machine is up in 15; the Workflow bundle takes 20 more when it is built.
const HEALTHY_LIMIT_MS = 120_000;
const HEALTH_PAUSE_MS = 500;
// 30 s: the stop_grace_period of the file.
const STOP_LIMIT_MS = 30_000;

/** What a process of a service sees in place of its container: texts, secrets, environment. */
function createContainers({ file, root, project, folder, substitutes, image }: TopologyInput) {
  const serviceOf = (name: string): Service => {
    const service = file.services[name];
    if (service === undefined) throw new Error(`the file has no service ${name}`);
    return service;
  };
  const secretsOf = (name: string): string => join(folder, name, 'secrets');

  function requireCommonNetwork(name: string, host: string): void {
    const own = serviceOf(name).networks ?? [];
    if ((serviceOf(host).networks ?? []).some((network) => own.includes(network))) return;
    throw new Error(`${name} names ${host}, and they share no network`);
  }

  /** The text as it must be here. A host that the service cannot reach in the file is an error here too. */
  function mapped(name: string, text: string): string {
    let result = text.replaceAll('/run/secrets/', `${secretsOf(name)}/`);
    for (const volume of serviceOf(name).volumes ?? []) {
      const [source = '', target = ''] = volume.split(':');
      const place = source.startsWith('./') ? join(root, source) : join(project, 'volumes', source);
      result = result.replaceAll(target, place);
    }
    for (const [from, to] of substitutes) {
      if (!result.includes(from)) continue;
      const host = from.split(':')[0] ?? '';
      if (host in file.services && host !== name) requireCommonNetwork(name, host);
      result = result.replaceAll(from, to);
    }
    return result;
  }

  return {
    serviceOf,
    mapped,
    /** Only what the service lists is there, as in a container. */
    writeSecrets(name: string): void {
      mkdirSync(secretsOf(name), { recursive: true });
      for (const secret of serviceOf(name).secrets ?? []) {
        const source = file.secrets[secret];
        if (source === undefined) throw new Error(`${name} lists the secret ${secret}, which the file does not define`);
        const text = readFileSync(join(project, source.file), 'utf8');
        // Whole at once: another process of the service may read it in this very moment.
        const path = join(secretsOf(name), secret);
        writeFileSync(`${path}.new`, mapped(name, text));
        renameSync(`${path}.new`, path);
      }
    },
    environmentOf(name: string): NodeJS.ProcessEnv {
      const own = Object.entries(serviceOf(name).environment ?? {}).map(([key, value]) => {
        // Together, so that the table can name one variable's value: "PORT=3000".
        const [, mappedValue = ''] = /=(.*)$/s.exec(mapped(name, `${key}=${value}`)) ?? [];
        return [key, mappedValue] as const;
      });
      return { ...image, ...Object.fromEntries(own) };
    },
  };
}

export function createTopology(input: TopologyInput) {
  const { serviceOf, mapped, writeSecrets, environmentOf } = createContainers(input);
  const running = new Map<string, Running>();
  const groups = new Set<number>();
  // Whatever ends this process, none of its own outlives it.
  process.once('exit', () => groups.forEach((pid) => process.kill(-pid, 'SIGKILL')));

  function start(name: string, command: readonly string[]): Running {
    writeSecrets(name);
    const [program = '', ...args] = command.map((part) => mapped(name, part));
    const child = spawn(program === 'node' ? process.execPath : program, args, {
      cwd: input.root,
      env: environmentOf(name),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    if (child.pid !== undefined) groups.add(child.pid);
    child.once('exit', () => groups.delete(child.pid ?? 0));
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));
    child.on('error', (error) => (output += error.message));
    const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, output })));
    return { child, output: () => output, ended };
  }

  const isOurs = (service: Service): boolean => service.image.startsWith('countersign');
  const commandOf = (name: string, args = serviceOf(name).command ?? []): readonly string[] =>
    isOurs(serviceOf(name)) ? [...input.entrypoint, ...args] : args;

  /** Run a service that ends by itself; other arguments as `docker compose run --rm NAME ARGS` would. */
  const runOnce = (name: string, args?: readonly string[]): Promise<Ended> => start(name, commandOf(name, args)).ended;

  const topology = {
    runOnce,
    /** Run a command inside a service, as `docker compose exec` would. */
    exec: (name: string, command: readonly string[]): Promise<Ended> => start(name, command).ended,
    /** Run the service's own health check once. */
    async isHealthy(name: string): Promise<Ended> {
      const [kind, ...command] = serviceOf(name).healthcheck?.test ?? [];
      if (kind !== 'CMD') throw new Error(`${name} has no health check of the form CMD`);
      return start(name, command).ended;
    },
    /** Start a service that stays; `untilHealthy` waits for it. */
    up(name: string): void {
      running.set(name, start(name, commandOf(name)));
    },
    output: (name: string): string => running.get(name)?.output() ?? '',
    async untilHealthy(name: string): Promise<void> {
      const one = running.get(name);
      const endMs = Date.now() + HEALTHY_LIMIT_MS;
      for (;;) {
        const { code, output } = await topology.isHealthy(name);
        if (code === 0) return;
        if (hasEnded(one) || Date.now() > endMs)
          throw new Error(`${name} is not healthy: ${output}\n${one?.output() ?? ''}`);
        await wait(HEALTH_PAUSE_MS);
      }
    },
    /** Stop one, or all; resolves to the exit codes by name. */
    async stop(names: readonly string[] = [...running.keys()]): Promise<Readonly<Record<string, number | null>>> {
      const ends = names.map(async (name) => [name, await stopOne(running.get(name))] as const);
      for (const name of names) running.delete(name);
      return Object.fromEntries(await Promise.all(ends));
    },
  };
  return topology;
}

export type Topology = ReturnType<typeof createTopology>;

function hasEnded(one: Running | undefined): boolean {
  return one !== undefined && (one.child.exitCode !== null || one.child.signalCode !== null);
}

async function stopOne(one: Running | undefined): Promise<number | null> {
  if (one === undefined) return null;
  const { pid } = one.child;
  if (pid !== undefined && !hasEnded(one)) {
    one.child.kill('SIGTERM');
    const late = new AbortController();
    const tooLate = wait(STOP_LIMIT_MS, true, { signal: late.signal }).catch(() => false);
    if (await Promise.race([once(one.child, 'exit').then(() => false), tooLate])) process.kill(-pid, 'SIGKILL');
    late.abort();
  }
  return (await one.ended).code;
}
