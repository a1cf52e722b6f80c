// Maintenance as the workflows role does it: what failed and what is behind is said in the log, and a role that stops ends
// in the middle.
import { deepEqual, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { WorkflowsDeps } from '../../activities/workflows/deps.ts';
import { createMaintenance } from '../../activities/workflows/maintain.ts';
import type { DoneWork, DueWork, Maintenance, MaintenanceInput } from '../../domain/maintenance.ts';
import { createSigner, createVerifier, generateSigningKey } from '../../trust/signing.ts';
import { noRuns } from '../support/no-runs.ts';

const NOW_MS = 1_000 * 86_400_000;
const LAST_MS = 900_000_000;
const SCHEDULED_MS = 1_000_000_000;
const api = createSigner('api', generateSigningKey());

const NOTHING_RESET = { task: 'end_reset', done: 0, ids: [], ask: [] } as const;

interface Maintaining {
  readonly due?: readonly DueWork[];
  readonly work?: (beat: () => void, by: string) => void;
  readonly closed?: readonly string[];
  readonly runs?: WorkflowsDeps['runs'];
}

function maintaining(works: readonly DoneWork[], { due = [], work, closed = [], runs = noRuns }: Maintaining = {}) {
  const noted: unknown[] = [];
  const maintenance: Maintenance = {
    due: async () => due,
    run: async ({ beat, by }) => {
      work?.(beat, by);
      return works;
    },
    closedOf: async (ids) => ids.filter((id) => closed.includes(id)),
    lastRunMs: async () => LAST_MS,
    noteRun: async (task, done, atMs) => void noted.push([task, done, atMs]),
    isIdle: async () => false,
    noteAsked: async () => undefined,
    runs: async () => [],
  };
  const store = { maintenance } as unknown as WorkflowsDeps['store'];
  const verifier = createVerifier({ api: [api.publicKey], workflows: [] });
  const deps = { store, agents: new Map(), nowMs: () => NOW_MS, runs, verifier } as unknown as WorkflowsDeps;
  const said: unknown[] = [];
  const logger = new DefaultLogger('WARN', ({ level, message, meta }) => said.push([level, message, told(meta)]));
  const environment = new MockActivityEnvironment({ scheduledTimestampMs: SCHEDULED_MS }, { logger });
  const { maintain } = createMaintenance(deps);
  return { said, noted, environment, run: (input?: MaintenanceInput) => environment.run(maintain, input) };
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
  const { run, said } = maintaining(works, { due });
  deepEqual(await run(), [...works, NOTHING_RESET]);
  deepEqual(said, [
    ['ERROR', 'a task of maintenance failed', { task: 'b', failed: 'permission denied', dueSince: undefined }],
    ['WARN', 'maintenance is behind', { task: 'a', failed: undefined, dueSince: '1972-09-25 23:59 UTC' }],
  ]);
});

test('a role that stops ends it in the middle, to be begun anew by another', async () => {
  const { run, environment } = maintaining([], {
    work: (beat) => {
      beat();
      environment.cancel();
      beat();
    },
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

test('what is closed and runs all the same is ended: of what has begun since the last look, by Temporal’s clock', async () => {
  const [ended, asked]: [string[], number[]] = [[], []];
  const runs = {
    begunSince: async (ms: number) => {
      asked.push(ms);
      return ['open', 'reset', 'over'];
    },
    end: async (id: string) => {
      ended.push(id);
      return id !== 'over';
    },
  };
  const { run, noted } = maintaining([], { closed: ['reset', 'over'], runs });
  deepEqual(await run(), [{ task: 'end_reset', done: 1, ids: ['reset'], ask: [] }]);
  deepEqual([ended, asked], [['reset', 'over'], [LAST_MS - 600_000]]);
  deepEqual(noted, [['end_reset', 1, SCHEDULED_MS]]);
});

test('one that cannot be ended keeps no other from it, and is looked for from the same time again', async () => {
  const runs = {
    begunSince: async () => ['stuck', 'reset'],
    end: async (id: string) => {
      if (id === 'stuck') throw new Error('no answer');
      return true;
    },
  };
  const { run, noted } = maintaining([], { closed: ['stuck', 'reset'], runs });
  deepEqual(await run(), [{ task: 'end_reset', done: 1, ids: ['reset'], ask: [], failed: 'stuck: no answer' }]);
  deepEqual(noted, []);
});

test('a Temporal that lists nothing just now fails that task alone, which looks from the same time again', async () => {
  const begunSince = async () => Promise.reject(new Error('no list'));
  const works = [{ task: 'a', done: 1, ids: ['c'], ask: [] }];
  const { run, noted } = maintaining(works, { runs: { ...noRuns, begunSince } });
  deepEqual(await run(), [...works, { ...NOTHING_RESET, failed: 'no list' }]);
  deepEqual(noted, []);
});

test('who had it run is who the API says had it run just now; anybody else is nobody', async () => {
  const by: string[] = [];
  const { run } = maintaining([], { work: (_beat, who) => void by.push(who) });
  const signed = (atMs: number, signer = api) =>
    signer.sign({ kind: 'upkeep', principal: { id: 'olga', name: 'Olga', tenant: 'default' }, atMs });
  await run();
  await run({ signed: await signed(NOW_MS - 300_000) });
  await run({ signed: await signed(NOW_MS - 300_001) });
  await run({ signed: await signed(NOW_MS, createSigner('api', generateSigningKey())) });
  await run({ signed: 'olga' });
  deepEqual(by, ['', 'olga', '', '', '']);
});
