// A procedure for tests: it does what its input lists, a line each. "do NAME TOOL CENTS", "undo NAME TOOL CENTS",
// "sleep MS", "try NAME TOOL CENTS" (goes on where it fails), "both NAME OTHER TOOL" (asked for at once), "tries N" and
// "naps N" (so many of them), "late MS NAME TOOL" (beside it all, after a while), "hang" (for ever, for no step), and
// any other line gives up.
import { defineProcedure, ProcedureFailed, StepFailed, type Steps } from 'countersign/workflows';

export interface ErrandInput {
  readonly order: number;
  readonly plan: readonly string[];
}

export default defineProcedure<ErrandInput>({
  name: 'errand',
  async run({ order, plan }, steps) {
    const told: unknown[] = [];
    for (const line of plan) told.push(await follow(line, order, steps));
    return { told, days: Math.floor(steps.now() / 86_400_000) > 0 };
  },
});

async function follow(line: string, order: number, steps: Steps): Promise<unknown> {
  const [verb = '', name = '', tool = '', cents = ''] = line.split(' ');
  const args = { order, cents: Number(cents) };
  switch (verb) {
    case 'do':
      return steps.do(name, tool, args);
    case 'undo':
      steps.undo(name, tool, args);
      return 'noted';
    case 'try':
      return steps.do(name, tool, args).catch((error: unknown) => {
        if (error instanceof StepFailed) return `${error.step}: ${error.kind}`;
        throw error;
      });
    case 'sleep':
      return steps.sleep(Number(name));
    case 'both':
      return Promise.all([steps.do(name, cents, { order, cents: 1 }), steps.do(tool, cents, { order, cents: 2 })]);
    case 'tries':
      return tryTimes(Number(name), steps);
    case 'naps':
      return Promise.all(Array.from({ length: Number(name) }, () => steps.sleep(1)));
    case 'late':
      return beside(Number(name), () => steps.do(tool, cents, { order, cents: 3 }));
    case 'hang':
      return new Promise(() => undefined);
    default:
      throw new ProcedureFailed(line);
  }
}

async function tryTimes(times: number, steps: Steps): Promise<void> {
  for (let nth = 1; nth <= times; nth++)
    await steps.do(`try-${nth}`, 'unknown_tool', {}).catch((error: unknown) => {
      if (!(error instanceof StepFailed)) throw error;
    });
}

/** As code does that has forgotten to wait. */
function beside(afterMs: number, work: () => Promise<unknown>): string {
  setTimeout(() => void work(), afterMs);
  return 'later';
}
