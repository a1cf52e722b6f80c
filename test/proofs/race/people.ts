// The people of one conversation of the proof `race`: who writes, who holds it, and who decides. They do what people do to
// whom nobody answered: send the same again, under the same key.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { wordsFor } from '../rig/model.ts';
import type { Rig } from '../rig/rig.ts';
import { ask } from '../rig/truth.ts';
import { type Answer, createHttp, type Http, waitFor } from '../support.ts';
import type { Act, Chain, Hold, Leave, Planned, Word } from './plan.ts';

/** What the people of a conversation know in the end. */
export interface Known {
  /** Ids of the messages that were answered 2xx, in the order of each chain. */
  readonly chains: readonly (readonly string[])[];
  /** Messages that were refused: after an answer that nothing is sure, one may have been taken all the same. */
  readonly refused: number;
  readonly unsure: number;
  /** How many messages were answered while an approval waited, as the store says. */
  readonly answeredMeanwhile: number;
  /** From when to when each message was under way that nobody waited with for its reply. */
  readonly spans: readonly (readonly [fromMs: number, toMs: number])[];
  /** Requests that were sent again. */
  readonly repeats: number;
  readonly stops: number;
  readonly problems: readonly string[];
}

export interface Keys {
  readonly customer: string;
  readonly operator: string;
  readonly approvers: readonly string[];
}

const Sent = z.object({ messageId: z.string(), status: z.enum(['queued', 'taken', 'answered']) });
// 60 s: a conversation that answers nobody for so long is stuck.
const ANSWER_LIMIT_MS = 60_000;
const RETRY_MS = 100;
const LOOK_MS = 300;
const TOO_MANY = 429;

interface Noted extends Known {
  readonly chains: string[][];
  readonly spans: [number, number][];
  readonly problems: string[];
  refused: number;
  unsure: number;
  answeredMeanwhile: number;
  repeats: number;
  stops: number;
}

const nothingNoted = (): Noted => {
  const counts = { refused: 0, unsure: 0, answeredMeanwhile: 0, repeats: 0, stops: 0 };
  return { chains: [], spans: [], problems: [], ...counts };
};

type Insist = ReturnType<typeof insisting>;

/** Until there is an answer that says what became of it. `isSure`: no try before it may have been taken. */
function insisting(noted: Noted) {
  return async (what: string, send: () => Promise<Answer>): Promise<Answer & { readonly isSure: boolean }> => {
    const untilMs = Date.now() + ANSWER_LIMIT_MS;
    for (let isSure = true; ; isSure = false) {
      const answer = await send().catch(() => undefined);
      if (answer !== undefined && answer.status < 500 && answer.status !== TOO_MANY) return { ...answer, isSure };
      if (Date.now() > untilMs) throw new Error(`${what} was answered ${answer?.status ?? 'nothing'} for too long`);
      noted.repeats += 1;
      await sleep(RETRY_MS);
    }
  };
}

/** Says words of a chain; where `waits`, up to the reply. What was refused is noted. */
function speaking(http: Http, id: string, noted: Noted, insist: Insist) {
  const url = `/v1/conversations/${id}/messages`;
  let said = 0;
  return async ({ ask: wanted }: Word, chain: string[], waits: boolean): Promise<void> => {
    const nth = said++;
    const text = wanted === undefined ? `Word ${nth} [${id}]` : wordsFor(id, [[wanted.tool, wanted.cents]]);
    const headers = { 'idempotency-key': `${id}-${nth}` };
    const fromMs = Date.now();
    const send = () => http.post(waits ? `${url}?wait=reply` : url, { text }, headers);
    const { status, body, isSure } = await insist(`message ${nth}`, send);
    if (status >= 300) {
      noted[isSure ? 'refused' : 'unsure'] += 1;
      return;
    }
    const { messageId, status: stage } = Sent.parse(body);
    chain.push(messageId);
    if (!waits) noted.spans.push([fromMs, Date.now()]);
    else if (stage !== 'answered') await answered(http, `${url}/${messageId}`);
  };
}

/** Gives the decision that is planned. */
function deciding(rig: Rig, approvers: readonly Http[], noted: Noted, insist: Insist) {
  const [finn, olga] = approvers;
  if (finn === undefined || olga === undefined) throw new Error('two people decide');
  return async (approvalId: string, leave: Leave, speak: () => Promise<boolean>): Promise<void> => {
    const give = async (by: Http, answer: string): Promise<void> => {
      const said = { answer, reason: 'as planned', id: `by-plan-${answer}` };
      await insist(`${answer} of ${approvalId}`, () => by.post(`/v1/approvals/${approvalId}/decision`, said));
    };
    switch (leave) {
      case 'expires':
        return;
      case 'approve':
      case 'deny':
        return give(finn, leave);
      case 'both_at_once':
        await Promise.all([give(finn, 'approve'), give(olga, 'deny')]);
        return;
      case 'after_a_word':
        if ((await speak()) && (await isOpen(rig, approvalId))) noted.answeredMeanwhile += 1;
        return give(olga, 'approve');
      default:
        return leave satisfies never;
    }
  };
}

async function isOpen(rig: Rig, approvalId: string): Promise<boolean> {
  const rows = await ask(rig, `select 1 from countersign.approvals where id = $1 and end_state = 'open'`, [approvalId]);
  return rows.length > 0;
}

export function createPeople(rig: Rig, { id, leaves }: Planned, keys: Keys) {
  const noted = nothingNoted();
  const insist = insisting(noted);
  const customer = createHttp(rig.apiUrl, keys.customer);
  const operator = createHttp(rig.apiUrl, keys.operator);
  const say = speaking(customer, id, noted, insist);
  const approvers = keys.approvers.map((key) => createHttp(rig.apiUrl, key));
  const decide = deciding(rig, approvers, noted, insist);
  const url = `/v1/conversations/${id}`;
  const newChain = (): string[] => {
    const chain: string[] = [];
    noted.chains.push(chain);
    return chain;
  };
  const trouble = (what: string) => (error: unknown) => void noted.problems.push(`${what}: ${String(error)}`);

  async function runChain({ words }: Chain): Promise<void> {
    const chain = newChain();
    for (const word of words) await say(word, chain, false);
  }

  async function hold({ kind, forMs }: Hold): Promise<void> {
    if (kind === 'stop') noted.stops += 1;
    await insist(kind, () => operator.post(`${url}/${kind}`, {}));
    await sleep(forMs);
    const { status, body } = await insist('resume', () => operator.post(`${url}/resume`, {}));
    if (status >= 300) noted.problems.push(`resume was answered ${status}: ${JSON.stringify(body).slice(0, 200)}`);
  }

  /** One message, up to its reply; false where it was refused. */
  async function sayAndHear(): Promise<boolean> {
    const chain = newChain();
    await say({}, chain, true);
    return chain.length > 0;
  }

  return {
    async open(): Promise<void> {
      await insist('the start', () => customer.post('/v1/conversations', { agent: 'prover', id }));
    },
    /** All at once, each at its moment; then one message more, up to its reply. */
    async burst(acts: readonly Act[]): Promise<void> {
      const each = acts.map(async (act) => {
        await sleep(act.atMs);
        await (act.kind === 'chain' ? runChain(act) : hold(act)).catch(trouble(act.kind));
      });
      await Promise.all(each);
      await sayAndHear().catch(trouble('the message behind a burst'));
    },
    asked: (approvalId: string, cents: number): Promise<void> =>
      decide(approvalId, leaves.get(cents) ?? 'deny', sayAndHear).catch(trouble(approvalId)),
    known: (): Known => noted,
  };
}

export type People = ReturnType<typeof createPeople>;

async function answered(http: Http, path: string): Promise<void> {
  await waitFor(`the reply to ${path}`, ANSWER_LIMIT_MS, async () => {
    const { status, body } = await http.get(path);
    if (status === 200 && Sent.parse(body).status === 'answered') return true;
    await sleep(LOOK_MS);
    return false;
  });
}

// 100 ms: how soon people look again at what they are asked.
const DESK_LOOK_MS = 100;
const OPEN = `select id, conversation_id as of, (approval->>'args')::json->>'cents' as cents
  from countersign.approvals where end_state = 'open'`;

/** Hands each approval that opens to the people of its conversation, once. `stop` waits for what they are at. */
export function openDesk(rig: Rig, people: ReadonlyMap<string, People>) {
  const seen = new Set<string>();
  const underWay = new Set<Promise<void>>();
  const desk = { isOpen: true };
  const work = (async () => {
    while (desk.isOpen) {
      const rows = await ask<{ id: string; of: string; cents: string }>(rig, OPEN);
      for (const { id, of, cents } of rows.filter((row) => !seen.has(row.id))) {
        seen.add(id);
        const decided = (people.get(of)?.asked(id, Number(cents)) ?? Promise.resolve()).finally(() =>
          underWay.delete(decided),
        );
        underWay.add(decided);
      }
      await sleep(DESK_LOOK_MS);
    }
  })();
  return {
    async stop(): Promise<void> {
      desk.isOpen = false;
      await work;
      await Promise.all(underWay);
    },
  };
}
