// Who may do what at the on-call desk. Pure. May import countersign and this folder.
import { allow, ask, deny, type Rule, rule } from 'countersign';
import { acknowledgeAlert } from './tools/acknowledge-alert.ts';
import { restartService } from './tools/restart-service.ts';

// 3: a service that needs a fourth restart within an hour has a fault that restarts only hide.
export const MAX_RESTARTS_PER_HOUR = 3;
// 15 min: an outage does not wait a day; past it the engineer asks again.
export const RESTART_WITHIN_MS = 15 * 60 * 1000;

export const rules: readonly Rule[] = [
  rule('roster-only', ({ evidence, principal }) =>
    evidence?.subject === principal.id ? undefined : deny('the requester is not on the roster'),
  ),
  rule('acknowledge.firing', acknowledgeAlert, ({ evidence }) =>
    evidence?.record.state === 'firing' ? allow('a firing alert may be taken') : deny('the alert is not firing'),
  ),
  rule('restart.known', restartService, ({ evidence }) =>
    evidence?.record.state === 'none' ? deny('there is no such service') : undefined,
  ),
  rule('restart.not-again', restartService, ({ evidence }) => {
    const restarts = evidence?.record.restartsInLastHour;
    if (typeof restarts !== 'number') return deny('it is not known how often it was restarted');
    return restarts < MAX_RESTARTS_PER_HOUR ? undefined : deny(`restarted ${restarts} times within an hour already`);
  }),
  rule('restart.asks-operations', restartService, () =>
    ask({ group: 'operations', withinMs: RESTART_WITHIN_MS, reason: 'requests in flight are lost' }),
  ),
];
