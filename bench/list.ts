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

/** Of those on a stack `parked` is the first, as it counts all that there is, and those that kill processes are the last. */
export const MEASURES: readonly Measure[] = [turnsOf(SUBJECTS), parked, growth, memory, cold, recovery, ledger, idle];
