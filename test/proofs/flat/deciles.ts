// What a tenth of a conversation cost for each turn (or answer), and what must hold of the last tenth beside the second: the
// first is where a conversation grows into what it is shown. Pure.

export interface Decile {
  /** Turns in it; of one long turn, answers of the model. */
  readonly turns: number;
  readonly timesMs: readonly number[];
  readonly events: number;
  readonly historyBytes: number;
  readonly storeBytes: number;
  /** Of each model call, as the system itself counts them. */
  readonly promptTokens: readonly number[];
  /** Samples of what all roles keep in memory. */
  readonly memoryMiB: readonly number[];
  /** The same of a young conversation that was lived beside it; empty where there was none. */
  readonly youngTimesMs: readonly number[];
}

export const DECILES = 10;

/** 1.2: a fifth; what grew with each turn would have grown fivefold from the second decile to the last. */
export const MOST_GROWTH = 1.2;
/** 8,000 tokens: a prompt that is next to nothing is flat whatever is done. */
export const LEAST_PROMPT_TOKENS = 8_000;

export const share = (values: readonly number[], of: number): number =>
  values.toSorted((one, other) => one - other)[Math.floor(of * (values.length - 1))] ?? 0;

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** What a decile costs a turn, figure by figure. */
const FIGURES = {
  'p50, ms': ({ timesMs }: Decile) => share(timesMs, 0.5),
  'p95, ms': ({ timesMs }: Decile) => share(timesMs, 0.95),
  'p50 beside a young one': ({ timesMs, youngTimesMs }: Decile) =>
    youngTimesMs.length === 0 ? 0 : share(timesMs, 0.5) / share(youngTimesMs, 0.5),
  events: ({ events, turns }: Decile) => events / turns,
  'history, bytes': ({ historyBytes, turns }: Decile) => historyBytes / turns,
  'store, bytes': ({ storeBytes, turns }: Decile) => storeBytes / turns,
  'prompt, tokens': ({ promptTokens }: Decile) => mean(promptTokens),
  'memory, MiB': ({ memoryMiB }: Decile) => share(memoryMiB, 0.5),
} as const;

export type Figure = keyof typeof FIGURES;

export function tableOf(deciles: readonly Decile[]): readonly string[] {
  const shown = (value: number) => (value < 10 ? value.toFixed(2) : value.toFixed(0)).padStart(8);
  return Object.entries(FIGURES).map(
    ([name, of]) => `${name.padEnd(24)}${deciles.map((decile) => shown(of(decile))).join('')}`,
  );
}

/** Which deciles are held against which. */
export const COMPARED = {
  full: { before: [1], after: [9] },
  // So few turns to a decile that one alone says little.
  quick: { before: [2, 3, 4], after: [7, 8, 9] },
} as const;

const ALL = [1, 2, 3, 4, 5, 6, 7, 8, 9];

/** What grows, as sentences. */
export function growthOf(
  what: string,
  deciles: readonly Decile[],
  held: readonly Figure[],
  compared: (typeof COMPARED)[keyof typeof COMPARED],
): readonly string[] {
  if (deciles.length !== DECILES) return [`${what} has no ten deciles`];
  const meanOf = (name: Figure, which: readonly number[]) =>
    mean(deciles.filter((_, at) => which.includes(at)).map(FIGURES[name]));
  const grown = held.flatMap((name) => {
    const [before, after] = [meanOf(name, compared.before), meanOf(name, compared.after)];
    if (before > 0 && after <= before * MOST_GROWTH) return [];
    return [`${what}: "${name}" is ${after.toFixed(1)} in the last deciles and was ${before.toFixed(1)} in the first`];
  });
  // Of a quick run in the mean of them all: four turns by themselves may fall on short ones.
  const each =
    compared === COMPARED.full ? deciles.slice(1).map(FIGURES['prompt, tokens']) : [meanOf('prompt, tokens', ALL)];
  const low = each.filter((tokens) => tokens < LEAST_PROMPT_TOKENS);
  return [
    ...grown,
    ...(low.length === 0 ? [] : [`${what}: prompts of ${low.length} deciles are too short to say anything`]),
  ];
}
