// Maintenance, for operators: what is past what the agents declare, and doing what is due now. May import domain, store.
import { behindOf, type DoneWork, type DueWork, MAX_DONE_AT_ONCE, MAX_ROWS_AT_ONCE } from '../domain/maintenance.ts';
import { MAINTENANCE } from '../domain/protocol.ts';
import { timeText } from '../domain/text.ts';
import type { Check } from './doctor.ts';
import type { ApiDeps } from './deps.ts';
import { assertOfHouse } from './ledger.ts';
import { Maintenance, MaintenanceAnswer, MaintenanceUnderWay, NewMaintenance } from './maintenance-schema.ts';
import { type Route, route } from './route.ts';

// 1,000 of each task: enough to see that it is much, and a statement that ends soon.
export const MAX_COUNTED = 1_000;
// 5: to look at one or two by hand.
const MAX_IDS = 5;

type Deps = Pick<ApiDeps, 'store' | 'agents' | 'gateway' | 'signer' | 'nowMs'>;

export function maintenanceRoutes(deps: Deps): readonly Route[] {
  return [lookRoute(deps), runRoute(deps)];
}

function lookRoute(deps: Deps): Route {
  return route({
    method: 'get',
    path: '/v1/maintenance',
    id: 'maintenance',
    summary: 'What is past what the agents declare to keep, by task: how much, since when, and what was done so far',
    scope: ['operate'],
    responses: { 200: Maintenance },
    handler: async ({ caller }) => {
      assertOfHouse(caller, ALL_TENANTS);
      const { nowMs, tasks } = await standingOf(deps, MAX_COUNTED);
      return { status: 200, body: { nowMs, tasks: tasks.map((one) => ({ ...one, ids: one.ids.slice(0, MAX_IDS) })) } };
    },
  });
}

function runRoute({ gateway, signer, ...deps }: Deps): Route {
  return route({
    method: 'post',
    path: '/v1/maintenance',
    id: 'runMaintenance',
    summary: 'Do what is due now, as the Schedule does every few minutes; a dry run only says what that is',
    scope: ['operate'],
    body: NewMaintenance,
    responses: { 200: MaintenanceAnswer, 202: MaintenanceUnderWay },
    handler: async ({ caller, body: { dryRun } }) => {
      assertOfHouse(caller, ALL_TENANTS);
      const nowMs = deps.nowMs();
      if (dryRun) {
        const tasks = (await dueNow(deps, MAX_DONE_AT_ONCE, MAX_ROWS_AT_ONCE)).map(view);
        return { status: 200, body: { nowMs, dryRun, tasks } };
      }
      const statement = { kind: 'upkeep', principal: caller.principal, atMs: nowMs } as const;
      const works = await gateway.maintain(await signer.sign(statement));
      if (works === undefined) return { status: 202, body: { nowMs, workflowId: MAINTENANCE.byHandId } };
      return { status: 200, body: { nowMs, dryRun, tasks: works.map(doneView) } };
    },
  });
}

const ALL_TENANTS = "maintenance is about every tenant's";

/** What is due of each task, and what it has come to. */
export async function standingOf(deps: Pick<Deps, 'store' | 'agents' | 'nowMs'>, limit: number) {
  const nowMs = deps.nowMs();
  const works = await dueNow(deps, limit);
  const runs = await deps.store.maintenance.runs();
  const behind = new Set(behindOf(works, nowMs).map(({ task }) => task));
  const tasks = works.map((work) => {
    const { lastMs = null, done = 0 } = runs.find(({ task }) => task === work.task) ?? {};
    return { ...view(work), isBehind: behind.has(work.task), lastMs, done };
  });
  return { nowMs, tasks };
}

/** Where it falls behind: for `doctor`. */
export async function maintenanceCheck(deps: Pick<Deps, 'store' | 'agents' | 'nowMs'>): Promise<Check> {
  const { tasks } = await standingOf(deps, 1);
  const lines = tasks
    .filter(({ isBehind }) => isBehind)
    .map(({ task, oldestDueMs, lastMs }) => {
      const last = lastMs === null ? 'it has never been done' : `last done ${timeText(lastMs)}`;
      return `${task} is behind: something is due since ${timeText(oldestDueMs ?? 0)}, and ${last}`;
    });
  if (lines.length === 0) return { name: 'maintenance', kind: 'ok', text: 'nothing is due for more than a day' };
  const todo = `Look at the Schedule "${MAINTENANCE.scheduleId}" in Temporal and at the log of the workflows role, or run: countersign maintenance`;
  return { name: 'maintenance', kind: 'warning', text: [...lines, todo].join('\n') };
}

const dueNow = ({ store, agents, nowMs }: Pick<Deps, 'store' | 'agents' | 'nowMs'>, limit: number, rows = limit) =>
  store.maintenance.due({ agents: [...agents.values()], nowMs: nowMs(), limit, rows });

const view = ({ task, what, due, isCut }: DueWork) => ({
  ...{ task, what, count: due.length, isCut, oldestDueMs: due[0]?.dueMs ?? null },
  ids: due.slice(0, MAX_DONE_AT_ONCE).map(({ id }) => id),
});

const doneView = ({ task, done, ids, ask, failed }: DoneWork) => ({
  ...{ task, done, ids: [...ids], asked: [...ask] },
  ...(failed === undefined ? {} : { failed }),
});
