// Plays scripts against the real system, several side by side, and holds what is found against the reference model: the
// ends of its approvals, whose words count, what was told, what the ledger has, and what the far side was sent.
import { handleOf } from '../rig/channels/platforms.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Role } from '../rig/roles.ts';
import { waitFor } from '../support.ts';
import { type Bench, effectsOf, endingOf, sameJson, type Track } from './bench.ts';
import { type Done, explains, type Found } from './reference.ts';
import { racesOf, type Script, scriptsOf, type Step, wordsOf } from './scripts.ts';
import { approvalNow, approvalsOf, argsOf, type Asked, askFor, handleOn, type Stage } from './stage.ts';
import { type Heard, sayOn } from './surfaces.ts';

const INTERLEAVED = 'interleaved';
const RACE = 'at the deadline';

const RUNS = { quick: { scripts: 3, races: 2 }, full: { scripts: 60, races: 24 } } as const;
// Every 4th run a role dies in the middle of it: each death is a start of some seconds for all who run beside it.
const DEATH_EACH = 4;

/** How many runs there are, and which. */
export function interleaved(
  bench: Bench,
  stage: Stage,
  { seed, quick }: { seed: number; quick: boolean },
): readonly Track[] {
  const { scripts, races } = quick ? RUNS.quick : RUNS.full;
  const killer = createKiller(stage);
  const track = (part: string, script: Script, at: number) => () =>
    bench.attempt(part, `run ${at + 1}, ${wordsOf(script)}`, () => play(stage, script, killer));
  return [
    ...racesOf(seed, races).map((script, at) => track(RACE, script, at)),
    ...scriptsOf(seed, scripts, DEATH_EACH).map((script, at) => track(INTERLEAVED, script, at)),
  ];
}

/** One asking on its way through a script. */
interface Run {
  readonly stage: Stage;
  readonly script: Script;
  readonly asked: Asked;
  readonly killer: (role: Role) => Promise<void>;
}

async function play(stage: Stage, script: Script, killer: Run['killer']): Promise<readonly string[]> {
  const { tool, requester: by } = script;
  const moves = [argsOf(stage, { tool: 'transfer' })];
  const asked = await askFor(stage, { tool, by, ...(tool === 'settle' && { args: { moves } }) });
  const run: Run = { stage, script, asked, killer };
  // The race is against a clock, so nobody waits for the card there.
  const shown = script.tool === 'transfer_soon' ? handleOf(asked.approval) : await handleOn(stage, asked, 'telegram');
  if (shown !== handleOf(asked.approval)) return [`the button carries ${shown}, not ${handleOf(asked.approval)}`];
  const moments: (readonly Done[])[] = [];
  for (const moment of script.moments) {
    const done = await Promise.all(moment.map((step) => take(run, step)));
    moments.push(done.flat());
  }
  moments.push(...(await finish(run)));
  return check(run, moments);
}

/** Do it, and hear what comes of it. That it happened is shown by its answer: what is not answered throws. */
async function take(run: Run, step: Step): Promise<readonly Done[]> {
  const { stage, asked } = run;
  switch (step.kind) {
    case 'say': {
      const all = await approvalsOf(stage, asked.conversationId);
      const on = step.on === 'first' ? 0 : all.length - 1;
      return say(run, step, on, all[on]?.id ?? asked.approval.id);
    }
    case 'stop':
    case 'close':
      await ended(stage, asked.conversationId, step.kind);
      return [{ kind: 'stopped' }];
    case 'kill':
      await run.killer(step.role);
      return [];
    case 'deadline':
      await sleep(Math.max(0, asked.approval.deadlineMs + step.offMs - Date.now()));
      return [];
    default:
      return step satisfies never;
  }
}

const GONE = 410;

/** Stop it or end it for good. What has ended already is told so. */
async function ended({ as: { watcher } }: Stage, id: string, how: 'stop' | 'close'): Promise<void> {
  const url = `/v1/conversations/${id}`;
  const order = () => (how === 'stop' ? watcher.post(`${url}/stop`, {}) : watcher.remove(url));
  await waitFor(`the ${how} of ${id}`, STEP_LIMIT_MS, async () => {
    const { status } = await order();
    return status < 300 || status === GONE;
  });
}

/** One role at a time dies, and only once all are up: two deaths of one process would be one. */
function createKiller({ rig: { roles } }: Stage): (role: Role) => Promise<void> {
  let last = Promise.resolve();
  const kill = async (role: Role): Promise<void> => {
    await roles.untilUp();
    const before = roles.deaths.length;
    await roles.kill(role);
    await waitFor(`the death of ${role}`, STEP_LIMIT_MS, () => roles.deaths.length > before);
  };
  return (role) => {
    last = last.then(() => kill(role));
    return last;
  };
}

type Say = Extract<Step, { kind: 'say' }>;

async function say(run: Run, { by, surface, word, isTwice }: Say, on: number, id: string): Promise<readonly Done[]> {
  const { stage, asked } = run;
  const approval = await approvalNow(stage, id);
  const args = JSON.parse(approval.args) as Asked['args'];
  // What its button carries, also where it has ended before a card was there to show one.
  const handle = handleOf(approval);
  const target = { ...asked, approval, args, handle };
  const edit = word === 'edit' ? { args: argsOf(stage, { memo: `by ${by}` }) } : {};
  const saying = { by, word, event: stage.next(), ...edit };
  const times = isTwice ? [1, 2] : [1];
  const heard = await Promise.all(times.map(() => sayOn(stage, surface, target, saying)));
  for (const one of heard) assertAnswered(one);
  const [first, second] = heard;
  if (second !== undefined && second.counted !== first?.counted)
    throw new Error(`the same was told "${first?.text}" and "${second.text}"`);
  const told = heard.map(({ status, type, text }) => `${status} ${type} ${text}`).join(' | ');
  return [{ kind: 'said', by, word, on, counted: first?.counted === true, told }];
}

/** An attack or a late word is told so; whatever else goes wrong is no answer. */
function assertAnswered({ status, text, type }: Heard): void {
  const isPlain = [200, 403, 404, 409, 410].includes(status);
  if (!isPlain || (text === '' && type === '')) throw new Error(`it was answered ${status} ${type} "${text}"`);
}

const STEP_LIMIT_MS = 60_000;
// 6: more edits than a script has.
const MOST_ASKED = 6;

/** Bring whatever is still open to its end, one word after the other. */
async function finish(run: Run): Promise<readonly (readonly Done[])[]> {
  const { stage, script, asked } = run;
  const moments: (readonly Done[])[] = [];
  for (let turn = 0; turn < MOST_ASKED * 3; turn++) {
    const all = await settledOrOpen(stage, asked.conversationId);
    const open = all.findLastIndex(({ end }) => end === 'open');
    const one = all[open];
    if (one === undefined) return moments;
    const authors = [one.requester, ...(one.editors ?? [])];
    const free = (['dora', 'emil', 'paul'] as const).filter(
      (id) => !authors.includes(id) && !one.decisions.some(({ personId }) => personId === id),
    );
    const step = { kind: 'say', by: free[0] ?? 'dora', surface: 'http', word: script.finish } as const;
    moments.push(await say(run, { ...step, on: 'newest', isTwice: false }, open, one.id));
  }
  throw new Error('it came to no end');
}

/** Wait while an edit is being ruled on, or a stop is on its way; then there is something open, or all has ended. */
async function settledOrOpen(stage: Stage, conversationId: string) {
  return waitFor(`${conversationId} to wait for people, or to end`, STEP_LIMIT_MS, async () => {
    const all = await approvalsOf(stage, conversationId);
    if (all.some(({ end }) => end === 'open')) return all;
    const [row] = await stage.query<{ known: number; open: number }>(
      `select count(*)::int as known, count(*) filter (where outcome_kind is null)::int as open
       from countersign.actions where conversation_id = $1`,
      [conversationId],
    );
    // What was edited has ended a moment before what was written instead is on record.
    const due = all.length + (all.at(-1)?.end === 'superseded' ? 1 : 0);
    return row?.open === 0 && row.known >= due && all;
  });
}

/** What became of it, from outside, against all that may have. */
async function check({ stage, script, asked }: Run, moments: readonly (readonly Done[])[]): Promise<readonly string[]> {
  const all = await approvalsOf(stage, asked.conversationId);
  const found = all.map(({ end, decisions }): Found => {
    return { end, words: decisions.map(({ personId, answer }) => `${personId}:${answer}`) };
  });
  const told = moments.map((moment) => moment.map((one) => JSON.stringify(one)).join(' + ')).join('; ');
  const problems: string[] = [];
  if (!explains(script, moments, found))
    problems.push(`no order of what was done explains ${JSON.stringify(found)}; done and told: ${told}`);
  const isStopped = moments.flat().some(({ kind }) => kind === 'stopped');
  for (const { id, actionId, end, args } of all) {
    const outcome = await endingOf(stage, actionId);
    const due = dueOf(end, isStopped);
    if (!due.includes(outcome)) problems.push(`${id} is ${end}, and its action ${outcome}`);
    const effects = effectsOf(stage, actionId);
    if (effects.length !== (outcome === 'succeeded' ? 1 : 0))
      problems.push(`${actionId} is ${outcome}, and happened ${effects.length} times`);
    for (const { body } of effects)
      if (!sameJson(JSON.parse(body), JSON.parse(args))) problems.push(`${body} was sent, and ${args} approved`);
  }
  return problems;
}

function dueOf(end: string, isStopped: boolean): readonly string[] {
  switch (end) {
    case 'approved':
      return isStopped ? ['succeeded', 'cancelled'] : ['succeeded'];
    case 'superseded':
      return ['cancelled'];
    case 'expired':
      // The stop may come between the end of the approval and that of its action.
      return isStopped ? ['expired', 'cancelled'] : ['expired'];
    default:
      return [end];
  }
}
