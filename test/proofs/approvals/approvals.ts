// The proof `approvals`: every way that we know to get an action through without the people who must approve it, tried on
// a whole system over HTTP, Slack, Telegram and Temporal itself. Beside each stands a control that must succeed.
import type { Proof, ProofContext } from '../support.ts';
import { type Bench, createBench, type Track } from './bench.ts';
import { forged } from './forged.ts';
import { readHistories } from '../crash/histories.ts';
import { fromOutside } from './outside.ts';
import { hazards } from './hazards.ts';
import { interleaved } from './interleaved.ts';
import { late } from './late.ts';
import { edited, nested } from './nested.ts';
import { owned } from './owned.ts';
import { type ByHand, openByHand } from './signals.ts';
import { spoofs } from './spoofs.ts';
import { type Stage, startStage } from './stage.ts';
import { stepwise } from './steps.ts';
import { crossed, sticky } from './sticky.ts';

export const approvals: Proof = { name: 'approvals', run: prove };

// 5: so many conversations keep two cores busy; more of them, and Workflow Tasks come too late.
const AT_ONCE = 5;

/** The numbers are those of the attacks on such systems that the project is built against. */
const COVERAGE = [
  'covered: 1-4 as far as a risky call is held, and cards show the very digest’s arguments (a model that is owned;',
  '  where values come from: test/workflows/provenance), 5 (edited), 6 (late), 7 (late), 8 (at the deadline,',
  '  interleaved), 9 (forged over HTTP), 10 (forged: no member, an empty group; a group that changes while it waits needs',
  '  another directory and a restart: test/activities), 11 (forged webhooks; a blank secret stops the start: test/start),',
  '  12 (forged webhooks: names), 13 (hazards of JSON), 14 and 15 (spoofs on cards), 16 (a model that is owned).',
  'steps of procedures, and what undoes them, are asked about as calls are, and tried in the same ways.',
  'not covered: the page for approvals (test/api/approval-page.test.ts).',
];

async function prove(context: ProofContext) {
  const bench = createBench(context);
  const stage = await startStage(context);
  const byHand = await openByHand(stage.rig.temporal.address);
  const histories = await readHistories(stage.rig.temporal.address);
  try {
    await runAll(tracksOf(bench, stage, byHand));
    await runAll(interleaved(bench, stage, context));
    await stage.rig.roles.untilUp();
    await fromOutside(bench, stage, histories, context);
    bench.violations.push(...stage.rig.roles.surprises);
    bench.summarize(context.log);
    context.log(`roles that died in the middle of something: ${stage.rig.roles.deaths.length}`);
    for (const line of COVERAGE) context.log(line);
    return { cases: bench.cases(), violations: bench.violations };
  } finally {
    await byHand.close();
    await histories.close();
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
  ...stepwise(bench, stage, byHand),
  ...owned(bench, stage),
  ...hazards(bench, stage),
  ...spoofs(bench, stage),
];

async function runAll(tracks: readonly Track[]): Promise<void> {
  const left = [...tracks];
  const work = async (): Promise<void> => {
    for (let track = left.shift(); track !== undefined; track = left.shift()) await track();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
