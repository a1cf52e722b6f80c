// Runs of the command, as CI does it, and what is not as it was said before.
import { FROM_SOURCE, run } from '../../support/children.ts';
import type { Expected, ExpectedFlip } from './reference.ts';

/** An API that answers an auditor. */
export interface Asked {
  readonly url: string;
  readonly key: string;
}

export interface Ran {
  readonly code: number;
  readonly output: string;
}

// 5 minutes: ten thousand verdicts take seconds; a machine that does other things too is slower.
const LIMIT_MS = 5 * 60_000;
// As the help says.
const CHANGED = 3;
// As people read it: the worst first.
const ORDER = [
  ...['deny_to_allow', 'deny_to_ask', 'ask_to_allow', 'asks_less'],
  ...['asks_more', 'allow_to_ask', 'ask_to_deny', 'allow_to_deny'],
];
// 3: enough to see what it is.
const SHOWN = 3;

export async function runDiff({ url, key }: Asked, folder: string, args: readonly string[]): Promise<Ran> {
  const env = { COUNTERSIGN_URL: url, COUNTERSIGN_API_KEY: key, HOME: folder };
  return run(process.execPath, [...FROM_SOURCE, 'cli/main.ts', 'rules', 'diff', ...args], { limitMs: LIMIT_MS, env });
}

interface Told {
  readonly read: number;
  readonly replayed: number;
  readonly approximate: number;
  readonly byAnotherRule: number;
  readonly byCode: number;
  readonly erased: readonly { readonly actionId: string }[];
  readonly notReplayed: readonly { readonly actionId: string; readonly reason: string }[];
  readonly changes: readonly {
    readonly change: string;
    readonly count: number;
    readonly rules: readonly { readonly before: string; readonly after: string; readonly count: number }[];
  }[];
  readonly flips: readonly {
    readonly actionId: string;
    readonly change: string;
    readonly before: { readonly ruleId: string };
    readonly after: { readonly ruleId: string };
    readonly isApproximate: boolean;
    readonly why: string;
    readonly temporal: string | null;
  }[];
}

/** What differs from what is expected, in words. */
export function differences({ code, output }: Ran, expected: Expected): readonly string[] {
  if (!output.startsWith('{')) return [`the command ended with ${code} and said: ${output.slice(0, 500)}`];
  const told = JSON.parse(output) as Told;
  const flips = told.flips.map(({ actionId, change, before, after, isApproximate }): ExpectedFlip => {
    return [actionId, change, before.ruleId, after.ruleId, isApproximate];
  });
  const ids = (of: readonly { readonly actionId: string }[]) => of.map(({ actionId }) => actionId);
  const isOrdered = told.flips.every((one, at) => place(told.flips[at - 1]?.change) <= place(one.change));
  const unlinked = told.flips.filter(({ actionId, why, temporal }) => {
    return !why.endsWith(`/v1/actions/${encodeURIComponent(actionId)}/why`) || temporal === null;
  });
  const reasonless = told.notReplayed.filter(({ reason }) => reason === '');
  return [
    ...sets('verdicts that change', texts(flips), texts(expected.flips)),
    ...sets('erased', ids(told.erased), expected.erased),
    ...sets('not replayed', ids(told.notReplayed), expected.notReplayed),
    ...(['replayed', 'approximate', 'byAnotherRule', 'byCode'] as const).flatMap((name) =>
      told[name] === expected[name] ? [] : [`${name} is ${told[name]} instead of ${expected[name]}`],
    ),
    ...sets('counts by rules', countsTold(told), countsOf(expected.flips)),
    ...(isOrdered ? [] : ['what widens does not come first']),
    ...(unlinked.length === 0 ? [] : [`${unlinked.length} changes without their links`]),
    ...(reasonless.length === 0 ? [] : [`${reasonless.length} not replayed without a reason`]),
    ...(code === (expected.widens ? CHANGED : 0) ? [] : [`--fail-on widen ended with ${code}`]),
  ];
}

/** Without --fail-on nothing fails, and `any` fails on any change; as text, as people see it. */
export async function failsOf(
  asked: Asked,
  folder: string,
  args: readonly string[],
  { flips }: Expected,
): Promise<readonly string[]> {
  const [lax, strict] = [
    await runDiff(asked, folder, args),
    await runDiff(asked, folder, [...args, '--fail-on', 'any']),
  ];
  const sentence = flips.length === 0 ? 'No verdict changes.' : `${flips.length} verdicts change.`;
  return [
    ...(lax.code === 0 ? [] : [`without --fail-on it ended with ${lax.code}`]),
    ...(lax.output.includes(sentence) ? [] : [`it does not say "${sentence}": ${lax.output.slice(0, 300)}`]),
    ...(strict.code === (flips.length === 0 ? 0 : CHANGED) ? [] : [`--fail-on any ended with ${strict.code}`]),
  ];
}

const place = (change: string | undefined): number => (change === undefined ? 0 : ORDER.indexOf(change));

const texts = (flips: readonly ExpectedFlip[]): readonly string[] => flips.map((one) => one.join(' '));

/** How often each change of each pair of rules, as told. */
const countsTold = ({ changes }: Told): readonly string[] =>
  changes.flatMap(({ change, rules }) => rules.map((one) => `${change} ${one.before} ${one.after} ${one.count}`));

function countsOf(flips: readonly ExpectedFlip[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const [, change, before, after] of flips) {
    const name = [change, before, after].join(' ');
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => `${name} ${count}`);
}

/** What is missing and what is too much; each stands once in either. */
function sets(what: string, told: readonly string[], wanted: readonly string[]): readonly string[] {
  const [isTold, isWanted] = [new Set(told), new Set(wanted)];
  const missing = wanted.filter((one) => !isTold.has(one));
  const more = told.filter((one) => !isWanted.has(one));
  const shown = (of: readonly string[]) => of.slice(0, SHOWN).join('; ');
  return [
    ...(missing.length === 0 ? [] : [`${what}: ${missing.length} missing, such as ${shown(missing)}`]),
    ...(more.length === 0 ? [] : [`${what}: ${more.length} too many, such as ${shown(more)}`]),
    ...(told.length === wanted.length ? [] : [`${what}: ${told.length} instead of ${wanted.length}`]),
  ];
}
