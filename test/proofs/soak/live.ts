// Living one planned conversation, as its people would: the customer who sends again what nobody answered, the approver
// who decides as planned, and the owner who looks at the far side before saying whether something happened.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Histories } from '../crash/histories.ts';
import { createPatient } from '../crash/journey.ts';
import { wordsFor } from '../rig/model.ts';
import type { Rig } from '../rig/rig.ts';
import type { Truth } from '../rig/truth.ts';
import { createHttp, waitFor } from '../support.ts';
import { lookAt, type Seen } from './look.ts';
import type { Deed, Life } from './plan.ts';
import { isBehind, ofTranscript } from './transcript.ts';

/** What the client knows: the texts that were taken, in order; and how all looked at the end. */
export interface Lived {
  readonly said: readonly string[];
  readonly seen: Seen;
}

/** What a life is lived in. */
export interface World {
  readonly rig: Rig;
  readonly truth: Truth;
  readonly histories: Histories;
}

// 120 s: a conversation that is not settled by then is stuck; faults last seconds.
const SETTLE_LIMIT_MS = 120_000;
// 500 ms between looks: some conversations at once stay below what the API allows a key.
const LOOK_MS = 500;
// 10 s: longer than any freeze of a soak and the time-out of a tool, so that the owner finds the truth.
const OWNER_LOOKS_AFTER_MS = 10_000;
const PAUSED_MS = 300;

/** Throws with what it waited for in vain. */
export async function live({ rig, truth, histories }: World, life: Life): Promise<Lived> {
  const customer = createPatient(createHttp(rig.apiUrl, rig.keys.customer));
  const approver = createPatient(createHttp(rig.apiUrl, rig.keys.approver));
  const owner = createPatient(createHttp(rig.apiUrl, rig.keys.owner));
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

  async function decide({ approvals }: Seen): Promise<void> {
    for (const { id, actionId, question, askedMs, args } of approvals.filter(({ end }) => end === 'open')) {
      if (question !== null) {
        if (Date.now() < askedMs + OWNER_LOOKS_AFTER_MS) continue;
        const answer = (await truth.timesOf(actionId)) > 0 ? 'happened' : 'did_not_happen';
        await owner.post(`/v1/approvals/${id}/decision`, { answer, id: 'looked' });
        continue;
      }
      const answer = life.answers.get(args.cents) ?? 'leave';
      if (answer === 'leave') continue;
      await approver.post(`/v1/approvals/${id}/decision`, { answer, reason: 'as planned', id: `d-${args.cents}` });
    }
  }

  /** Decide what waits, and wait until nothing is under way any more but what people leave undecided. */
  async function settle(): Promise<Seen> {
    let open: readonly string[] = [];
    const isSettled = async (): Promise<Seen | false> => {
      const seen = await lookAt(rig, truth, life.id);
      open = [...underWay(life, seen), ...ofTranscript(life, said, seen)];
      if (open.length === 0) return seen;
      await decide(seen);
      await sleep(LOOK_MS);
      return false;
    };
    return waitFor(`${life.id} to settle`, SETTLE_LIMIT_MS, isSettled).catch((error: unknown) => {
      throw new Error(open.join('; '), { cause: error });
    });
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
  const { approvals } = await settle();
  const isOver = (approval: Seen['approvals'][number]) => approval.end !== 'open' && !isLeftIn(approvals, approval);
  for (const id of [undefined, ...approvals.filter(isOver).map((one) => one.id)]) await histories.quiet(life.id, id);
  return { said, seen: await lookAt(rig, truth, life.id) };
}

/** Whether an approval stands in a batch of which something is left undecided. */
function isLeftIn(all: Seen['approvals'], { id }: { readonly id: string }): boolean {
  const batch = (one: string) => one.replace(/\.\d+\.\d+$/, '');
  return all.some((one) => one.end === 'open' && batch(one.id) === batch(id));
}

/** What has not come to its end, as sentences. */
function underWay(life: Life, { queued, approvals, actions }: Seen): readonly string[] {
  const open = approvals.filter(({ end }) => end === 'open');
  const isLeft = ({ question, args }: Seen['approvals'][number]): boolean =>
    question === null && life.answers.get(args.cents) === 'leave';
  const left = open.filter(isLeft);
  const pending = actions.filter(
    ({ id, outcome }) => outcome === null && !left.some(({ actionId }) => isBehind(id, actionId)),
  );
  return [
    ...(queued === 0 ? [] : [`${queued ?? 'who knows how many'} messages are queued`]),
    ...open.filter((one) => !isLeft(one)).map(({ id }) => `${id} is open`),
    ...pending.map(({ id }) => `${id} has not ended`),
  ];
}
