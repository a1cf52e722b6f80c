// The proof `race`: conversations whose runs are renewed after every turn or two, and bursts of messages, pauses, stops,
// decisions, expiries and reports that are thrown at each, at moments by a seed. Whatever they meet, each message stands
// once and in order, each approval has one end, and what waits keeps nobody waiting.
import { Client, Connection } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { readHistories } from '../crash/histories.ts';
import { addKeysOf } from '../rig/desk.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import { ask } from '../rig/truth.ts';
import { createRandom, type Proof, type ProofContext, secondsOf, waitFor } from '../support.ts';
import { lookAt, problemsOf, underWay } from './checks.ts';
import { createPeople, type Keys, openDesk, type People } from './people.ts';
import { planConversation, type Planned } from './plan.ts';
import { type Renewals, renewalsOf } from './renewals.ts';

export const race: Proof = { name: 'race', run: prove };

const SIZES = {
  quick: { conversations: 4, bursts: 5 },
  // 2,016 interleavings. Twelve side by side keep two cores busy; more would only wait for each other.
  full: { conversations: 12, bursts: 168 },
} as const;
// 24 events: a turn of one message has about as many, so that a run is renewed after every turn or two.
const RENEW_AT_EVENTS = 24;
// 90 s: what is under way when the last burst is over; what falls due takes 6 s.
const SETTLE_LIMIT_MS = 90_000;
const LOOK_MS = 300;
// For each burst at least one run ended, and one message was under way just then or was handed on: half of what we have
// seen, and two thousand of each in a full run.
const RENEWALS_PER_BURST = 1;
const MET_PER_BURST = 1;

// 400: a history takes a quarter of a second to replay, and the full run leaves thousands; every one's end is looked at.
const REPLAYED = 400;

async function prove(context: ProofContext) {
  const { quick, random, log, seed } = context;
  const { conversations, bursts } = quick ? SIZES.quick : SIZES.full;
  const plans = Array.from({ length: conversations }, (_, at) =>
    planConversation(`race-${at + 1}`, bursts, createRandom(random.next() * 2 ** 32)),
  );
  const rig = await startRig(context, {
    temporalSettings: [`limit.historyCount.suggestContinueAsNew=${RENEW_AT_EVENTS}`],
  });
  const histories = await readHistories(rig.temporal.address);
  const connection = await Connection.connect({ address: rig.temporal.address });
  try {
    const { violations, found } = finding(log);
    const people = await invite(rig, plans);
    const desk = openDesk(rig, people);
    const counted = counting(log, conversations * bursts);
    await Promise.all(plans.map((plan) => live(plan, people, counted.isOver)));
    await Promise.all(plans.map(({ id }) => settle(rig, id, people)));
    await desk.stop();
    for (const { id } of plans) {
      const problems = await problemsOf(rig, id, await lookAt(rig, id), knownOf(people, id));
      found(problems.map((problem) => `${id} (seed ${seed}): ${problem}`));
    }
    const client = new Client({ connection });
    const renewals = await Promise.all(plans.map(({ id }) => renewalsOf(client, id)));
    found(renewals.flatMap(({ problems }) => problems));
    found(tell(context, plans, people, renewals));
    found(await ends(context, rig));
    found([...(await histories.badEnds()), ...rig.roles.surprises]);
    found(await histories.unreplayable(log, { random, count: REPLAYED }));
    return { cases: counted.done, violations };
  } finally {
    await connection.close();
    await histories.close();
    await rig.stop();
  }
}

/** Tells each violation as it is found: a proof that is cut off has then said what it saw. */
function finding(log: ProofContext['log']) {
  const violations: string[] = [];
  const found = (more: readonly string[]): void => {
    for (const one of more) log(`found: ${one}`);
    violations.push(...more);
  };
  return { violations, found };
}

// 10: how often it tells how far it has come.
const TELLS = 10;

/** Counts the bursts that are over. */
function counting(log: ProofContext['log'], count: number) {
  const startedMs = Date.now();
  const each = Math.ceil(count / TELLS);
  const bursts = {
    done: 0,
    isOver(): void {
      bursts.done += 1;
      const isTold = bursts.done % each === 0 || bursts.done === count;
      if (isTold) log(`${bursts.done} of ${count} bursts in ${secondsOf(Date.now() - startedMs)} s`);
    },
  };
  return bursts;
}

const knownOf = (people: ReadonlyMap<string, People>, id: string) => {
  const known = people.get(id)?.known();
  if (known === undefined) throw new Error(`nobody is in ${id}`);
  return known;
};

/** Keys of their own for each conversation: the API counts requests by key. */
async function invite(rig: Rig, plans: readonly Planned[]): Promise<ReadonlyMap<string, People>> {
  const people = new Map<string, People>();
  const key = async (person: string, scopes: readonly string[]) => {
    const made = (await addKeysOf(rig, [person], scopes)).get(person);
    if (made === undefined) throw new Error(`${person} has no key`);
    return made;
  };
  for (const plan of plans) {
    const keys: Keys = {
      customer: await key(`customer-of-${plan.id}`, ['conversations:write', 'conversations:read']),
      operator: await key('finn', ['conversations:read', 'operate']),
      approvers: [await key('finn', ['approvals:decide']), await key('olga', ['approvals:decide'])],
    };
    people.set(plan.id, createPeople(rig, plan, keys));
  }
  return people;
}

async function live({ id, bursts }: Planned, all: ReadonlyMap<string, People>, isOver: () => void): Promise<void> {
  const people = all.get(id);
  await people?.open();
  for (const burst of bursts) {
    // Who was not answered is a violation already; each burst behind it would only wait as long once more.
    if ((people?.known().problems.length ?? 0) > 0) return;
    await people?.burst(burst);
    isOver();
  }
}

/** Nothing is under way any more; what is after a while is a violation, which the checks name. */
async function settle(rig: Rig, id: string, people: ReadonlyMap<string, People>): Promise<void> {
  await waitFor(`the rest of ${id}`, SETTLE_LIMIT_MS, async () => {
    if (underWay(await lookAt(rig, id), knownOf(people, id)).length === 0) return true;
    await sleep(LOOK_MS);
    return false;
  }).catch(() => undefined);
}

/** Says what was met, and what the proof would be worth nothing without. */
function tell(
  { log, quick }: ProofContext,
  plans: readonly Planned[],
  people: ReadonlyMap<string, People>,
  renewals: readonly Renewals[],
): readonly string[] {
  const all = plans.map(({ id, bursts }, at) => ({ ...knownOf(people, id), bursts, renewals: renewals[at] ?? NONE }));
  const sum = (of: (one: (typeof all)[number]) => number) => all.reduce((total, one) => total + of(one), 0);
  const renewed = sum((one) => one.renewals.atMs.length);
  const handedOn = sum((one) => one.renewals.handedOn);
  const met = sum(({ spans, renewals: { atMs } }) => spans.filter((span) => atMs.some(within(span))).length);
  const meanwhile = sum((one) => one.answeredMeanwhile);
  log(`runs that were renewed: ${renewed}; messages and reports that they handed on: ${handedOn}`);
  log(`messages under way while a run ended: ${met}; ends put off: ${sum((one) => one.renewals.madeAgain)}`);
  log(`messages: ${sum(({ chains }) => chains.flat().length)}; refused while stopped: ${sum((one) => one.refused)}`);
  log(`sent again: ${sum((one) => one.repeats)}; answered while an approval waited: ${meanwhile}`);
  const bursts = sum((one) => one.bursts.length);
  return [
    ...(renewed >= bursts * RENEWALS_PER_BURST ? [] : [`only ${renewed} runs were renewed`]),
    ...(met + handedOn >= bursts * MET_PER_BURST ? [] : [`only ${met + handedOn} messages met the end of a run`]),
    ...(meanwhile > 0 || quick ? [] : ['no message was answered while an approval waited']),
  ];
}

const NONE: Renewals = { atMs: [], handedOn: 0, madeAgain: 0, problems: [] };

const within =
  ([fromMs, toMs]: readonly [number, number]) =>
  (atMs: number): boolean =>
    fromMs <= atMs && atMs <= toMs;

/** How approvals ended: a race that only ever ends one way has proved little. */
async function ends({ quick, log }: ProofContext, rig: Rig): Promise<readonly string[]> {
  const rows = await ask<{ end: string; count: string }>(
    rig,
    'select end_state as end, count(*) as count from countersign.approvals group by 1 order by 1',
  );
  log(`approvals: ${rows.map(({ end, count }) => `${end} ${count}`).join(', ') || 'none'}`);
  const missing = ['approved', 'denied', 'expired', 'cancelled'].filter((end) => !rows.some((row) => row.end === end));
  return quick ? [] : missing.map((end) => `no approval was ${end}`);
}
