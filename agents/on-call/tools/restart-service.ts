// Irreversible: requests in flight are lost. The row is the order to the orchestrator, which takes each key once.
// May import countersign and this folder.
import { DidNotHappen, defineTool, type Sql } from 'countersign';
import { z } from 'zod';
import { onCallOf, subjectOf } from '../on-call.ts';

const HOUR_MS = 60 * 60 * 1000;

const input = z.strictObject({
  service: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,47}$/, 'a service is named in lower-kebab-case, such as checkout')
    .describe('Name of the service, such as "checkout".'),
  reason: z
    .string()
    .min(3)
    .max(200)
    .refine((text) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text), 'must be one line of visible characters')
    .describe('Why, in one sentence.'),
});

export const restartService = defineTool<z.infer<typeof input>, { service: string }>({
  name: 'restart_service',
  version: '1',
  description: 'Restart one service. Requests in flight are lost. Operations decides; say that it waits.',
  input,
  effect: 'irreversible',
  idempotent: true,
  egress: false,
  critical: ['service'],
  scopes: ['on_call:read', 'on_call:restart'],
  trust: 'record',
  preconditions: ['restartsInLastHour'],
  summarize: ({ service }) => `restart ${service}`,
  forWhom: ({ service }, engineer) => `service ${service}, for ${engineer.name} (${engineer.id})`,
  howMuch: () => '1 restart; requests in flight are lost',
  inspect: async (call, context) => {
    const { nowMs } = context;
    const sql = onCallOf(context);
    const services = await sql.query<{ state: string }>('select state from on_call.services where name = $1', [
      call.input.service,
    ]);
    const restarts = await sql.query<{ count: number }>(
      `select count(*)::int as count from on_call.restarts
        where service = $1 and created_at > to_timestamp($2::float8 / 1000)`,
      [call.input.service, nowMs - HOUR_MS],
    );
    const record = { state: services[0]?.state ?? 'none', restartsInLastHour: restarts[0]?.count ?? 0 };
    return { asOfMs: nowMs, version: '', subject: await subjectOf(sql, call.principal.id), record };
  },
  execute: async ({ input: { service, reason }, principal }, context) => {
    const sql = onCallOf(context);
    await sql.query(
      `insert into on_call.restarts (idempotency_key, service, requested_by, reason, created_at)
       select $1, s.name, r.principal_id, $4, to_timestamp($5::float8 / 1000)
         from on_call.services s, on_call.roster r where s.name = $2 and r.principal_id = $3
       on conflict (idempotency_key) do nothing`,
      [context.idempotencyKey, service, principal.id, reason, context.nowMs],
    );
    if (!(await ordered(sql, context.idempotencyKey, service))) {
      throw new DidNotHappen(`there is no service "${service}", or the requester is not on call`);
    }
    return { service };
  },
  reconcile: async ({ input: { service } }, context) =>
    (await ordered(onCallOf(context), context.idempotencyKey, service))
      ? { kind: 'happened', result: { service } }
      : { kind: 'did_not_happen' },
});

async function ordered(sql: Sql, key: string, service: string): Promise<boolean> {
  const one = 'select 1 from on_call.restarts where idempotency_key = $1 and service = $2';
  return (await sql.query(one, [key, service])).length === 1;
}
