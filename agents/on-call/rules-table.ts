// What the on-call desk's rules answer, case by case: run by `countersign rules check`. May import countersign and this
// folder.
import { allows, asks, denies, type RowCase, type RuleRow, row } from 'countersign';
import { acknowledgeAlert } from './tools/acknowledge-alert.ts';
import { listAlerts } from './tools/list-alerts.ts';
import { restartService } from './tools/restart-service.ts';

type Case = Omit<RowCase<never>, 'input'>;

const is = (state: string, more: Record<string, number> = {}): Case => ({ record: { state, ...more } });
const NOT_ON_THE_ROSTER: Case = { record: { state: 'firing' }, recordOf: '' };

const alert = (of: Case) => ({ input: { alertId: '7' }, ...of });
const checkout = (of: Case) => ({ input: { service: 'checkout', reason: 'memory grows without end' }, ...of });

export const table: readonly RuleRow[] = [
  row(listAlerts, { input: {}, record: {} }, allows('default')),
  row(listAlerts, { input: {}, ...NOT_ON_THE_ROSTER }, denies('roster-only')),
  row(listAlerts, { input: {} }, denies('roster-only')),

  row(acknowledgeAlert, alert(is('firing')), allows('acknowledge.firing')),
  row(acknowledgeAlert, alert(is('acknowledged')), denies('acknowledge.firing')),
  row(acknowledgeAlert, alert(is('none')), denies('acknowledge.firing')),
  row(acknowledgeAlert, alert(NOT_ON_THE_ROSTER), denies('roster-only')),

  row(
    restartService,
    checkout(is('healthy', { restartsInLastHour: 2 })),
    asks('restart.asks-operations', 'operations'),
  ),
  row(restartService, checkout(is('healthy', { restartsInLastHour: 3 })), denies('restart.not-again')),
  row(restartService, checkout(is('healthy')), denies('restart.not-again')),
  row(restartService, checkout(is('none', { restartsInLastHour: 0 })), denies('restart.known')),
  row(restartService, checkout(NOT_ON_THE_ROSTER), denies('roster-only')),
];
