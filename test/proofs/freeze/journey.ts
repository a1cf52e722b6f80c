// One conversation with one write, as its people live it, whatever is frozen meanwhile; and whether it goes on afterwards.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createPatient } from '../crash/journey.ts';
import { wordsFor } from '../rig/model.ts';
import type { Rig } from '../rig/rig.ts';
import { createHttp, waitFor } from '../support.ts';

// 90 s: take-over, the time of the attempt before, and a busy machine; what hangs is told from what is slow.
const LIMIT_MS = 90_000;
// 250 ms: four look-ups a second, below what the API allows a key.
const LOOK_MS = 250;

/** The tools that people are asked about; the others run in the turn. */
const ASKS: ReadonlySet<string> = new Set(['pay', 'send', 'shout']);

const Message = z.object({ messageId: z.string(), status: z.enum(['queued', 'taken', 'answered']) });
const Approvals = z.object({ rows: z.array(z.object({ id: z.string() })) });
const Transcript = z.object({ items: z.array(z.object({ kind: z.string(), turn: z.number() })) });

/** Live it until its people are told how the write ended. Throws with what it waited for in vain. */
export async function live(rig: Rig, id: string, tool: string): Promise<void> {
  const customer = createPatient(createHttp(rig.apiUrl, rig.keys.customer));
  await customer.post('/v1/conversations', { agent: 'prover', id });
  await say(rig, id, 'write', wordsFor(id, [[tool, 5]]));
  if (!ASKS.has(tool)) return;
  const approver = createPatient(createHttp(rig.apiUrl, rig.keys.approver));
  const approvalId = await look('an approval to decide', async () => {
    const { body } = await approver.get(`/v1/approvals?conversationId=${id}`);
    return Approvals.parse(body).rows[0]?.id;
  });
  await approver.post(`/v1/approvals/${approvalId}/decision`, { answer: 'approve', id: `decision-of-${id}` });
  await look('the reply of the turn that the outcome opened', async () => {
    const { items } = Transcript.parse((await customer.get(`/v1/conversations/${id}?limit=100`)).body);
    const report = items.find(({ kind }) => kind === 'report');
    return items.some(({ kind, turn }) => kind === 'reply' && turn === report?.turn);
  });
}

/** Say something, and wait for the reply. */
export async function say(rig: Rig, id: string, key: string, text: string): Promise<void> {
  const customer = createPatient(createHttp(rig.apiUrl, rig.keys.customer));
  const url = `/v1/conversations/${id}/messages`;
  const sent = await customer.post(`${url}?wait=reply`, { text }, { 'idempotency-key': `${key}-of-${id}` });
  const { messageId, status } = Message.parse(sent.body);
  if (status === 'answered') return;
  await look(
    'the reply',
    async () => Message.parse((await customer.get(`${url}/${messageId}`)).body).status === 'answered',
  );
}

function look<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
  return waitFor(what, LIMIT_MS, async () => {
    const found = await ask();
    if (found === undefined || found === false) await sleep(LOOK_MS);
    return found;
  });
}
