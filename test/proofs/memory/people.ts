// The people of the proofs `memory` and `ttl`, over the API alone.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createPatient } from '../crash/journey.ts';
import { type RawCall, wordsForCalls } from '../rig/model.ts';
import type { Rig } from '../rig/rig.ts';
import { createHttp, waitFor } from '../support.ts';

// 30 s: a turn takes one on a quiet machine.
const LIMIT_MS = 30_000;
const LOOK_MS = 200;

const Message = z.object({ messageId: z.string(), status: z.string() });
const Detail = z.object({
  items: z.array(z.object({ kind: z.string(), text: z.string() })),
  actions: z.array(
    z.object({
      id: z.string(),
      tool: z.string(),
      args: z.unknown(),
      verdict: z.object({ kind: z.string(), ruleId: z.string(), reason: z.string() }).nullable(),
      outcome: z.object({ kind: z.string() }).nullable(),
    }),
  ),
});
export type Action = z.output<typeof Detail>['actions'][number];

const Facts = z.object({
  rows: z.array(
    z.object({ id: z.string(), kind: z.string(), subject: z.string(), value: z.unknown(), trust: z.string() }),
  ),
});

/** What came of one message in a conversation of its own. */
interface Talk {
  readonly id: string;
  readonly actions: readonly Action[];
  readonly replies: readonly string[];
}

export interface Somebody {
  /** Say it in a conversation, once, which is opened where it is not there; the model makes these calls upon it. */
  talk(id: string, words: string, calls?: readonly RawCall[]): Promise<Talk>;
  facts(): Promise<z.output<typeof Facts>['rows']>;
  get(path: string): Promise<string>;
  /** The status. */
  send(method: 'POST' | 'DELETE', path: string, body?: object): Promise<number>;
}

/** `agent`: whom they speak with. */
export function createSomebody(rig: Rig, key: string, staffKey: string, agent = 'keeper'): Somebody {
  const http = createPatient(createHttp(rig.apiUrl, key));
  const staff = createPatient(createHttp(rig.apiUrl, staffKey));
  return {
    async talk(id, words, calls = []) {
      await http.post('/v1/conversations', { agent, id });
      const url = `/v1/conversations/${id}`;
      const text = calls.length === 0 ? `${words} [${id}]` : `${words} ${wordsForCalls(id, calls)}`;
      const sent = await http.post(`${url}/messages?wait=reply`, { text }, { 'idempotency-key': `message-of-${id}` });
      const { messageId } = Message.parse(sent.body);
      await waitFor(`the reply in ${id}`, LIMIT_MS, async () => {
        const { status } = Message.parse((await http.get(`${url}/messages/${messageId}`)).body);
        if (status !== 'answered') await sleep(LOOK_MS);
        return status === 'answered';
      });
      const { items, actions } = Detail.parse((await staff.get(`${url}?limit=100`)).body);
      const inOrder = actions.toSorted((one, other) => one.id.localeCompare(other.id));
      return { id, actions: inOrder, replies: items.filter(({ kind }) => kind === 'reply').map((one) => one.text) };
    },
    facts: async () => Facts.parse((await http.get('/v1/facts')).body).rows,
    get: async (path) => JSON.stringify((await http.get(path)).body),
    async send(method, path, body) {
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
      const whole = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
      return (await fetch(rig.apiUrl + path, whole)).status;
    },
  };
}
