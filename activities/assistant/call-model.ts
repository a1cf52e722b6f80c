// The assistant's one Activity: show the model a transcript, keep its answer, return a reference. It makes no decision
// and has no effect but the item; a repeat under the same key costs no second model call. May import domain and store.
import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import type { Agent } from '../../domain/agent.ts';
import { assembleTranscript } from '../../domain/context.ts';
import type { Entry } from '../../domain/entry.ts';
import type { FailureType } from '../../domain/failure.ts';
import type { Item, NewItem } from '../../domain/item.ts';
import {
  type CallModelInput,
  type CallModelResult,
  costOf,
  type ModelAnswer,
  type ModelCost,
  type ModelRequest,
  type ToolSpec,
} from '../../domain/model.ts';
import type { Store } from '../../store/ports.ts';
import { itemDigest, markOf } from '../../trust/digest.ts';
import { deadline } from '../deadline.ts';
import { attempt, heartbeating } from '../heartbeat.ts';
import { itemOfAnswer } from './answer.ts';
import { failureOf, failureOfAll } from './failures.ts';
import type { ModelRoute, ModelRouter } from './models/router.ts';
import { patiently } from './patience.ts';
import { toolSpecsOf } from './tool-specs.ts';

// 110 s: 10 s below the Activity's own limit, for the store. The models of an attempt share it: each gets an equal
// part of what is left, so that a silent first model cannot take the time of the second.
export const MODEL_ATTEMPT_LIMIT_MS = 110_000;
// 50 s of it may go by until the store is there, so that more than half of it is left for the models.
const STORE_WAIT_MS = 50_000;
// 5 s of the 10 that are left: an answer that cannot be kept by then is lost to this attempt.
const KEEP_WAIT_MS = 5_000;

export interface CallModelDeps {
  readonly store: Pick<Store, 'record'> & { readonly items: Pick<Store['items'], 'load' | 'append' | 'byKey'> };
  readonly agents: ReadonlyMap<string, Agent>;
  readonly models: Pick<ModelRouter, 'routes'>;
  readonly nowMs: () => number;
  readonly attemptLimitMs?: number;
}

/**
 * The Activity. Throws AgentUnknown or the Model… failures of domain/failure.ts. The token figures are 0 when the
 * answer was already kept: they were counted where it was made, and stand in the ledger.
 */
export function createCallModel(deps: CallModelDeps): (input: CallModelInput) => Promise<CallModelResult> {
  // Prepared for every agent at the start, so that a wrong schema or a missing model stops the start, not a turn.
  const speakers = new Map([...deps.agents].map(([name, agent]) => [name, speakerOf(agent, deps.models)]));
  return async (input) => {
    const speaker = speakers.get(input.agent);
    if (speaker === undefined) throw final('AgentUnknown', `the agent "${input.agent}" is not loaded in this worker`);
    return heartbeating(async (cancelled) => {
      const begunMs = performance.now();
      const endMs = begunMs + (deps.attemptLimitMs ?? MODEL_ATTEMPT_LIMIT_MS);
      const found = await patiently(() => lookUp(deps, input), begunMs + STORE_WAIT_MS, cancelled);
      if (found.kept !== undefined) return resultOf(found.kept);
      const shown = assembleTranscript(found.items);
      if (shown.length === 0) throw final('ModelRejectedRequest', 'none of the items to show is in the store');
      const within = { cancelled, endMs, nowMs: deps.nowMs };
      const inVain: InVain[] = [];
      const heard = await ask(speaker, requestOf(speaker, shown, input), within, inVain).catch(
        async (error: unknown) => {
          await recordFailure(deps, failedOf(input, shown, inVain, deps.nowMs()), within);
          throw error;
        },
      );
      const failed = failedOf(input, shown, inVain, deps.nowMs());
      return patiently(() => keep(deps, input, shown, heard, failed), endMs + KEEP_WAIT_MS, cancelled);
    });
  };
}

/** The answer, where one was kept before; else what is to be shown. */
async function lookUp({ store }: CallModelDeps, input: CallModelInput) {
  const kept = await store.items.byKey(input.conversationId, keyOf(input));
  const items = kept === undefined ? await store.items.load(input.conversationId, input.show) : [];
  return { kept, items };
}

const keyOf = ({ turn, call }: CallModelInput): string => `turn:${turn}:model:${call}`;

const final = (type: FailureType, message: string) => ApplicationFailure.create({ type, message, nonRetryable: true });

interface Speaker {
  readonly agent: Agent;
  readonly tools: readonly ToolSpec[];
  readonly routes: readonly ModelRoute[];
}

function speakerOf(agent: Agent, models: CallModelDeps['models']): Speaker {
  return { agent, tools: toolSpecsOf(agent), routes: models.routes(agent) };
}

type Request = Omit<ModelRequest, 'model'>;

function requestOf({ agent, tools }: Speaker, shown: readonly Item[], input: CallModelInput): Request {
  return {
    instructions: agent.instructions,
    transcript: shown.map((item) => item.body),
    tools,
    toolChoice: input.toolChoice,
    maxOutputTokens: agent.limits.maxOutputTokens,
  };
}

interface Heard {
  readonly answer: ModelAnswer;
  readonly cost: ModelCost | null;
  readonly body: NewItem['body'];
}

interface Within {
  readonly cancelled: AbortSignal;
  /** When the time of the attempt is over, of performance.now(). */
  readonly endMs: number;
  readonly nowMs: () => number;
}

/** A model that was shown the transcript, and gave no answer that counts. */
interface InVain {
  readonly model: string;
  readonly reason: string;
}

/** Ask the models in order, each at most once, until one gives a usable answer. Who gave none is put into `inVain`. */
async function ask(
  { agent, routes }: Speaker,
  request: Request,
  { cancelled, endMs, nowMs }: Within,
  inVain: InVain[],
): Promise<Heard> {
  const limits = { ...agent.limits, toolChoice: request.toolChoice };
  const failures: ApplicationFailure[] = [];
  for (const [at, { model, port }] of routes.entries()) {
    const shareMs = Math.max(1, Math.floor((endMs - performance.now()) / (routes.length - at)));
    const share = deadline(shareMs, cancelled);
    try {
      const answer = await port.complete({ ...request, model }, share.signal);
      return { answer, cost: costOf(agent.prices[model], answer), body: itemOfAnswer(model, answer, limits) };
    } catch (error) {
      const failure = cancelled.aborted ? undefined : failureOf(error, model, nowMs());
      const isStopped = failure === undefined || failure instanceof CancelledFailure;
      inVain.push({ model, reason: isStopped ? `${model}: it was stopped before it had answered` : failure.message });
      if (failure === undefined) throw cancelled.reason;
      if (failure instanceof CancelledFailure) throw failure;
      failures.push(failure);
    } finally {
      share.end();
    }
  }
  throw failureOfAll(failures);
}

/** Keep the answer and its entries in one append. What was kept first stands, whoever asks a second time. */
async function keep(
  deps: CallModelDeps,
  input: CallModelInput,
  shown: readonly Item[],
  heard: Heard,
  failed: readonly Entry[],
): Promise<CallModelResult> {
  const { conversationId, turn } = input;
  const item: NewItem = { key: keyOf(input), conversationId, turn, trust: 'model', body: heard.body };
  const written = await deps.store.items.append([item], (items) => [
    ...failed,
    ...items.flatMap((one) => entriesOf(input, one, shown, heard, deps.nowMs())),
  ]);
  const [kept] = written;
  if (kept === undefined) throw new Error('the store returned no item for the model call');
  const { promptTokens, completionTokens } = heard.answer;
  return { ...resultOf(kept), promptTokens, completionTokens };
}

function entriesOf(
  { conversationId, turn, call }: CallModelInput,
  item: Item,
  shown: readonly Item[],
  { answer: { model, requestId, promptTokens, completionTokens }, cost }: Heard,
  atMs: number,
): readonly Entry[] {
  const of = { subject: conversationId, conversationId, atMs };
  const made = { turn, itemId: item.id, itemDigest: itemDigest(item) };
  const spent = { promptTokens, completionTokens, cost };
  const fact = { kind: 'model_call', ...made, model, requestId, shown: shown.map(markOf), ...spent } as const;
  const called: Entry = { ...of, step: `model:${turn}:${call}`, fact };
  if (item.body.kind !== 'reply') return [called];
  return [called, { ...of, step: `replied:${turn}`, fact: { kind: 'replied', ...made, by: 'model' } }];
}

/** What was shown has left the house, answer or not: one entry for all of an attempt; none where nobody was asked. */
function failedOf(
  { conversationId, turn, call }: CallModelInput,
  shown: readonly Item[],
  inVain: readonly InVain[],
  atMs: number,
): readonly Entry[] {
  if (inVain.length === 0) return [];
  const models = inVain.map(({ model }) => model);
  const reason = inVain.map((one) => one.reason).join(' · ');
  const fact = { kind: 'model_call_failed', turn, shown: shown.map(markOf), models, reason } as const;
  const step = `model:${turn}:${call}:failed:${attempt()}`;
  return [{ subject: conversationId, step, conversationId, atMs, fact }];
}

/**
 * Throws where it cannot be recorded, so that the next attempt asks, and records, again. A call that nobody wants any more
 * has no next attempt: it tries for a moment, and what cannot be recorded then is lost.
 */
async function recordFailure(
  { store }: CallModelDeps,
  failed: readonly Entry[],
  { cancelled, endMs }: Within,
): Promise<void> {
  if (failed.length === 0) return;
  const record = () => store.record(failed);
  const isWanted = !cancelled.aborted;
  if (isWanted) return patiently(record, endMs + KEEP_WAIT_MS, cancelled);
  const never = new AbortController().signal;
  return patiently(record, performance.now() + KEEP_WAIT_MS, never).catch(() => undefined);
}

function resultOf({ id, body }: Item): CallModelResult {
  const tokens = { promptTokens: 0, completionTokens: 0 };
  if (body.kind === 'calls')
    return { ...tokens, kind: 'calls', item: { id, kind: body.kind }, count: body.calls.length };
  if (body.kind === 'reply') return { ...tokens, kind: 'reply', item: { id, kind: body.kind } };
  throw final('ModelRejectedRequest', `the key of this model call belongs to a ${body.kind}`);
}
