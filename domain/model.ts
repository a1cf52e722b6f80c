// The port to models. One adapter per protocol behind it; everything above speaks these types. May import domain types.
import type { ItemBody, ItemRef, ModelCall } from './item.ts';
import type { JsonObject } from './json.ts';

export interface ToolSpec {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly parameters: JsonObject;
}

/** An answer that must be JSON of this schema, in place of words. */
export interface AnswerForm {
  readonly name: string;
  readonly schema: JsonObject;
}

export interface ModelRequest {
  readonly model: string;
  readonly instructions: string;
  /** A note of the system that stands before the transcript; '' or absent where there is none. */
  readonly note?: string;
  readonly transcript: readonly ItemBody[];
  readonly tools: readonly ToolSpec[];
  /** `none`: the model may only speak. */
  readonly toolChoice: 'auto' | 'none';
  readonly maxOutputTokens: number;
  /** The answer comes as `text`, or as the arguments of one call of that name. Then there are no tools. */
  readonly answer?: AnswerForm;
}

export interface ModelAnswer {
  /** The model's words; '' when it only called tools. */
  readonly text: string;
  readonly calls: readonly ModelCall[];
  /** What the provider wants back unread at the next call, as JSON text; '' when nothing. */
  readonly opaque: string;
  /** Why the model stopped: `refused` carries the refusal in `text`; `cut` means the output limit was reached. */
  readonly finish: 'stop' | 'calls' | 'cut' | 'refused';
  readonly model: string;
  readonly requestId: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/**
 * A model behind a protocol. `complete` returns a whole answer or throws an ApplicationFailure of the types in
 * failure.ts; it never retries by itself, never returns half a stream, and stops when the signal aborts.
 */
export interface ModelPort {
  readonly name: string;
  complete(request: ModelRequest, signal: AbortSignal): Promise<ModelAnswer>;
}

/** What a model costs: so much of the currency for a million tokens. */
export interface ModelPrice {
  /** ISO 4217. */
  readonly currency: string;
  readonly promptPerMillion: number;
  readonly completionPerMillion: number;
}

/** What one model call cost, in millionths of the currency. */
export interface ModelCost {
  readonly currency: string;
  readonly micros: number;
}

type Tokens = Pick<ModelAnswer, 'promptTokens' | 'completionTokens'>;

/** null where no price is declared. A price for a million, times tokens, is millionths. Pure. */
export function costOf(price: ModelPrice | undefined, { promptTokens, completionTokens }: Tokens): ModelCost | null {
  if (price === undefined) return null;
  const micros = Math.round(promptTokens * price.promptPerMillion + completionTokens * price.completionPerMillion);
  return { currency: price.currency, micros };
}

/** One model call of a turn. The texts stay in the store: the items to show are named by id, oldest first. */
export interface CallModelInput {
  readonly conversationId: string;
  readonly agent: string;
  readonly turn: number;
  /** Index of the model call within the turn; part of the key that makes a repeat cost nothing. */
  readonly call: number;
  readonly show: readonly string[];
  readonly toolChoice: 'auto' | 'none';
  /** Turns of which something still waits: of all that is shown they make room last. Absent where 0.7.0 asks. */
  readonly openTurns?: readonly number[];
}

export type CallModelResult = {
  readonly item: ItemRef;
  readonly promptTokens: number;
  readonly completionTokens: number;
} & ({ readonly kind: 'reply' } | { readonly kind: 'calls'; readonly count: number });

/** One look at what was written, for facts. */
export interface FillFactsInput {
  readonly conversationId: string;
  readonly agent: string;
  readonly turn: number;
  /** Messages and replies, oldest first. */
  readonly show: readonly string[];
}

export interface FillFactsResult {
  readonly item: ItemRef;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

// 2,048 tokens: twelve facts with eight quotes each are less; what is longer is no list of facts.
export const MAX_FACTS_TOKENS = 2_048;

// 20: far more than any version's Workflow has a call tried. Whoever looks for what was tried in vain looks as far.
export const MAX_MODEL_ATTEMPTS = 20;
