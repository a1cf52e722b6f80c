// The people of a conversation while a clock is wrong: they are answered otherwise than they should be, and take it.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createPatient } from '../crash/journey.ts';
import { type Wish, wordsFor } from '../rig/model.ts';
import type { Rig } from '../rig/rig.ts';
import { createHttp, waitFor } from '../support.ts';

/** What a click was answered. */
export interface Click {
  readonly isTaken: boolean;
  readonly said: string;
}

export interface People {
  /** Say that this is wanted, and wait for the reply. */
  say(id: string, wish: Wish): Promise<void>;
  /** Say it, and wait until people are asked about it. Resolves to the approval. */
  askFor(id: string, wish: Wish): Promise<string>;
  /** Approve. */
  click(approvalId: string): Promise<Click>;
  /** Wait until every action has ended, but those that wait for people, and every turn is answered. */
  settled(id: string, wasDecided: boolean): Promise<void>;
}

// 60 s: three rulings and a busy machine.
const LIMIT_MS = 60_000;
const LOOK_MS = 250;

const Message = z.object({ messageId: z.string(), status: z.string() });
const Detail = z.object({
  items: z.array(z.object({ kind: z.string(), turn: z.number() })),
  waiting: z.array(z.object({ id: z.string(), actionId: z.string() })),
  actions: z.array(
    z.object({
      id: z.string(),
      args: z.object({ cents: z.number() }),
      outcome: z.object({ kind: z.string() }).nullable(),
    }),
  ),
});

export function createPeople(rig: Rig): People {
  const customer = createPatient(createHttp(rig.apiUrl, rig.keys.customer));
  const approver = createPatient(createHttp(rig.apiUrl, rig.keys.approver));
  const detailOf = async (id: string) => Detail.parse((await approver.get(`/v1/conversations/${id}?limit=100`)).body);
  const looked = <T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> =>
    waitFor(what, LIMIT_MS, async () => {
      const found = await ask();
      if (found === undefined || found === false) await sleep(LOOK_MS);
      return found;
    });

  async function say(id: string, wish: Wish): Promise<void> {
    await customer.post('/v1/conversations', { agent: 'prover', id });
    const url = `/v1/conversations/${id}/messages`;
    const text = wordsFor(id, [wish]);
    const headers = { 'idempotency-key': `${wish.join('-')}-of-${id}` };
    const { messageId } = Message.parse((await customer.post(`${url}?wait=reply`, { text }, headers)).body);
    const status = async () => Message.parse((await customer.get(`${url}/${messageId}`)).body).status;
    await looked('the reply', async () => (await status()) === 'answered');
  }

  return {
    say,
    async askFor(id, wish) {
      await say(id, wish);
      return looked(`an approval of ${wish.join(' ')}`, async () => {
        const { waiting, actions } = await detailOf(id);
        const action = actions.find(({ args }) => args.cents === wish[1]);
        return waiting.find(({ actionId }) => actionId === action?.id)?.id;
      });
    },
    async click(approvalId) {
      try {
        const answer = { answer: 'approve', id: `click-${Date.now()}` };
        await approver.post(`/v1/approvals/${approvalId}/decision`, answer);
        return { isTaken: true, said: 'counted' };
      } catch (error) {
        const [, status = ''] = /was answered (\d+)/.exec(String(error)) ?? [];
        const [, text = String(error)] = /"text":"([^"]+)"/.exec(String(error)) ?? [];
        return { isTaken: false, said: `${status} ${text}` };
      }
    },
    async settled(id, wasDecided) {
      await looked(`${id} to settle`, async () => {
        const { items, actions, waiting } = await detailOf(id);
        const isOpen = ({ id: actionId }: { readonly id: string }): boolean =>
          !wasDecided && waiting.some((one) => one.actionId === actionId);
        const heard = items.filter(({ kind }) => kind === 'message' || kind === 'report');
        const isAnswered = heard.every(({ turn }) => items.some((one) => one.kind === 'reply' && one.turn === turn));
        return isAnswered && actions.every((one) => one.outcome !== null || isOpen(one));
      });
    },
  };
}
