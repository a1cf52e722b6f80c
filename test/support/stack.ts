// `countersign start` as a process of its own, on a temporary state folder and a free port, spoken to over HTTP.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FROM_SOURCE } from './children.ts';
import { eventually } from './system.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
// 120 s: a first start opens a new store and builds the bundle, on a machine that does other things too.
const UP_LIMIT_MS = 120_000;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // What a route answers is what the test is about: it looks at it field by field.
  readonly body: Readonly<Record<string, unknown>>;
}

/** What is started: by default the tree of this file, with its agents. */
interface Started {
  readonly root?: string;
  readonly agents?: string;
}

export async function createStack(
  env: Readonly<Record<string, string>> = {},
  { root = ROOT, agents = './agents' }: Started = {},
) {
  const state = await mkdtemp(join(tmpdir(), 'countersign-stack-'));
  let child: ChildProcess | undefined;
  let output = '';
  let url = '';
  let keys: ReadonlyMap<string, string> = new Map();

  async function start(more: Readonly<Record<string, string>> = {}): Promise<void> {
    const args = [...FROM_SOURCE, 'cli/main.ts', 'start', agents];
    const started = spawn(process.execPath, args, {
      cwd: root,
      detached: true, // its own process group, so that all of it can be killed at once
      env: { ...process.env, COUNTERSIGN_STATE_DIR: state, PORT: '0', ...env, ...more },
    });
    child = started;
    for (const stream of [started.stdout, started.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));
    const up = async () => {
      if (started.exitCode !== null) throw new Error(`the start ended with ${started.exitCode}:\n${output}`);
      return readJson<{ url: string }>(join(state, 'api.json'));
    };
    url = (await eventually(up, 'the start to be up', UP_LIMIT_MS)).url;
    const identities = await readJson<{ principalId: string; key: string }[]>(join(state, 'identities.json'));
    keys = new Map(identities?.map((one) => [one.principalId, one.key]));
  }

  return {
    state,
    start,
    output: () => output,
    /** SIGKILL to the whole process group, as a power switch would; resolves once it is dead. */
    async kill(): Promise<void> {
      const dead = ended(child);
      if (child?.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      await dead;
      await rm(join(state, 'api.json'), { force: true });
    },
    async stop(): Promise<number | null> {
      const done = ended(child);
      if (child?.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await done;
      return child?.exitCode ?? null;
    },
    async request(
      as: string,
      method: string,
      path: string,
      body?: unknown,
      headers: Record<string, string> = {},
    ): Promise<Answer> {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          ...(keys.has(as) ? { authorization: `Bearer ${keys.get(as)}` } : {}),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
      return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : { text } };
    },
    async remove(): Promise<void> {
      await rm(state, { recursive: true, force: true });
    },
  };
}

export type Stack = Awaited<ReturnType<typeof createStack>>;

function ended(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

async function readJson<T>(path: string): Promise<T | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text === '' ? undefined : (JSON.parse(text) as T);
}
