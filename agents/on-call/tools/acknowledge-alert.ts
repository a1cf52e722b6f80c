// Write: an engineer takes an alert. The row keeps the key that took it, so a repeat is seen as the same taking.
// May import countersign and this folder.
import { DidNotHappen, defineTool } from 'countersign';
import { z } from 'zod';
import { onCallOf, subjectOf } from '../on-call.ts';

const input = z.strictObject({
  alertId: z
    .string()
    .regex(/^[1-9][0-9]{0,9}$/, 'an alert number is 1 to 10 digits, such as 7')
    .describe('Alert number, digits only, such as "7".'),
});

export const acknowledgeAlert = defineTool<z.infer<typeof input>, { alertId: string }>({
  name: 'acknowledge_alert',
  version: '1',
  description: 'Acknowledge one firing alert in the name of the requester.',
  input,
  effect: 'write',
  idempotent: true,
  egress: false,
  critical: ['alertId'],
  scopes: ['on_call:read', 'on_call:acknowledge'],
  trust: 'record',
  summarize: ({ alertId }) => `acknowledge alert ${alertId}`,
  forWhom: (_alert, engineer) => `${engineer.name} (${engineer.id})`,
  inspect: async (call, context) => {
    const sql = onCallOf(context);
    const rows = await sql.query<{ state: string; service: string }>(
      'select state, service from on_call.alerts where id = $1',
      [call.input.alertId],
    );
    const subject = await subjectOf(sql, call.principal.id);
    return { asOfMs: context.nowMs, version: '', subject, record: { state: 'none', ...rows[0] } };
  },
  execute: async ({ input: { alertId }, principal }, context) => {
    const rows = await onCallOf(context).query(
      `update on_call.alerts set state = 'acknowledged', acknowledged_by = $2, acknowledged_key = $3
        where id = $1 and (state = 'firing' or acknowledged_key = $3)
          and exists (select 1 from on_call.roster where principal_id = $2)
        returning id`,
      [alertId, principal.id, context.idempotencyKey],
    );
    if (rows.length === 0) throw new DidNotHappen(`alert ${alertId} is not firing, or the requester is not on call`);
    return { alertId };
  },
  reconcile: async ({ input: { alertId } }, context) => {
    const rows = await onCallOf(context).query('select 1 from on_call.alerts where id = $1 and acknowledged_key = $2', [
      alertId,
      context.idempotencyKey,
    ]);
    return rows.length === 0 ? { kind: 'did_not_happen' } : { kind: 'happened', result: { alertId } };
  },
});
