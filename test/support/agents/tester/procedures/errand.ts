// A procedure for tests: it does what its input lists, a line each. "do NAME TOOL CENTS", "undo NAME TOOL CENTS",
// "sleep MS", "try NAME TOOL CENTS" (goes on where it fails), and any other line gives up.
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
    default:
      throw new ProcedureFailed(line);
  }
}
