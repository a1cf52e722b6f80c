// What a model call costs at most, by a table with its date. It says when a budget is used up, and is nobody's bill. Pure.
// May import domain types only. Money is whole micro-USD: millionths of a US dollar, which add up without rounding.
import type { Agent } from './agent.ts';
import type { ModelPrice } from './model.ts';

/** When the table below was compared with what the providers list. */
export const PRICES_AS_OF = '2025-11-13';

/** Dollars for a million tokens are micro-dollars for one. */
export interface TokenPrice {
  readonly promptMicroUsd: number;
  readonly completionMicroUsd: number;
}

const price = (promptMicroUsd: number, completionMicroUsd: number): TokenPrice => ({
  promptMicroUsd,
  completionMicroUsd,
});

/** As providers list them: no discount for a cache, a batch or a contract. An agent declares what differs. */
const PRICES: Readonly<Record<string, TokenPrice>> = {
  'gpt-5-pro': price(15, 120),
  'gpt-5.1': price(1.25, 10),
  'gpt-5': price(1.25, 10),
  'gpt-5-mini': price(0.25, 2),
  'gpt-5-nano': price(0.05, 0.4),
  'gpt-4.1': price(2, 8),
  'gpt-4.1-mini': price(0.4, 1.6),
  'gpt-4.1-nano': price(0.1, 0.4),
  'gpt-4o': price(2.5, 10),
  'gpt-4o-mini': price(0.15, 0.6),
  'gpt-4-turbo': price(10, 30),
  'gpt-4': price(30, 60),
  'claude-opus-4-0': price(15, 75),
  'claude-sonnet-4-0': price(3, 15),
  'claude-3-5-haiku-latest': price(0.8, 4),
};

/** What counts for a model that the table does not know: of each figure the highest. */
export const DEAREST: TokenPrice = price(
  Math.max(...Object.values(PRICES).map((one) => one.promptMicroUsd)),
  Math.max(...Object.values(PRICES).map((one) => one.completionMicroUsd)),
);

/** Small, with reasoning and tools, and an older one of another family to fall back on: where nobody names a model. */
export const DEFAULT_MODELS: readonly string[] = ['gpt-5-mini', 'gpt-4.1-mini'];

/** A release of a model by its date costs what the model costs. */
const OF_A_DATE = /-\d{4}-\d{2}-\d{2}$/;

/** What a token of the model costs; undefined where nobody has said, in US dollars. */
export function priceOf(model: string, own: Readonly<Record<string, ModelPrice>> = {}): TokenPrice | undefined {
  const declared = Object.hasOwn(own, model) ? own[model] : undefined;
  if (declared?.currency === 'USD') return price(declared.promptPerMillion, declared.completionPerMillion);
  const known = model.replace(OF_A_DATE, '');
  return Object.hasOwn(PRICES, known) ? PRICES[known] : undefined;
}

type Priced = Pick<Agent, 'models'> & Partial<Pick<Agent, 'prices'>>;

/** The models that the agent's calls may go to, as far as this role knows: its own, those configured, or what stands in. */
export const calledModels = ({ models }: Priced, configured: readonly string[] = []): readonly string[] =>
  [models, configured].find((some) => some.length > 0) ?? DEFAULT_MODELS;

/** Those of them that nobody has priced in US dollars. */
export const unpricedOf = ({ models, prices }: Priced): readonly string[] =>
  models.filter((model) => priceOf(model, prices) === undefined);

/**
 * What a token of any model costs at most that the agent's calls may go to. Whoever answered, this is what counts: which
 * model it was is the assistant's word alone.
 */
export function dearestOf({ models, prices = {} }: Priced): TokenPrice {
  const each = models.map((model) => priceOf(model, prices) ?? DEAREST);
  return price(
    Math.max(...each.map((one) => one.promptMicroUsd)),
    Math.max(...each.map((one) => one.completionMicroUsd)),
  );
}

/** Rounded up, so that no call is free that is not. */
export const microUsdOf = (
  { promptMicroUsd, completionMicroUsd }: TokenPrice,
  promptTokens: number,
  completionTokens: number,
): number => Math.ceil(promptTokens * promptMicroUsd + completionTokens * completionMicroUsd);
