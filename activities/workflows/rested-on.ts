// What a proposal rests on of what is remembered, and why nothing may be done on the ground of it. Asked at each decision:
// what was fresh when it was proposed may be stale by then. May import domain and store types.
import type { Proposal } from '../../domain/action.ts';
import type { LoadedAgent } from '../../domain/agent.ts';
import { type RememberedFact, type RestedOn, restedOn, standingOf } from '../../domain/memory.ts';
import { dayOf } from '../../domain/memory-note.ts';
import type { WorkflowsDeps } from './deps.ts';

interface Resting {
  /** Those that are in force. */
  readonly facts: readonly RestedOn[];
  /** A sentence; undefined where all of them are in force and fresh. */
  readonly why: string | undefined;
}

export async function restingOnFacts(
  { store }: Pick<WorkflowsDeps, 'store'>,
  { agent }: LoadedAgent,
  { tenant, agent: name, principal, provenance }: Proposal,
  nowMs: number,
): Promise<Resting> {
  const ids = [...new Set((provenance?.values ?? []).flatMap(({ factId }) => factId ?? []))];
  if (ids.length === 0) return { facts: [], why: undefined };
  const found = await store.facts.some({ tenant, agent: name, subject: principal.id }, ids);
  const inForce = found.filter((fact) => standingOf(fact, nowMs) === 'in_force');
  const facts = inForce.map((fact) => restedOn(fact, nowMs));
  if (inForce.length < ids.length) {
    return { facts, why: 'it rests on something that was remembered and is not any more; ask the principal' };
  }
  const stale = inForce.find((_, at) => facts[at]?.isStale);
  return { facts, why: stale && whyStale(stale, agent.memory?.[stale.kind]?.record) };
}

function whyStale({ kind, fromMs }: RememberedFact, record: string | undefined): string {
  const again =
    record === undefined
      ? 'the principal must say it again'
      : `read it again with ${record}, or have the principal say it`;
  return `it rests on the remembered ${kind} of ${dayOf(fromMs)}, which is too old to act on; ${again}`;
}
