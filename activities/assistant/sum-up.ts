// The assistant's Activity that sums up: a model chooses sentences of what leaves, and code checks the choice; where none
// holds, code chooses. The summary is kept as an item that names its sources. A repeat under the same key costs no second
// model call. May import domain and store.
import { CancelledFailure } from '@temporalio/activity';
import { limitsOf } from '../../domain/agent.ts';
import { chooseByCode, type Said, saidIn, type SummaryRoom } from '../../domain/compaction.ts';
import { summaryKey } from '../../domain/ids.ts';
import type { Item, SummaryBody, SummaryLine } from '../../domain/item.ts';
import type { SumUpInput, SumUpResult } from '../../domain/model.ts';
import { refOf } from '../../domain/sources.ts';
import { foldIn } from '../../domain/summary.ts';
import { markOf } from '../../trust/digest.ts';
import { heartbeating } from '../heartbeat.ts';
import {
  calledEntry,
  type CallOf,
  failedEntries,
  type Heard,
  type InVain,
  KEEP_WAIT_MS,
  recordFailure,
} from './asking.ts';
import { type CallModelDeps, final, MODEL_ATTEMPT_LIMIT_MS, STORE_WAIT_MS } from './call-model.ts';
import { askForChoice, seenOf, sourceText } from './choosing.ts';
import { patiently } from './patience.ts';

// An eighth of what a call may show: the rest is for what is said now.
const SUMMARY_SHARE = 1 / 8;

/** The Activity. Throws AgentUnknown, and ModelRejectedRequest where its key belongs to a summary of something else. */
export function createSumUp(deps: CallModelDeps): (input: SumUpInput) => Promise<SumUpResult> {
  return async (input) => {
    const agent = deps.agents.get(input.agent);
    if (agent === undefined) throw final('AgentUnknown', `the agent "${input.agent}" is not loaded in this worker`);
    const { maxPromptTokens } = limitsOf(agent.limits);
    const room = { maxTokens: Math.floor(maxPromptTokens * SUMMARY_SHARE), tokensOf: deps.countTokens };
    return heartbeating(async (cancelled) => {
      const begunMs = performance.now();
      const endMs = begunMs + (deps.attemptLimitMs ?? MODEL_ATTEMPT_LIMIT_MS);
      const { kept, leaving } = await patiently(() => lookUp(deps, input), begunMs + STORE_WAIT_MS, cancelled);
      if (kept !== undefined) return keptBefore(kept, leaving);
      const said = saidIn(leaving.items);
      const bodyOf = (by: SummaryBody['by'], lines: readonly SummaryLine[]) => bodyFor(leaving, { by, lines }, room);
      const inVain: InVain[] = [];
      const within = { cancelled, endMs, nowMs: deps.nowMs };
      const seen = seenOf(said, maxPromptTokens);
      const shown = shownOf(leaving.items, { said, seen, maxTokens: maxPromptTokens, tokensOf: deps.countTokens });
      const failed = () => failedEntries(callOf(input), shown, inVain, deps.nowMs());
      const speaker = { agent, routes: input.byCode ? [] : deps.models.routes(agent) };
      const heard = await askForChoice(speaker, { said: seen, room, bodyOf, within, inVain }).catch(
        async (error: unknown) => {
          if (!cancelled.aborted && !(error instanceof CancelledFailure)) return undefined;
          await recordFailure(deps, failed(), within);
          throw error;
        },
      );
      const made = { heard, body: heard?.body ?? bodyOf('code', chooseByCode(said, room)) };
      const keepIt = () => keep(deps, input, shown, made, failed);
      return patiently(keepIt, endMs + KEEP_WAIT_MS, cancelled);
    });
  };
}

/** For the record: a source of which not every sentence is shown is not shown whole. */
function shownOf(
  items: readonly Item[],
  { said, seen, ...room }: { readonly said: readonly Said[]; readonly seen: readonly Said[] } & SummaryRoom,
) {
  const cut = new Set(seen.flatMap((one, at) => (one === said[at] ? [] : [one.item.id])));
  const isCut = ({ id }: Item) => cut.has(id);
  const { maxTokens, tokensOf } = room;
  const reduced = items.filter(isCut).map(markOf);
  const countedTokens = tokensOf(seen.map(sourceText).join('\n'));
  const within = { maxTokens, countedTokens, reduced, leftOut: [] };
  return { shown: items.filter((item) => !isCut(item)).map(markOf), within };
}

/** What leaves: its items oldest first, the summary before it, and whether all of it is there still. */
interface Leaving {
  readonly items: readonly Item[];
  readonly earlier: Item | undefined;
  readonly isWhole: boolean;
}

/** The summary, where one was kept before, and what is to be summed up. */
async function lookUp(
  { store }: CallModelDeps,
  { conversationId, turn, sources, earlier }: SumUpInput,
): Promise<{ readonly kept: Item | undefined; readonly leaving: Leaving }> {
  const kept = await store.items.byKey(conversationId, summaryKey(turn));
  const found = await store.items.load(conversationId, earlier === '' ? sources : [earlier, ...sources]);
  const items = found.filter(({ id }) => id !== earlier).toSorted((one, other) => one.seq - other.seq);
  const before = found.find(({ id }) => id === earlier);
  const isWhole = items.length === sources.length && (earlier === '') === (before === undefined);
  return { kept, leaving: { items, earlier: before, isWhole } };
}

function bodyFor(
  { items, earlier, isWhole }: Leaving,
  chosen: { readonly by: SummaryBody['by']; readonly lines: readonly SummaryLine[] },
  room: SummaryRoom,
): SummaryBody {
  const before = earlier?.body.kind === 'summary' ? earlier.body : undefined;
  const folded = foldIn(before, { items, isWhole, ...chosen }, room);
  return { ...folded, sources: items.map(markOf), ...(earlier === undefined ? {} : { earlier: markOf(earlier) }) };
}

const callOf = ({ conversationId, turn }: SumUpInput): CallOf => {
  return { conversationId, turn, step: `model:${turn}:summary`, of: 'summary' };
};

async function keep(
  deps: CallModelDeps,
  input: SumUpInput,
  shown: Parameters<typeof failedEntries>[1],
  { heard, body }: { readonly heard: Heard<SummaryBody> | undefined; readonly body: SummaryBody },
  failed: () => ReturnType<typeof failedEntries>,
): Promise<SumUpResult> {
  const { conversationId, turn } = input;
  const trust = body.isClean ? ('model' as const) : ('untrusted' as const);
  const item = { key: summaryKey(turn), conversationId, turn, trust, body };
  const [kept] = await deps.store.items.append([item], (items) => [
    ...failed(),
    ...items.flatMap((one) =>
      heard === undefined ? [] : [calledEntry(callOf(input), one, shown, heard, deps.nowMs())],
    ),
  ]);
  if (kept === undefined) throw new Error('the store returned no item for the summary');
  const { promptTokens = 0, completionTokens = 0 } = heard?.answer ?? {};
  return { ...resultOf(kept), promptTokens, completionTokens };
}

/** What was kept first stands, where it sums up the same. */
function keptBefore(kept: Item, { items, earlier }: Leaving): SumUpResult {
  const { body } = kept;
  const isSame =
    body.kind === 'summary' &&
    body.earlier?.id === earlier?.id &&
    body.sources.length === items.length &&
    body.sources.every(({ id }, at) => id === items[at]?.id);
  if (!isSame) throw final('ModelRejectedRequest', 'the summary that was made after this turn is of other items');
  return resultOf(kept);
}

function resultOf(kept: Item): SumUpResult {
  const by = kept.body.kind === 'summary' ? kept.body.by : 'code';
  return { item: refOf(kept), by, promptTokens: 0, completionTokens: 0 };
}
