// The assistant's Activity that answers: show the model a transcript, keep its answer, return a reference. It makes no
// decision and has no effect but the item; a repeat under the same key costs no second model call. May import domain and
// store.
import { ApplicationFailure } from '@temporalio/activity';
import { type Agent, limitsOf } from '../../domain/agent.ts';
import type { Entry } from '../../domain/entry.ts';
import type { FailureType } from '../../domain/failure.ts';
import type { Room } from '../../domain/fitting.ts';
import { modelKey } from '../../domain/ids.ts';
import type { Item, NewItem } from '../../domain/item.ts';
import { type RememberedFact, remembers } from '../../domain/memory.ts';
import { noteOf } from '../../domain/memory-note.ts';
import type { CallModelInput, CallModelResult, ModelAnswer, ModelRequest, ToolSpec } from '../../domain/model.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Store } from '../../store/ports.ts';
import { itemDigest } from '../../trust/digest.ts';
import { heartbeating } from '../heartbeat.ts';
import { toolSpecsOf } from '../tool-specs.ts';
import { type AnswerItem, itemOfAnswer } from './answer.ts';
import {
  ask,
  calledEntry,
  type CallOf,
  failedEntries,
  type Heard,
  type InVain,
  KEEP_WAIT_MS,
  recordFailure,
  type Speaker,
} from './asking.ts';
import type { ModelRouter } from './models/router.ts';
import { patiently } from './patience.ts';
import { type Showing, showingOf } from './showing.ts';
import { type CountTokens, createItemCounter } from './tokens.ts';

// 110 s: 10 s below the Activity's own limit, for the store. The models of an attempt share it: each gets an equal
// part of what is left, so that a silent first model cannot take the time of the second.
export const MODEL_ATTEMPT_LIMIT_MS = 110_000;
// 50 s of it may go by until the store is there, so that more than half of it is left for the models.
export const STORE_WAIT_MS = 50_000;

export interface CallModelDeps {
  readonly store: Pick<Store, 'record'> & {
    readonly facts: Pick<Store['facts'], 'shownOf'>;
    readonly items: Pick<Store['items'], 'load' | 'append' | 'byKey'>;
  };
  readonly agents: ReadonlyMap<string, Agent>;
  readonly models: Pick<ModelRouter, 'routes'>;
  readonly countTokens: CountTokens;
  readonly nowMs: () => number;
  readonly attemptLimitMs?: number;
}

/**
 * The Activity. Throws AgentUnknown or the Model… failures of domain/failure.ts. The token figures are 0 when the
 * answer was already kept: they were counted where it was made, and stand in the ledger.
 */
export function createCallModel(deps: CallModelDeps): (input: CallModelInput) => Promise<CallModelResult> {
  // Prepared for every agent at the start, so that a wrong schema or a missing model stops the start, not a turn.
  const speakers = new Map([...deps.agents].map(([name, agent]) => [name, speakerOf(agent, deps)]));
  const tokensOf = createItemCounter(deps.countTokens);
  return async (input) => {
    const speaker = speakers.get(input.agent);
    if (speaker === undefined) throw final('AgentUnknown', `the agent "${input.agent}" is not loaded in this worker`);
    return heartbeating(async (cancelled) => {
      const begunMs = performance.now();
      const endMs = begunMs + (deps.attemptLimitMs ?? MODEL_ATTEMPT_LIMIT_MS);
      const found = await patiently(() => lookUp(deps, speaker, input), begunMs + STORE_WAIT_MS, cancelled);
      if (found.kept !== undefined) return resultOf(found.kept);
      const { openTurns = [], open = [], unshown = 0 } = input;
      const remembered = noteFor(deps, speaker, found.facts);
      const besides = { open, unshown, remembered, countTokens: deps.countTokens };
      const showing = showingOf(found.items, { ...speaker.room, tokensOf, openTurns }, besides);
      if (showing.shown.length + showing.within.reduced.length === 0)
        throw final('ModelRejectedRequest', 'none of the items to show is in the store');
      const within = { cancelled, endMs, nowMs: deps.nowMs };
      const inVain: InVain[] = [];
      const failed = () => failedEntries(callOf(input), showing, inVain, deps.nowMs());
      const limits = { ...speaker.agent.limits, toolChoice: input.toolChoice };
      const bodyOf = (model: string, answer: ModelAnswer) => itemOfAnswer(model, answer, limits);
      const request = requestOf(speaker, showing, input);
      const heard = await ask(speaker, request, bodyOf, within, inVain).catch(async (error: unknown) => {
        await recordFailure(deps, failed(), within);
        throw error;
      });
      return patiently(() => keep(deps, input, showing, heard, failed()), endMs + KEEP_WAIT_MS, cancelled);
    });
  };
}

/** The answer, where one was kept before; else what is to be shown. */
async function lookUp({ store, nowMs }: CallModelDeps, { agent }: Answerer, input: CallModelInput) {
  const { conversationId, show } = input;
  // Side by side: only an Activity that is done again finds one kept.
  const [kept, items] = await Promise.all([
    store.items.byKey(conversationId, keyOf(input)),
    store.items.load(conversationId, show),
  ]);
  const whose = kept === undefined && remembers(agent) ? onlySpeakerOf(items) : undefined;
  const { name } = agent;
  const facts =
    whose === undefined
      ? []
      : await store.facts.shownOf({ tenant: whose.tenant, subject: whose.id, agent: name }, nowMs());
  return { kept, items, facts };
}

/**
 * Who speaks here, where it is one principal alone: what is remembered of one is shown in no conversation in which another
 * speaks, for they would read it in the answer.
 */
function onlySpeakerOf(items: readonly Item[]): Pick<Principal, 'id' | 'tenant'> | undefined {
  const speakers = items.flatMap(({ body }) => (body.kind === 'message' ? [body.from] : []));
  const [first] = speakers;
  return speakers.every(({ id, tenant }) => id === first?.id && tenant === first.tenant) ? first : undefined;
}

function noteFor({ countTokens, nowMs }: CallModelDeps, { agent, room }: Answerer, facts: readonly RememberedFact[]) {
  return noteOf(facts, agent.memory ?? {}, { maxTokens: room.maxTokens, countTokens, nowMs: nowMs() });
}

const callOf = ({ conversationId, turn, call }: CallModelInput): CallOf => {
  return { conversationId, turn, step: `model:${turn}:${call}` };
};

const keyOf = ({ turn, call }: CallModelInput): string => modelKey(turn, call);

export const final = (type: FailureType, message: string) =>
  ApplicationFailure.create({ type, message, nonRetryable: true });

interface Answerer extends Speaker {
  readonly tools: readonly ToolSpec[];
  readonly room: Pick<Room, 'maxTokens' | 'pinnedTokens'>;
}

// 1,000 tokens: a long message and a short answer; with less of the transcript there is no conversation.
const MIN_TRANSCRIPT_TOKENS = 1_000;

/** Throws a sentence where what stands in every call leaves no room for a transcript: none of it is ever left out. */
function speakerOf(agent: Agent, { models, countTokens }: Pick<CallModelDeps, 'models' | 'countTokens'>): Answerer {
  const tools = toolSpecsOf(agent);
  const { maxPromptTokens: maxTokens } = limitsOf(agent.limits);
  const pinnedTokens = countTokens(agent.instructions) + countTokens(JSON.stringify(tools));
  if (pinnedTokens + MIN_TRANSCRIPT_TOKENS > maxTokens) {
    throw new Error(
      `agent "${agent.name}": its instructions and tools are ${pinnedTokens} tokens of limits.maxPromptTokens, ${maxTokens}; ` +
        `raise it or shorten them, so that ${MIN_TRANSCRIPT_TOKENS} are left for the conversation`,
    );
  }
  return { agent, tools, routes: models.routes(agent), room: { maxTokens, pinnedTokens } };
}

type Request = Omit<ModelRequest, 'model'>;

function requestOf({ agent, tools }: Answerer, { transcript }: Showing, input: CallModelInput): Request {
  return {
    instructions: agent.instructions,
    transcript,
    tools,
    toolChoice: input.toolChoice,
    maxOutputTokens: agent.limits.maxOutputTokens,
  };
}

/** Keep the answer and its entries in one append. What was kept first stands, whoever asks a second time. */
async function keep(
  deps: CallModelDeps,
  input: CallModelInput,
  showing: Showing,
  heard: Heard<AnswerItem>,
  failed: readonly Entry[],
): Promise<CallModelResult> {
  const { conversationId, turn } = input;
  const item: NewItem = { key: keyOf(input), conversationId, turn, trust: 'model', body: heard.body };
  const written = await deps.store.items.append([item], (items) => [
    ...failed,
    ...items.flatMap((one) => entriesOf(input, one, showing, heard, deps.nowMs())),
  ]);
  const [kept] = written;
  if (kept === undefined) throw new Error('the store returned no item for the model call');
  const { promptTokens, completionTokens } = heard.answer;
  return { ...resultOf(kept), promptTokens, completionTokens, ...(showing.isTight ? { isTight: true } : {}) };
}

function entriesOf(
  input: CallModelInput,
  item: Item,
  showing: Showing,
  heard: Heard<AnswerItem>,
  atMs: number,
): readonly Entry[] {
  const called = calledEntry(callOf(input), item, showing, heard, atMs);
  if (item.body.kind !== 'reply') return [called];
  const { conversationId, turn } = input;
  const fact = { kind: 'replied', turn, itemId: item.id, itemDigest: itemDigest(item), by: 'model' } as const;
  return [called, { subject: conversationId, conversationId, atMs, step: `replied:${turn}`, fact }];
}

function resultOf({ id, body }: Item): CallModelResult {
  const tokens = { promptTokens: 0, completionTokens: 0 };
  if (body.kind === 'calls')
    return { ...tokens, kind: 'calls', item: { id, kind: body.kind }, count: body.calls.length };
  if (body.kind === 'reply') return { ...tokens, kind: 'reply', item: { id, kind: body.kind } };
  throw final('ModelRejectedRequest', `the key of this model call belongs to a ${body.kind}`);
}
