// How people read where a value comes from. Pure. May import domain only.
import type { Provenance, TracedValue } from './provenance.ts';
import { isStrangers, type Origin } from './sources.ts';

/** "read_ticket (untrusted)", "the requester’s own words". One line; names of tools and ids of people are not escaped. */
export function sourceText(value: TracedValue): string {
  const from = placeText(value);
  switch (value.match) {
    case undefined:
      return from;
    case 'composed':
      return `parts, the worst of them from ${from}`;
    case 'within':
      return `${from}, as to an address or account within it`;
    case 'worked_out':
      return `what ${value.source ?? 'code'} worked out of ${WORKED_FROM[value.origin]}`;
    case 'short':
      return `${from}, or by chance: it is so short`;
    default:
      return value.match satisfies never;
  }
}

const WORKED_FROM = {
  principal: 'the requester’s own words',
  record: 'records',
  person: 'another person’s words, among others',
  untrusted: 'what anybody may have written, among others',
  model: 'what the model made up, among others',
  unknown: 'nobody knows what',
} as const satisfies Record<Origin, string>;

const REMEMBERED = {
  principal: 'the requester’s own words then',
  record: 'a record then',
  person: 'another person then',
  untrusted: 'untrusted',
  model: 'the model made it up',
  unknown: 'nobody knows where from',
} as const satisfies Record<Origin, string>;

function placeText({ origin, source = '', itemId, factId }: TracedValue): string {
  if (factId !== undefined) return `${source} (${REMEMBERED[origin]})`;
  switch (origin) {
    case 'principal':
      return 'the requester’s own words';
    case 'record':
      return itemId === '' ? source : `${source} (record)`;
    case 'person':
      return `${source} (another person)`;
    case 'untrusted':
      return `${source} (untrusted)`;
    case 'model':
      return itemId === undefined ? 'nowhere: the model made it up' : source;
    case 'unknown':
      return 'nobody knows where';
    default:
      return origin satisfies never;
  }
}

/** By path: where each value that decides comes from, each that a stranger wrote, and each that is only remembered. */
export const toldSources = (
  provenance: Provenance | undefined,
  critical: readonly string[],
): ReadonlyMap<string, string> =>
  new Map(
    (provenance?.values ?? [])
      .filter(({ isName }) => isName !== true)
      .filter(({ name, origin, factId }) => critical.includes(name) || isStrangers(origin) || factId !== undefined)
      .map((value) => [value.path, sourceText(value)]),
  );
