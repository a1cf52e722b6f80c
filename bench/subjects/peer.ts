// A peer as a child process: starts `bench/peers/NAME.mjs`, sends it turns over HTTP, names its pid, stops it. Guarantees:
// the child ends with us, however we end; when it cannot start, the error holds the last lines of its log.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Running, Surroundings } from '../measure.ts';
import { installPeers, PEERS } from './install-peers.ts';

// 60 s: the slowest creates its tables on a busy machine.
const START_LIMIT_MS = 60_000;
// 2 minutes: far above any turn, so that what is slow is measured and what hangs ends.
const TURN_LIMIT_MS = 120_000;
// 6 s: the front gives its peer five.
const STOP_LIMIT_MS = 6_000;
const SHOWN_LOG_LINES = 15;

/** Start one; `env` are its variables besides the model's and the database's. Resolves once it answers turns. */
export async function startPeer(
  name: string,
  at: Surroundings,
  env: Readonly<Record<string, string>> = {},
): Promise<Running> {
  await installPeers(at.log);
  const logFile = join(at.folder, `${name}.log`);
  const child = spawnPeer(name, logFile, { MODEL_URL: at.modelUrl, DATABASE_URL: at.databaseUrl, ...env });
  const agent = new Agent({ keepAlive: true });
  const stop = async (): Promise<void> => {
    agent.destroy();
    await endChild(child);
  };
  try {
    const port = await portOf(child);
    return {
      turn: (conversation, n) => postTurn(agent, port, { conversation, n }),
      pids: () => ({ [name]: child.pid! }),
      stop,
    };
  } catch (error) {
    await stop();
    throw new Error(`${name} did not start: ${String(error)}. Its log ends:\n${lastLines(logFile)}`, { cause: error });
  }
}

/** The end of a log file, for an error. */
export function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-SHOWN_LOG_LINES).join('\n');
}

function spawnPeer(name: string, logFile: string, env: Readonly<Record<string, string>>): ChildProcess {
  const log = openSync(logFile, 'a');
  try {
    // Nothing else of our environment: no settings of a developer's, no tracing, no secrets.
    return spawn(process.execPath, [join(PEERS, `${name}.mjs`)], {
      stdio: ['ignore', log, log, 'ipc'],
      env: { PATH: process.env['PATH'] ?? '', ...env },
    });
  } finally {
    closeSync(log);
  }
}

async function portOf(child: ChildProcess): Promise<number> {
  const told = once(child, 'message').then(([{ port }]) => (port as number) ?? 0);
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`it ended with ${String(signal ?? code)}`);
  });
  const late = new AbortController();
  const tooLate = sleep(START_LIMIT_MS, undefined, { signal: late.signal }).then(() => {
    throw new Error(`it said nothing within ${START_LIMIT_MS / 1_000} s`);
  });
  try {
    return await Promise.race([told, ended, tooLate]);
  } finally {
    late.abort();
    for (const one of [told, ended, tooLate]) one.catch(() => undefined);
  }
}

function postTurn(agent: Agent, port: number, turn: { conversation: string; n: number }): Promise<string> {
  const body = Buffer.from(JSON.stringify(turn));
  const headers = { 'content-type': 'application/json', 'content-length': body.length };
  const options = { host: '127.0.0.1', port, path: '/turn', method: 'POST', agent, headers, timeout: TURN_LIMIT_MS };
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('error', reject);
      response.once('end', () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`a turn was answered ${response.statusCode}: ${text}`));
      });
    });
    sent.once('timeout', () => sent.destroy(new Error(`no reply within ${TURN_LIMIT_MS / 1_000} s`)));
    sent.once('error', reject);
    sent.end(body);
  });
}

/** Ask it to end by closing its channel; kill it when it has not in time. */
async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  if (child.connected) child.disconnect();
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await gone;
  clearTimeout(late);
}
