// The proof `secrets`: every secret of a whole system is a canary, and whoever is shown one says it again, in every form, in
// words, headers, codes and results. Then everything that the system keeps, prints and answers is searched for any piece
// of any of them. None may be there; a canary that a message says must be, so that the search is shown to find.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { addApiKey } from '../../../workers/admin.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import { ROLES } from '../rig/roles.ts';
import { ask } from '../rig/truth.ts';
import { type Proof, type ProofContext, waitFor } from '../support.ts';
import { askForAll, type Heard } from './answers.ts';
import { aPlainCanary, createSearch, formsOf, type Hit, known, ofApiKey, ofKey, type Search } from './canaries.ts';
import { type Echo, type Fault, startEcho } from './echo.ts';
import { live } from './live.ts';
import {
  createFarFaults,
  createModelFaults,
  echoingCompletion,
  KILLED,
  type Life,
  LIVES,
  NOT_LET_IN,
} from './lives.ts';
import { files, pending, type Place, tables, workflows } from './places.ts';
import { plant, type Planted } from './planted.ts';
import { type Choose, commands, failingStarts, withPassword } from './processes.ts';

export const secrets: Proof = { name: 'secrets', run: prove };

// 1 s: an attempt that has failed waits longer than that for the next one, at least once.
const SNAPSHOT_EVERY_MS = 1_000;
// 20 s: the first checkpoint is due within 5.
const HOOK_LIMIT_MS = 20_000;
const SHOWN_HITS = 60;

async function prove(context: ProofContext) {
  const steps: (() => Promise<void>)[] = [];
  const owned = <T extends { stop(): Promise<void> }>(part: T): T => {
    steps.push(() => part.stop());
    return part;
  };
  try {
    const folder = join(context.folder, 'run');
    const aside = join(context.folder, 'planted');
    for (const one of [folder, aside]) mkdirSync(one);
    const hook = owned(await startEcho({ real: undefined, faultAt: () => 500, success: () => ({}) }));
    const planted = plant(aside, hook.address);
    const echoes = new Map<string, Echo>();
    const lives = [...LIVES, KILLED, NOT_LET_IN];
    const faults = { 'far-side': createFarFaults(lives), model: createModelFaults(lives) };
    const rig = owned(
      await startRig(
        { folder },
        {
          ...planted,
          async between(_role, peer, address) {
            if (peer !== 'far-side' && peer !== 'model') return address;
            const success = peer === 'model' ? echoingCompletion : (words: string) => ({ state: words });
            const echo = owned(await startEcho({ real: `http://${address}`, faultAt: faults[peer], success }));
            echoes.set(peer, echo);
            return echo.address;
          },
        },
      ),
    );
    const found = { far: echoes.get('far-side')!, model: echoes.get('model')!, hook };
    return await run(context, { rig, planted, echoes: found, folder });
  } finally {
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) await step();
  }
}

interface Bench {
  readonly rig: Rig;
  readonly planted: Planted;
  readonly echoes: { readonly far: Echo; readonly model: Echo; readonly hook: Echo };
  readonly folder: string;
}

async function run(context: ProofContext, bench: Bench) {
  const { log, seed, quick, random } = context;
  const choose: Choose = (from, count) => {
    if (!quick) return from;
    const left = [...from];
    while (left.length > count) left.splice(random.between(0, left.length - 1), 1);
    return left;
  };
  const { rig, planted, echoes, folder } = bench;
  const connection = await Connection.connect({ address: rig.temporal.address });
  const client = new Client({ connection });
  try {
    const search = createSearch();
    for (const canary of [...planted.canaries, planted.wrong, planted.control]) search.add(canary);
    const ownerUrl = await requirePasswords(rig, search);
    for (const [name, key] of Object.entries(rig.keys)) search.add(ofApiKey(`API key of ${name}`, key));
    const { api, workflows: own } = rig.signingKeys;
    for (const [name, key] of Object.entries({ api, workflows: own, ledger: rig.ledger.signingKey }))
      search.add(ofKey(`signing key of ${name}`, key));

    const places: Place[] = [];
    const snapshots = setInterval(
      () => void pending(client).then((seen) => places.push(...seen), log),
      SNAPSHOT_EVERY_MS,
    );
    const [violations, starts, auditor] = await Promise.all([
      liveAll(bench, context).finally(() => clearInterval(snapshots)),
      failingStarts(rig, ownerUrl, planted.wrong, choose),
      addApiKey({ principal: 'otto', scopes: 'ledger:read', name: '', tenant: 'default' }, { DATABASE_URL: ownerUrl }),
    ]);
    search.add(ofApiKey('API key of auditor', auditor));
    for (const canary of starts.canaries) search.add(canary);
    const tokens = echoes.far.asked.filter(({ headers }) => headers['x-step'] === 'token');
    for (const { path } of tokens) search.add(known('token of one action', path.split('/').at(-1) ?? ''));
    violations.push(...starts.problems, ...faultProblems(bench), ...(tokens.length === 0 ? ['no token was told'] : []));

    const heard = await hear(rig, search, auditor, choose);
    const [firstAction = ''] = heard.ids.actions;
    const printed = await commands(rig, join(folder, 'exports'), {
      auditorKey: auditor,
      actionId: firstAction,
      choose,
    });
    violations.push(...printed.problems, ...heard.problems);
    places.push(...starts.places, ...printed.places, ...heard.places);
    places.push(...(await tables(rig)), ...(await workflows(client)));
    for (const role of ROLES) places.push([`output of the role ${role}`, rig.roles.allOutput(role)]);
    places.push(['log of PostgreSQL', rig.postgres.log()], ...files(folder));
    violations.push(...rig.roles.surprises, ...searchAll(search, places, planted, log));
    return { cases: places.length, violations: violations.map((one) => `${one} (seed ${seed})`) };
  } finally {
    await connection.close();
  }
}

/** From now on PostgreSQL asks each login but the rig's own for its password. Returns the URL of an owner with one. */
async function requirePasswords(rig: Rig, search: Search): Promise<string> {
  const password = aPlainCanary('password of the owner of the store');
  search.add(password);
  await ask(rig, `create role countersign_owner superuser login password '${password.text}'`);
  const [{ file } = { file: '' }] = await ask<{ file: string }>(rig, `select current_setting('hba_file') as file`);
  const lines = ['host all postgres 127.0.0.1/32 trust', 'host all all 127.0.0.1/32 scram-sha-256'];
  await ask(rig, `copy (select unnest(array['${lines.join("', '")}'])) to '${file}'`);
  await ask(rig, 'select pg_reload_conf()');
  const url = new URL(rig.databaseUrl);
  return Object.assign(url, { username: 'countersign_owner', password: password.text }).href;
}

/** What did not go as it was to go, as sentences. */
async function liveAll({ rig, planted, echoes }: Bench, { log, quick }: ProofContext): Promise<string[]> {
  const problems: string[] = [];
  const check = async ({ id, ends }: Life, living: ReturnType<typeof live>): Promise<void> => {
    const lived = await living.catch((error: unknown) => String(error));
    const ended = typeof lived === 'string' ? lived : [...lived.values()].join(', ');
    if (ended !== ends.join(', ')) problems.push(`${id} ended as "${ended}", not as "${ends.join(', ')}"`);
  };
  await Promise.all(LIVES.map((life) => check(life, live(rig, life, { aside: planted.control.text }))));
  log(`lived: ${LIVES.length} conversations`);
  // Once the effect has happened, and before the far side has said so.
  const onApproved = async () => {
    await waitFor('the far side to hold its answer', HOOK_LIMIT_MS, () => echoes.far.said.get('holds') === 1);
    const { PROOF_BOOKS_DATABASE_URL: url = '' } = rig.envOf('actor');
    rig.configure('actor', { PROOF_BOOKS_DATABASE_URL: withPassword(url, planted.wrong.text) });
    await rig.roles.kill('actor');
  };
  await check(KILLED, live(rig, KILLED, { onApproved }));
  if (!quick) await check(NOT_LET_IN, live(rig, NOT_LET_IN));
  await waitFor('a checkpoint to be sent', HOOK_LIMIT_MS, () => echoes.hook.asked.length > 0).catch((error: unknown) =>
    problems.push(String(error)),
  );
  return problems;
}

const FAULTS: Readonly<Record<'far' | 'model' | 'hook', readonly Fault[]>> = {
  far: [401, 403, 500, 'answers', 'breaks', 'holds'],
  model: [200, 401, 429, 500, 'answers', 'breaks'],
  hook: [500],
};

/** Faults that did not happen, and secrets that nobody was shown; as sentences. */
function faultProblems({ echoes, planted }: Bench): readonly string[] {
  const never = Object.entries(FAULTS).flatMap(([name, faults]) =>
    faults.filter((fault) => !echoes[name as keyof typeof FAULTS].said.has(fault)).map((fault) => `${name}: ${fault}`),
  );
  const all = Object.values(echoes).flatMap(({ asked }) =>
    asked.map(({ path, headers }) => path + JSON.stringify(headers)),
  );
  const told = all.join('\n');
  const shown = ['key of the far side', 'passphrase of the far side, in a file', 'key of the model provider'];
  const hooked = ['token in the path of the webhook', 'token in the query of the webhook'];
  const hidden = planted.canaries.filter(({ name, secret }) => {
    if (![...shown, ...hooked].includes(name)) return false;
    return !secret.some((one) => [...formsOf(one).values()].some((form) => told.includes(form)));
  });
  return [
    ...never.map((one) => `a fault never happened: ${one}`),
    ...hidden.map(({ name }) => `nobody was shown the ${name}`),
  ];
}

// 3: a customer, one of the staff and an auditor are shown all that anybody is; a quick proof asks as one more only.
const SEE_ALL = 3;
// 6 conversations and 6 actions in a quick proof; in a full one all of them.
const ASKED_ABOUT = 6;

/** Ask the API for everything as each kind of user. */
async function hear(rig: Rig, search: Search, auditor: string, choose: Choose) {
  const stranger = known('API key that nobody has', `cs_0123456789ab_${aPlainCanary('').text}abc`);
  const noKey = aPlainCanary('bearer that is no key');
  for (const canary of [ofApiKey(stranger.name, stranger.text), noKey]) search.add(canary);
  const { customer, approver, owner } = rig.keys;
  const keys = { customer, approver, auditor, owner, stranger: stranger.text, nonsense: noKey.text };
  const withKeys = Object.entries(keys).map(([name, key]) => ({ name, authorization: `Bearer ${key}` }));
  const others = [...withKeys.slice(SEE_ALL), { name: 'nobody', authorization: undefined }];
  const users = [...withKeys.slice(0, SEE_ALL), ...choose(others, 1)];
  const column = async (table: string) =>
    (await ask<{ id: string }>(rig, `select id from countersign.${table} order by id`)).map(({ id }) => id);
  const ids = {
    conversations: [LIVES[0]!, ...choose([...LIVES.slice(1), KILLED, NOT_LET_IN], ASKED_ABOUT)].map(({ id }) => id),
    actions: choose(await column('actions'), ASKED_ABOUT),
    approvals: await column('approvals'),
  };
  const heard: Heard = await askForAll(rig, users, ids);
  const problems = heard.hidden.map((path) => `nobody was shown ${path}`);
  return { ...heard, ids, problems };
}

/** Where texts belong: the control must be found there. */
const HOLD_TEXTS = [
  'table countersign.items',
  'history of conversation/well',
  'GET /v1/conversations/well as customer',
];

/** Every hit as a sentence, and where the search did not find what is there. */
function searchAll(search: Search, places: readonly Place[], { control }: Planted, log: (line: string) => void) {
  const startedMs = Date.now();
  const hits = places.flatMap(([name, content]) => search.find(name, content));
  const leaks = hits.filter(({ canary }) => canary !== control.name);
  const seen = new Set(hits.flatMap(({ canary, place }) => (canary === control.name ? [place] : [])));
  const blind = HOLD_TEXTS.filter((place) => !seen.has(place)).map((place) => `the control was not found in: ${place}`);
  const missed = search.canaries.flatMap(({ name, secret }) =>
    secret.flatMap((one) =>
      [...formsOf(one)].flatMap(([form, text]) =>
        search.find('a test', Buffer.from(`x${text.slice(3, 15)}y`, 'latin1')).length > 0
          ? []
          : [`a piece of the ${name} is not found: ${form}`],
      ),
    ),
  );
  const bytes = places.reduce((sum, [, content]) => sum + content.length, 0);
  log(`canaries: ${search.canaries.length - 1}, and a control, found in ${seen.size} places`);
  log(`places: ${places.length}, ${(bytes / 1e6).toFixed(1)} MB, searched in ${Date.now() - startedMs} ms`);
  log(`hits: ${leaks.length}`);
  return [...blind, ...missed, ...summed(leaks)];
}

function summed(leaks: readonly Hit[]): readonly string[] {
  const forms = new Map<string, string[]>();
  for (const { canary, place, form } of leaks) {
    const where = `the ${canary} is in: ${place}`;
    forms.set(where, [...(forms.get(where) ?? []), form]);
  }
  const words = [...forms].map(([where, found]) => `${where} (${found.join(', ')})`);
  return words.length <= SHOWN_HITS ? words : [...words.slice(0, SHOWN_HITS), `and ${words.length - SHOWN_HITS} more`];
}
