// Whether the role that runs on this machine (or in this container) does its work, as one command can tell: the API by
// its /readyz, a worker by the pollers that Temporal has seen on its Task Queue. Reads no secret but Temporal's, and
// loads no Worker, since it is asked every half minute.
import { hostname } from 'node:os';
import { Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { sentenceOf } from '../domain/sentence-of.ts';
import { TASK_QUEUES } from '../domain/ids.ts';
import { VARIABLES, type ServingRole } from './config-table.ts';
import { temporalNamespace } from './config.ts';

// 90 s: a worker polls anew every 60 s; whoever did not for longer is gone.
export const POLLER_FRESH_MS = 90_000;
// 4 s to connect and 8 s to answer: below the 15 s of the health checks in docker-compose.yml, so that the sentence comes
// before the kill.
const CONNECT_LIMIT_MS = 4_000;
const ANSWER_LIMIT_MS = 8_000;
/** The protocol's numbers of the two kinds of Task Queue. */
export const QUEUE_TYPE = { workflow: 1, activity: 2 } as const;

/** What keeps the role from its work, as sentences; empty when nothing does. */
export function healthProblems(role: ServingRole, env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  return role === 'api' ? apiProblems(env) : workerProblems(role, env);
}

async function apiProblems(env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const port = env[VARIABLES.port.name] || VARIABLES.port.fallback;
  const url = `http://127.0.0.1:${port}/readyz`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
    const { missing = [] } = (await response.json()) as { readonly missing?: readonly string[] };
    if (response.ok) return [];
    return missing.length > 0 ? missing : [`${url} answers ${response.status}`];
  } catch (error) {
    return [`${url} does not answer: ${sentenceOf(error)}`];
  }
}

async function workerProblems(role: Exclude<ServingRole, 'api'>, env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const overrideEnvVars = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value ? [[name, value]] : [])),
  );
  const name = TASK_QUEUES[role];
  try {
    const { connectionOptions, namespace = temporalNamespace(env) } = loadClientConnectConfig({ overrideEnvVars });
    const { address, tls, apiKey, metadata } = connectionOptions;
    const connection = Connection.lazy({
      connectTimeout: CONNECT_LIMIT_MS,
      ...(address === undefined ? {} : { address }),
      ...(tls === undefined ? {} : { tls }),
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(metadata === undefined ? {} : { metadata }),
    });
    try {
      await connection.ensureConnected();
      const taskQueueType = role === 'workflows' ? QUEUE_TYPE.workflow : QUEUE_TYPE.activity;
      const ask = () => connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name }, taskQueueType });
      const { pollers } = await connection.withDeadline(Date.now() + ANSWER_LIMIT_MS, ask);
      // The SDK's identity of a worker is <pid>@<host name>, and each container has a host name of its own.
      const own = pollers.filter(({ identity }) => identity?.endsWith(`@${hostname()}`));
      const lastMs = Math.max(0, ...own.map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000));
      return Date.now() - lastMs < POLLER_FRESH_MS ? [] : [`no worker of this machine polls the Task Queue ${name}`];
    } finally {
      await connection.close();
    }
  } catch (error) {
    return [`Temporal does not say who polls the Task Queue ${name}: ${sentenceOf(error)}`];
  }
}
