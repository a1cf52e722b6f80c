// Where the values of a procedure's step come from: its code has only its input and what its earlier steps gave back, so
// what stands in none of them was worked out from all of them, and has the worst of their labels. Pure. May import domain
// only.
import type { Outcome, Proposal } from './action.ts';
import type { JsonObject } from './json.ts';
import { type FreeName, scalarsOf } from './leaves.ts';
import { createTracerIn, type Provenance } from './provenance.ts';
import { isStrangers, type Origin, type Source, textsOf, worstOf } from './sources.ts';

/** An earlier step of the same procedure. */
export interface EarlierStep {
  readonly tool: string;
  /** As declared for what the tool returns. */
  readonly trust: 'record' | 'untrusted';
  /** As JSON. */
  readonly args: string;
  readonly outcome: Outcome;
}

/** Undefined where nobody traced what the procedure was started with. */
export function traceStep(
  start: Pick<Proposal, 'args' | 'provenance' | 'tool'>,
  earlier: readonly EarlierStep[],
  args: JsonObject,
  names: readonly FreeName[] = [],
): Provenance | undefined {
  const { provenance } = start;
  if (provenance === undefined) return undefined;
  const sources = [...inputOf(JSON.parse(start.args) as JsonObject, provenance), ...earlier.map(sourceOf)];
  const isClean = provenance.context === 'clean' && !sources.some(({ origin }) => isStrangers(origin));
  const worked: Origin = worstOf(['record', ...sources.map(({ origin }) => origin)]);
  const trace = createTracerIn({ sources, isClean }, { origin: worked, by: start.tool });
  return trace(args, names);
}

function inputOf(input: JsonObject, provenance: Provenance): readonly Source[] {
  const known = new Map(provenance.values.map((value) => [value.path, value]));
  return scalarsOf(input).map(({ path, value }) => {
    const { origin = 'unknown', itemId = '', source = 'the input of the procedure', factId } = known.get(path) ?? {};
    const texts = typeof value === 'object' ? [] : [String(value)];
    return { origin, itemId, name: source, ...(factId === undefined ? {} : { factId }), texts };
  });
}

function sourceOf({ tool, trust, args, outcome }: EarlierStep): Source {
  const asked = textsOf(args, 'values');
  if (outcome.kind === 'succeeded') {
    return { origin: trust, itemId: '', name: tool, texts: textsOf(JSON.stringify(outcome.result)), asked };
  }
  // A far side's words, or those of people who denied it.
  return { origin: 'untrusted', itemId: '', name: tool, texts: [outcome.reason] };
}
