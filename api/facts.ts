// What agents remember: everybody sees and forgets their own, an operator that of their tenant. Whoever may not see a fact
// is told that there is none. May import domain, store.
import type { z } from 'zod';
import { endOf, isStale, type RememberedFact as Remembered, standingOf } from '../domain/memory.ts';
import { type Caller, isOperator } from './auth.ts';
import type { ApiDeps } from './deps.ts';
import { FactsAsked, Forgotten, RememberedFact, ToForget } from './facts-schema.ts';
import { Problem } from './problem.ts';
import { type Route, route } from './route.ts';
import { OfAnything, pageOf } from './schemas.ts';

type Deps = Pick<ApiDeps, 'store' | 'nowMs'>;

export function factRoutes({ store, nowMs }: Deps): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/facts',
      id: 'listFacts',
      summary: 'What agents remember of you, the newest first; for operators, of everybody of the tenant',
      scope: ['conversations:read', 'operate'],
      query: FactsAsked,
      responses: { 200: pageOf(RememberedFact) },
      handler: async ({ query: { subject, cursor, limit }, caller }) => {
        const own = caller.principal.id;
        const whose = isOperator(caller) ? subject : own;
        if (subject !== '' && subject !== whose) throw notYours(subject);
        const { tenant } = caller.principal;
        const atMs = nowMs();
        const page = await store.facts.list({ tenant, subject: whose, nowMs: atMs, cursor, limit });
        return { status: 200, body: { rows: page.rows.flatMap((one) => view(one, atMs)), next: page.next } };
      },
    }),
    // Before the path with an id, which would take it for one.
    route({
      method: 'post',
      path: '/v1/facts/forget',
      id: 'forgetSubject',
      summary: 'Forget all that is remembered of somebody: of yourself, or as an operator of anybody of the tenant',
      scope: ['conversations:write', 'operate'],
      body: ToForget,
      responses: { 200: Forgotten },
      handler: async ({ body: { subject, agent }, caller }) => {
        if (!mayForget(caller, subject)) throw notYours(subject);
        const which = { tenant: caller.principal.tenant, subject, agent, kind: '', key: '', id: '' };
        return { status: 200, body: { forgotten: await store.facts.forget(which, caller.principal.id, nowMs()) } };
      },
    }),
    route({
      method: 'delete',
      path: '/v1/facts/{id}',
      id: 'forgetFact',
      summary: 'Forget it: its words are erased, and that it was there stays on record',
      scope: ['conversations:write', 'operate'],
      params: OfAnything,
      responses: { 204: null },
      handler: async ({ params: { id }, caller }) => {
        const { principal } = caller;
        const fact = await store.facts.get(id);
        const isOfCaller = fact?.tenant === principal.tenant && mayForget(caller, fact.subject);
        if (fact === undefined || !isOfCaller || fact.value === null) {
          throw new Problem('not_found', `Nothing is remembered as "${id}"; GET /v1/facts lists what is.`);
        }
        const { tenant, agent, subject } = fact;
        await store.facts.forget({ tenant, agent, subject, kind: '', key: '', id }, principal.id, nowMs());
        return { status: 204, body: null };
      },
    }),
  ];
}

const mayForget = (caller: Caller, subject: string): boolean => subject === caller.principal.id || isOperator(caller);

const notYours = (subject: string): Problem =>
  new Problem('not_found', `Nothing is remembered of "${subject}" that you may see; ask an operator of your tenant.`);

function view(fact: Remembered, nowMs: number): z.input<typeof RememberedFact>[] {
  const standing = standingOf(fact, nowMs);
  if (standing === 'gone') return [];
  const { id, agent, subject, kind, key, value, trust, owner, fromMs } = fact;
  const { conversationId, actionId, items } = fact.source;
  const source = { conversationId, actionId, items: items.map((one) => ({ ...one })) };
  const told = { id, agent, subject, kind, key, value, standing, trust, owner, source, fromMs } as const;
  return [{ ...told, untilMs: endOf(fact), isStale: standing !== 'in_force' || isStale(fact, nowMs) }];
}
