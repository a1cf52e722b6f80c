// The four role processes of a proof and their supervisor, which starts a role again as soon as it has died. A proof
// arms a moment (see points.mjs) in one of them; which moments were reached stands in a file that outlives the process.
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isFrozen } from '../../support/alive.ts';
import { FROM_SOURCE } from '../../support/children.ts';
import { ROOT } from '../../support/sources.ts';
import { type ProcessGroup, spawnGroup, waitFor } from '../support.ts';

export const ROLES = ['api', 'workflows', 'assistant', 'actor'] as const;
export type Role = (typeof ROLES)[number];

/** A moment at which a role may be struck: the `at`-th with this name since the arming; without a name, of all. */
export interface Target {
  readonly role: Role;
  readonly name: string;
  readonly at: number;
  /** SIGKILL where nothing is said; SIGSTOP freezes the process, until somebody thaws it. */
  readonly signal?: 'SIGKILL' | 'SIGSTOP';
}

/** A moment that was reached. `struck`: it was the armed one, and the process was killed or frozen there. */
export interface Reached extends Omit<Target, 'signal'> {
  readonly run: string;
  readonly struck: boolean;
}

export interface Death {
  readonly role: Role;
  readonly atMs: number;
  /** When the role was up again; 0 until then. */
  upMs: number;
  /** How it ended where nobody killed it, as a sentence; null where somebody did. */
  readonly surprise: string | null;
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
  /** The id of the role's present process. */
  pid(role: Role): number;
  /** What the role's present process has printed. */
  output(role: Role): string;
  /** What all processes of the role have printed, dead ones too. */
  allOutput(role: Role): string;
  /** Kill the role's present process now; it is started again as after any death. Resolves once it is dead. */
  kill(role: Role): Promise<void>;
  /** Stop the role's present process where it stands (SIGSTOP). */
  freeze(role: Role): Left;
  /**
   * Leave the role's present process to itself, and start another beside it: it takes over what the first does not
   * finish. Resolves once the new one is up, to the first.
   */
  replace(role: Role): Promise<Left>;
  stop(): Promise<void>;
}

/** A process that was frozen or replaced. It counts on, and dies with the rig. */
export interface Left {
  /** True while it is stopped, as the kernel says. */
  isStopped(): boolean;
  /** Let it go on after a freeze (SIGCONT). */
  thaw(): void;
  kill(): Promise<void>;
  output(): string;
}

export interface SupervisorInput {
  readonly envOf: (role: Role) => NodeJS.ProcessEnv;
  readonly agentsFolder: string;
  /** The file of the moments. */
  readonly pointsFile: string;
  /** Whether there are any: counting them costs processor time. */
  readonly isWatched: boolean;
  /** The folder of a built program that they run; without one they run from source. */
  readonly builtAt?: string;
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
  /** The run that it has said it is armed for. */
  armed: string;
}

function launch(role: Role, { envOf, agentsFolder, pointsFile, isWatched, builtAt }: SupervisorInput): Running {
  const preloaded = isWatched ? ['--import', './test/proofs/rig/points.mjs'] : [];
  const source = [...FROM_SOURCE, ...preloaded, 'cli/main.ts'];
  const program = builtAt === undefined ? source : ['cli/countersign.mjs'];
  const group = spawnGroup(process.execPath, [...program, 'run', role, agentsFolder], {
    cwd: builtAt ?? ROOT,
    env: { ...envOf(role), ...(isWatched ? { PROOF_ROLE: role, PROOF_POINTS: pointsFile } : {}) },
    onMessage(message) {
      one.armed = (message as { armed: string }).armed;
    },
  });
  const one: Running = { group, armed: '' };
  return one;
}

const saidUp = ({ group }: Running): boolean => group.output().includes(IS_UP);

/** Tells the roles at which moment to die, and knows what is planned for this run. */
function createArming(running: ReadonlyMap<Role, Running>, pointsFile: string) {
  let plan = { run: '', targets: [] as readonly Target[] };
  const armOne = (role: Role, target: Target | undefined) => {
    const own = target?.role === role ? { signal: 'SIGKILL', ...target } : null;
    running.get(role)?.group.send({ run: plan.run, target: own });
  };
  return {
    async arm(run: string, targets: readonly Target[]): Promise<void> {
      plan = { run, targets };
      for (const role of ROLES) armOne(role, targets[0]);
      const isArmed = () => [...running.values()].every((one) => one.armed === run);
      await waitFor('every role to be armed', ACK_LIMIT_MS, isArmed);
    },
    /** A role died and has been started again: it counts on, and after the first strike the second is armed. */
    again(role: Role): void {
      if (plan.run === '') return;
      const strikes = reachedIn(pointsFile).filter(({ run, struck }) => run === plan.run && struck).length;
      const next = strikes === 1 ? plan.targets[1] : undefined;
      armOne(role, next);
      if (next !== undefined && next.role !== role) armOne(next.role, next);
    },
  };
}

/** Start all roles. Resolves at once; untilUp waits for them. */
export function startRoles(input: SupervisorInput): Supervisor {
  const { pointsFile } = input;
  closeSync(openSync(pointsFile, 'a'));
  const running = new Map<Role, Running>();
  const present = (role: Role): Running => running.get(role)!;
  const { arm, again } = createArming(running, pointsFile);
  const left: Running[] = [];
  const started: { readonly role: Role; readonly one: Running }[] = [];
  const deaths: Death[] = [];
  const surprises: string[] = [];
  let stopping = false;

  function start(role: Role): void {
    const one = launch(role, input);
    running.set(role, one);
    started.push({ role, one });
    void one.group.gone.then(() => died(role, one));
  }

  async function died(role: Role, one: Running): Promise<void> {
    if (stopping || running.get(role) !== one) return;
    const end = one.group.ended();
    const said = `${role} ended by itself (${end}): ${one.group.output().slice(-LAST_CHARS)}`;
    const death: Death = { role, atMs: Date.now(), upMs: 0, surprise: end === 'SIGKILL' ? null : said };
    deaths.push(death);
    if (death.surprise !== null) {
      surprises.push(death.surprise);
      if (!saidUp(one)) await sleep(RESTART_PAUSE_MS);
    }
    start(role);
    again(role);
    await waitUp(role).catch((error: unknown) => surprises.push(String(error)));
    death.upMs = Date.now();
  }

  const isUp = (role: Role): boolean => present(role).group.ended() === undefined && saidUp(present(role));
  const waitUp = (role: Role) => waitFor(`the role ${role}`, UP_LIMIT_MS, () => stopping || isUp(role));

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
    pid: (role) => present(role).group.pid,
    output: (role) => present(role).group.output(),
    allOutput: (role) => started.flatMap(({ role: of, one }) => (of === role ? [one.group.output()] : [])).join('\n'),
    kill: (role) => present(role).group.kill('SIGKILL'),
    freeze: (role) => freeze(present(role)),
    async replace(role) {
      const one = present(role);
      left.push(one);
      start(role);
      again(role);
      await waitUp(role);
      return asLeft(one);
    },
    async stop() {
      stopping = true;
      await Promise.all([...running.values(), ...left].map(({ group }) => group.kill('SIGKILL')));
    },
  };
}

function freeze(one: Running): Left {
  one.group.signal('SIGSTOP');
  return asLeft(one);
}

function asLeft({ group }: Running): Left {
  return {
    isStopped: () => isFrozen(group.pid),
    thaw: () => group.signal('SIGCONT'),
    kill: () => group.kill('SIGKILL'),
    output: () => group.output(),
  };
}

function reachedIn(file: string): readonly Reached[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Reached]));
}
