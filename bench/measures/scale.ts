// The measure `scale`: how many turns a second everything does when it is full, at one core and at two, with one process of
// workflows and with two; and whether the model of capacity, told of the first of these, foretells the others.
import { canLimit, coresOfOurs } from '../affinity.ts';
import { DEV_SERVER, OTHER_ENGINES } from '../engines.ts';
import type { BenchContext, Figure, Measure } from '../measure.ts';
import { onStage } from '../stage.ts';
import { figuresOf, type Size, type Stay } from './scale-figures.ts';
import { appendsPerS, reservesPerS } from './scale-locks.ts';
import { stayOf } from './scale-stay.ts';

// The first is what the model is told of.
const SIZES: readonly Size[] = [
  { workflows: 1, cores: 1 },
  { workflows: 1, cores: 2 },
  { workflows: 2, cores: 2 },
  { workflows: 2, cores: 1 },
];
const LEDGERS = [1, 2];

export const scale: Measure = { name: 'scale', run };

async function run(context: BenchContext): Promise<readonly Figure[]> {
  const { quick, log } = context;
  if (quick)
    return left(log, 'it is left out of a quick run: a window long enough to say anything takes a minute and more');
  if (!canLimit()) return left(log, 'cores cannot be limited here: there is no taskset, which Linux has');
  const cores = coresOfOurs().length;
  const sizes = SIZES.filter((size) => size.cores <= cores);
  if (sizes.length < SIZES.length) log(`there is only ${cores} core: nothing is measured at two`);
  return onStage(context, async (stage) => {
    const rates = new Map<number, number>();
    for (const ledgers of LEDGERS) rates.set(ledgers, await appendsPerS(stage, ledgers));
    const reserves = await reservesPerS(stage);
    const stay = await stayOf(stage, DEV_SERVER, sizes);
    tell(log, 'Temporal on SQLite', stay);
    const [onPostgres] = OTHER_ENGINES;
    if (onPostgres === undefined) log('what Temporal costs its own PostgreSQL is left out: see docs/performance.md');
    const other =
      onPostgres && (await stayOf(stage, onPostgres, sizes.filter(({ workflows }) => workflows === 1).slice(-1)));
    if (other !== undefined) tell(log, 'Temporal on PostgreSQL', other);
    return figuresOf({ stay, onPostgres: other, appendsPerS: rates, reservesPerS: reserves });
  });
}

function left(log: BenchContext['log'], why: string): readonly Figure[] {
  log(why);
  return [];
}

function tell(log: BenchContext['log'], what: string, { points }: Stay): void {
  for (const { size, turns, seconds, busyShare, errors } of points) {
    log(
      `${what}, ${size.workflows} of workflows, ${size.cores} cores: ${(turns / seconds).toFixed(1)} turns/s, ` +
        `${errors.length} errors${errors.length > 0 ? ` (${errors[0]})` : ''}, machine ${(busyShare * 100).toFixed(0)} % busy`,
    );
  }
}
