// The proof `wire`: between every two processes that talk, one request is cut off, half answered, delayed or sent twice,
// once per conversation. After each the conversation must be whole, seen from outside, and no process may have ended.
import { type Ordeal, problemsOf } from '../crash/checks.ts';
import { type Histories, readHistories } from '../crash/histories.ts';
import { liveOn } from '../crash/journey.ts';
import { type Peer, type Rig, startRig } from '../rig/rig.ts';
import { type Aim, createWire, type Fault, FAULTS, type Struck, type Wire } from '../rig/wire.ts';
import type { Protocol } from '../rig/requests.ts';
import { type Proof, type ProofContext, secondsOf, spreadOf } from '../support.ts';
import { aimAt, type Case, CASES, inWords, LINKS, rounds, sample, sooner } from './plan.ts';

export const wire: Proof = { name: 'wire', run: prove };

// 36 s since the start: the last run begins by then, takes up to 6 s, and stopping takes 2.
const QUICK_UNTIL_MS = 36_000;
// 1: however slow the machine is; a proof without a fault proves nothing.
const LEAST_TRIED = 1;
// 12 minutes: what is left untried then is said to be.
const FULL_UNTIL_MS = 12 * 60_000;
// 3 times each fault on each link, at another request each time.
const ROUNDS = 3;
// 2 undisturbed runs: requests over a link vary by a few.
const COUNTING_RUNS = 2;
// 0.6: what a conversation asks varies, and a quick run has no time for aims that are not reached.
const QUICK_REACH = 0.6;
// 3: a request that is there in one run of two is met in one of three tries.
const TRIES = 3;
// 15 s from the fault to the next reply: the longest delay, what must time out behind it (2 s of a heartbeat, 3 s of a
// tool), and the pauses between tries.
const REPLY_BOUND_MS = 15_000;
const PROGRESS_RUNS = 20;

const PROTOCOLS: Readonly<Record<Peer, Protocol>> = {
  postgres: 'postgres',
  temporal: 'http2',
  model: 'http1',
  'far-side': 'http1',
};

async function prove(context: ProofContext) {
  const startedMs = Date.now();
  const { quick, random, log } = context;
  const between = createWire();
  try {
    const rig = await startRig(context, {
      between: (role, peer, address) => between.through(`${role}>${peer}`, PROTOCOLS[peer], address),
    });
    const apiUrl = `http://${await between.through('client>api', 'http1', new URL(rig.apiUrl).host)}`;
    const histories = await readHistories(rig.temporal.address);
    try {
      const bench = createBench(context, { rig, apiUrl, wire: between, histories });
      const requests = new Map<string, number>();
      for (let run = 0; run < (quick ? 1 : COUNTING_RUNS); run++) {
        await bench.run(undefined);
        for (const [link, count] of between.counts()) requests.set(link, Math.max(count, requests.get(link) ?? 0));
      }
      log(`requests: ${LINKS.map((link) => `${link} ${requests.get(link)}`).join(', ')}`);
      const silent = LINKS.filter((link) => (requests.get(link) ?? 0) === 0);
      bench.violations.push(...silent.map((link) => `nothing was asked over ${link}`));

      const cases = quick ? sample(random) : rounds(ROUNDS, random);
      const untilMs = startedMs + (quick ? QUICK_UNTIL_MS : FULL_UNTIL_MS);
      let tried = 0;
      for (; tried < cases.length && (tried < LEAST_TRIED || Date.now() < untilMs); tried++) {
        const one = cases[tried]!;
        const reach = Math.ceil((requests.get(one.link) ?? 0) * (quick ? QUICK_REACH : 1));
        await bench.insist(one, aimAt(one, reach, random));
      }
      log(`tried: ${tried} of ${cases.length}`);
      bench.demandAll();
      bench.violations.push(...rig.roles.surprises, ...(await histories.badEnds()));
      bench.summarize();
      return { cases: bench.runs(), violations: bench.violations };
    } finally {
      await histories.close();
      await rig.stop();
    }
  } finally {
    await between.stop();
  }
}

/** Only there does a cut come between an effect and whoever asked for it; or has another attempt take a booking over. */
function ordealOf(struck: Struck | undefined): Ordeal {
  const repeats = struck === undefined ? 0 : 1;
  switch (struck?.link) {
    case 'actor>far-side':
      return { repeats, mayBeUnknown: ['note', 'pay'], mayHaveFailed: [] };
    case 'actor>postgres':
      return { repeats, mayBeUnknown: ['book'], mayHaveFailed: ['book'] };
    case 'actor>temporal':
      return { repeats, mayBeUnknown: [], mayHaveFailed: ['book'] };
    default:
      return { repeats, mayBeUnknown: [], mayHaveFailed: [] };
  }
}

interface Bench {
  readonly rig: Rig;
  /** Where the client finds the API: through the wire. */
  readonly apiUrl: string;
  readonly wire: Wire;
  readonly histories: Histories;
}

/** Runs conversations one after the other and keeps what came of them. */
function createBench({ seed, quick, log }: ProofContext, { rig, apiUrl, wire: between, histories }: Bench) {
  const violations: string[] = [];
  const neverStruck: string[] = [];
  const struckCases = new Map<string, number>();
  const toReplyMs = new Map<Fault, number[]>(FAULTS.map((fault) => [fault, []]));
  let runs = 0;

  /** True when the fault really happened, or none was wanted. */
  async function run(aim: Aim | undefined): Promise<boolean> {
    runs += 1;
    const id = `wire-${runs}`;
    between.arm(aim);
    const { journey, problems: unfinished } = await liveOn({ ...rig, apiUrl }, histories, id);
    const struck = await between.struck();
    const problems = [...unfinished];
    if (journey !== undefined) {
      problems.push(...(await problemsOf(rig, id, journey, ordealOf(struck))));
      problems.push(...(await histories.problems(id, journey.approvalId)));
    }
    if (struck !== undefined) {
      const { link, fault, atMs, carried } = struck;
      const name = nameOf({ link, fault });
      struckCases.set(name, (struckCases.get(name) ?? 0) + 1);
      if (carried.out === 0 || carried.back === 0) problems.push(`no bytes had flowed over ${link} before`);
      const replyMs = journey?.repliesMs.find((one) => one >= atMs);
      if (replyMs !== undefined) toReplyMs.get(fault)?.push(replyMs - atMs);
      if (replyMs !== undefined && replyMs - atMs > REPLY_BOUND_MS)
        problems.push(`the reply came ${secondsOf(replyMs - atMs)} s after the fault`);
    }
    const under = `${inWords(aim)}${aim !== undefined && struck === undefined ? ', which did not happen' : ''}`;
    violations.push(...problems.map((problem) => `${id}, ${under} (seed ${seed}): ${problem}`));
    if (problems.length > 0) log(`${id}, ${under}: ${problems.join('; ').slice(0, 600)}`);
    if (runs % PROGRESS_RUNS === 0) log(`${runs} runs, ${violations.length} violations`);
    return aim === undefined || struck !== undefined;
  }

  return {
    run,
    violations,
    runs: () => runs,
    /** Run until the fault really happened, a bounded number of times. */
    async insist(one: Case, first: Aim): Promise<void> {
      let aim = first;
      for (let tries = 0; tries < TRIES; tries++) {
        if (await run(aim)) return;
        aim = sooner(aim);
      }
      neverStruck.push(`${nameOf(one)}, from request ${first.at} on down`);
    },
    /** In a full proof every fault must have happened on every link; in a quick one, any at all. */
    demandAll(): void {
      if (struckCases.size === 0) violations.push('no fault happened');
      if (quick) return;
      const missing = CASES.filter((one) => !struckCases.has(nameOf(one)));
      violations.push(...missing.map((one) => `${nameOf(one)}: never happened`));
    },
    summarize(): void {
      const total = [...struckCases.values()].reduce((sum, one) => sum + one, 0);
      log(`runs: ${runs}, in which ${total} faults happened; pairs of link and fault: ${struckCases.size}`);
      log(`never struck: ${neverStruck.length}`);
      for (const one of neverStruck) log(`  ${one}`);
      for (const [fault, times] of toReplyMs) {
        if (times.length > 0) log(`from "${fault}" to the next reply: ${spreadOf(times)}`);
      }
      log(`violations: ${violations.length}`);
    },
  };
}

const nameOf = ({ link, fault }: Case): string => `${fault} on ${link}`;
