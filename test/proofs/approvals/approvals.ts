// The proof `approvals`: every way that we know to get an action through without the people who must approve it, tried on
// a whole system over HTTP, Slack, Telegram and Temporal itself. Beside each stands a control that must succeed.
import type { Proof, ProofContext } from '../support.ts';
import { type Bench, createBench, type Track } from './bench.ts';
import { forged } from './forged.ts';
import { interleaved } from './interleaved.ts';
import { late } from './late.ts';
import { edited, nested } from './nested.ts';
import { owned } from './owned.ts';
import { type ByHand, openByHand } from './signals.ts';
import { type Stage, startStage } from './stage.ts';
import { crossed, sticky } from './sticky.ts';

export const approvals: Proof = { name: 'approvals', run: prove };

// 5: so many conversations keep two cores busy; more of them, and Workflow Tasks come too late.
const AT_ONCE = 5;

async function prove(context: ProofContext) {
  const bench = createBench(context);
  const stage = await startStage(context);
  const byHand = await openByHand(stage.rig.temporal.address);
  try {
    await runAll(tracksOf(bench, stage, byHand));
    await runAll(interleaved(bench, stage, context));
    await stage.rig.roles.untilUp();
    bench.violations.push(...stage.rig.roles.surprises);
    bench.summarize(context.log);
    return { cases: bench.cases(), violations: bench.violations };
  } finally {
    await byHand.close();
    await stage.stop();
  }
}

const tracksOf = (bench: Bench, stage: Stage, byHand: ByHand): readonly Track[] => [
  ...late(bench, stage, byHand),
  ...forged(bench, stage, byHand),
  ...crossed(bench, stage, byHand),
  ...sticky(bench, stage, byHand),
  ...nested(bench, stage),
  ...edited(bench, stage, byHand),
  ...owned(bench, stage),
];

async function runAll(tracks: readonly Track[]): Promise<void> {
  const left = [...tracks];
  const work = async (): Promise<void> => {
    for (let track = left.shift(); track !== undefined; track = left.shift()) await track();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
