// How much each rule asks of people: for whoever has to see that they still look. May import domain, store.
import {
  BURDEN_PERIOD_MS,
  MAX_BURDEN_PERIOD_MS,
  notSeenOf,
  type RuleBurden,
  stampSignsOf,
  type Times,
  yesShareOf,
} from '../domain/burden.ts';
import { Burden, BurdenAsked } from './burden-schema.ts';
import type { ApiDeps } from './deps.ts';
import { assertOfHouse } from './ledger.ts';
import { Problem } from './problem.ts';
import { type Route, route } from './route.ts';

export function burdenRoutes({ store, nowMs }: Pick<ApiDeps, 'store' | 'nowMs'>): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/approvals/burden',
      id: 'approvalBurden',
      summary:
        'How much each rule asks of people in a period, how they answer and how soon, and what looks like a rubber stamp',
      scope: ['operate', 'ledger:read'],
      query: BurdenAsked,
      responses: { 200: Burden },
      handler: async ({ query, caller }) => {
        assertOfHouse(caller, "the burden counts every tenant's approvals");
        const toMs = query.to ?? nowMs();
        const fromMs = query.from ?? toMs - BURDEN_PERIOD_MS;
        if (fromMs >= toMs)
          throw new Problem('bad_request', 'The period ends before it begins: give an earlier "from".');
        if (toMs - fromMs > MAX_BURDEN_PERIOD_MS)
          throw new Problem(
            'bad_request',
            'The period is longer than 90 days: give a later "from", or an earlier "to".',
          );
        const { rules, ...period } = await store.reports.burden({ fromMs, toMs });
        return { status: 200, body: { ...period, rules: rules.map(view) } };
      },
    }),
  ];
}

const view = (of: RuleBurden) => ({
  ...{ agent: of.agent, rule: of.ruleId, asked: of.asked, expired: of.expired, open: of.open, answers: of.answers },
  ...{ yesShare: yesShareOf(of), decided: times(of.decided) },
  looked: { page: times(of.page), card: times(of.card), not: notSeenOf(of) },
  signs: [...stampSignsOf(of)],
});

const times = ({ count, medianMs, p10Ms }: Times) => ({ count, medianMs, p10Ms });
