// Living one planned conversation, as its people would: the customer who sends again what nobody answered, the approver
// who decides as planned, and the owner who looks at the far side before saying whether something happened.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createPatient } from '../crash/journey.ts';
import { wordsFor } from '../rig/model.ts';
import type { Rig } from '../rig/rig.ts';
import { createHttp, waitFor } from '../support.ts';
import { type Deed, type Life, stops } from './plan.ts';
import type { Truth } from './truth.ts';

/** What the client knows: the texts that were taken, in order. */
export interface Lived {
  readonly said: readonly string[];
}

const Approval = z.object({
  id: z.string(),
  actionId: z.string(),
  question: z.string().nullable(),
  end: z.string(),
  askedMs: z.number(),
  args: z.object({ cents: z.number() }),
});
const Approvals = z.object({ rows: z.array(Approval) });
const Detail = z.object({
  live: z.object({ queued: z.number() }).nullable(),
  items: z.array(z.object({ kind: z.string(), turn: z.number() })),
  actions: z.array(
    z.object({ id: z.string(), args: z.object({ cents: z.number() }), outcome: z.unknown().nullable() }),
  ),
});

// 120 s: a conversation that is not settled by then is stuck; faults last seconds.
const SETTLE_LIMIT_MS = 120_000;
// 500 ms between looks: some conversations at once stay below what the API allows a key.
const LOOK_MS = 500;
// 10 s: longer than any freeze of a soak and the time-out of a tool, so that the owner finds the truth.
const OWNER_LOOKS_AFTER_MS = 10_000;
const PAUSED_MS = 300;

/** Throws with what it waited for in vain. */
export async function live(rig: Rig, truth: Truth, life: Life): Promise<Lived> {
  const customer = createPatient(createHttp(rig.apiUrl, rig.keys.customer));
  const approver = createPatient(createHttp(rig.apiUrl, rig.keys.approver));
  const url = `/v1/conversations/${life.id}`;
  const said: string[] = [];
  await customer.post('/v1/conversations', { agent: 'prover', id: life.id });

  async function say({ wishes, isTwice, waits }: Extract<Deed, { kind: 'say' }>): Promise<void> {
    const text = wordsFor(life.id, wishes);
    const headers = { 'idempotency-key': `${life.id}-${said.length}` };
    const send = () => customer.post(`${url}/messages${waits ? '?wait=reply' : ''}`, { text }, headers);
    await Promise.all(isTwice ? [send(), send()] : [send()]);
    said.push(text);
  }

  async function decideOpen(): Promise<void> {
    const { rows } = Approvals.parse((await approver.get(`/v1/approvals?conversationId=${life.id}`)).body);
    for (const { id, actionId, question, askedMs, args } of rows) {
      if (question !== null) {
        if (Date.now() < askedMs + OWNER_LOOKS_AFTER_MS) continue;
        const answer = (await truth.timesOf(actionId)) > 0 ? 'happened' : 'did_not_happen';
        const owner = createPatient(createHttp(rig.apiUrl, rig.keys.owner));
        await owner.post(`/v1/approvals/${id}/decision`, { answer, id: 'looked' });
        continue;
      }
      const answer = life.answers.get(args.cents) ?? 'leave';
      if (answer === 'leave') continue;
      await approver.post(`/v1/approvals/${id}/decision`, { answer, reason: 'as planned', id: `d-${args.cents}` });
    }
  }

  /** Nothing is under way any more, but what people leave undecided. */
  async function isSettled(): Promise<boolean> {
    await decideOpen();
    const { rows } = Approvals.parse((await approver.get(`/v1/approvals?conversationId=${life.id}`)).body);
    const left = rows.filter(({ question, args }) => question === null && life.answers.get(args.cents) === 'leave');
    if (left.length < rows.length) return false;
    const { live: now, items, actions } = Detail.parse((await approver.get(`${url}?limit=100`)).body);
    const lastSaid = items.findLast(({ kind }) => kind === 'message' || kind === 'report');
    const isAnswered = items.some(({ kind, turn }) => kind === 'reply' && turn === lastSaid?.turn);
    const isOpen = actions.some(
      ({ id, outcome }) => outcome === null && !left.some(({ actionId }) => isBehind(id, actionId)),
    );
    return now?.queued === 0 && (isAnswered || items.length === 0) && !isOpen;
  }

  async function settle(): Promise<void> {
    await waitFor(
      `${life.id} to settle`,
      SETTLE_LIMIT_MS,
      async () => (await isSettled()) || (await sleep(LOOK_MS), false),
    );
  }

  async function held(how: 'pause' | 'stop'): Promise<void> {
    await approver.post(`${url}/${how}`, {});
    await sleep(PAUSED_MS);
    await approver.post(`${url}/resume`, {});
  }

  for (const deed of life.deeds) {
    if (deed.kind === 'say') await say(deed);
    else if (deed.kind === 'settle') await settle();
    else await held(deed.kind);
  }
  if (stops(life)) await settle();
  return { said };
}

/** What is left undecided holds back itself, and what stands behind it in its turn. */
function isBehind(actionId: string, left: string): boolean {
  const [turn, index] = partsOf(actionId);
  const [turnOfLeft, indexOfLeft] = partsOf(left);
  return turn === turnOfLeft && index >= indexOfLeft;
}

function partsOf(actionId: string): readonly [turn: string, index: number] {
  const at = actionId.lastIndexOf(':');
  return [actionId.slice(0, at), Number(actionId.slice(at + 1))];
}
