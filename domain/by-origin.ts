// A rule pack that goes by where values come from and by nothing else: what a tool declares, never what it is called. An
// agent ends its own rules with it. Pure. May import domain only.
import { sourceText } from './origin-words.ts';
import type { Provenance, TracedValue } from './provenance.ts';
import { isStrangers } from './sources.ts';
import { allow, ask, isPlainRead, type Rule, type RuleCase, rule } from './rule.ts';

/**
 * For agents whose requester's word is enough: `rules: [...own, ...byOrigin({ group: 'support' })]`.
 *
 * Reads that carry nothing out run. Anything else runs where what decides it is the requester's own, and is asked of the
 * group where it is not. Not for a desk whose requesters may not have what they ask for: that is its own rules' to say.
 */
export function byOrigin(whom: {
  readonly group: string;
  readonly quorum?: number;
  readonly withinMs?: number;
}): readonly Rule[] {
  return [
    rule('origin.reads', (action) =>
      isPlainRead(action) && isOwn(action) ? allow('a read that carries nothing out') : undefined,
    ),
    // A record of somebody else: no answer, and the default denies.
    rule('origin.decides', (action) => {
      if (isPlainRead(action) || !isOwn(action)) return undefined;
      const doubt = doubtAbout(action);
      return doubt === undefined ? allow('the requester’s own words decide it') : ask({ ...whom, reason: doubt });
    }),
  ];
}

/** Where a tool reads no record, the scope of its credential is what keeps it to the requester's own. */
const isOwn = ({ evidence, principal }: RuleCase): boolean => evidence === null || evidence.subject === principal.id;

/** Why the requester's words do not decide it; undefined where they do. */
export function doubtAbout(action: RuleCase): string | undefined {
  const { provenance } = action;
  if (provenance === undefined || provenance.isCut === true) return 'it is not known where its values come from';
  // What would hold whatever the model had read holds where it has read nothing, or a text that is added could allow a call.
  const steered = doubtIn(action, provenance, isRequested, decidingIfSteered(action, provenance));
  if (provenance.context !== 'clean' || steered === undefined) return steered;
  return doubtIn(action, provenance, isTrusted, decidingOf(action, provenance));
}

function doubtIn(
  { egress }: RuleCase,
  { values }: Provenance,
  holds: (value: TracedValue) => boolean,
  deciding: readonly TracedValue[],
): string | undefined {
  const doubtful = deciding.find((value) => !holds(value)) ?? (egress ? values.find(isStrange) : undefined);
  if (doubtful !== undefined) return `${doubtful.path} comes from ${sourceText(doubtful)}`;
  // A value that stands in any text by chance is no wish; neither is none.
  return deciding.some(({ match }) => match !== 'short') ? undefined : 'nothing in it shows that it was asked for';
}

/** The values that decide: those of the critical arguments; all, where the call has none of them. */
function decidingOf({ critical = [] }: RuleCase, { values }: Provenance): readonly TracedValue[] {
  const named = values.filter(({ name }) => critical.includes(name));
  return named.length === 0 ? values : named;
}

/**
 * Whatever may have been planted must not leave the house: there all decide, once the model has read what anybody may have
 * written; the critical ones are named first.
 */
function decidingIfSteered(action: RuleCase, provenance: Provenance): readonly TracedValue[] {
  const named = decidingOf(action, provenance);
  return action.egress ? [...named, ...provenance.values.filter((value) => !named.includes(value))] : named;
}

/** Nobody can have steered the model, so that it may choose among what the house has on record. */
const isTrusted = ({ origin, match }: TracedValue): boolean =>
  (origin === 'principal' || origin === 'record') && match !== 'within';

/** Somebody may have chosen: then what the requester said stands, as it was said, and nothing else does. */
const isRequested = ({ origin, match }: TracedValue): boolean =>
  origin === 'principal' && (match === undefined || match === 'short');

/** What no call may carry out unseen, whatever decides it: strangers' words, and addresses that are nobody's. */
const isStrange = ({ origin, match }: TracedValue): boolean =>
  match === 'within' || origin === 'unknown' || isStrangers(origin);
