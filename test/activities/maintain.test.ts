// Maintenance as the workflows role does it: what failed and what is behind is said in the log, and a role that stops ends
// in the middle.
import { deepEqual, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { WorkflowsDeps } from '../../activities/workflows/deps.ts';
import { createMaintenance } from '../../activities/workflows/maintain.ts';
import type { DoneWork, DueWork, Maintenance } from '../../domain/maintenance.ts';

const NOW_MS = 1_000 * 86_400_000;

function maintaining(works: readonly DoneWork[], due: readonly DueWork[], work: (beat: () => void) => void = () => {}) {
  const maintenance: Maintenance = {
    due: async () => due,
    run: async ({ beat }) => {
      work(beat);
      return works;
    },
    isIdle: async () => false,
    noteAsked: async () => undefined,
    runs: async () => [],
  };
  const store = { maintenance } as unknown as WorkflowsDeps['store'];
  const deps = { store, agents: new Map(), nowMs: () => NOW_MS } as unknown as WorkflowsDeps;
  const said: unknown[] = [];
  const logger = new DefaultLogger('WARN', ({ level, message, meta }) => said.push([level, message, told(meta)]));
  const environment = new MockActivityEnvironment({}, { logger });
  return { said, environment, run: () => environment.run(createMaintenance(deps).maintain) };
}

const told = ({ task, failed, dueSince }: Readonly<Record<string, unknown>> = {}) => ({ task, failed, dueSince });

test('a task that failed, and one in which something is due for more than a day, are named in the log', async () => {
  const works = [
    { task: 'a', done: 1, ids: ['c'], ask: [] },
    { task: 'b', done: 0, ids: [], ask: [], failed: 'permission denied' },
  ];
  const dueFor = (task: string, ms: number) => ({
    task,
    what: '',
    due: [{ id: 'c', dueMs: NOW_MS - ms }],
    isCut: true,
  });
  const due = [dueFor('a', 86_400_001), dueFor('b', 86_400_000), { task: 'c', what: '', due: [], isCut: false }];
  const { run, said } = maintaining(works, due);
  deepEqual(await run(), works);
  deepEqual(said, [
    ['ERROR', 'a task of maintenance failed', { task: 'b', failed: 'permission denied', dueSince: undefined }],
    ['WARN', 'maintenance is behind', { task: 'a', failed: undefined, dueSince: '1972-09-25 23:59 UTC' }],
  ]);
});

test('a role that stops ends it in the middle, to be begun anew by another', async () => {
  const { run, environment } = maintaining([], [], (beat) => {
    beat();
    environment.cancel();
    beat();
  });
  await rejects(run(), { name: 'CancelledFailure' });
});

test('what has lost its Workflow is closed on record, but not what has ended itself meanwhile, and said so', async () => {
  const [recorded, noted]: [unknown[], string[]] = [[], []];
  const phases: Readonly<Record<string, string>> = { lost: 'open', ended: 'closed', alive: 'open' };
  const store = {
    maintenance: { noteAsked: async (ids: readonly string[]) => void noted.push(...ids) },
    conversations: { get: async (id: string) => ({ phase: phases[id] }) },
    record: async (entries: readonly { readonly subject: string }[]) =>
      void recorded.push(...entries.map(({ subject }) => subject)),
  } as unknown as WorkflowsDeps['store'];
  const deps = {
    ...{ store, agents: new Map(), nowMs: () => NOW_MS },
    workflowState: async (id: string) => (id.endsWith('alive') ? 'running' : 'completed'),
  } as unknown as WorkflowsDeps;
  const { noteAsked } = createMaintenance(deps);
  const outcome = { asked: ['heard'], unheard: Object.keys(phases) };
  deepEqual(await new MockActivityEnvironment().run(noteAsked, outcome), ['lost']);
  deepEqual([recorded, noted], [['lost'], ['heard']]);
});
