// Living a conversation of the proof `flat` turn by turn, and reading afterwards what each tenth of it has cost, and whether
// anything of it was lost or doubled.
import type { Client } from '@temporalio/client';
import { z } from 'zod';
import { createPatient } from '../crash/journey.ts';
import { claimProblems } from '../rig/claims.ts';
import type { Rig } from '../rig/rig.ts';
import { createTruth } from '../rig/truth.ts';
import { createHttp, waitFor } from '../support.ts';
import { type Decile, DECILES } from './deciles.ts';
import { type Called, historyOf, itemsOf, type Kept, modelCallsOf, rowsOf, type Spent } from './measure.ts';
import { NOTED_EVERY } from './model.ts';

/** A message that was answered. */
interface Told {
  readonly of: string;
  readonly messageId: string;
  readonly sentMs: number;
}

/** A conversation that was lived, turn by turn; and what was said beside it in young ones. */
export interface Lived {
  readonly id: string;
  readonly told: readonly Told[];
  readonly beside: readonly Told[];
}

const Sent = z.object({ messageId: z.string(), status: z.enum(['queued', 'taken', 'answered']) });
// 120 s: a turn of a hundred calls takes some seconds, on a machine that does much else ten times as many.
const REPLY_LIMIT_MS = 120_000;
// Every fifth turn one in a young conversation, which is left for another after thirty turns.
const YOUNG_EVERY = 5;
const YOUNG_TURNS = 30;

export function createSpeaker(rig: Rig) {
  const http = createPatient(createHttp(rig.apiUrl, rig.keys.customer));
  const open = (id: string) => http.post('/v1/conversations', { agent: 'reader', id });

  async function say(id: string, nth: number, text: string): Promise<Told> {
    const url = `/v1/conversations/${id}/messages`;
    const sentMs = Date.now();
    const sent = await http.post(`${url}?wait=reply`, { text }, { 'idempotency-key': `${id}-${nth}` });
    const { messageId, status } = Sent.parse(sent.body);
    if (status !== 'answered')
      await waitFor(`a reply in ${id}`, REPLY_LIMIT_MS, async () => {
        return Sent.parse((await http.get(`${url}/${messageId}`)).body).status === 'answered';
      });
    return { of: id, messageId, sentMs };
  }

  return {
    async live(id: string, turns: number, words: (nth: number) => string, isPaired: boolean): Promise<Lived> {
      const told: Told[] = [];
      const beside: Told[] = [];
      await open(id);
      for (let nth = 1; nth <= turns; nth++) {
        told.push(await say(id, nth, words(nth)));
        if (!isPaired || nth % YOUNG_EVERY !== 0) continue;
        const young = `${id}-young-${Math.floor(beside.length / YOUNG_TURNS)}`;
        if (beside.length % YOUNG_TURNS === 0) await open(young);
        beside.push(await say(young, nth, words(nth)));
      }
      return { id, told, beside };
    },
  };
}

interface Seen {
  readonly runs: number;
  readonly events: readonly Spent[];
  readonly rows: readonly Spent[];
  readonly calls: readonly Called[];
  readonly items: readonly Kept[];
  /** When the reply to a message was kept, by the message, of young conversations too. */
  readonly repliedMs: ReadonlyMap<string, number>;
}

export async function lookAt(rig: Rig, client: Client, { id, beside }: Lived): Promise<Seen> {
  const [history, rows, calls, items] = await Promise.all([
    historyOf(client, id),
    rowsOf(rig, id),
    modelCallsOf(rig, id),
    itemsOf(rig, id),
  ]);
  const repliedMs = new Map(repliesIn(items));
  for (const young of new Set(beside.map(({ of }) => of)))
    for (const [message, atMs] of repliesIn(await itemsOf(rig, young))) repliedMs.set(message, atMs);
  return { ...history, rows, calls, items, repliedMs };
}

const MESSAGE = 'message:';

function repliesIn(items: readonly Kept[]): readonly (readonly [string, number])[] {
  const byTurn = new Map(items.flatMap(({ kind, turn, atMs }) => (kind === 'reply' ? [[turn, atMs] as const] : [])));
  return items.flatMap(({ kind, key, turn }) => {
    const atMs = byTurn.get(turn);
    return kind === 'message' && atMs !== undefined ? [[key.slice(MESSAGE.length), atMs] as const] : [];
  });
}

/** Its tenths. Of one long turn an answer of the model stands for a turn, from the calls in it to the next answer. */
export function decilesOf(lived: Lived, seen: Seen, memory: readonly Spent[], isOneTurn: boolean): readonly Decile[] {
  const { told, beside } = lived;
  const per = told.length / DECILES;
  const endMs = (seen.items.at(-1)?.atMs ?? 0) + 1;
  const answers = seen.items.filter(({ kind }) => kind === 'calls').map(({ atMs }) => atMs);
  const starts = isOneTurn ? answers : Array.from({ length: DECILES }, (_, at) => told[at * per]?.sentMs ?? endMs);
  const timesOf = (some: readonly Told[]) =>
    some.flatMap(({ messageId, sentMs }) => {
      const atMs = seen.repliedMs.get(messageId);
      return atMs === undefined ? [] : [atMs - sentMs];
    });
  return starts.map((fromMs, at): Decile => {
    const toMs = starts[at + 1] ?? endMs;
    const isIn = (atMs: number) => atMs >= fromMs && atMs < toMs;
    const amounts = (all: readonly Spent[]) => all.flatMap((one) => (isIn(one.atMs) ? [one.amount] : []));
    const sum = (all: readonly Spent[]) => amounts(all).reduce((total, amount) => total + amount, 0);
    const own = (some: readonly Told[]) => some.filter(({ sentMs }) => isIn(sentMs));
    // The first call of a turn shows none of its results.
    const shown = isOneTurn
      ? seen.calls.slice(at + 1, at + 2)
      : seen.calls.filter(({ turn }) => Math.floor((turn - 1) / per) === at);
    return {
      turns: isOneTurn ? 1 : per,
      timesMs: isOneTurn ? [toMs - fromMs] : timesOf(own(told)),
      events: amounts(seen.events).length,
      historyBytes: sum(seen.events),
      storeBytes: sum(seen.rows),
      promptTokens: shown.map(({ tokens }) => tokens ?? 0),
      memoryMiB: amounts(memory),
      youngTimesMs: timesOf(own(beside)),
    };
  });
}

/** What is missing, doubled or out of order, as sentences. */
export async function lossesOf(rig: Rig, { id, told }: Lived, { items }: Seen): Promise<readonly string[]> {
  const kept = items.flatMap(({ kind, key }) => (kind === 'message' ? [key.slice(MESSAGE.length)] : []));
  const isWhole = kept.join() === told.map(({ messageId }) => messageId).join();
  const replies = items.flatMap(({ kind, turn }) => (kind === 'reply' ? [turn] : []));
  const isAnswered = replies.length === told.length && new Set(replies).size === replies.length;
  return [
    ...(isWhole ? [] : [`${id}: ${told.length} messages were sent, and its transcript has others: ${kept.length}`]),
    ...(isAnswered ? [] : [`${id}: ${told.length} turns have ${replies.length} replies`]),
    ...(await claimProblems(rig, id)),
  ];
}

/** Every tenth leaf is noted, once. */
export async function effectsOf(rig: Rig, id: string, leaves: number): Promise<readonly string[]> {
  const effects = [...(await createTruth(rig).effectsOf(id)).values()];
  const due = Math.floor(leaves / NOTED_EVERY);
  const isOnce = effects.length === due && effects.every((times) => times === 1);
  return isOnce ? [] : [`${id}: ${due} notes are due, once each; there are ${effects.join(', ') || 'none'}`];
}
