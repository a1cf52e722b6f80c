// From a model's answer to the item that is kept: what is usable, and how it reads. Pure. May import domain and the
// failures. A cut or refused answer never yields calls, and calls that could not be told apart are refused.
import type { ItemBody } from '../../domain/item.ts';
import type { ModelAnswer } from '../../domain/model.ts';
import { modelFailure } from './failures.ts';

// 32,768 characters: twice what the default output limit of 4,096 tokens holds; a mail or a page, not a book.
export const MAX_REPLY_CHARS = 32_768;
// 65,536 characters: an attachment's text at most; longer arguments cannot be cut, since a cut is another call.
export const MAX_ARGUMENTS_CHARS = 65_536;
// 128 characters: twice the longest name of a tool.
const MAX_NAME_CHARS = 128;
// 4,096 characters: providers need some 40, but gateways hide a signature of the model's thought in the id.
const MAX_CALL_ID_CHARS = 4_096;
// 1 MiB: encrypted reasoning of a long thought; past it the model thinks again.
const MAX_OPAQUE_CHARS = 1_048_576;

export type AnswerItem = Extract<ItemBody, { kind: 'reply' | 'calls' }>;

export interface AnswerLimits {
  readonly toolChoice: 'auto' | 'none';
  readonly callsPerModelCall: number;
  readonly maxOutputTokens: number;
}

/** The item that the answer of this model becomes. Throws ModelAnswerUnusable where it is none. */
export function itemOfAnswer(model: string, answer: ModelAnswer, limits: AnswerLimits): AnswerItem {
  const text = bounded(answer.text);
  switch (answer.finish) {
    case 'refused':
      return reply(text === '' ? 'The model declined to answer this.' : `The model declined: ${text}`);
    case 'cut': {
      const notice = `[This answer was cut at the limit of ${limits.maxOutputTokens} tokens.]`;
      return reply(text === '' ? notice : `${text}\n\n${notice}`);
    }
    case 'stop':
    case 'calls': {
      // Of a model that calls although it may only speak its words count. Where it has none, its calls are kept, and
      // nobody carries them out: it was reached, and would call again.
      const { calls } = answer;
      if (calls.length > 0 && (limits.toolChoice === 'auto' || text === '')) {
        return callsItem(model, { ...answer, calls, text }, limits);
      }
      if (text === '') throw unusable(model, 'an empty answer');
      return reply(text);
    }
    default:
      return answer.finish satisfies never;
  }
}

function callsItem(model: string, answer: ModelAnswer, limits: AnswerLimits): AnswerItem {
  const { calls, text } = answer;
  if (calls.length > limits.callsPerModelCall) {
    throw unusable(model, `${calls.length} calls at once, where ${limits.callsPerModelCall} are the limit`);
  }
  if (new Set(calls.map((call) => call.callId)).size < calls.length) throw unusable(model, 'two calls with one id');
  for (const { callId, tool, argumentsText } of calls) {
    if (callId === '' || callId.length > MAX_CALL_ID_CHARS)
      throw unusable(model, 'a call whose id is empty or too long');
    if (tool === '' || tool.length > MAX_NAME_CHARS)
      throw unusable(model, 'a call whose tool name is empty or too long');
    if (argumentsText.length > MAX_ARGUMENTS_CHARS) throw unusable(model, 'a call with too long arguments');
  }
  return {
    kind: 'calls',
    text,
    // The arguments stay as the model wrote them, right or wrong: `propose` parses them.
    calls: calls.map(({ callId, tool, argumentsText }) => ({
      callId: storable(callId),
      tool: storable(tool),
      argumentsText: storable(argumentsText),
    })),
    opaque: answer.opaque.length > MAX_OPAQUE_CHARS ? '' : storable(answer.opaque),
  };
}

type FactsItem = Extract<ItemBody, { kind: 'facts' }>;

/** The item that an answer in a form becomes: its JSON, unread. Throws ModelAnswerUnusable where it has none. */
export function itemOfFacts(model: string, { finish, text, calls }: ModelAnswer): FactsItem {
  if (finish === 'refused') return { kind: 'facts', text: '{}' };
  const json = jsonIn({ finish, text, calls });
  if (json === undefined) throw unusable(model, 'no facts in JSON');
  return { kind: 'facts', text: json };
}

/** The JSON of an answer in a form; undefined where there is none. */
export function jsonIn({ finish, text, calls }: Pick<ModelAnswer, 'finish' | 'text' | 'calls'>): string | undefined {
  // As words, or as the arguments of the call that it was made to make; around either some models write more.
  const written = storable(calls[0]?.argumentsText ?? text);
  const json = written.slice(written.indexOf('{'), written.lastIndexOf('}') + 1);
  if (finish === 'cut' || json === '' || json.length > MAX_REPLY_CHARS) return undefined;
  try {
    JSON.parse(json);
  } catch {
    return undefined;
  }
  return json;
}

const reply = (text: string): AnswerItem => ({ kind: 'reply', text, by: 'model' });

export const unusable = (model: string, what: string) => modelFailure('ModelAnswerUnusable', model, what);

function bounded(raw: string): string {
  const text = storable(raw).trim();
  return text.length > MAX_REPLY_CHARS ? `${text.slice(0, MAX_REPLY_CHARS).toWellFormed()} […]` : text;
}

/** PostgreSQL keeps no NUL and no half of a surrogate pair; both become the replacement character. */
const storable = (text: string): string => text.toWellFormed().replaceAll('\0', '\uFFFD');
