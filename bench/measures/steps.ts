// The measure `steps`: of what the time of a turn is made that one caller waits for, with a model that takes no time; and
// what the engine alone takes for a turn of that shape.
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { conversationWorkflowId } from '../../domain/ids.ts';
import { wordsFor } from '../../test/proofs/rig/model.ts';
import { quantile } from '../load.ts';
import type { BenchContext, Figure, Measure } from '../measure.ts';
import { createCallers, type Said } from './callers.ts';
import { floorOf } from './floor.ts';
import { ours } from './stack.ts';
import { chainOf, type Step } from './step-chain.ts';

export const steps: Measure = { name: 'steps', onStack: 'shared', run };

// 4 turns of a conversation: more, and a summary is made besides. The first pays for its start, and does not count.
const TURNS = 4;
const CONVERSATIONS = { quick: 2, full: 16 };
// 30: some seconds; its times differ by less than those of our turns.
const TURNS_OF_FLOOR = { quick: 5, full: 30 };
// 50 ms: the Workflow Task behind a reply is over before the next message, as it is where people write.
const PAUSE_MS = 50;

async function run({ quick, stack }: BenchContext): Promise<readonly Figure[]> {
  const conversations = quick ? CONVERSATIONS.quick : CONVERSATIONS.full;
  const { rig } = await stack();
  const [caller] = await createCallers(rig, 1);
  if (caller === undefined) throw new Error('there is no caller');
  const connection = await Connection.connect({ address: rig.temporal.address });
  try {
    const { workflow } = new Client({ connection });
    const chains: Step[][] = [];
    for (let nth = 0; nth < conversations; nth++) {
      const id = `steps-${nth}`;
      await caller.open(id);
      const said: Said[] = [];
      for (let turn = 1; turn <= TURNS; turn++) {
        said.push(await caller.say(id, String(turn), wordsFor(id, [['page', turn]])));
        await sleep(PAUSE_MS);
      }
      const { events } = await workflow.getHandle(conversationWorkflowId(id)).fetchHistory();
      chains.push(...said.slice(1).map((one) => chainOf(events ?? [], one)));
    }
    const floor = await floorOf(rig.temporal.address, quick ? TURNS_OF_FLOOR.quick : TURNS_OF_FLOOR.full);
    return [...figuresOf(chains), ...floor];
  } finally {
    await connection.close();
    caller.close();
  }
}

const pathOf = (chain: readonly Step[]): string => chain.map(({ name }) => name).join('\n');

/** Of the turns that went the commonest way: in another a summary was made besides, or something tried again. */
function figuresOf(chains: readonly (readonly Step[])[]): readonly Figure[] {
  const counts = new Map<string, number>();
  for (const path of chains.map(pathOf)) counts.set(path, (counts.get(path) ?? 0) + 1);
  const [[path, count] = ['', 0]] = [...counts].toSorted(([, one], [, other]) => other - one);
  const same = chains.filter((chain) => pathOf(chain) === path);
  const p50 = (of: (chain: readonly Step[]) => number): number => quantile(same.map(of), 0.5);
  return [
    ...path.split('\n').flatMap((name, at) => {
      const step = `${String(at + 1).padStart(2, '0')} ${name}`;
      return ours({ step }, { step_p50_ms: p50((chain) => chain[at]?.ms ?? Number.NaN) });
    }),
    ...ours({ step: 'all' }, { step_p50_ms: p50((chain) => chain.reduce((sum, { ms }) => sum + ms, 0)) }),
    ...ours({}, { step_turns: count, step_turns_of_another_way: chains.length - count }),
  ];
}
