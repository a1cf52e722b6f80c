// The proof's own way to Temporal: a Worker for its Workflow, which puts tasks on the actor's queue, and a look into the
// histories of real conversations, where genuine tasks stand.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundle,
} from '@temporalio/worker';
import type { byHand, Came, Task } from './by-hand.ts';

export interface Queue {
  /** Put them on the actor's queue, all at once; resolves to what came of each, and the Workflow's id. */
  put(tasks: readonly Task[]): Promise<{ readonly came: readonly Came[]; readonly workflowId: string }>;
  /** The inputs of every `act` that a Workflow has scheduled so far. */
  scheduled(workflowId: string): Promise<readonly unknown[]>;
  terminate(workflowId: string): Promise<void>;
  stop(): Promise<void>;
}

const TASK_QUEUE = 'by-hand';
// 40 tasks: one Workflow's at once, far below the size of a history, and of the actor's own bound.
const TASKS_AT_ONCE = 40;
const LOOK_MS = 50;

const quiet = new DefaultLogger('ERROR');

/** The code of the Workflow; it takes seconds, and needs no server. */
export function bundleByHand(): Promise<WorkflowBundle> {
  Runtime.install({ logger: quiet });
  const workflowsPath = fileURLToPath(new URL('./by-hand.ts', import.meta.url));
  return bundleWorkflowCode({ workflowsPath, logger: quiet });
}

export async function openQueue(address: string, workflowBundle: WorkflowBundle): Promise<Queue> {
  const native = await NativeConnection.connect({ address });
  const worker = await Worker.create({ connection: native, taskQueue: TASK_QUEUE, workflowBundle });
  const running = worker.run();
  const connection = await Connection.connect({ address });
  const { workflow } = new Client({ connection });
  let sent = 0;
  return {
    async put(tasks) {
      sent += 1;
      const workflowId = `by-hand-${sent}`;
      const came: Came[] = [];
      for (let from = 0; from < tasks.length; from += TASKS_AT_ONCE) {
        const args: Parameters<typeof byHand> = [tasks.slice(from, from + TASKS_AT_ONCE)];
        const options = { taskQueue: TASK_QUEUE, workflowId, args };
        came.push(...(await workflow.execute<typeof byHand>('byHand', options)));
      }
      return { came, workflowId };
    },
    async scheduled(workflowId) {
      const { events } = await workflow.getHandle(workflowId).fetchHistory();
      return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: task }) => {
        const payload = task?.activityType?.name === 'act' ? task.input?.payloads?.[0] : undefined;
        return payload ? [defaultPayloadConverter.fromPayload(payload)] : [];
      });
    },
    async terminate(workflowId) {
      await workflow.getHandle(workflowId).terminate('the proof wants its warrant unused');
    },
    async stop() {
      worker.shutdown();
      await running;
      await native.close();
      await connection.close();
    },
  };
}

/** Wait until a Workflow has scheduled an `act`, and give its input. */
export async function firstScheduled(queue: Queue, workflowId: string, limitMs: number): Promise<unknown> {
  const untilMs = Date.now() + limitMs;
  for (;;) {
    const [input] = await queue.scheduled(workflowId).catch(() => []);
    if (input !== undefined) return input;
    if (Date.now() > untilMs) throw new Error(`waited ${limitMs} ms for an act of ${workflowId}`);
    await sleep(LOOK_MS);
  }
}
