// Notes something, and notes it again, by the one tool that may do so unasked: a proof kills everything within its steps.
import { defineProcedure } from 'countersign/workflows';

export interface Round {
  readonly order: number;
  readonly cents: number;
}

export default defineProcedure<Round>({
  name: 'round',
  async run(input, steps) {
    await steps.do('first', 'note', { ...input });
    await steps.do('second', 'note', { ...input, cents: input.cents + 1 });
    return { noted: 2 };
  },
});
