// How much of their systems of record the actions of one answer may carry along. Pure; runs in Workflow code.
import type { Inspected } from './activity-ports.ts';
import { utf8Bytes } from './text.ts';

/**
 * 96 KB of JSON in UTF-8: beside 128 KB of arguments what travels together stays below 256 KB, where Temporal warns; above
 * 2 MB it would end the conversation. Room for six records of the greatest length, or for dozens of the usual.
 */
export const MAX_EVIDENCE_OF_ANSWER_BYTES = 98_304;

/** In order, as far as there is room: what an action would have beyond that is left out, and says so. */
export function withinRoom(all: readonly Inspected[]): readonly Inspected[] {
  let leftBytes = MAX_EVIDENCE_OF_ANSWER_BYTES;
  return all.map((one) => {
    if (one.evidence === null) return one;
    const bytes = utf8Bytes(JSON.stringify(one.evidence));
    if (bytes > leftBytes) return { ...one, evidence: null, isLeftOut: true };
    leftBytes -= bytes;
    return one;
  });
}
