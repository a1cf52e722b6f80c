// One conversation as its people live it, from outside: a message, its reply, the approval, the reply of the turn that the
// outcome opens. Where a write before that ended as unknown, a person is asked; where it failed, nothing more comes. The
// client does what a real one does when nobody answers: it sends the same again, under the same key.
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { z } from 'zod';
import { wordsFor } from '../rig/model.ts';
import type { Rig } from '../rig/rig.ts';
import { type Answer, createHttp, type Http, waitFor } from '../support.ts';
import type { Histories } from './histories.ts';

/** When the client knew what, and what it was told. */
export interface Journey {
  readonly conversationId: string;
  readonly text: string;
  /** Undefined where a write before it ended as unknown or failed, so that it was never asked for. */
  readonly approvalId: string | undefined;
  /** When each of the replies was seen: two, or one where nothing was approved. */
  readonly repliesMs: readonly number[];
  /** Requests that had to be sent again. */
  readonly repeats: number;
}

// 90 s: far above the bound of a reply, so that a conversation that hangs is told from one that is slow.
const STEP_LIMIT_MS = 90_000;
// 200 ms: five look-ups a second, half of what the API allows a key.
const LOOK_MS = 200;
const RETRY_MS = 200;
const TOO_MANY = 429;

/** What may hold people up. */
export interface Hooks {
  /** Called once the approval is there; they decide when it resolves. */
  readonly beforeDecision?: (approvalId: string) => Promise<void>;
}

/** Live one conversation to its end. Throws with what it waited for in vain. */
export async function travel(
  rig: Pick<Rig, 'apiUrl' | 'keys'>,
  id: string,
  { beforeDecision }: Hooks = {},
): Promise<Journey> {
  const customer = createPatient(createHttp(rig.apiUrl, rig.keys.customer));
  const approver = createPatient(createHttp(rig.apiUrl, rig.keys.approver));
  const text = wordsFor(id);
  await customer.post('/v1/conversations', { agent: 'prover', id });

  const url = `/v1/conversations/${id}`;
  const sent = await customer.post(`${url}/messages?wait=reply`, { text }, { 'idempotency-key': `message-of-${id}` });
  const { messageId } = Message.parse(sent.body);
  const answered = (answer: Answer) => Message.parse(answer.body).status === 'answered';
  if (!answered(sent)) {
    await look('the reply to the message', async () => answered(await customer.get(`${url}/messages/${messageId}`)));
  }
  const repliesMs = [Date.now()];

  const repeats = () => customer.repeats() + approver.repeats();
  const asked = await look('an approval to decide', async () => {
    const { waiting, actions } = Standing.parse((await approver.get(`${url}?limit=1`)).body);
    // Who is unknown will be asked about; where all has ended otherwise, nobody will be asked any more.
    const isOver = actions.length > 0 && actions.every(({ outcome }) => outcome !== null && outcome.kind !== 'unknown');
    return waiting[0] ?? (isOver ? 'nobody' : undefined);
  });
  if (asked === 'nobody' || asked.question !== null)
    return { conversationId: id, text, approvalId: undefined, repliesMs, repeats: repeats() };
  const approvalId = asked.id;
  await beforeDecision?.(approvalId);
  await approver.post(`/v1/approvals/${approvalId}/decision`, { answer: 'approve', id: `decision-of-${id}` });

  await look('the reply of the turn that the outcome opened', async () => {
    const { items } = Transcript.parse((await customer.get(`${url}?limit=100`)).body);
    const report = items.find(({ kind }) => kind === 'report');
    return items.some(({ kind, turn }) => kind === 'reply' && turn === report?.turn);
  });
  repliesMs.push(Date.now());
  return { conversationId: id, text, approvalId, repliesMs, repeats: repeats() };
}

// 100 ms: what follows the last thing that Temporal shows, such as the answer to the last report.
const AFTERMATH_MS = 100;

/** Live one over HTTP, and wait until nothing is under way any more. What keeps it from its end is a sentence. */
export function liveOn(
  rig: Pick<Rig, 'apiUrl' | 'keys'>,
  histories: Pick<Histories, 'quiet'>,
  id: string,
  hooks: Hooks = {},
): Promise<Lived> {
  return liveOut(histories, () => travel(rig, id, hooks));
}

export interface Lived {
  readonly journey?: Journey;
  readonly problems: readonly string[];
}

/** The same, however it is lived. */
export async function liveOut(histories: Pick<Histories, 'quiet'>, live: () => Promise<Journey>): Promise<Lived> {
  try {
    const journey = await live();
    await histories.quiet(journey.conversationId, journey.approvalId);
    await sleep(AFTERMATH_MS);
    return { journey, problems: [] };
  } catch (error) {
    return { problems: [`it did not come to its end: ${inspect(error)}`] };
  }
}

const Message = z.object({ messageId: z.string(), status: z.enum(['queued', 'taken', 'answered']) });
const Standing = z.object({
  waiting: z.array(z.object({ id: z.string(), question: z.string().nullable() })),
  actions: z.array(z.object({ outcome: z.object({ kind: z.string() }).nullable() })),
});
const Transcript = z.object({ items: z.array(z.object({ kind: z.string(), turn: z.number() })) });

export async function look<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
  return waitFor(what, STEP_LIMIT_MS, async () => {
    const found = await ask();
    if (found === undefined || found === false) await sleep(LOOK_MS);
    return found;
  });
}

/** Sends again what nobody answered, or what was answered with 429 or 5xx. Any other refusal is thrown: none is expected. */
export function createPatient(http: Http) {
  let repeats = 0;
  const insist = async (what: string, send: () => Promise<Answer>): Promise<Answer> => {
    const untilMs = Date.now() + STEP_LIMIT_MS;
    for (;;) {
      const answer = await send().catch((error: unknown) => ({ status: 0, body: String(error), headers: undefined }));
      if (answer.status >= 200 && answer.status < 300 && answer.headers !== undefined) return answer;
      // 429: many conversations of one proof share a key, and an outage has all of them ask again.
      const isOutage = answer.status === 0 || answer.status >= 500 || answer.status === TOO_MANY;
      const said = `${what} was answered ${answer.status}: ${JSON.stringify(answer.body).slice(0, 400)}`;
      if (!isOutage || Date.now() > untilMs) throw new Refused(said);
      repeats += 1;
      await sleep(RETRY_MS);
    }
  };
  return {
    get: (path: string) => insist(`GET ${path}`, () => http.get(path)),
    post: (path: string, body: unknown, headers?: Readonly<Record<string, string>>) =>
      insist(`POST ${path}`, () => http.post(path, body, headers)),
    repeats: () => repeats,
  };
}

/** The API refused what it must take, or did not answer for far too long. */
class Refused extends Error {
  override readonly name = 'Refused';
}
