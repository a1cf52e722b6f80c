// Living the conversations of the proof `drift`: what each customer writes goes in over the API, and where it went is read
// there by a person of the team. Which answer the model gives is this file's; that it arrived is asked of the store.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createPatient } from '../crash/journey.ts';
import type { FormAnswer } from '../rig/model.ts';
import type { Rig } from '../rig/rig.ts';
import { ask } from '../rig/truth.ts';
import { createHttp, createRandom, type Http } from '../support.ts';
import { type Conversation, FACT_NAMES, type FactName, type Form, type Next, type Place } from './conversation.ts';
import type { Drift, Drifted } from './drifts.ts';

export interface Case {
  /** Stands at the end of what the customer writes first, so that the model knows which answer is wanted. */
  readonly id: string;
  readonly conversation: Conversation;
  /** Absent: the model reads with care. */
  readonly drift?: Drift;
  readonly seed: number;
}

export interface Lived extends Place {
  readonly of: Case;
  /** Where it had gone before the customer had no more to say than that they do not know. */
  readonly first: Place;
  /** The facts of which the model gave another account, in one turn or more. */
  readonly changed: readonly FactName[];
  readonly verified: number;
}

// 6 s: code reads what is said to a person within milliseconds; a busy machine takes longer.
const SETTLE_MS = 6_000;
const LOOK_MS = 200;
// 8: each of the two facts that can be asked for is asked for twice, and then a person takes over.
const MAX_NOT_KNOWN = 8;
const NOT_KNOWN = 'I do not know.';
const KEYS = 4;

const Detail = z.object({
  phase: z.string(),
  intake: z
    .object({
      priority: z.number(),
      queue: z.string(),
      next: z.string(),
      facts: z.array(z.object({ state: z.string() })),
    })
    .nullish(),
});
const Message = z.object({ status: z.enum(['queued', 'taken', 'answered']), messageId: z.string() });

export interface Desk {
  /** Live it to its end, and be as sure as can be that all of it was taken in. */
  live(one: Case, mayEnd: (place: Place) => boolean, isAnswered: boolean): Promise<Lived>;
  /** Sentences about answers of the model that the system has not had. */
  unreached(): Promise<readonly string[]>;
}

/** What the model answered to one case, by how many messages it was shown: the same when it is asked again. */
type Given = Map<number, Drifted & { readonly isDrifted: boolean }>;

export async function openDesk(rig: Rig): Promise<Desk> {
  const given = new Map<string, { readonly of: Case; readonly answers: Given }>();
  rig.model.fill = (said) => {
    const id = /\[(d\d+)\]/.exec(said[0] ?? '')?.[1] ?? '';
    const found = given.get(id);
    if (found === undefined) throw new Error(`the model was shown what is no case: ${said[0]}`);
    const known = found.answers.get(said.length);
    const answer = known ?? answerTo(found.of, said);
    found.answers.set(said.length, answer);
    return answer.answer;
  };
  // A key each for a few of them: what the API allows one is less than what runs at once.
  const scopes = 'conversations:write,conversations:read';
  const more = await Promise.all(Array.from({ length: KEYS - 1 }, () => rig.addKey('ada', scopes)));
  const customers = [rig.keys.customer, ...more].map((key) => createHttp(rig.apiUrl, key));
  const staff = [rig.keys.approver, await rig.addKey('finn', 'conversations:read,operate')].map((key) =>
    createHttp(rig.apiUrl, key),
  );
  return {
    async live(one, mayEnd, isAnswered) {
      const answers: Given = new Map();
      given.set(one.id, { of: one, answers });
      const at = Number(one.id.slice(1));
      const people = { customer: customers[at % customers.length]!, staff: staff[at % staff.length]! };
      const lived = await liveOne(people, one, mayEnd, isAnswered);
      const changed = [...answers.values()].flatMap((answer) => answer.changed);
      return { of: one, ...lived, changed: [...new Set(changed)] };
    },
    unreached: () => unreached(rig, [...given.values()]),
  };
}

function answerTo({ conversation: { form }, drift, seed }: Case, said: readonly string[]) {
  const careful = standing(form, said);
  const drifted = drift?.apply(careful, said, createRandom(seed + said.length));
  const right: FormAnswer = { kind: 'json', text: JSON.stringify(careful) };
  return { ...(drifted ?? { answer: right, changed: [] }), isDrifted: drifted !== undefined };
}

const squeezed = (text: string): string => text.replace(/\s+/g, ' ');

/** What can be pointed at by now. */
export function standing(form: Form, said: readonly string[]): Form {
  const all = said.map(squeezed);
  const isThere = ({ quote }: { readonly quote: string }) => all.some((text) => text.includes(squeezed(quote)));
  return Object.fromEntries(FACT_NAMES.map((name) => [name, form[name].filter(isThere)])) as unknown as Form;
}

interface People {
  readonly customer: Http;
  readonly staff: Http;
}

async function liveOne(people: People, one: Case, mayEnd: (place: Place) => boolean, isAnswered: boolean) {
  const customer = createPatient(people.customer);
  await customer.post('/v1/conversations', { agent: 'clerk', id: one.id });
  let count = 0;
  const say = async (text: string) => {
    count += 1;
    const headers = { 'idempotency-key': `${one.id}-${count}` };
    const { body } = await customer.post(`/v1/conversations/${one.id}/messages?wait=reply`, { text }, headers);
    return Message.parse(body).status === 'answered';
  };
  let wasAnswered = true;
  for (const [at, text] of one.conversation.says.entries()) {
    wasAnswered = await say(at === 0 ? `${text}\n[${one.id}]` : text);
  }
  // What is said to a person is answered by nobody here: it was taken in once code has read it.
  const first = await settled(people.staff, one.id, wasAnswered ? () => true : mayEnd);
  let last = first;
  const most = isAnswered ? MAX_NOT_KNOWN : 0;
  for (let more = 0; last.next === 'asks' && more < most; more += 1) {
    await say(NOT_KNOWN);
    last = await settled(people.staff, one.id, () => true);
  }
  return { ...last, first };
}

async function settled(staff: Http, id: string, mayEnd: (place: Place) => boolean) {
  const patient = createPatient(staff);
  const untilMs = Date.now() + SETTLE_MS;
  for (;;) {
    const { phase, intake } = Detail.parse((await patient.get(`/v1/conversations/${id}?limit=1`)).body);
    if (intake === null || intake === undefined) throw new Error(`${id} has no intake`);
    const next: Next = phase === 'handed_over' ? 'person' : intake.next === 'asks' ? 'asks' : 'goes_on';
    const verified = intake.facts.filter(({ state }) => state === 'verified').length;
    const place = { priority: intake.priority, queue: intake.queue, next, verified };
    // That a person has it goes on record a moment after the intake, or the reply, which says so.
    const isOnItsWay = intake.next === 'hands_over' && next !== 'person';
    if ((mayEnd(place) && !isOnItsWay) || Date.now() > untilMs) return place;
    await sleep(LOOK_MS);
  }
}

/** Each answer is an item of its conversation, word by word; or, where it is none, a call of a model that failed. */
async function unreached(rig: Rig, all: readonly { readonly of: Case; readonly answers: Given }[]) {
  const items = await ask<{ id: string; text: string }>(
    rig,
    `select conversation_id as id, body->>'text' as text from countersign.items where kind = 'facts'`,
  );
  const failed = await ask<{ id: string }>(
    rig,
    `select conversation_id as id from countersign.ledger where kind = 'model_call_failed'`,
  );
  const kept = new Set(items.map(({ id, text }) => `${id} ${text}`));
  const inVain = new Set(failed.map(({ id }) => id));
  return all.flatMap(({ of, answers }) => {
    if (answers.size === 0) return [`${of.id}: no model was asked for facts`];
    const lost = [...answers.values()].filter(({ answer }) => {
      const isKept = answer.kind === 'json' && kept.has(`${of.id} ${answer.text}`);
      return !isKept && !inVain.has(of.id);
    });
    return lost.map(({ answer }) => `${of.id}: the answer never arrived: ${JSON.stringify(answer).slice(0, 200)}`);
  });
}
