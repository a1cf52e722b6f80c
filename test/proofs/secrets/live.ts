// Living the conversations of the proof `secrets` from outside, all at once, as their people do.
import { z } from 'zod';
import { createPatient } from '../crash/journey.ts';
import { wordsFor } from '../rig/model.ts';
import type { Rig } from '../rig/rig.ts';
import { createHttp, waitFor } from '../support.ts';
import type { Life } from './lives.ts';

// 60 s: a life takes 10 on a quiet machine.
const LIFE_LIMIT_MS = 60_000;
// 1 s: with twenty lives at once far below the requests that the API allows a key.
const LOOK_MS = 1_000;

const Detail = z.object({
  live: z.object({ queued: z.number() }).nullable(),
  items: z.array(z.object({ kind: z.string(), turn: z.number() })),
  waiting: z.array(z.object({ id: z.string(), question: z.string().nullable() })),
  actions: z.array(z.object({ id: z.string(), tool: z.string(), outcome: z.object({ kind: z.string() }).nullable() })),
});

/** How it went: its actions and how they ended, by their ids. */
export type Lived = ReadonlyMap<string, string>;

/** Live one conversation until its actions have ended and the last reply is there. Throws what it waited for in vain. */
export async function live(
  rig: Rig,
  { id, wishes, answer, ends }: Life,
  { aside = '', onApproved = async () => undefined }: { aside?: string; onApproved?: () => Promise<void> } = {},
): Promise<Lived> {
  const customer = createPatient(createHttp(rig.apiUrl, rig.keys.customer));
  const approver = createPatient(createHttp(rig.apiUrl, rig.keys.approver));
  const url = `/v1/conversations/${id}`;
  await customer.post('/v1/conversations', { agent: 'confidant', id });
  const text = `${aside}\n${wordsFor(id, wishes)}`;
  await customer.post(`${url}/messages`, { text }, { 'idempotency-key': `message-of-${id}` });
  const decided = new Set<string>();
  return waitFor(`the end of ${id}`, LIFE_LIMIT_MS, async () => {
    await new Promise((resume) => setTimeout(resume, LOOK_MS));
    const { items, waiting, actions } = Detail.parse((await approver.get(`${url}?limit=100`)).body);
    for (const one of waiting) {
      if (one.question !== null || decided.has(one.id) || answer === undefined) continue;
      await approver.post(`/v1/approvals/${one.id}/decision`, { answer, reason: 'so it is', id: `decision-of-${id}` });
      decided.add(one.id);
      if (answer === 'approve') await onApproved();
    }
    const lastTurn = Math.max(0, ...items.map(({ turn }) => turn));
    const isAnswered = items.some(({ kind, turn }) => kind === 'reply' && turn === lastTurn);
    const hasEnded = actions.length >= ends.length && actions.every(({ outcome }) => outcome !== null);
    // Who was asked is told in a turn of its own.
    const isTold = answer === undefined || items.some(({ kind }) => kind === 'report');
    if (!isAnswered || !hasEnded || !isTold) return false;
    return new Map(
      actions.toSorted((one, other) => one.id.localeCompare(other.id)).map((one) => [one.id, one.outcome?.kind ?? '']),
    );
  });
}
