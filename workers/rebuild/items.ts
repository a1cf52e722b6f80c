// What an Activity must have put on the transcript, told by what it was asked and what it answered. Temporal knows all of
// it but the words of the model and the results of tools: in their place stand words that say so, for a transcript with a
// hole would have the model ask again for what was done. Pure. May import domain, trust and the store's types.
import { endingText, type Proposal, trustOfEnding } from '../../domain/action.ts';
import { recordOfCases } from '../../domain/action-record.ts';
import type { ActorActivities, AssistantActivities, WorkflowsActivities } from '../../domain/activity-ports.ts';
import { againKey, factsKey, messageKey, modelKey, reportKey, resultKey, summaryKey } from '../../domain/ids.ts';
import { type ModelCall, type NewItem, refsIn } from '../../domain/item.ts';
import type { ProposeInput, Proposed } from '../../domain/proposing.ts';
import type { MessageStatement, ReportStatement } from '../../domain/signed.ts';
import type { LostItem } from '../../store/rebuild.ts';
import { statementIn } from '../../trust/signing.ts';
import type { Call } from './derive.ts';

type Activities = WorkflowsActivities & AssistantActivities & ActorActivities;
type Derivations = {
  readonly [Name in keyof Activities]?: (
    input: Parameters<Activities[Name]>[0],
    result: Awaited<ReturnType<Activities[Name]>>,
    callsIn: (itemId: string) => readonly ModelCall[] | undefined,
  ) => readonly Named[];
};
type Named = NewItem & { readonly id: string };

/** What the calls of one run put on the transcript. What cannot be read is left out: `derive` says of it that it cannot. */
export function itemsOf(calls: readonly Call[]): readonly LostItem[] {
  const proposed = new Map(calls.flatMap((call) => readable(() => callsOf(call))));
  return calls.flatMap(({ name, input, answer }) => {
    const derivation = (DERIVATIONS as Readonly<Record<string, unknown>>)[name];
    if (derivation === undefined || answer.kind !== 'result') return [];
    const { result, atMs } = answer;
    const items = derivation as (input: unknown, result: unknown, callsIn: unknown) => readonly Named[];
    return readable(() => items(input, result, (id: string) => proposed.get(id)).map((one) => ({ ...one, atMs })));
  });
}

const LOST_REPLY = '[What was answered here is lost.]';
const LOST_SUMMARY = '[What was summed up here is lost.]';
const LOST_RESULT = 'What came back is lost.';

const DERIVATIONS: Derivations = {
  record: ({ items }, recorded) => items.flatMap((item, at) => withId(item, refsIn(recorded)[at]?.id)),

  ruleOnCalls: ({ of, atMs }, result) => {
    if (result.kind !== 'on_record') return [];
    return recordOfCases(of, result.cases, atMs).items.flatMap((item, at) => withId(item, result.told[at]?.id));
  },

  openTurn: ({ of, messages }, result) => {
    if (result.kind !== 'speaks' && result.kind !== 'noted') return [];
    // Where some were left out nobody can tell which.
    if (result.items.length !== messages.length) return [];
    const { conversationId, turn } = of;
    return messages.flatMap(({ id, text, signed }, at) => {
      const kind = result.items[at]?.kind === 'staff_reply' ? 'staff_reply' : 'message';
      const body = { kind, text, from: statementIn<MessageStatement>(signed).principal } as const;
      const item = { key: messageKey(id), conversationId, turn, trust: 'principal', body } as const;
      return withId(item, result.items[at]?.id);
    });
  },

  openReportTurn: ({ of: { conversationId, turn }, batchId, signed }, result, callsIn) => {
    if (result.kind !== 'speaks' && result.kind !== 'noted') return [];
    const { text, again = '' } = statementIn<ReportStatement>(signed);
    const report = { key: reportKey(batchId), trust: 'untrusted', body: { kind: 'report', text } } as const;
    const calls = callsIn(result.again?.id ?? '');
    const body = { kind: 'calls', text: '', calls: calls ?? [], opaque: '' } as const;
    return [
      ...withId({ ...report, conversationId, turn }, result.items[0]?.id),
      ...(calls === undefined
        ? []
        : withId({ key: againKey(again), conversationId, turn, trust: 'record', body }, result.again?.id)),
    ];
  },

  takeReport: ({ of: { conversationId, turn }, signed, call: { actionId, callId, tool } }, result) => {
    if (result.kind !== 'taken') return [];
    const { text } = statementIn<ReportStatement>(signed);
    const body = { kind: 'tool_result', callId, tool, text } as const;
    return withId({ key: resultKey(actionId), conversationId, turn, trust: 'untrusted', body }, result.items[0]?.id);
  },

  callModel: ({ conversationId, turn, call }, { kind, item: { id } }, callsIn) => {
    const calls = callsIn(id);
    // What it called for and nobody looked at: nothing came of it.
    if (kind === 'calls' && calls === undefined) return [];
    const body =
      calls === undefined
        ? ({ kind: 'reply', text: LOST_REPLY, by: 'model' } as const)
        : ({ kind: 'calls', text: '', calls, opaque: '' } as const);
    return withId({ key: modelKey(turn, call), conversationId, turn, trust: 'model', body }, id);
  },

  // What it found is lost; that it was asked is known.
  fillFacts: ({ conversationId, turn }, { item: { id } }) => {
    const body = { kind: 'facts', text: '{}' } as const;
    return withId({ key: factsKey(turn), conversationId, turn, trust: 'model', body }, id);
  },

  // Its sentences are lost. Its sources may be there still, where people read them; what it was worth is not known.
  sumUp: ({ conversationId, turn }, { item: { id }, by }) => {
    const nothing = { lines: [], named: [], unnamed: 0, people: [], sources: [], isClean: false } as const;
    const of = { fromTurn: 1, toTurn: turn, sinceMs: 0 };
    const body = { kind: 'summary', text: LOST_SUMMARY, by, ...of, ...nothing } as const;
    return withId({ key: summaryKey(turn), conversationId, turn, trust: 'untrusted', body }, id);
  },

  act: ({ proposal: { actionId, conversationId, turn, callId, tool } }, result) => {
    if (result.kind !== 'settled') return [];
    const { ending, item } = result;
    const text = ending.kind === 'succeeded' ? `${endingText(ending)} ${LOST_RESULT}` : endingText(ending);
    const body = { kind: 'tool_result', callId, tool, text } as const;
    return withId({ key: resultKey(actionId), conversationId, turn, trust: trustOfEnding(ending), body }, item?.id);
  },
};

const withId = (item: NewItem, id: string | undefined): readonly Named[] => (id === undefined ? [] : [{ ...item, id }]);

/** The calls of a model’s answer, as they were proposed: canonical where they could be read, else without arguments. */
function callsOf(call: Call): readonly (readonly [itemId: string, calls: readonly ModelCall[]])[] {
  const proposed = proposedBy(call);
  if (proposed === undefined) return [];
  const { itemId } = call.input as ProposeInput;
  const calls = proposed.map((one) => {
    if (one.kind === 'invalid') return { callId: one.callId, tool: one.tool, argumentsText: '{}' };
    return calledBy(one.kind === 'ruled' ? one.action.proposal : one.proposal);
  });
  return [[itemId, calls]];
}

type ResultOf<Name extends 'propose' | 'ruleOnCalls'> = Awaited<ReturnType<Activities[Name]>>;

function proposedBy({ name, answer }: Call): readonly Proposed[] | undefined {
  if (answer.kind !== 'result') return undefined;
  if (name === 'propose') return answer.result as ResultOf<'propose'>;
  if (name !== 'ruleOnCalls') return undefined;
  const ruled = answer.result as ResultOf<'ruleOnCalls'>;
  return ruled.kind === 'on_record' ? ruled.cases : ruled.proposed;
}

const calledBy = ({ callId, tool, args }: Proposal): ModelCall => ({ callId, tool, argumentsText: args });

function readable<T>(read: () => readonly T[]): readonly T[] {
  try {
    return read();
  } catch {
    return [];
  }
}
