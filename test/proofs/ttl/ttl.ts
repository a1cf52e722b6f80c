// The proof `ttl`: what is past its time is not used, and not there. Real processes, whose clocks are moved by three weeks
// and by more than a year: what was remembered is over or read again; what is idle is closed, and its words are deleted, as
// was said before and no more; through a kill in the midst of it, and through messages that come just then.
import { fileURLToPath } from 'node:url';
import { type Recorder, startRecorder } from '../memory/model.ts';
import { createSomebody } from '../memory/people.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import { ROLES } from '../rig/roles.ts';
import { ask } from '../rig/truth.ts';
import { createHttp, type Proof, type ProofContext } from '../support.ts';
import { type Canary } from '../secrets/canaries.ts';
import { type Cast, closed, plant, plantYoung } from './cast.ts';
import { inThreeWeeks, tell, type Told } from './facts.ts';
import { answers, commands, elsewhere, idsOf, type Readers, searchAll } from './gone.ts';
import { deleted, killWithin, onRecord, runBySchedule, untilRunsAreOver } from './killed.ts';
import { isClear, race } from './race.ts';
import { changes, rowsOf } from './rows.ts';
import { createUpkeep, type Due, countsByCommand, type Upkeep } from './upkeep.ts';

export const ttl: Proof = { name: 'ttl', run: prove };

const TTL_AGENTS = fileURLToPath(new URL('./agents/', import.meta.url));
const DAY_MS = 86_400_000;
// A day: longer than the proof, so that only what it asks for runs.
const NEVER_S = '86400';
const SIZES = { quick: { ended: 12, rovers: 12 }, full: { ended: 60, rovers: 60 } } as const;
// 1,500 ms: a run has asked all conversations by then.
const RACE_MS = 1_500;
// 10 s: a reply takes one on a quiet machine, and a busy one may need several.
const AT_ONCE_MS = 10_000;
const TASKS = ['close_idle', 'delete_texts', 'erase_facts'];
const YOUNG = 'young';
// Where letters go, what is not eaten, and what the lodgers do not eat.
const OVER = 3;

async function prove(context: ProofContext) {
  const recorder = await startRecorder({ rereads: true });
  try {
    const rig = await startRig(context, {
      mode: 'development',
      agentsFolder: TTL_AGENTS,
      between: async (_role, peer, address) => (peer === 'model' ? new URL(recorder.url).host : address),
      more: () => ({ COUNTERSIGN_MAINTENANCE_EVERY_S: NEVER_S }),
    });
    try {
      return await live(context, rig, recorder);
    } finally {
      await rig.stop();
    }
  } finally {
    await recorder.stop();
  }
}

interface Bench extends ProofContext {
  readonly rig: Rig;
  readonly recorder: Recorder;
  readonly upkeep: Upkeep;
  readonly readers: Readers;
  readonly cast: Cast;
  /** Of what is deleted in the end. */
  readonly canaries: Canary[];
  readonly told: Told;
  readonly expect: (what: string, holds: boolean, found?: unknown) => void;
  readonly none: (what: string, problems: readonly string[]) => void;
}

async function live(context: ProofContext, rig: Rig, recorder: Recorder) {
  const { seed, quick, random, log } = context;
  const violations: string[] = [];
  let cases = 0;
  const expect: Bench['expect'] = (what, holds, found = '') => {
    cases += 1;
    if (holds) return;
    violations.push(`not so: ${what} (seed ${seed}) ${JSON.stringify(found).slice(0, 1_000)}`);
    log(`  ${violations.at(-1)}`);
  };
  const none: Bench['none'] = (what, problems) => expect(what, problems.length === 0, problems);
  const [nellKey, auditor] = await Promise.all([
    rig.addKey('nell', 'conversations:write,conversations:read'),
    rig.addKey('otto', 'ledger:read'),
  ]);
  const mark = random.between(10_000, 99_999);
  const told = { place: `heron-lane-${mark}`, office: `alder-court-${mark}`, canary: `medlar-${mark}-quince` };
  const [, cast] = await Promise.all([
    tell(createSomebody(rig, rig.keys.customer, rig.keys.approver), told, expect),
    plant({ rig, random, nellKey }, quick ? SIZES.quick : SIZES.full),
  ]);
  const keys = { ada: rig.keys.customer, nell: nellKey, finn: rig.keys.approver, otto: auditor };
  const canaries = [...cast.canaries];
  const parts = {
    rig,
    recorder,
    cast,
    canaries,
    told,
    expect,
    none,
    upkeep: createUpkeep(rig),
    readers: { keys, auditor },
  };
  const bench: Bench = { ...context, ...parts };
  log(`today: ${cases} cases`);
  await moveClocks(rig, 21);
  await threeWeeksLater(bench);
  log(`three weeks later: ${cases} cases`);
  await moveClocks(rig, 421);
  await aYearLater(bench);
  log(`more than a year later: ${cases} cases`);
  if (!quick) await bySchedule(bench);
  violations.push(...rig.roles.surprises);
  return { cases, violations };
}

/** Every role is killed, and started again with its clock moved. */
async function moveClocks(rig: Rig, byDays: number, more: NodeJS.ProcessEnv = {}): Promise<void> {
  const changed = { COUNTERSIGN_CLOCK_OFFSET_MS: String(byDays * DAY_MS), ...more };
  for (const role of ROLES) rig.configure(role, changed);
  await Promise.all(ROLES.map((role) => rig.roles.kill(role)));
  await rig.roles.untilUp();
}

const same = (one: readonly string[] = [], other: readonly string[]): boolean =>
  JSON.stringify(one.toSorted()) === JSON.stringify(other.toSorted());

async function threeWeeksLater(bench: Bench): Promise<void> {
  const { rig, recorder, upkeep, cast, canaries, told, expect, none, random, readers } = bench;
  const { idle, ended, held, settled, rovers, left: gone } = cast;
  await Promise.all([
    inThreeWeeks(recorder, createSomebody(rig, rig.keys.customer, rig.keys.approver), told, expect),
    plantYoung({ rig, random, nellKey: readers.keys['nell'] ?? '' }, YOUNG).then((more) => void canaries.push(...more)),
  ]);
  const stay = [...held, settled, ...rovers, ...gone, YOUNG];
  const everybody = [...stay, ...idle, ...ended];
  const [all, rest] = [await rowsOf(rig, everybody), await rowsOf(rig, stay)];
  const facts = await remembered(rig);
  const due = await upkeep.look();
  expect('what is idle is due to be closed', same(due['close_idle'], idle), due);
  expect('what was ended is due to be deleted', same(due['delete_texts'], ended), due);
  expect('what was remembered is due to be erased', (due['erase_facts']?.length ?? 0) >= OVER, due);
  await toldAlike(bench, due);
  none('a dry run changes nothing', changes(all, await rowsOf(rig, everybody)));

  const heard = recorder.heard.length;
  const done = await killWithin(rig, random.between(2, ended.length - 1));
  expect('the role was killed in the midst of a run of the Schedule', done > 0 && done < ended.length, done);
  // The end of a conversation is timed by Temporal, whose clock is nobody's to move: to the roles it was three weeks ago.
  none('the next runs end the work', await upkeep.finish(TASKS));
  await untilRunsAreOver(rig);
  expect('exactly those are closed', same(await closed(rig), [...idle, ...ended, ...gone]), await closed(rig));
  expect('exactly those are deleted', same(await deleted(rig), [...idle, ...ended]), await deleted(rig));
  const left = await remembered(rig);
  const erased = facts.filter((id) => !left.includes(id));
  expect('exactly those facts are erased', same(due['erase_facts'], erased) && left.length > 0, { erased, left });
  none(
    'each is on record once',
    await onRecord(rig, { closed: [...idle, ...ended, ...gone], deleted: [...idle, ...ended] }),
  );
  none('what is not due stays byte for byte', changes(rest, await rowsOf(rig, stay)));
  await refused(bench, idle[0] ?? '');
  const ofEnded = cast.canaries.filter(({ name }) => name.endsWith(ended[0] ?? '?'));
  const prompts = recorder.heard.slice(heard).join('\n');
  none('no prompt since has its words', searchAll([['prompts', prompts]], ofEnded, []).hits);
}

/** Facts whose words are there. */
const remembered = async (rig: Rig): Promise<readonly string[]> =>
  (await ask<{ id: string }>(rig, 'select id from countersign.facts where value is not null')).map(({ id }) => id);

/** The command and the list tell what the dry run tells. */
async function toldAlike({ rig, upkeep, expect }: Bench, due: Due): Promise<void> {
  const [counts, commanded] = [await upkeep.counts(), await countsByCommand(rig)];
  const expected = Object.fromEntries(Object.entries(due).map(([task, ids]) => [task, ids.length]));
  expect('the list tells the same', JSON.stringify(counts) === JSON.stringify(expected), { counts, expected });
  expect('the command tells the same', JSON.stringify(commanded) === JSON.stringify(expected), { commanded, expected });
}

async function refused({ rig, readers, expect }: Bench, id: string): Promise<void> {
  const nell = createHttp(rig.apiUrl, readers.keys['nell'] ?? '');
  const { status, body } = await nell.post(`/v1/conversations/${id}/messages`, { text: 'Are you there?' });
  expect('a message to one that is closed is refused clearly', status === 410 && isClear(body), body);
}

async function aYearLater(bench: Bench): Promise<void> {
  const { rig, recorder, upkeep, cast, expect, none, readers, random, log } = bench;
  const { idle, ended, held, settled, rovers, left } = cast;
  const heard = recorder.heard.length;
  const rest = await rowsOf(rig, [...held, settled]);
  const due = await upkeep.look();
  expect('what is idle by now is due to be closed', same(due['close_idle'], [...rovers, YOUNG]), due);
  expect('what was left is due to be deleted', same(due['delete_texts'], left), due);

  // Two runs at once, as an operator's and the Schedule's may be.
  const scheduled = runBySchedule(rig).then(
    () => [],
    (error: unknown) => [String(error)],
  );
  const raced = await race({ rig, upkeep, rovers, random, key: readers.keys['nell'] ?? '', spanMs: RACE_MS });
  log(`the race: ${raced.answered.length} answered, ${raced.refused.length} refused`);
  none('the Schedule runs beside it', await scheduled);
  none('each is answered or refused', raced.problems);
  expect('there was a race', raced.answered.length > 0 && raced.refused.length > 0, raced);
  none('the rest is done', await upkeep.finish(TASKS));
  const gone = [...idle, ...ended, ...left, ...raced.refused, YOUNG];
  expect('exactly those are closed', same(await closed(rig), gone), await closed(rig));
  expect('exactly those are deleted', same(await deleted(rig), gone), await deleted(rig));
  none('each is on record once', await onRecord(rig, { closed: gone, deleted: gone }));
  none('what is not due stays byte for byte', changes(rest, await rowsOf(rig, [...held, settled])));
  await idleForAYear(bench);
  await nowhere(bench, heard);
}

/** Of an agent that keeps everything. */
async function idleForAYear({ rig, cast, readers, expect, log }: Bench): Promise<void> {
  const nell = createHttp(rig.apiUrl, readers.keys['nell'] ?? '');
  const startedMs = Date.now();
  const url = `/v1/conversations/${cast.settled}/messages?wait=reply`;
  const { status, body } = await nell.post(url, { text: `Are you there? [${cast.settled}]` });
  const tookMs = Date.now() - startedMs;
  log(`a message after 421 days is answered within ${tookMs} ms`);
  expect('what was idle for a year answers at once', status === 200 && tookMs < AT_ONCE_MS, { tookMs, body });
}

async function nowhere(bench: Bench, heard: number): Promise<void> {
  const { rig, recorder, cast, canaries, readers, expect, none, folder, log } = bench;
  const full = [...cast.idle, ...cast.ended.slice(0, 1), YOUNG];
  const { actions } = await idsOf(rig, full);
  const answered = await answers(rig, readers, [...full, cast.settled]);
  const commanded = await commands(rig, folder, readers.auditor, actions[0] ?? '');
  none('the ledger verifies, and why says that words are gone', commanded.problems);
  const prompts = recorder.heard.slice(heard);
  const places = [...answered.places, ...commanded.places, ...(await elsewhere(rig, prompts))];
  const { hits, controls } = searchAll(places, canaries, cast.controls);
  log(`${places.length} places searched for ${canaries.length} canaries; ${controls.length} finds of what stays`);
  none('no word of what is deleted is anywhere', hits);
  for (const place of ['GET /v1', 'table countersign', 'prompts'])
    expect(
      `the search finds what stays: ${place}`,
      controls.some((one) => one.includes(` in ${place}`)),
    );
}

// 10 s: the least there is.
const SCHEDULE_EVERY_S = '10';

/** By its own time, and by nobody's word: those that answered in the race are idle by now. */
async function bySchedule({ rig, upkeep, expect }: Bench): Promise<void> {
  await moveClocks(rig, 521, { COUNTERSIGN_MAINTENANCE_EVERY_S: SCHEDULE_EVERY_S });
  await upkeep.untilDone(['close_idle', 'delete_texts']);
  const due = await upkeep.look();
  expect('the Schedule does what is due by itself', due['close_idle']?.length === 0, due);
}
