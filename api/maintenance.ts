// What maintenance has to do, for operators: what is past what the agents declare. It changes nothing. May import domain,
// store.
import type { DueWork } from '../domain/maintenance.ts';
import type { ApiDeps } from './deps.ts';
import { assertOfHouse } from './ledger.ts';
import { Maintenance } from './maintenance-schema.ts';
import { type Route, route } from './route.ts';

// 1,000 of each task: enough to see that it is much, and a statement that ends soon.
const MAX_COUNTED = 1_000;
// 5: to look at one or two by hand.
const MAX_IDS = 5;

export function maintenanceRoutes({
  store,
  agents,
  nowMs,
}: Pick<ApiDeps, 'store' | 'agents' | 'nowMs'>): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/maintenance',
      id: 'maintenance',
      summary: 'What is past what the agents declare to keep, by task: how much, since when, and some of it',
      scope: ['operate'],
      responses: { 200: Maintenance },
      handler: async ({ caller }) => {
        assertOfHouse(caller, "maintenance is about every tenant's");
        const atMs = nowMs();
        const works = await store.maintenance.due({ agents: [...agents.values()], nowMs: atMs, limit: MAX_COUNTED });
        return { status: 200, body: { nowMs: atMs, tasks: works.map(view) } };
      },
    }),
  ];
}

const view = ({ task, what, due, isCut }: DueWork) => ({
  ...{ task, what, count: due.length, isCut, oldestDueMs: due[0]?.dueMs ?? null },
  ids: due.slice(0, MAX_IDS).map(({ id }) => id),
});
