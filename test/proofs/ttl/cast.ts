// The conversations of the proof `ttl` and the words in them. Each that is full has a canary in every place where a
// conversation has words; what nobody may lose has some too, so that the search is seen to find.
import { z } from 'zod';
import { createPatient, look } from '../crash/journey.ts';
import { wordsToSay } from '../memory/model.ts';
import { createSomebody } from '../memory/people.ts';
import { type RawCall } from '../rig/model.ts';
import type { Rig } from '../rig/rig.ts';
import { ask } from '../rig/truth.ts';
import { type Canary, known } from '../secrets/canaries.ts';
import { createHttp, type Random, waitFor } from '../support.ts';

/** What a conversation is there for: what becomes of it is known by its kind alone. */
export interface Cast {
  /** Idle for longer than their agent keeps them; the last was stopped. */
  readonly idle: readonly string[];
  /** Ended by their people at once. The first is full. */
  readonly ended: readonly string[];
  /** Never due: somebody is asked, it may have happened, or a person holds it. */
  readonly held: readonly string[];
  /** Of an agent that keeps everything. Full. */
  readonly settled: string;
  /** Of an agent that closes them later, in the race; and of those, some that were ended by their people. */
  readonly rovers: readonly string[];
  readonly left: readonly string[];
  /** Of what is deleted. */
  readonly canaries: readonly Canary[];
  /** Of what stays. */
  readonly controls: readonly Canary[];
}

export interface Sizes {
  readonly ended: number;
  readonly rovers: number;
}

export interface Planting {
  readonly rig: Rig;
  readonly random: Random;
  /** Of whoever writes, by the name of the key. */
  readonly nellKey: string;
}

// 60 s: a turn of six calls takes two on a quiet machine.
const STEP_LIMIT_MS = 60_000;
// 6 at once: the roles are busy with all of them anyway.
const AT_ONCE = 6;
const IDLE = ['idle-one', 'idle-two', 'idle-stopped'] as const;
const HELD = ['held-asked', 'held-unknown', 'held-paused', 'held-handed'] as const;
const SETTLED = 'settled';
// Told what to say, the model says nothing of what is remembered: that would be kept with the conversation.
const HELLO = wordsToSay('Hello.');
// 6: enough that two runs meet at one of them.
const LEFT = 6;

export async function plant(planting: Planting, sizes: Sizes): Promise<Cast> {
  const { rig } = planting;
  const ended = Array.from({ length: sizes.ended }, (_, at) => `ended-${at}`);
  const rovers = Array.from({ length: sizes.rovers }, (_, at) => `rover-${at}`);
  const left = Array.from({ length: LEFT }, (_, at) => `left-${at}`);
  const [full = '', ...short] = ended;
  const nell = createSomebody(rig, planting.nellKey, rig.keys.approver, 'lodger');
  const canaries = await named(planting, 'deleted', () => fillAll(planting, 'lodger', [...IDLE, full], 100));
  const controls = await named(planting, 'kept', () => fillAll(planting, 'settler', [SETTLED], 200));
  const roving = createSomebody(rig, planting.nellKey, rig.keys.approver, 'rover');
  await inTurn<unknown>([
    () => nell.talk('held-asked', `Pay. ${HELLO}`, [['pay', JSON.stringify({ order: 1, memo: 'waits' })]]),
    () => unknown(planting, 'held-unknown'),
    ...['held-paused', 'held-handed', ...short].map((id) => () => nell.talk(id, HELLO)),
    ...[...rovers, ...left].map((id) => () => roving.talk(id, HELLO)),
  ]);
  const operator = createPatient(createHttp(rig.apiUrl, rig.keys.approver));
  const customer = createHttp(rig.apiUrl, planting.nellKey);
  const told = (id: string, command: string) => operator.post(`/v1/conversations/${id}/${command}`, {});
  await inTurn([
    () => told('idle-stopped', 'stop'),
    () => told('held-paused', 'pause'),
    () => told('held-handed', 'handover'),
    ...[...ended, ...left].map((id) => () => customer.remove(`/v1/conversations/${id}`)),
  ]);
  await waitFor('what was ended to be closed', STEP_LIMIT_MS, async () => {
    return (await closed(rig)).length === ended.length + left.length;
  });
  return { idle: IDLE, ended, held: HELD, settled: SETTLED, rovers, left, canaries, controls };
}

export async function inTurn<T>(works: readonly (() => Promise<T>)[]): Promise<readonly T[]> {
  const left = works.map((work, at) => ({ work, at }));
  const results: T[] = [];
  const next = async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) results[one.at] = await one.work();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  return results;
}

/** The conversations that are closed, by their id. */
export async function closed(rig: Rig): Promise<readonly string[]> {
  const text = `select id from countersign.conversations where phase = 'closed' order by id`;
  return (await ask<{ id: string }>(rig, text)).map(({ id }) => id);
}

/** While it lasts, whoever writes and whoever decides are called by a canary. */
async function named(
  { rig, random }: Planting,
  what: string,
  talk: () => Promise<readonly Canary[]>,
): Promise<readonly Canary[]> {
  const names = ['nell', 'finn'].map((id) => ({ id, canary: known(`name of ${id}, ${what}`, token(random)) }));
  const rename = (id: string, name: string) =>
    ask(
      rig,
      `update countersign.api_keys set principal = jsonb_set(principal::jsonb, '{name}', to_jsonb($2::text))::json
        where principal->>'id' = $1`,
      [id, name],
    );
  for (const { id, canary } of names) await rename(id, canary.text);
  const canaries = await talk();
  for (const { id } of names) await rename(id, id);
  return [...names.map(({ canary }) => canary), ...canaries];
}

/**
 * One more, but without a payment: until when people may decide is timed by Temporal, whose clock is nobody's to move, and
 * to the roles it is over.
 */
export const plantYoung = (planting: Planting, id: string): Promise<readonly Canary[]> =>
  named(planting, 'young', () => fillAll(planting, 'lodger', [id], 300, false));

// 10: each has some orders of its own.
const ORDERS_EACH = 10;

const fillAll = async (planting: Planting, agent: string, ids: readonly string[], firstOrder: number, pays = true) =>
  (
    await inTurn(ids.map((id, at) => () => fill(planting, agent, { id, pays, order: firstOrder + at * ORDERS_EACH })))
  ).flat();

const Standing = z.object({
  waiting: z.array(z.object({ id: z.string() })),
  actions: z.array(z.object({ outcome: z.object({ kind: z.string() }).nullable() })),
  items: z.array(z.object({ kind: z.string(), turn: z.number() })),
});

/** A turn with a canary in each place that has words, and a payment that somebody approves. */
async function fill(
  { rig, random, nellKey }: Planting,
  agent: string,
  { id, order, pays }: { readonly id: string; readonly order: number; readonly pays: boolean },
): Promise<readonly Canary[]> {
  const canaries: Canary[] = [];
  const a = (what: string): string => {
    const canary = known(`${what} of ${id}`, token(random));
    canaries.push(canary);
    return canary.text;
  };
  rig.far.states.set(order, a('result'));
  rig.far.states.set(order + 1, `broken-${a('error')}`);
  if (pays) rig.far.states.set(order + 2, a('evidence'));
  const diet = a('fact');
  const calls: readonly RawCall[] = [
    ['look', JSON.stringify({ order })],
    ['look', JSON.stringify({ order: order + 1 })],
    ['note', JSON.stringify({ order, memo: a('argument') })],
    ['note', JSON.stringify({ order, memo: `denied-${a('denied argument')}` })],
    ...(agent === 'lodger' ? [['remember', JSON.stringify({ diet: { not: diet } })] as const] : []),
    ...(pays ? [['pay', JSON.stringify({ order: order + 2, memo: a('payment') })] as const] : []),
  ];
  const words = `I am ${a('message')} and do not eat ${diet}. ${wordsToSay(a('reply'))}`;
  await createSomebody(rig, nellKey, rig.keys.approver, agent).talk(id, words, calls);
  if (!pays) return canaries;
  const staff = createPatient(createHttp(rig.apiUrl, rig.keys.approver));
  const standing = async () => Standing.parse((await staff.get(`/v1/conversations/${id}?limit=100`)).body);
  const waiting = await look(`an approval in ${id}`, async () => (await standing()).waiting[0]);
  await staff.post(`/v1/approvals/${waiting.id}/decision`, { answer: 'approve', reason: a('reason') });
  await look(`the end of all in ${id}`, async () =>
    (await standing()).actions.every(({ outcome }) => outcome !== null),
  );
  return canaries;
}

/** Somebody is asked whether it happened, and does not answer. */
async function unknown({ rig, nellKey }: Planting, id: string): Promise<void> {
  const nell = createSomebody(rig, nellKey, rig.keys.approver, 'lodger');
  await nell.talk(id, `Try it. ${HELLO}`, [['fumble', JSON.stringify({ order: 2, memo: 'perhaps' })]]);
  const text = `select 1 from countersign.approvals where conversation_id = $1 and end_state = 'open'`;
  await waitFor('a question', STEP_LIMIT_MS, async () => (await ask(rig, text, [id])).length === 1);
}

// 24 letters: more than chance makes, and no word of any language.
const TOKEN_LETTERS = 24;

const token = (random: Random): string =>
  Array.from({ length: TOKEN_LETTERS }, () => random.pick([...'bcdfghjkmnpqrstvwxz'])).join('');
