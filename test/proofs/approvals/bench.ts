// Counts what is tried, and looks from outside at what came of it: the far side's own log, the claims and approvals of the
// store. An attack that nobody answered as one, or that never arrived, is a violation as much as one that succeeds.
import { inspect } from 'node:util';
import { type ProofContext, waitFor } from '../support.ts';
import type { Heard, Saying, SurfaceName } from './surfaces.ts';
import { sayOn } from './surfaces.ts';
import { approvalNow, argsOf, type Asked, say, type Stage, untilReplied } from './stage.ts';
import { wordsForCalls } from '../rig/model.ts';

/** What is wrong, as a sentence; undefined or an empty list where nothing is. */
export type Problem = string | undefined | readonly string[];

/** Some attempts, one after the other, that have nothing to do with others. */
export type Track = () => Promise<void>;

export interface Bench {
  /** All of them in a full proof, so many by chance in a quick one. */
  some<T>(from: readonly T[], quickly: number): readonly T[];
  readonly violations: string[];
  cases(): number;
  /** How many cases a part has. */
  casesOf(part: string): number;
  /** Try one thing. What it throws is a violation: it did not come to its answer. */
  attempt(part: string, what: string, work: () => Promise<Problem>): Promise<void>;
  summarize(log: (line: string) => void): void;
}

export function createBench({ log, quick, random }: Pick<ProofContext, 'log' | 'quick' | 'random'>): Bench {
  const violations: string[] = [];
  const parts = new Map<string, { cases: number; bad: number }>();
  return {
    some(from, quickly) {
      if (!quick) return from;
      const left = [...from];
      const take = () => left.splice(random.between(0, left.length - 1), 1);
      return Array.from({ length: Math.min(quickly, from.length) }, take).flat();
    },
    violations,
    cases: () => [...parts.values()].reduce((sum, { cases }) => sum + cases, 0),
    casesOf: (part) => parts.get(part)?.cases ?? 0,
    async attempt(part, what, work) {
      const counted = parts.get(part) ?? { cases: 0, bad: 0 };
      parts.set(part, counted);
      counted.cases += 1;
      const said = await work().catch((error: unknown) => `it was not answered: ${inspect(error, { depth: 1 })}`);
      const problems = typeof said === 'string' ? [said] : (said ?? []);
      for (const problem of problems) {
        counted.bad += 1;
        violations.push(`${part}: ${what}: ${problem}`);
        log(`${part}: ${what}: ${problem}`);
      }
    },
    summarize(print) {
      for (const [part, { cases, bad }] of parts)
        print(`${part.padEnd(34)} ${String(cases).padStart(4)} cases${bad === 0 ? '' : `, ${bad} violations`}`);
    },
  };
}

/** It must be refused so: with this status, and in these words or as this kind of problem. */
export function refusedAs(heard: Heard, status: number, how: string | RegExp): Problem {
  const says = typeof how === 'string' ? heard.type === how : how.test(heard.text);
  if (heard.status === status && says && !heard.counted) return undefined;
  return `it must be refused as ${status} ${how}, and was answered ${JSON.stringify(heard)}`;
}

/** How whoever comes late is told so. */
export const tooLateOn = (surface: SurfaceName): [number, string | RegExp] =>
  surface === 'http' ? [409, 'approval_settled'] : [200, /^Too late/];

export const counts = (heard: Heard): Problem =>
  heard.status === 200 && heard.counted ? undefined : `it must count, and was answered ${JSON.stringify(heard)}`;

/** How it stands: nobody's word counts, it is open, and nothing was claimed or done. */
export async function untouched(stage: Stage, { approval }: Pick<Asked, 'approval'>): Promise<Problem> {
  const { end, decisions, asides = [] } = await approvalNow(stage, approval.id);
  const said = [...decisions, ...asides].map(({ personId, answer }) => `${answer} by ${personId}`);
  return [
    ...(end === 'open' ? [] : [`${approval.id} must be open, and is ${end}`]),
    ...(said.length === 0 ? [] : [`${approval.id} must have no decision, and has ${said.join(', ')}`]),
    ...(await neverRan(stage, approval.actionId)),
  ];
}

/** Neither claimed nor done. */
export async function neverRan(stage: Stage, actionId: string): Promise<readonly string[]> {
  const claims = await stage.query('select 1 from countersign.claims where action_id = $1', [actionId]);
  const times = effectsOf(stage, actionId).length;
  return [
    ...(claims.length === 0 ? [] : [`${actionId} was claimed`]),
    ...(times === 0 ? [] : [`${actionId} happened ${times} times`]),
  ];
}

export const effectsOf = ({ rig }: Stage, actionId: string) => rig.far.effects.filter(({ key }) => key === actionId);

// 60 s: what takes one on a quiet machine.
const END_LIMIT_MS = 60_000;

/** Wait until the action has ended; resolves to how. */
export const endingOf = (stage: Stage, actionId: string): Promise<string> =>
  waitFor(`the end of ${actionId}`, END_LIMIT_MS, async () => {
    const rows = await stage.query<{ kind: string | null }>(
      'select outcome_kind as kind from countersign.actions where id = $1',
      [actionId],
    );
    return rows[0]?.kind ?? undefined;
  });

/** Wait until the approval has ended; resolves to how. */
export const endOf = (stage: Stage, approvalId: string): Promise<string> =>
  waitFor(`the end of ${approvalId}`, END_LIMIT_MS, async () => {
    const { end } = await approvalNow(stage, approvalId);
    return end !== 'open' && end;
  });

/** It happened once, with the very arguments that were approved. */
export async function ranOnce(stage: Stage, { approval, args }: Asked): Promise<readonly string[]> {
  const ending = await endingOf(stage, approval.actionId);
  const effects = effectsOf(stage, approval.actionId);
  const [effect] = effects;
  return [
    ...(ending === 'succeeded' ? [] : [`${approval.actionId} must have succeeded, and has ended as ${ending}`]),
    ...(effects.length === 1 ? [] : [`${approval.actionId} happened ${effects.length} times`]),
    ...(effect === undefined || sameJson(JSON.parse(effect.body), args)
      ? []
      : [`the far side was sent ${effect.body}, where ${approval.args} was approved`]),
  ];
}

/** Whatever the order of members. */
export const sameJson = (one: unknown, other: unknown): boolean => inOrder(one) === inOrder(other);
const inOrder = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );

/** The control beside attacks: a genuine word on the same card must count, and then it runs, once. */
export async function genuine(
  stage: Stage,
  surface: SurfaceName,
  asked: Asked,
  saying: Partial<Saying> = {},
): Promise<Problem> {
  const heard = await sayOn(stage, surface, asked, { by: 'dora', word: 'approve', event: stage.next(), ...saying });
  const problem = counts(heard);
  return problem === undefined ? ranOnce(stage, asked) : problem;
}

/** What is called for is denied by itself: people are not even asked, and nothing happens. */
export async function denied(stage: Stage, tool: string, there?: string): Promise<Problem> {
  const before = there === undefined ? [] : await actionsOf(stage, there);
  const { id, messageId } = await say(stage, there === undefined ? {} : { in: there }, (of) =>
    wordsForCalls(of, [[tool, JSON.stringify(argsOf(stage))]]),
  );
  await untilReplied(stage, id, messageId);
  const actions = (await actionsOf(stage, id)).filter((one) => !before.some((other) => other.id === one.id));
  const problems = actions.filter(({ kind }) => kind !== 'denied').map((one) => `${one.id} is ${one.kind}`);
  const ran = await Promise.all(actions.map((one) => neverRan(stage, one.id)));
  return [...(actions.length === 1 ? [] : [`${actions.length} actions came of it`]), ...problems, ...ran.flat()];
}

/** With how each has ended. */
export const actionsOf = (stage: Stage, conversationId: string) =>
  stage.query<{ id: string; kind: string | null; tool: string }>(
    `select id, outcome_kind as kind, proposal->>'tool' as tool from countersign.actions where conversation_id = $1`,
    [conversationId],
  );
