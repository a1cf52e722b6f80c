// What an owner's agents did in a period: for whoever has to answer for them. May import domain, store.

import type { ApiDeps } from './deps.ts';
import { assertOfHouse } from './ledger.ts';
import { Problem } from './problem.ts';
import { type Route, route } from './route.ts';
import { Report, ReportAsked } from './report-schema.ts';

type Deps = Pick<ApiDeps, 'store' | 'directory' | 'nowMs'>;

// 30 days: what an owner looks back at once a month.
const PERIOD_MS = 30 * 86_400_000;

export function reportRoutes({ store, directory, nowMs }: Deps): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/report',
      id: 'reportOfOwner',
      summary: 'What the agents of one owner did in a period: actions by outcome, asks, model calls and what they cost',
      scope: ['operate', 'ledger:read'],
      query: ReportAsked,
      responses: { 200: Report },
      handler: async ({ query: { owner, from, to }, caller }) => {
        assertOfHouse(caller, "a report counts every tenant's");
        const toMs = to ?? nowMs();
        const fromMs = from ?? toMs - PERIOD_MS;
        if (fromMs >= toMs)
          throw new Problem('bad_request', 'The period ends before it begins: give an earlier "from".');
        const body = { owner, fromMs, toMs, ...(await store.reports.ofOwner({ owner, fromMs, toMs })) };
        const isKnown = directory.people.some(({ id }) => id === owner);
        const isEmpty = Object.keys(body.outcomes).length + body.modelCalls === 0;
        if (isKnown || !isEmpty) return { status: 200, body: { ...body, cost: [...body.cost] } };
        const people = directory.people.map(({ id }) => id).join(', ');
        throw new Problem('not_found', `Nobody of the directory is called "${owner}"; there are: ${people}.`);
      },
    }),
  ];
}
