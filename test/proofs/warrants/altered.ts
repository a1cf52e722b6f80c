// Each field altered once, by walking the real objects, so that a field which is added later is tried by itself.
import type { Json, JsonObject } from '../../../domain/json.ts';
import { act, type Bench, type Case, type Expected } from './bench.ts';
import {
  type Alteration,
  alterationsOf,
  type Forger,
  forge,
  forgersOf,
  headerOf,
  type Key,
  pathsOf,
  payloadOf,
} from './forging.ts';
import type { Act, Issuer } from './leave.ts';

/** The statements of a warrant, and how one is put into it. */
export type Part = 'verdict' | 'principal' | 'decisions';

export const partOf = ({ warrant }: Act, part: Part): string =>
  part === 'decisions' ? (warrant.decisions[0] ?? '') : warrant[part];

const withPart = (one: Act, part: Part, text: string): Act => ({
  ...one,
  warrant: { ...one.warrant, [part]: part === 'decisions' ? [text] : text },
});

/**
 * What the API may say otherwise without changing who asked for what, or who approved what. Everything else must be refused
 * even where it is signed with the API's own key.
 */
const HARMLESS: Record<Part, readonly string[]> = {
  verdict: [],
  principal: ['messageId', 'textSha256', 'atMs'],
  decisions: ['decisionId', 'reason', 'method', 'atMs', 'person.name'],
};

/** Of an `inspect`: neither who reads nor what is read depends on these, and nothing is written of them. */
const NOT_READ = ['callId', 'summary', 'timeoutMs'];
/** A proposal of before has none. Nothing is acted on without the one that its verdict covers. */
const MAY_LACK = ['declarationSha256'];

/** Fields that no alteration reached. */
export function untouched(value: JsonObject, alterations: readonly Alteration[]): readonly string[] {
  return pathsOf(value).filter((path) => !alterations.some((one) => one.path === path));
}

const isReadAllTheSame = ({ path, how }: Alteration): boolean =>
  (how === 'changed' && NOT_READ.includes(path)) || (how === 'removed' && MAY_LACK.includes(path));

const named = ({ path, how }: Alteration): string => `${path} ${how}`;

/** The task itself and every field of its proposal; then the task as it was. */
export async function ofProposal(bench: Bench, group: string, genuine: Act): Promise<void> {
  const proposal = { ...genuine.proposal } as unknown as JsonObject;
  const alterations = alterationsOf(proposal);
  for (const path of untouched(proposal, alterations))
    bench.violations.push(`${path} of the proposal was never altered`);
  const cases = alterations.map((one) => act(named(one), { ...genuine, proposal: one.altered }));
  await bench.tryAll(group, cases);
  await bench.tryAll(group, [act('unaltered', genuine, 'runs')]);
}

/** Every field of a statement, by every forger, and the genuine one. `whole`: removed and null too, not only changed. */
export async function ofStatement(
  bench: Bench,
  issue: Issuer,
  part: Part,
  keys: { readonly own: Key; readonly other: Key; readonly unknown: Key },
  whole: boolean,
): Promise<void> {
  const cases: Case[] = [];
  for (const forger of forgersOf(keys)) {
    const genuine = await issue();
    const forged = forgedBy(forger, genuine, part, whole);
    for (const path of forged.untouched) bench.violations.push(`${path} of the ${part} was never altered`);
    cases.push(...forged.cases, act(`the genuine one, not ${forger[0]}`, genuine, 'runs'));
  }
  await bench.tryAll(`${part}, forged in ${forgersOf(keys).length} ways`, cases);
}

function forgedBy([how, make]: Forger, genuine: Act, part: Part, whole: boolean) {
  const text = partOf(genuine, part);
  const payload = payloadOf(text);
  const all = alterationsOf(payload);
  const cases = all
    .filter((one) => whole || one.how === 'changed')
    .map((one) => act(`${named(one)}, ${how}`, withPart(genuine, part, make(text, one.altered))));
  // Under its old signature the unaltered statement is the genuine one.
  const bare = make(text, payload);
  const unaltered = bare === text ? [] : [act(`unaltered, ${how}`, withPart(genuine, part, bare))];
  return { cases: [...cases, ...unaltered], untouched: untouched(payload, all) };
}

/**
 * The attacker holds the one key that may sign this statement, and no other, and not the record: every field changed and
 * signed as it should be. A verdict creates no approval; a message or a decision is still that of its person, or nothing.
 */
export async function underItsOwnKey(bench: Bench, issue: Issuer, part: Part, own: Key): Promise<void> {
  const cases: Case[] = [];
  for (const { path, how } of alterationsOf(payloadOf(partOf(await issue(), part)))) {
    if (how !== 'changed') continue;
    const genuine = await issue();
    const text = partOf(genuine, part);
    const one = alterationsOf(payloadOf(text)).find((other) => other.path === path && other.how === how);
    const forged = withPart(genuine, part, forge(headerOf(text), one?.altered ?? {}, own));
    const expect: Expected = HARMLESS[part].includes(path) ? 'runs' : part === 'verdict' ? 'nothing' : 'refused';
    cases.push(act(`${path} ${how}`, forged, expect));
  }
  await bench.tryAll(`${part}, by the holder of its one key`, cases);
}

/** Everything by which an inspect could read something else, or for somebody else. */
export async function ofInspect(bench: Bench, issue: Issuer, keys: Parameters<typeof forgersOf>[0]): Promise<void> {
  const { proposal, warrant } = await issue({ tool: 'pay' });
  const { principal } = warrant;
  const inspect = (what: string, input: Json | object | undefined, expect: Expected = 'refused'): Case => {
    return { what, task: { activity: 'inspect', input }, expect };
  };
  const fields = alterationsOf({ ...proposal } as unknown as JsonObject).map((one) =>
    inspect(named(one), { proposal: one.altered, principal }, isReadAllTheSame(one) ? 'evidence' : 'refused'),
  );
  const forged = forgersOf(keys).flatMap(([how, make]) =>
    alterationsOf(payloadOf(principal))
      .filter((one) => one.how === 'changed')
      .map((one) => inspect(`${one.path}, ${how}`, { proposal, principal: make(principal, one.altered) })),
  );
  const whole = inspect('unaltered', { proposal, principal }, 'evidence');
  await bench.tryAll('inspect', [...fields, ...forged, inspect('no input', undefined), whole]);
}
