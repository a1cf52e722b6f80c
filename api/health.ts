// Whether this process lives, and whether it can serve: what is missing is said in sentences. Public, and cheap however
// often it is asked. May import domain, store.
import { z } from 'zod';
import type { ApiDeps } from './deps.ts';
import { fresh } from './fresh.ts';
import { READINESS_FRESH_MS } from './limits.ts';
import { type Route, route } from './route.ts';

const Alive = z.object({ status: z.literal('alive') }).meta({ id: 'Alive' });
const Ready = z.object({ ready: z.boolean(), missing: z.array(z.string()) }).meta({ id: 'Ready' });

export function healthRoutes(
  { store, gateway, log }: Pick<ApiDeps, 'store' | 'gateway' | 'log'>,
  closing: AbortSignal,
): readonly Route[] {
  const missing = fresh(READINESS_FRESH_MS, async () => {
    const [stored, temporal] = await Promise.all([
      store.ping().then(
        () => [],
        (error: unknown) => {
          log.warn({ err: error }, 'the store does not answer');
          return ['the store does not answer; check DATABASE_URL and that PostgreSQL runs'];
        },
      ),
      gateway.missing(),
    ]);
    return [...stored, ...temporal];
  });

  return [
    route({
      method: 'get',
      path: '/healthz',
      id: 'health',
      summary: 'This process lives',
      scope: 'public',
      responses: { 200: Alive },
      handler: async () => ({ status: 200, body: { status: 'alive' as const } }),
    }),
    route({
      method: 'get',
      path: '/readyz',
      id: 'readiness',
      summary: 'All that is needed to serve is there, or what is missing',
      scope: 'public',
      responses: { 200: Ready, 503: Ready },
      handler: async () => {
        const all = closing.aborted ? ['this process is shutting down'] : await missing();
        const body = { ready: all.length === 0, missing: [...all] };
        return body.ready ? { status: 200, body } : { status: 503, body };
      },
    }),
  ];
}
