// What may be wrong with histories, for a client that only looks at them.
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';

type Workflows = Client['workflow'];

const over = (client: Client, changed: Partial<Record<'getHandle' | 'list', unknown>>): Client => {
  const properties = Object.entries(changed).map(([name, value]) => [name, { value }] as const);
  const workflow: unknown = Object.create(client.workflow, Object.fromEntries(properties));
  return Object.create(client, { workflow: { value: workflow } }) as Client;
};

/** Of this Workflow no history replays from the last step before an act on, as a deploy without `patched` would leave it. */
export function unreadable(client: Client, id: string): Client {
  const getHandle = (workflowId: string, runId?: string) => {
    const handle = client.workflow.getHandle(workflowId, runId);
    if (workflowId !== id) return handle;
    return { ...handle, fetchHistory: async () => altered(await handle.fetchHistory()) };
  };
  return over(client, { getHandle });
}

/** This Workflow is listed no more, as after the retention of the namespace. */
export const unlisted = (client: Client, id: string): Client => listed(client, (workflowId) => workflowId !== id);

/** As a namespace that has no other Workflow. */
export const alone = (client: Client, id: string): Client => listed(client, (workflowId) => workflowId === id);

function listed(client: Client, isListed: (workflowId: string) => boolean): Client {
  const list = async function* (options: Parameters<Workflows['list']>[0]): AsyncGenerator<WorkflowExecutionInfo> {
    for await (const one of client.workflow.list(options)) if (isListed(one.workflowId)) yield one;
  };
  return over(client, { list });
}

type History = Awaited<ReturnType<ReturnType<Workflows['getHandle']>['fetchHistory']>>;

/** The step before its act is one that today's code does not take. */
function altered(history: History): History {
  const events = history.events ?? [];
  const act = events.findIndex((one) => one.activityTaskScheduledEventAttributes?.activityType?.name === 'act');
  const step = events.slice(0, act).findLast((one) => one.markerRecordedEventAttributes);
  if (step?.markerRecordedEventAttributes) step.markerRecordedEventAttributes.markerName = 'of_another_version';
  return history;
}
