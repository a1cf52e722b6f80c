// Moves one sum after the other, each by the tool that its input names, and moves back what was moved where a later one is
// not done. All of it must be approved.
import { defineProcedure } from 'countersign/workflows';

export interface Settlement {
  readonly moves: readonly {
    readonly tool: 'transfer' | 'transfer_two' | 'fumble';
    readonly to: string;
    readonly cents: number;
    readonly memo: string;
  }[];
}

export default defineProcedure<Settlement>({
  name: 'settle',
  async run({ moves }, steps) {
    for (const [at, { tool, to, cents, memo }] of moves.entries()) {
      await steps.do(`move-${at + 1}`, tool, { to, cents, memo });
      steps.undo(`back-${at + 1}`, 'transfer', { to: `back-from-${to}`, cents, memo });
    }
    return { moved: moves.length };
  },
});
