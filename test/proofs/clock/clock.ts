// The proof `clock`: one role's clock is wrong by an hour, or the API's by more than an approval may wait. Meanwhile nothing
// happens twice, without a fresh verdict or against its own outcome, and no click ends what others wait for; once the clock
// is right again the same conversations work.
import { inspect } from 'node:util';
import { type Histories, readHistories } from '../crash/histories.ts';
import { claimProblems } from '../rig/claims.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import type { Role } from '../rig/roles.ts';
import { type Proof, type ProofContext, type Random, secondsOf } from '../support.ts';
import { isMoved, type Looked, look, staleEffects } from './looks.ts';
import { createPeople, type People } from './people.ts';

export const clock: Proof = { name: 'clock', run: prove };

const HOUR_MS = 3_600_000;

interface Skew {
  readonly role: Role;
  readonly byMs: number;
}

/** Every clock that is compared with another's. The assistant's is with none. */
const SKEWS: readonly Skew[] = [
  ...(['api', 'workflows', 'actor'] as const).flatMap((role) => [HOUR_MS, -HOUR_MS].map((byMs) => ({ role, byMs }))),
  // 25 h: past the 24 h for which people may decide, so that every click bears a time after the deadline.
  { role: 'api', byMs: 25 * HOUR_MS },
];
const QUICK_SKEWS = 2;
// 40 s since the start: the last quick case begins by then, however slow the machine is.
const QUICK_UNTIL_MS = 40_000;

async function prove(context: ProofContext) {
  const { seed, quick, random, log } = context;
  const startedMs = Date.now();
  const rig = await startRig(context, { mode: 'development' });
  const histories = await readHistories(rig.temporal.address);
  const violations: string[] = [];
  let cases = 0;
  try {
    const skews = quick ? shuffled(SKEWS, random).slice(0, QUICK_SKEWS) : SKEWS;
    for (const skew of skews) {
      if (quick && cases > 0 && Date.now() > startedMs + QUICK_UNTIL_MS) break;
      cases += 1;
      const problems = await liveUnder(rig, histories, skew, `clock-${cases}`, log).catch((error: unknown) => [
        `it did not come to its end: ${inspect(error)}`,
      ]);
      violations.push(...problems.map((problem) => `${inWords(skew)} (seed ${seed}): ${problem}`));
      for (const problem of problems) log(`  ${problem.slice(0, 600)}`);
    }
    violations.push(...rig.roles.surprises, ...(await histories.badEnds()));
    return { cases, violations };
  } finally {
    await histories.close();
    await rig.stop();
  }
}

const inWords = ({ role, byMs }: Skew): string =>
  `the clock of ${role} ${Math.abs(byMs) / HOUR_MS} h ${byMs > 0 ? 'ahead' : 'behind'}`;

function shuffled<T>(from: readonly T[], random: Random): readonly T[] {
  const left = [...from];
  return from.map(() => left.splice(random.between(0, left.length - 1), 1)[0]!);
}

/** The role is killed, and started again with its clock moved by this much. */
async function moveClock(rig: Rig, role: Role, byMs: number): Promise<void> {
  rig.configure(role, { COUNTERSIGN_CLOCK_OFFSET_MS: String(byMs) });
  await rig.roles.kill(role);
  await rig.roles.untilUp();
}

const MOVED = { note: 50, pay: 7_200 } as const;
const RIGHT = { note: 51, pay: 7_201 } as const;
const OTHER_CENTS = 4_000;

async function liveUnder(
  rig: Rig,
  histories: Histories,
  skew: Skew,
  id: string,
  log: ProofContext['log'],
): Promise<readonly string[]> {
  const people = createPeople(rig);
  const other = `${id}-other`;
  const otherApproval = await people.askFor(other, ['pay', OTHER_CENTS]);
  await moveClock(rig, skew.role, skew.byMs);

  const click = await liveWith(people, id, MOVED);
  const otherClick = await people.click(otherApproval);
  await people.settled(other, otherClick.isTaken);
  const [moved, afar] = [await look(rig, id), await look(rig, other)];
  const problems = [
    ...(isMoved(moved, skew.role, skew.byMs) ? [] : ['the clock was not moved']),
    ...ofSkewed(moved, click.isTaken),
    ...ofOther(afar, otherClick.isTaken),
  ];

  await moveClock(rig, skew.role, 0);
  // What could not be approved before can be now.
  for (const { id: approvalId } of [...moved.open, ...afar.open]) await people.click(approvalId);
  await Promise.all([people.settled(id, true), people.settled(other, true)]);
  const right = await liveWith(people, id, RIGHT);
  await Promise.all([id, other].map((one) => histories.quiet(one, undefined)));
  const [after, otherAfter] = [await look(rig, id), await look(rig, other)];
  if (!right.isTaken) problems.push(`with the right clock the click was answered ${right.said}`);
  problems.push(...ofRight(after), ...(await staleEffects(rig, id)), ...(await staleEffects(rig, other)));
  // What was counted under the wrong clock ended under it, one way or another; what was refused is done now.
  const otherEnd = otherAfter.actions.map(({ outcome }) => outcome).join();
  const mayEnd = otherClick.isTaken ? Object.keys(HONEST) : ['succeeded'];
  if (!mayEnd.includes(otherEnd)) problems.push(`the other conversation's action is ${otherEnd}`);
  for (const one of [id, other]) problems.push(...(await claimProblems(rig, one)));

  log(`${inWords(skew)}: ${told(moved)}; the click: ${click.said}`);
  log(`  on another's approval: ${otherClick.said}; then ${told(otherAfter)}`);
  log(`  with the right clock: ${told(after)}; the two journeys took ${secondsOf(click.tookMs + right.tookMs)} s`);
  return problems;
}

const told = ({ actions }: Looked): string =>
  actions.map(({ tool, outcome, times }) => `${tool} ${outcome ?? 'waits'} (${times} effects)`).join(', ');

/** A note; then a payment, which people approve if they are asked and the click counts. */
async function liveWith(people: People, id: string, cents: { readonly note: number; readonly pay: number }) {
  const startedMs = Date.now();
  await people.say(id, ['note', cents.note]);
  const approvalId = await people.askFor(id, ['pay', cents.pay]);
  const click = await people.click(approvalId);
  await people.settled(id, click.isTaken);
  return { ...click, tookMs: Date.now() - startedMs };
}

/** With the effect, or honestly without it. */
const HONEST: Readonly<Record<string, number>> = { succeeded: 1, denied: 0, expired: 0, failed: 0 };

function ofSkewed({ actions, open }: Looked, isTaken: boolean): readonly string[] {
  const ended = actions.flatMap(({ id, tool, outcome, times }) => {
    if (outcome === null) return isTaken ? [`${id} (${tool}) has no outcome`] : [];
    return HONEST[outcome] === times ? [] : [`${id} (${tool}) is ${outcome}, and happened ${times} times`];
  });
  const tools = actions.map(({ tool }) => tool).join();
  return [
    ...ended,
    ...(tools === 'note,pay' ? [] : [`the actions are: ${tools}`]),
    ...(isTaken || open.length === 1 ? [] : ['a click that did not count ended the approval']),
  ];
}

/** One click under a wrong clock decides, or changes nothing; it never ends what may be decided for 24 h. */
function ofOther({ ends, actions }: Looked, isTaken: boolean): readonly string[] {
  const expected = isTaken ? 'approved' : 'open';
  const end = ends.join();
  return [
    ...(end === expected ? [] : [`the approval of another conversation is ${end}, not ${expected}`]),
    ...actions.flatMap(({ outcome, times }) =>
      (HONEST[outcome ?? 'expired'] ?? 0) === times
        ? []
        : [`what it is for is ${outcome}, and happened ${times} times`],
    ),
  ];
}

function ofRight({ actions }: Looked): readonly string[] {
  return Object.entries(RIGHT).flatMap(([tool, cents]) => {
    const found = actions.find((one) => one.tool === tool && one.cents === cents);
    const isDone = found?.outcome === 'succeeded' && found.times === 1;
    return isDone ? [] : [`with the right clock ${tool} is ${found?.outcome}, and happened ${found?.times} times`];
  });
}
