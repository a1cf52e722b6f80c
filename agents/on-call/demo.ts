// What the scripted demo model understands at the on-call desk. May import countersign only.
import type { DemoIntent } from 'countersign';

export const demo: readonly DemoIntent[] = [
  {
    example: 'ack 7',
    matches: /\back(?:nowledge)?\s+(?:alert\s+)?#?(?<alertId>\d{1,10})\b/i,
    call: ({ alertId = '' }) => ({ tool: 'acknowledge_alert', args: { alertId } }),
  },
  {
    example: 'restart checkout',
    matches: /\brestart\s+(?:the\s+)?(?<service>[a-z][a-z0-9-]{0,47})\b/i,
    call: ({ service = '' }) => ({
      tool: 'restart_service',
      args: { service: service.toLowerCase(), reason: 'The engineer on call asks for it.' },
    }),
  },
  {
    example: 'alerts',
    matches: /\balerts?\b/i,
    call: () => ({ tool: 'list_alerts', args: {} }),
  },
];
