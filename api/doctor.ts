// What an operator asks when something is odd: each part that a working system needs, how it is, and what to do. The
// store and the workers are looked at from here; what only the composition sees comes through a port.
import type { z } from 'zod';
import { whatOf } from '../domain/switch.ts';
import type { Store } from '../store/ports.ts';
import type { Caller } from './auth.ts';
import type { ApiDeps } from './deps.ts';
import { fresh } from './fresh.ts';
import { READINESS_FRESH_MS } from './limits.ts';
import { maintenanceCheck } from './maintenance.ts';
import { limitsCheck } from './people-limits.ts';
import { groupsCheck, reachingCheck } from './reaching.ts';
import { type Route, route } from './route.ts';
import { type Check as CheckSchema, DoctorReport } from './schemas.ts';
import { seenBy } from './switches.ts';

/** One part: `problem` keeps the system from working as promised, `warning` is worth knowing. */
export type Check = z.output<typeof CheckSchema>;

/** Looks at what only the composition sees: Temporal's namespace, the model's configuration, the kind of keys. */
export type Inspect = () => Promise<readonly Check[]>;

type Deps = Pick<ApiDeps, 'store' | 'gateway' | 'inspect' | 'log' | 'agents' | 'directory' | 'channels' | 'nowMs'>;

export function doctorRoutes(deps: Deps): readonly Route[] {
  const { store, gateway, inspect, log, agents, directory } = deps;
  const look = fresh(READINESS_FRESH_MS, async (): Promise<readonly Check[]> => {
    const known = { agents: [...agents.keys()], people: directory.people.map(({ id }) => id) };
    const [stored, noticed, orphans, people, missing, inspected] = await Promise.all([
      store.ping().then(
        () => [],
        (error: unknown) => {
          log.warn({ err: error }, 'the store does not answer');
          return ['it does not answer; check DATABASE_URL and that PostgreSQL runs'];
        },
      ),
      // A store that does not answer has said so above.
      store.notices.all().catch(() => []),
      store.reports.orphans(known).catch(() => []),
      // Each by itself: what one part cannot tell takes nothing away from the others.
      Promise.all([reachingCheck(deps), limitsCheck(deps), maintenanceCheck(deps)].map(orNothing)),
      gateway.missing(),
      inspect?.() ?? [],
    ]);
    return [
      checkOf('store', stored, 'it answers'),
      checkOf('workers', missing, 'a worker of each role polls its Task Queue'),
      ...inspected,
      ownersCheck(orphans),
      groupsCheck(deps),
      ...people.flat(),
      ...noticed.map(({ role, sentence }) => ({ name: role, kind: 'warning' as const, text: sentence })),
    ];
  });

  return [
    route({
      method: 'get',
      path: '/v1/doctor',
      id: 'doctor',
      summary: 'Each part that a working system needs, how it is, and what to do about it',
      scope: ['operate'],
      responses: { 200: DoctorReport },
      handler: async ({ caller }) => {
        const [checks, stopped] = await Promise.all([look(), stoppedCheck(store, caller)]);
        return { status: 200, body: { checks: [...checks, ...stopped] } };
      },
    }),
  ];
}

const orNothing = (check: Promise<Check>): Promise<readonly Check[]> =>
  check.then(
    (one) => [one],
    () => [],
  );

/** Agents, rules and tools without an owner do not start; what was begun may outlive its agent, or its owner's time here. */
function ownersCheck(orphans: Awaited<ReturnType<Store['reports']['orphans']>>): Check {
  const lines = orphans.map(
    ({ agent, owner, count }) =>
      `${count} open conversations with the agent "${agent}" are owned by "${owner}": one of them is not here any more; bring it back, or end them`,
  );
  const text = 'everything that is open has an agent and an owner of the directory';
  return { name: 'owners', kind: lines.length === 0 ? 'ok' : 'warning', text: lines.join('\n') || text };
}

/** What operators have stopped is no fault, and explains much. Where the store is away, its own check says so. */
async function stoppedCheck(store: Pick<Store, 'switches'>, caller: Caller): Promise<readonly Check[]> {
  const thrown = await store.switches.thrown().catch(() => undefined);
  if (thrown === undefined) return [];
  const lines = seenBy(caller, thrown).map(
    (one) => `${whatOf(one)} is stopped since ${new Date(one.setMs).toISOString()} by ${one.setBy}: ${one.reason}`,
  );
  if (lines.length === 0) return [{ name: 'switches', kind: 'ok', text: 'none is thrown' }];
  return [{ name: 'switches', kind: 'warning', text: lines.join('\n') }];
}

/** A problem that says what is wrong; where nothing is, that all is well. */
export function checkOf(name: string, wrong: readonly string[], well: string): Check {
  return wrong.length === 0 ? { name, kind: 'ok', text: well } : { name, kind: 'problem', text: wrong.join('\n') };
}
