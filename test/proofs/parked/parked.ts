// The proof `parked`: a thousand approvals wait on one machine. Waiting costs nothing but memory: the same stretch of time
// is measured before any of them and while all of them wait. Meanwhile their conversations answer, every role is killed
// and started again, and what people then approve runs once.
import { startRig, type Rig } from '../rig/rig.ts';
import { ROLES } from '../rig/roles.ts';
import type { Proof, ProofContext, Random } from '../support.ts';
import { approve, notWaiting, park, type Parked, speakTo } from './crowd.ts';
import { control, type Cost, measure, rest, tableOf } from './measure.ts';

export const parked: Proof = { name: 'parked', run: prove };

const SIZES = {
  quick: { count: 60, windowMs: 5_000, spoken: 10, spokenCold: 5, approved: 5 },
  // 60 s: what is done once a minute falls into both stretches.
  full: { count: 1_000, windowMs: 60_000, spoken: 50, spokenCold: 50, approved: 50 },
} as const;
// 4: each may ask ten times a second, and two requests make one wait.
const CUSTOMERS = 4;
// 1 commit a second more than with none waiting: a thousand that were each looked at every quarter of an hour would make
// that many. Without polling what is left is chance: which minute's duties fall into the stretch.
const MORE_COMMITS = { quick: 2, full: 1 } as const;

async function prove(context: ProofContext) {
  const { log, random, quick } = context;
  const size = quick ? SIZES.quick : SIZES.full;
  const violations: string[] = [];
  const rig = await startRig(context);
  try {
    const names = Array.from({ length: CUSTOMERS }, (_, at) => `customer-${at + 1}`);
    const scopes = 'conversations:write,conversations:read';
    const [customers] = await Promise.all([Promise.all(names.map((name) => rig.addKey(name, scopes))), rest(rig)]);
    const idle = await measure(rig, size.windowMs);
    const startedMs = Date.now();
    const all = await park(rig, customers, size.count);
    log(`${all.length} conversations wait for people after ${((Date.now() - startedMs) / 1_000).toFixed(0)} s`);
    violations.push(...(await notWaiting(rig, all)));
    await rest(rig);
    const waiting = await measure(rig, size.windowMs);
    violations.push(...report(context, idle, waiting), ...(await control(rig)));
    violations.push(...(await notWaiting(rig, all)));

    violations.push(...(await speak(context, rig, sample(all, size.spoken, random), 'while they wait')));
    await Promise.all(ROLES.map((role) => rig.roles.kill(role)));
    await rig.roles.untilUp();
    violations.push(...(await notWaiting(rig, all)));
    violations.push(
      ...(await speak(context, rig, sample(all, size.spokenCold, random), 'after every role was killed')),
    );
    violations.push(...(await notWaiting(rig, all)));

    const approved = sample(all, size.approved, random);
    violations.push(...(await approve(rig, approved)));
    if (rig.far.requests.length !== approved.length)
      violations.push(`${rig.far.requests.length} effects were asked for, and ${approved.length} approved`);
    violations.push(
      ...(await notWaiting(
        rig,
        all.filter((one) => !approved.includes(one)),
      )),
    );
    log(`approved: ${approved.length}; they ran, and the other ${all.length - approved.length} still wait`);
    violations.push(...rig.roles.surprises);
    return { cases: all.length, violations };
  } finally {
    await rig.stop();
  }
}

function report({ log, quick }: ProofContext, idle: Cost, waiting: Cost): readonly string[] {
  for (const line of tableOf(idle, waiting)) log(line);
  const most = quick ? MORE_COMMITS.quick : MORE_COMMITS.full;
  const more = waiting.commits - idle.commits;
  return more <= most ? [] : [`waiting costs ${more.toFixed(2)} commits a second; ${most} may be chance`];
}

async function speak({ log }: ProofContext, rig: Rig, some: readonly Parked[], when: string) {
  const { timesMs, problems } = await speakTo(rig, some, when.replaceAll(' ', '-'));
  const sorted = timesMs.toSorted((one, other) => one - other);
  const at = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(0);
  log(`replies ${when}: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, longest ${at(1)} ms (${timesMs.length} replies)`);
  return problems;
}

/** So many of them, each once. */
function sample(all: readonly Parked[], count: number, random: Random): readonly Parked[] {
  const left = [...all];
  return Array.from({ length: Math.min(count, all.length) }, () => {
    const [taken] = left.splice(random.between(0, left.length - 1), 1);
    if (taken === undefined) throw new Error('nobody is left');
    return taken;
  });
}
