// Read: the alerts, newest first. Titles come from monitoring and may quote anything, so they are labelled untrusted.
// May import countersign and this folder.
import { defineTool } from 'countersign';
import { z } from 'zod';
import { onCallOf, subjectOf } from '../on-call.ts';

// 50: one screen of alerts; a storm larger than that is not read one by one.
const MAX_ALERTS = 50;

type Alert = { alertId: string; service: string; title: string; state: string; acknowledgedBy: string | null };

export const listAlerts = defineTool<Record<string, never>, { alerts: Alert[] }>({
  name: 'list_alerts',
  version: '1',
  description: 'All alerts, newest first (at most 50). Takes no input.',
  input: z.strictObject({}),
  effect: 'read',
  idempotent: true,
  egress: false,
  critical: [],
  scopes: ['on_call:read'],
  trust: 'untrusted',
  summarize: () => 'list alerts',
  inspect: async ({ principal }, context) => {
    const subject = await subjectOf(onCallOf(context), principal.id);
    return { asOfMs: context.nowMs, version: '', subject, record: {} };
  },
  execute: async ({ principal }, context) => {
    const alerts = await onCallOf(context).query<Alert>(
      `select id as "alertId", service, title, state, acknowledged_by as "acknowledgedBy" from on_call.alerts
        where exists (select 1 from on_call.roster where principal_id = $1)
        order by fired_at desc, id limit ${MAX_ALERTS}`,
      [principal.id],
    );
    return { alerts };
  },
});
