// The four role processes of a proof and their supervisor, which starts a role again as soon as it has died. A proof
// arms a moment (see points.mjs) in one of them; which moments were reached stands in a file that outlives the process.
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { FROM_SOURCE } from '../../support/children.ts';
import { ROOT } from '../../support/sources.ts';
import { type ProcessGroup, spawnGroup, waitFor } from '../support.ts';

export const ROLES = ['api', 'workflows', 'assistant', 'actor'] as const;
export type Role = (typeof ROLES)[number];

/** A moment at which a role may be killed: the `at`-th with this name since the arming; without a name, of all. */
export interface Target {
  readonly role: Role;
  readonly name: string;
  readonly at: number;
}

/** A moment that was reached. `killed`: it was the armed one, and the process died there. */
export interface Reached extends Target {
  readonly run: string;
  readonly killed: boolean;
}

export interface Death {
  readonly role: Role;
  readonly atMs: number;
  /** When the role was up again; 0 until then. */
  upMs: number;
}

export interface Supervisor {
  /** Count the moments of this run in all roles, and die at the target if there is one; at the second after the first. */
  arm(run: string, targets: readonly Target[]): Promise<void>;
  /** Count no more, and kill no more. */
  disarm(): Promise<void>;
  reached(run: string): readonly Reached[];
  /** Every death so far, oldest first. */
  readonly deaths: readonly Death[];
  /** Ends that no target asked for, as sentences. */
  readonly surprises: readonly string[];
  untilUp(): Promise<void>;
  /** What the role's present process has printed. */
  output(role: Role): string;
  stop(): Promise<void>;
}

export interface SupervisorInput {
  readonly env: NodeJS.ProcessEnv;
  readonly agentsFolder: string;
  /** The file of the moments. */
  readonly pointsFile: string;
}

// 60 s: a role from source is up in 3; the Workflow bundle takes 20 more where it must be built.
const UP_LIMIT_MS = 60_000;
const ACK_LIMIT_MS = 10_000;
// 500 ms: a role that cannot start, because what it needs is down, must not take the whole processor by trying.
const RESTART_PAUSE_MS = 500;
const IS_UP = 'the role is up';
const LAST_CHARS = 600;

interface Running {
  readonly group: ProcessGroup;
  armed: string;
}

/** Start all roles. Resolves at once; untilUp waits for them. */
export function startRoles({ env, agentsFolder, pointsFile }: SupervisorInput): Supervisor {
  closeSync(openSync(pointsFile, 'a'));
  const running = new Map<Role, Running>();
  const deaths: Death[] = [];
  const surprises: string[] = [];
  let plan = { run: '', targets: [] as readonly Target[] };
  let stopping = false;

  const armOne = (role: Role, target: Target | undefined) => {
    const own = target?.role === role ? { name: target.name, at: target.at } : null;
    running.get(role)?.group.send({ run: plan.run, target: own });
  };

  function start(role: Role): void {
    const args = [...FROM_SOURCE, '--import', './test/proofs/rig/points.mjs', 'cli/main.ts', 'run', role, agentsFolder];
    const group = spawnGroup(process.execPath, args, {
      cwd: ROOT,
      env: { ...env, PROOF_ROLE: role, PROOF_POINTS: pointsFile },
      onMessage(message) {
        one.armed = (message as { armed: string }).armed;
      },
    });
    const one: Running = { group, armed: '' };
    running.set(role, one);
    void group.gone.then(() => died(role, group));
  }

  async function died(role: Role, group: ProcessGroup): Promise<void> {
    if (stopping) return;
    const wasUp = group.output().includes(IS_UP);
    const death: Death = { role, atMs: Date.now(), upMs: 0 };
    deaths.push(death);
    const [, second] = plan.targets;
    const kills = reachedIn(pointsFile).filter(({ run, killed }) => run === plan.run && killed).length;
    if (group.ended() !== 'SIGKILL') {
      surprises.push(`${role} ended by itself (${group.ended()}): ${group.output().slice(-LAST_CHARS)}`);
      if (!wasUp) await sleep(RESTART_PAUSE_MS);
    }
    start(role);
    const next = kills === 1 ? second : undefined;
    if (plan.run !== '') armOne(role, next);
    if (next !== undefined && next.role !== role) armOne(next.role, next);
    void waitUp(role).then(
      () => (death.upMs = Date.now()),
      (error: unknown) => surprises.push(String(error)),
    );
  }

  const isUp = (role: Role) => running.get(role)?.group.output().includes(IS_UP) ?? false;
  const waitUp = (role: Role) => waitFor(`the role ${role}`, UP_LIMIT_MS, () => stopping || isUp(role));
  async function arm(run: string, targets: readonly Target[]): Promise<void> {
    plan = { run, targets };
    for (const role of ROLES) armOne(role, targets[0]);
    await waitFor('every role to be armed', ACK_LIMIT_MS, () =>
      [...running.values()].every((one) => one.armed === run),
    );
  }

  for (const role of ROLES) start(role);
  return {
    arm,
    disarm: () => arm('', []),
    reached: (run) => reachedIn(pointsFile).filter((one) => one.run === run),
    deaths,
    surprises,
    async untilUp() {
      for (const role of ROLES) await waitUp(role);
      await waitFor('every death to be made good', UP_LIMIT_MS, () => deaths.every(({ upMs }) => upMs > 0));
    },
    output: (role) => running.get(role)?.group.output() ?? '',
    async stop() {
      stopping = true;
      await Promise.all([...running.values()].map(({ group }) => group.kill('SIGKILL')));
    },
  };
}

function reachedIn(file: string): readonly Reached[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Reached]));
}
