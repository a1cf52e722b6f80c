// `countersign rules diff`: the verdicts on record beside those that the rules of a folder give to the very same; or beside
// one another those of two folders. May import domain and its own folder.
import {
  changeOf,
  CHANGES,
  type Flip,
  isByCode,
  type NotReplayed,
  type RecordedRuling,
  type Replayed,
  type RulingInputs,
  type WhatIf,
} from '../../domain/what-if.ts';
import { type Replay, startReplay } from './replay.ts';
import { otherRules } from './revision.ts';

export interface Compared {
  /** Whose rules are the new ones. */
  readonly agentsFolder: string;
  /** A revision of git, or a folder. Without it the new rules are held against what was ruled. */
  readonly against?: string;
}

/** Hold rules against others over what is on record, newest first. Throws a sentence where they cannot be asked. */
export async function compareRules(
  { agentsFolder, against }: Compared,
  rulings: AsyncIterable<RecordedRuling>,
): Promise<WhatIf> {
  const other = against === undefined ? undefined : await otherRules(agentsFolder, against);
  const started: Replay[] = [];
  const start = async (folder: string) => {
    const replay = await startReplay(folder);
    started.push(replay);
    return replay;
  };
  try {
    const now = await start(agentsFolder);
    const before = other && (await start(other.folder));
    return await compare({ now, before, against: other?.name ?? 'what was ruled' }, rulings);
  } finally {
    await Promise.all(started.map((one) => one.stop()));
    other?.leave();
  }
}

interface Sides {
  readonly now: Replay;
  readonly before: Replay | undefined;
  readonly against: string;
}

/** What is counted while the rulings go by. */
interface Counts {
  read: number;
  fromMs: number | null;
  toMs: number | null;
  replayed: number;
  approximate: number;
  byAnotherRule: number;
  byCode: number;
  readonly erased: NotReplayed[];
  readonly notReplayed: NotReplayed[];
  readonly flips: Flip[];
}

/** One after the other: a rule takes a fraction of a millisecond, and none waits for another that loops. */
async function compare(sides: Sides, rulings: AsyncIterable<RecordedRuling>): Promise<WhatIf> {
  const counts: Counts = {
    ...{ read: 0, fromMs: null, toMs: null, replayed: 0, approximate: 0, byAnotherRule: 0, byCode: 0 },
    ...{ erased: [], notReplayed: [], flips: [] },
  };
  for await (const ruling of rulings) {
    counts.read += 1;
    counts.fromMs = Math.min(ruling.atMs, counts.fromMs ?? ruling.atMs);
    counts.toMs = Math.max(ruling.atMs, counts.toMs ?? ruling.atMs);
    await count(sides, counts, ruling);
  }
  const flips = CHANGES.flatMap((change) => counts.flips.filter((one) => one.change === change));
  return { ...counts, against: sides.against, flips };
}

async function count(sides: Sides, counts: Counts, ruling: RecordedRuling): Promise<void> {
  const { seq, step, actionId, inputs } = ruling;
  const without = (reason: string): NotReplayed => ({ seq, step, actionId, reason });
  if (isByCode(ruling)) counts.byCode += 1;
  else if (inputs.kind === 'whole') await countReplayed(sides, counts, ruling, inputs, without);
  else if (inputs.kind === 'erased') counts.erased.push(without('what the rules saw was erased'));
  else counts.notReplayed.push(without('its entries are not what was recorded'));
}

async function countReplayed(
  { now, before: other }: Sides,
  counts: Counts,
  ruling: RecordedRuling,
  inputs: RulingInputs,
  without: (reason: string) => NotReplayed,
): Promise<void> {
  const given = inputs.given ?? now.givenNow(ruling, inputs);
  const [after, before] = await Promise.all([
    now.ask(ruling, inputs, given),
    other?.ask(ruling, inputs, given) ?? asRuled(ruling),
  ]);
  if (after.kind === 'not_replayed') return void counts.notReplayed.push(without(after.reason));
  if (before.kind === 'not_replayed') return void counts.notReplayed.push(without(`before, ${before.reason}`));
  counts.replayed += 1;
  const isApproximate = inputs.given === null || [before, after].some((one) => one.isApproximate === true);
  if (isApproximate) counts.approximate += 1;
  const change = changeOf(before.verdict, after.verdict);
  if (change !== undefined) {
    const sides = { before: before.verdict, after: after.verdict, isApproximate };
    counts.flips.push({ ...aboutOf(ruling, inputs), change, ...sides });
  }
  if (change === undefined && before.verdict.ruleId !== after.verdict.ruleId) counts.byAnotherRule += 1;
}

const asRuled = ({ verdict }: RecordedRuling): Replayed => ({ kind: 'ruled', verdict });

function aboutOf(
  { seq, step, atMs, actionId, conversationId, agent, url }: RecordedRuling,
  { proposal: { tool, summary } }: RulingInputs,
): Omit<Flip, 'change' | 'before' | 'after' | 'isApproximate'> {
  return { seq, step, atMs, actionId, conversationId, agent, tool, summary, url };
}
