// The proof `memory`: what agents remember has one life. Real processes, whose clocks are moved by three days and by three
// weeks: what is remembered is shown to nobody else, planted by nobody else, not acted on once it is stale, and gone from
// prompts, answers, API, logs and exports once its time is over.
import { fileURLToPath } from 'node:url';
import { startRig, type Rig } from '../rig/rig.ts';
import { ROLES } from '../rig/roles.ts';
import { ask } from '../rig/truth.ts';
import type { Proof, ProofContext } from '../support.ts';
import { createUpkeep } from '../ttl/upkeep.ts';
import { PLANTED } from './agents/keeper/mail.ts';
import { type Recorder, startRecorder } from './model.ts';
import { type Action, createSomebody, type Somebody } from './people.ts';

export const memory: Proof = { name: 'memory', run: prove };

const MEMORY_AGENTS = fileURLToPath(new URL('./agents/', import.meta.url));
const DAY_MS = 86_400_000;

async function prove(context: ProofContext) {
  const recorder = await startRecorder();
  try {
    const rig = await startRig(context, {
      mode: 'development',
      agentsFolder: MEMORY_AGENTS,
      between: async (_role, peer, address) => (peer === 'model' ? new URL(recorder.url).host : address),
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

interface Bench {
  readonly rig: Rig;
  readonly recorder: Recorder;
  readonly ada: Somebody;
  readonly ben: Somebody;
  /** Said once, and remembered: where letters go; and what nothing is ever done with. */
  readonly place: string;
  readonly canary: string;
  readonly expect: (what: string, holds: boolean, found?: unknown) => void;
}

async function live({ seed, quick, random, log }: ProofContext, rig: Rig, recorder: Recorder) {
  const violations: string[] = [];
  let cases = 0;
  const expect: Bench['expect'] = (what, holds, found = '') => {
    cases += 1;
    if (holds) return;
    violations.push(`not so: ${what} (seed ${seed}) ${JSON.stringify(found).slice(0, 600)}`);
    log(`  ${violations.at(-1)}`);
  };
  const benKey = await rig.addKey('ben', 'conversations:write,conversations:read');
  const auditorKey = await rig.addKey('otto', 'ledger:read');
  const mark = random.between(10_000, 99_999);
  const bench: Bench = {
    ...{ rig, recorder, expect, place: `heron-lane-${mark}`, canary: `medlar-${mark}-quince` },
    ada: createSomebody(rig, rig.keys.customer, rig.keys.approver),
    ben: createSomebody(rig, benKey, rig.keys.approver),
  };
  await today(bench);
  log(`today: ${cases} cases`);
  // Each start of all roles takes a fourth of the time that a quick run has; what is stale has a test of its own.
  if (!quick) {
    await moveClocks(rig, 3 * DAY_MS);
    await inThreeDays(bench);
    log(`three days later: ${cases} cases`);
  }
  await moveClocks(rig, 21 * DAY_MS);
  await inThreeWeeks(bench, auditorKey);
  violations.push(...rig.roles.surprises);
  return { cases, violations };
}

/** Every role is killed, and started again with its clock moved. */
async function moveClocks(rig: Rig, byMs: number): Promise<void> {
  for (const role of ROLES) rig.configure(role, { COUNTERSIGN_CLOCK_OFFSET_MS: String(byMs) });
  await Promise.all(ROLES.map((role) => rig.roles.kill(role)));
  await rig.roles.untilUp();
}

const told = (actions: readonly Action[]): string =>
  actions.map(({ tool, verdict, outcome }) => `${tool} ${verdict?.ruleId} ${outcome?.kind}`).join(', ');
const sending = (to: string) => ['send', JSON.stringify({ to })] as const;
const remembering = (fact: object) => ['remember', JSON.stringify(fact)] as const;

async function today({ rig, recorder, ada, ben, place, canary, expect }: Bench): Promise<void> {
  const words = `Letters go to ${place}, and I do not eat ${canary}. My pet is rex-the-newt.`;
  const facts = [{ contact: { at: place } }, { diet: { not: canary } }, { pet: { name: 'rex-the-newt' } }];
  const first = await ada.talk('first', words, facts.map(remembering));
  const all = 'remember memory.remember succeeded';
  expect('what the principal says is remembered', told(first.actions) === [all, all, all].join(', '), first.actions);
  const kept = await ada.facts();
  expect(
    'it is on the list, as their own words',
    kept.length === 3 && kept.every((one) => one.trust === 'principal'),
    kept,
  );

  const next = await ada.talk('next', 'Write to me, please.', [sending(place)]);
  expect(
    'it is in the next prompt',
    recorder.promptsOf('next')[0]?.includes(place) === true,
    recorder.promptsOf('next'),
  );
  expect('it is acted on while it is fresh', told(next.actions) === 'send send.known succeeded', next.actions);
  const why = await whyOf(rig, next.actions[0]?.id);
  expect('why names what it rested on', /it rests on fact-\w+, the contact of/.test(why), why);

  const other = await ben.talk('other', 'Write to me, please.', [sending(place)]);
  const shown = recorder.promptsOf('other')[0] ?? place;
  expect('another principal is not shown it', !shown.includes(place) && !shown.includes(canary), shown);
  expect('nor is it acted on for them', told(other.actions) === 'send send.known denied', other.actions);
  expect('nor listed for them', (await ben.facts()).length === 0);
  const [own] = kept;
  expect('nor theirs to forget', (await ben.send('DELETE', `/v1/facts/${own?.id}`)) === 404);

  const mail = await ada.talk('mail', 'Read my mail.', [['read_mail', '{}']]);
  const planted = 'read_mail mail succeeded, remember memory.remember denied';
  expect('a mail plants nothing', told(mail.actions) === planted, mail.actions);
  expect('and what was there stands', JSON.stringify(await ada.facts()) === JSON.stringify(kept));

  const forgetting = await ada.talk('forget', 'Forget my pet.', [['forget', '{"kind":"pet"}']]);
  expect(
    'the model forgets upon their word',
    told(forgetting.actions) === 'forget memory.forget succeeded',
    forgetting,
  );
  await ada.talk('after', 'Hello.');
  const after = recorder.promptsOf('after').join('\n');
  expect('what is forgotten is in no prompt', !after.includes('rex-the-newt') && after.includes(place), after);
}

/** As whoever operates is told. */
const whyOf = (rig: Rig, id = 'none') =>
  createSomebody(rig, rig.keys.approver, rig.keys.approver).get(`/v1/actions/${id}/why`);

async function inThreeDays({ recorder, ada, place, expect }: Bench): Promise<void> {
  const { actions } = await ada.talk('stale', 'Write to me, please.', [sending(place)]);
  expect('what is stale is not acted on', told(actions) === 'send stale-fact denied', actions);
  const reason = actions[0]?.verdict?.reason ?? '';
  expect('the sentence names the record', /read it again with read_contact/.test(reason), reason);
  const prompt = recorder.promptsOf('stale')[0] ?? '';
  expect('the model is told so before', prompt.includes('read it again with read_contact'), prompt);
  const said = await ada.talk('said', `Write to me at ${place}, please.`, [sending(place)]);
  expect('what they say again is acted on', told(said.actions) === 'send send.known succeeded', said.actions);
}

async function inThreeWeeks(bench: Bench, auditorKey: string): Promise<void> {
  const { rig, recorder, ada, place, canary, expect } = bench;
  const { actions, replies } = await ada.talk('weeks', 'Write to me, please.', [sending(place)]);
  const prompts = recorder.promptsOf('weeks').join('\n');
  expect(
    'it is in no prompt',
    prompts !== '' && !prompts.replace(/Calls.*/g, '').includes(place) && !prompts.includes(canary),
    prompts,
  );
  expect(
    'nor in an answer',
    replies.length > 0 && !replies.some((one) => one.includes(place) || one.includes(canary)),
    replies,
  );
  expect('nor acted on', told(actions) === 'send send.known denied', actions);
  const why = await whyOf(rig, actions[0]?.id);
  expect('it stands nowhere: the model made it up', why.includes('nowhere: the model made it up'), why);
  expect('nor on the list', (await ada.facts()).length === 0);

  const failed = await createUpkeep(rig).finish(['erase_facts']);
  const [left] = await ask<{ n: string }>(rig, 'select count(*) as n from countersign.facts where value is not null');
  expect('maintenance erases the words', failed.length === 0 && Number(left?.n) === 0, { failed, left });
  const hits: string[] = [];
  for (const [name, content] of await places(bench, auditorKey)) if (content.includes(canary)) hits.push(name);
  // Whoever searches must find: the transcript of the conversation in which it was said is kept as any other.
  expect('the search finds what is there', hits.includes('the transcript'), hits);
  expect('the canary is in no API answer, log, export or table of the memory', hits.length === 1, hits);
  const planted = await ask<{ n: string }>(rig, `select count(*) as n from countersign.facts where kind = 'contact'`);
  expect('one contact was ever remembered', Number(planted[0]?.n) === 1 && !prompts.includes(PLANTED), planted);
}

async function places({ rig, ada }: Bench, auditorKey: string) {
  const finn = createSomebody(rig, rig.keys.approver, rig.keys.approver);
  const exported = await fetch(`${rig.apiUrl}/v1/ledger/export`, {
    headers: { authorization: `Bearer ${auditorKey}` },
  });
  const table = async (name: string) =>
    JSON.stringify(await ask(rig, `select one::text as row from countersign.${name} as one`));
  const remembered = await ask<{ id: string }>(
    rig,
    `select id from countersign.actions where proposal->>'tool' = 'remember' order by id`,
  );
  const answers: [string, string][] = [];
  for (const { id } of remembered) {
    answers.push([`the action ${id}`, await finn.get(`/v1/actions/${id}`)]);
  }
  return [
    ['the transcript', await table('items')],
    ['the list', await ada.get('/v1/facts')],
    ['the list of an operator', await finn.get('/v1/facts')],
    ['the export', await exported.text()],
    ...answers,
    ...(await Promise.all(
      ['facts', 'actions', 'approvals', 'claims', 'ledger', 'ledger_seals'].map(
        async (name): Promise<[string, string]> => [`table ${name}`, await table(name)],
      ),
    )),
    ...ROLES.map((role): [string, string] => [`log of ${role}`, rig.roles.allOutput(role)]),
  ] satisfies [string, string][];
}
