// The proof `parked`: a thousand approvals wait on one machine. Waiting costs nothing but memory: the same stretch of time
// is measured before any of them and while all of them wait. Meanwhile their conversations answer, every role is killed
// and started again, and what people then approve runs once.
import { startRig, type Rig } from '../rig/rig.ts';
import { type Role, ROLES } from '../rig/roles.ts';
import type { Proof, ProofContext, Random } from '../support.ts';
import { approve, notWaiting, park, type Parked, speakTo } from './crowd.ts';
import { control, type Cost, LEAST_REST_MS, measure, memoryOfRoles, rest, tableOf } from './measure.ts';

export const parked: Proof = { name: 'parked', run: prove };

const SIZES = {
  quick: {
    count: 60,
    windowMs: 5_000,
    // So soon after the start the collectors of garbage still run: a quick run's processor time says little.
    restMs: LEAST_REST_MS,
    moreCustomers: 0,
    spoken: 10,
    spokenCold: 5,
    approved: 5,
    // It has all that waits in its cache; each start of a role from source takes seconds.
    killed: ['workflows'],
  },
  full: {
    count: 1_000,
    // 60 s: what is done once a minute falls into both stretches.
    windowMs: 60_000,
    // 150 s: V8 collects for some two minutes, in bursts, what bringing a thousand conversations there has left behind.
    restMs: 150_000,
    // 3: each may ask ten times a second, and it takes two requests to make one wait.
    moreCustomers: 3,
    spoken: 50,
    spokenCold: 50,
    approved: 50,
    killed: ROLES,
  },
} as const;
// 1 commit a second more than with none waiting: a thousand that were each looked at every quarter of an hour would make
// that many. Without polling what is left is chance. 6 in a quick run, as if its sixty were looked at every 10 s: the duties
// of a minute, some 20 commits, may all fall into one of its stretches.
const MORE_COMMITS = { quick: 6, full: 1 } as const;

async function prove(context: ProofContext) {
  const { log, random, quick } = context;
  const size = quick ? SIZES.quick : SIZES.full;
  const violations: string[] = [];
  const rig = await startRig(context);
  try {
    const customers = [rig.keys.customer];
    for (let made = 1; made <= size.moreCustomers; made++)
      customers.push(await rig.addKey(`customer-${made}`, 'conversations:write,conversations:read'));
    await rest(rig, LEAST_REST_MS);
    const idle = await measure(rig, size.windowMs);
    const startedMs = Date.now();
    const all = await park(rig, customers, size.count);
    log(`${all.length} conversations wait for people after ${((Date.now() - startedMs) / 1_000).toFixed(0)} s`);
    violations.push(...(await notWaiting(rig, all)));
    await rest(rig, size.restMs);
    const waiting = await measure(rig, size.windowMs);
    violations.push(...report(context, idle, waiting), ...(await control(rig)));
    violations.push(...(await notWaiting(rig, all)));

    violations.push(...(await speak(context, rig, sample(all, size.spoken, random), 'while they wait')));
    violations.push(...(await notWaiting(rig, all)));
    violations.push(...(await kill(context, rig, size.killed)), ...(await notWaiting(rig, all)));
    const cold = sample(all, size.spokenCold, random);
    violations.push(...(await speak(context, rig, cold, 'after the kill')));
    violations.push(...(await notWaiting(rig, all)));

    const approved = sample(all, size.approved, random);
    violations.push(...(await approve(rig, approved)));
    if (rig.far.requests.length !== approved.length)
      violations.push(`${rig.far.requests.length} effects were asked for, and ${approved.length} approved`);
    const left = all.filter((one) => !approved.includes(one));
    violations.push(...(await notWaiting(rig, left)));
    log(`approved: ${approved.length}; left to wait: ${left.length}`);
    violations.push(...rig.roles.surprises);
    return { cases: all.length, violations };
  } finally {
    await rig.stop();
  }
}

/** Kill these roles at once; each is started again. */
async function kill({ log }: ProofContext, rig: Rig, roles: readonly Role[]): Promise<readonly string[]> {
  await Promise.all(roles.map((role) => rig.roles.kill(role)));
  await rig.roles.untilUp();
  const killed = rig.roles.deaths.map(({ role }) => role);
  log(`killed and started again: ${killed.join(', ')}; the roles then take ${memoryOfRoles(rig).toFixed(0)} MiB`);
  return killed.toSorted().join() === roles.toSorted().join() ? [] : [`killed were: ${killed.join(', ')}`];
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
