// The measures and the subjects of the bench. To add one: a file beside the others, and a line here.
import { OTHER_ENGINES } from './engines.ts';
import type { Measure, Subject } from './measure.ts';
import { cold } from './measures/cold.ts';
import { growth } from './measures/growth.ts';
import { idle } from './measures/idle.ts';
import { ledger } from './measures/ledger.ts';
import { memory } from './measures/memory.ts';
import { parked } from './measures/parked.ts';
import { recovery } from './measures/recovery.ts';
import { scale } from './measures/scale.ts';
import { steps } from './measures/steps.ts';
import { turnsOf } from './measures/turns.ts';
import { countersign, countersignOn } from './subjects/countersign.ts';
import { dbos } from './subjects/dbos.ts';
import { langgraph } from './subjects/langgraph.ts';
import { none } from './subjects/none.ts';
import { restate } from './subjects/restate.ts';
import { sample, sampleOn } from './subjects/sample.ts';

/** Who answers the turns of the measure `turns`, in the order of the first round. */
export const SUBJECTS: readonly Subject[] = [
  countersign,
  sample,
  ...OTHER_ENGINES.flatMap((engine) => [countersignOn(engine), sampleOn(engine)]),
  ...[dbos, langgraph, restate, none],
];

/**
 * In their order. Of those that share a stack `parked` counts all that there is, `memory` needs room in the cache, and the
 * last two kill processes.
 */
export const MEASURES: readonly Measure[] = [
  turnsOf(SUBJECTS),
  parked,
  memory,
  steps,
  growth,
  cold,
  recovery,
  ledger,
  idle,
  scale,
];
