// What every proof needs: seeded chance, free ports, processes that die with the proof, bounded waiting, HTTP. Guarantees:
// each process is a group of its own, known by its pid; stopAll, and the end of the proof, leave none behind. Node
// built-ins only.
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a proof is given. */
export interface ProofContext {
  /** Printed before the run; the same seed makes the same choices. */
  readonly seed: number;
  /** True under --quick: be done within 45 s. */
  readonly quick: boolean;
  readonly random: Random;
  /** A folder of this run, removed afterwards. */
  readonly folder: string;
  readonly log: (line: string) => void;
}

export interface ProofResult {
  readonly cases: number;
  /** Each in words, with what is needed to repeat it. */
  readonly violations: readonly string[];
}

export interface Proof {
  /** lower-kebab-case, as the README names it. */
  readonly name: string;
  readonly run: (context: ProofContext) => Promise<ProofResult>;
}

/** Chance that a seed repeats. Not for keys or secrets. */
export interface Random {
  /** A number from 0 up to, not including, 1. */
  next(): number;
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number;
  pick<T>(from: readonly T[]): T;
}

/** mulberry32: 32 bits of state, enough for thousands of choices, the same on every machine. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  return {
    next,
    between,
    pick(from) {
      if (from.length === 0) throw new Error('nothing to pick from');
      return from[between(0, from.length - 1)]!;
    },
  };
}

export const secondsOf = (ms: number): string => (ms / 1_000).toFixed(1);

/** Times in words: p50, p95 and the longest. */
export function spreadOf(timesMs: readonly number[]): string {
  const sorted = timesMs.toSorted((one, other) => one - other);
  const at = (share: number) => secondsOf(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
  return `p50 ${at(0.5)} s, p95 ${at(0.95)} s, longest ${at(1)} s (${timesMs.length} replies)`;
}

/** A port of 127.0.0.1 that is free now. Use it at once: nothing holds it. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('the system gave no port'));
      });
    });
  });
}

/** A process with everything that it starts. */
export interface ProcessGroup {
  readonly pid: number;
  /** All that it has printed so far, both streams. */
  output(): string;
  /** Undefined while it runs; then its code, or the name of the signal that ended it. */
  ended(): number | NodeJS.Signals | undefined;
  /** Resolves once the process itself is gone. */
  readonly gone: Promise<void>;
  /** A word over the channel of `onMessage`; nothing where the process has ended. */
  send(message: object): void;
  /** Send a signal to the whole group, and wait for nothing. */
  signal(signal: NodeJS.Signals): void;
  /** Send a signal to the whole group, and wait until the process itself is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

export interface SpawnOptions {
  readonly cwd: string;
  /** The whole environment, so that nothing of this machine's slips in unnoticed. */
  readonly env: NodeJS.ProcessEnv;
  /** Opens a channel of Node's to the process, and hears what it says there. */
  readonly onMessage?: (message: unknown) => void;
}

// 1 MB: the start of a talkative server; what comes later is dropped, so that a long proof stays small.
const MAX_OUTPUT_CHARS = 1_000_000;
// 30 s: a server that has not gone after SIGTERM or SIGKILL by then is a finding.
const END_LIMIT_MS = 30_000;

const running = new Set<number>();

/** Start a process as the leader of a group of its own. Throws when there is no such program. */
export function spawnGroup(command: string, args: readonly string[], options: SpawnOptions): ProcessGroup {
  const { cwd, env, onMessage } = options;
  const channel = onMessage === undefined ? [] : (['ipc'] as const);
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe', ...channel] });
  if (onMessage !== undefined) child.on('message', onMessage);
  let output = '';
  const keep = (text: string) => {
    if (output.length < MAX_OUTPUT_CHARS) output += text;
  };
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', keep);
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.once('error', (error) => keep(`${error.message}\n`));
  if (child.pid === undefined) throw new Error(`${command} could not be started`);
  const { pid } = child;
  running.add(pid);
  return {
    pid,
    output: () => output,
    ended: () => endOf(child),
    gone,
    send(message) {
      // A process that was killed this moment hears nothing more; its end is seen elsewhere.
      if (child.connected) child.send(message, () => undefined);
    },
    signal: (signal) => signalGroup(pid, signal),
    async kill(signal) {
      signalGroup(pid, signal);
      await waitFor(`the end of process ${pid} by ${signal}`, END_LIMIT_MS, () => endOf(child) !== undefined);
    },
  };
}

/** Kill every group that was started here, its leader dead or not. */
export function stopAll(): void {
  for (const pid of running) signalGroup(pid, 'SIGKILL');
  running.clear();
}

function endOf(child: ChildProcess): number | NodeJS.Signals | undefined {
  return child.signalCode ?? child.exitCode ?? undefined;
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has ended already.
  }
}

// 50 ms: short beside anything that a proof measures.
const POLL_MS = 50;

/** Ask until the answer is neither undefined nor false. Throws when the time is over, with the last error if any. */
export async function waitFor<T>(
  what: string,
  limitMs: number,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const overMs = Date.now() + limitMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > overMs) throw new Error(`waited ${limitMs} ms for ${what}`, { cause: last });
    await sleep(POLL_MS);
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed when it is JSON; else the text. */
  readonly body: unknown;
}

export interface Http {
  get(path: string): Promise<Answer>;
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  remove(path: string): Promise<Answer>;
}

// 60 s: above the API's own longest wait for a reply.
const HTTP_LIMIT_MS = 60_000;

/** A client of one API under one bearer key. Throws only when there is no answer. */
export function createHttp(baseUrl: string, key: string): Http {
  const send = async (path: string, init: RequestInit) => {
    const signal = AbortSignal.timeout(HTTP_LIMIT_MS);
    const response = await fetch(new URL(path, baseUrl), { ...init, signal });
    const text = await response.text();
    const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
    const body: unknown = isJson ? JSON.parse(text) : text;
    return { status: response.status, headers: response.headers, body };
  };
  const authorization = `Bearer ${key}`;
  return {
    get: (path) => send(path, { headers: { authorization } }),
    post: (path, body, headers) =>
      send(path, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    remove: (path) => send(path, { method: 'DELETE', headers: { authorization } }),
  };
}
