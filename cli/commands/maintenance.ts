// What maintenance has to do: a look that changes nothing.
import type { z } from 'zod';
import { Maintenance } from '../../api/maintenance-schema.ts';
import { timeText } from '../../domain/text.ts';
import { EXIT } from '../failure.ts';
import { columns, plainLine } from '../terminal.ts';
import { type AsOption, connect, type Context } from './context.ts';

type Due = z.output<typeof Maintenance>['tasks'][number];

export interface MaintenanceOptions extends AsOption {
  readonly json?: boolean;
}

export async function maintenance(context: Context, { json, ...as }: MaintenanceOptions): Promise<number> {
  const { print, colors } = context.terminal;
  const found = await connect(context, 'operate', as).get('/v1/maintenance', Maintenance);
  if (json === true) {
    print(JSON.stringify(found, null, 2));
    return EXIT.done;
  }
  print(columns(['TASK', 'DUE', 'OLDEST DUE SINCE', 'SOME OF IT'], found.tasks.map(rowOf), colors));
  for (const { task, what } of found.tasks) print(colors.dim(plainLine(`${task}: ${what}`)));
  print('Nothing was changed.');
  return EXIT.done;
}

const rowOf = ({ task, count, isCut, oldestDueMs, ids }: Due): readonly string[] => [
  ...[task, isCut ? `more than ${count}` : String(count), oldestDueMs === null ? '–' : timeText(oldestDueMs)],
  ids.join(' ') || '–',
];
