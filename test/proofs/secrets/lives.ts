// The conversations of the proof `secrets`: what each wishes, which fault is to meet it, and how its actions must end, by
// which it is seen that the fault really met it. Pure.
import type { Wish } from '../rig/model.ts';
import type { Asked, Fault } from './echo.ts';

/** At what a far side is asked for a tool. */
export type Step = 'read' | 'inspect' | 'execute' | 'reconcile' | 'token';

export interface Life {
  readonly id: string;
  readonly wishes: readonly Wish[];
  /** What people answer, where they are asked. */
  readonly answer?: 'approve' | 'deny';
  /** By step; a list is used up, one for each time. */
  readonly far?: Partial<Record<Step, Fault | readonly (Fault | undefined)[]>>;
  /** Of the model's server, one for each call. */
  readonly model?: readonly (Fault | undefined)[];
  /** How its actions end, in their order. */
  readonly ends: readonly string[];
}

const consult: Wish = ['consult', 1];
const deposit: Wish = ['deposit', 7_200];

export const LIVES: readonly Life[] = [
  { id: 'well', wishes: [consult, deposit], answer: 'approve', ends: ['succeeded', 'succeeded'] },
  { id: 'denied', wishes: [deposit], answer: 'deny', ends: ['denied'] },
  { id: 'inspect-fails', wishes: [deposit], far: { inspect: 500 }, ends: ['denied'] },
  { id: 'read-fails', wishes: [consult], far: { read: 401 }, ends: ['failed'] },
  { id: 'read-breaks', wishes: [consult], far: { read: 'breaks' }, ends: ['failed'] },
  { id: 'read-answers', wishes: [consult], far: { read: 'answers' }, ends: ['succeeded'] },
  {
    id: 'all-answer',
    wishes: [deposit],
    answer: 'approve',
    far: { inspect: 'answers', execute: 'answers' },
    ends: ['succeeded'],
  },
  { id: 'execute-fails', wishes: [deposit], answer: 'approve', far: { execute: 403 }, ends: ['unknown'] },
  { id: 'execute-breaks', wishes: [deposit], answer: 'approve', far: { execute: 'breaks' }, ends: ['unknown'] },
  { id: 'url-refused', wishes: [['knock', 1]], ends: ['failed'] },
  {
    id: 'token-told',
    wishes: [
      ['tell', 2],
      ['tell', 3],
    ],
    ends: ['succeeded', 'failed'],
  },
  { id: 'model-401', wishes: [consult], model: [401], ends: [] },
  { id: 'model-500', wishes: [consult], model: [500, 500], ends: ['succeeded'] },
  { id: 'model-429', wishes: [consult], model: [429], ends: ['succeeded'] },
  { id: 'model-breaks', wishes: [consult], model: ['breaks'], ends: ['succeeded'] },
  { id: 'model-200-error', wishes: [consult], model: [200], ends: ['succeeded'] },
  { id: 'model-speaks', wishes: [consult], model: ['answers'], ends: [] },
  { id: 'model-calls', wishes: [consult, consult], model: ['answers'], ends: [] },
];

/** Lived last: its worker is killed right after the effect, and the next one has to ask. */
export const KILLED: Life = {
  id: 'killed',
  wishes: [deposit],
  answer: 'approve',
  far: { execute: 'holds', reconcile: [500, 'breaks', 'answers'] },
  ends: ['succeeded'],
};

/** Lived after it: the new worker has a wrong password of the books, so that nobody is let in. */
export const NOT_LET_IN: Life = { id: 'not-let-in', wishes: [['tell', 2]], ends: ['failed'] };

const STEP_HEADER = 'x-step';

/** The fault that is to meet a request at the far side. Each call uses up what comes once. */
export function createFarFaults(lives: readonly Life[]): (asked: Asked) => Fault | undefined {
  const used = new Map<string, number>();
  return ({ headers }) => {
    const id = String(headers['idempotency-key'] ?? '').split(':', 1)[0] ?? '';
    const step = String(headers[STEP_HEADER] ?? '') as Step;
    const fault = lives.find((one) => one.id === id)?.far?.[step];
    if (typeof fault !== 'object') return fault;
    const at = used.get(`${id} ${step}`) ?? 0;
    used.set(`${id} ${step}`, at + 1);
    return fault[at];
  };
}

// The last one: the first texts of a transcript may speak of others.
const ABOUT = /\[([\w-]+)\]/;

/** The same, at the model's server. */
export function createModelFaults(lives: readonly Life[]): (asked: Asked) => Fault | undefined {
  const used = new Map<string, number>();
  return ({ body }) => {
    const id = ABOUT.exec(body)?.[1] ?? '';
    const at = used.get(id) ?? 0;
    used.set(id, at + 1);
    return lives.find((one) => one.id === id)?.model?.[at];
  };
}

/** What a model says that repeats its key in every field; where two calls were wished for, as calls. */
export function echoingCompletion(words: string, { body, headers }: Asked): object {
  const key = (headers.authorization ?? '').replace(/^Bearer /, '');
  const args = JSON.stringify({ order: 7, cents: 1, note: words });
  const call = (name: string, index: number) => ({
    index,
    id: `${key}-${index}`,
    type: 'function',
    function: { name, arguments: args },
  });
  const calls = body.includes('[model-calls]') ? { tool_calls: [call('consult', 0), call(key, 1)] } : {};
  return {
    id: key,
    object: 'chat.completion',
    model: key,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: words, ...calls },
        finish_reason: 'tool_calls' in calls ? 'tool_calls' : 'stop',
      },
    ],
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  };
}
