// Maintenance: do what is due now, or look at what that is.
import { Maintenance, MaintenanceAnswer, MaintenanceUnderWay } from '../../api/maintenance-schema.ts';
import { z } from 'zod';
import { timeText } from '../../domain/text.ts';
import { EXIT } from '../failure.ts';
import { columns, plainLine } from '../terminal.ts';
import { type AsOption, connect, type Context } from './context.ts';

type Standing = z.output<typeof Maintenance>['tasks'][number];

export interface MaintenanceOptions extends AsOption {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export async function maintenance(context: Context, { dryRun, json, ...as }: MaintenanceOptions): Promise<number> {
  return dryRun === true ? look(context, json === true, as) : runNow(context, json === true, as);
}

async function look(context: Context, asJson: boolean, as: AsOption): Promise<number> {
  const { print, colors } = context.terminal;
  const found = await connect(context, 'operate', as).get('/v1/maintenance', Maintenance);
  if (asJson) {
    print(JSON.stringify(found, null, 2));
    return EXIT.done;
  }
  print(columns(['TASK', 'DUE', 'SINCE', 'DONE SO FAR', 'LAST RUN', 'SOME OF IT'], found.tasks.map(rowOf), colors));
  for (const { task, what } of found.tasks) print(colors.dim(plainLine(`${task}: ${what}`)));
  for (const { task } of found.tasks.filter(({ isBehind }) => isBehind))
    print(`${plainLine(task)} is behind: something has been due for more than a day.`);
  const [cut] = found.tasks.filter(({ isCut }) => isCut);
  if (cut !== undefined) print(`No more than ${cut.count} of each task are counted, and a few named.`);
  print('Nothing was changed.');
  return EXIT.done;
}

const rowOf = ({ task, count, isCut, oldestDueMs, done, lastMs, ids }: Standing): readonly string[] => [
  ...[task, isCut ? `more than ${count}` : String(count), oldestDueMs === null ? '–' : timeText(oldestDueMs)],
  ...[String(done), lastMs === null ? 'never yet' : timeText(lastMs)],
  ids.join(' ') || '–',
];

async function runNow(context: Context, asJson: boolean, as: AsOption): Promise<number> {
  const { print, colors } = context.terminal;
  const answer = await connect(context, 'operate', as).post(
    '/v1/maintenance',
    { dryRun: false },
    z.union([MaintenanceAnswer, MaintenanceUnderWay]),
  );
  if (asJson) print(JSON.stringify(answer, null, 2));
  if ('workflowId' in answer) {
    if (!asJson) print(`It goes on; how far it is, the Workflow ${answer.workflowId} shows in Temporal.`);
    return EXIT.done;
  }
  if (answer.dryRun) throw new Error('the API has only looked, though it was asked to run'); // a bug of ours
  const failed = answer.tasks.filter((one) => one.failed !== undefined);
  if (!asJson) {
    const rows = answer.tasks.map(({ task, done, asked }) => [task, String(done), String(asked.length)]);
    print(columns(['TASK', 'DONE', 'ASKED TO END'], rows, colors));
    for (const { task, failed: why = '' } of failed) print(plainLine(`${task} failed: ${why}`));
  }
  return failed.length === 0 ? EXIT.done : EXIT.failed;
}
