// Maintenance as numbers for Prometheus, by task. May import nothing of the store.
import type { Gauge, Samples } from './gauge.ts';
import type { standingOf } from './maintenance.ts';

export function maintenanceGauges({ nowMs, tasks }: Awaited<ReturnType<typeof standingOf>>): readonly Gauge[] {
  const each = (of: (task: (typeof tasks)[number]) => number | null): Samples =>
    tasks.flatMap((one) => {
      const value = of(one);
      return value === null ? [] : [[{ task: one.task }, value] as const];
    });
  return [
    [
      'maintenance_due',
      'What is due to be closed, deleted or erased now; at most 1,000 are counted',
      each((one) => one.count),
    ],
    [
      'maintenance_overdue_seconds',
      'For how long the longest due has been due; more than a day is behind',
      each(({ oldestDueMs }) => (oldestDueMs === null ? 0 : Math.max(0, (nowMs - oldestDueMs) / 1000))),
    ],
    ['maintenance_done', 'What maintenance has done in all', each((one) => one.done)],
    [
      'maintenance_last_run_timestamp_seconds',
      'When a task last came to its end without a failure; none where it never has',
      each(({ lastMs }) => (lastMs === null ? null : lastMs / 1000)),
    ],
  ];
}
