// The proof `what-if`: a change of rules is held against what is on record, and exactly the verdicts that change are named.
// Ten thousand verdicts of a real store, read through a real API by the command itself; each edit of a seeded set as a
// change of the working tree against the record, against a revision of git, or against a folder. What must come of it is
// said once more by figures (reference.ts). Nothing is changed by it but that somebody has read.
import { join } from 'node:path';
import pg from 'pg';
import pino from 'pino';
import { createApi } from '../../../api/app.ts';
import type { Gateway } from '../../../api/gateway.ts';
import { newApiKey } from '../../../api/keys.ts';
import { listen } from '../../../api/server.ts';
import type { RuledAction } from '../../../domain/action.ts';
import { defineDirectory } from '../../../domain/principal.ts';
import { openStore } from '../../../store/store.ts';
import { createSigner, generateSigningKey } from '../../../trust/signing.ts';
import { startPrivatePostgres } from '../../support/postgres.ts';
import type { Proof, ProofContext, ProofResult } from '../support.ts';
import { secondsOf } from '../support.ts';
import { recordAll } from './corpus.ts';
import { type Deal, dealsOf } from './deals.ts';
import { type Edit, editsOf } from './edits.ts';
import { createProject, type Project } from './project.ts';
import { BASE, expectedOf, recordedAnswer } from './reference.ts';
import { type Asked, differences, failsOf, runDiff } from './runs.ts';

// 10,000: some weeks of a busy desk, and what the command takes by default; quickly 1,000.
const VERDICTS = { quick: 1_000, full: 10_000 };
// 6 of 20, by the seed: each starts the command, with one or two processes of rules.
const EDITS = { quick: 6, full: 20 };
// 2 of them are also tried without --fail-on, as text, and with --fail-on any.
const TRIED_OTHERWISE = 2;
const AGAINST = ['record', 'revision', 'folder'] as const;

export const whatIf: Proof = { name: 'what-if', run: prove };

async function prove(context: ProofContext): Promise<ProofResult> {
  const { quick, random, folder, log } = context;
  const deals = dealsOf(quick ? VERDICTS.quick : VERDICTS.full, random);
  const project = createProject(join(folder, 'project'));
  const postgres = await startPrivatePostgres();
  const sql = new pg.Client({ connectionString: postgres.url });
  await sql.connect();
  const store = await openStore({ pool: { connectionString: postgres.url, max: 4 } });
  try {
    const begunMs = Date.now();
    const wrong = await recordAll({ store, sql }, project.agents, deals, isAsSaid);
    log(`${deals.length} verdicts on record in ${secondsOf(Date.now() - begunMs)} s, ${wrong.length} not as said`);
    const api = await serve(store);
    try {
      const untouched = await stateOf(sql);
      const edits = chosen(editsOf(random), context);
      const violations = [...wrong, ...withoutChance(deals)];
      for (const [at, edit] of edits.entries()) {
        const against = AGAINST[(at + context.seed) % AGAINST.length] ?? 'record';
        violations.push(...(await tryEdit({ context, project, deals, api }, edit, against, at < TRIED_OTHERWISE)));
      }
      violations.push(...project.leftovers());
      if ((await stateOf(sql)) !== untouched) violations.push('something other than readings is on record now');
      return { cases: edits.length * deals.length, violations };
    } finally {
      await api.stop();
    }
  } finally {
    await store.close();
    await sql.end();
    await postgres.stop();
  }
}

function isAsSaid(deal: Deal, { verdict, given }: RuledAction): boolean {
  const said = recordedAnswer(deal);
  return verdict.kind === said.kind && verdict.ruleId === said.rule && (given === undefined) === said.isByCode;
}

/** What must have happened to some records for the proof to say anything of it. */
const withoutChance = (deals: readonly Deal[]): readonly string[] =>
  (['old', 'ruling_erased', 'proposal_erased', 'altered'] as const)
    .filter((fate) => deals.every((one) => one.fate !== fate))
    .map((fate) => `no record became "${fate}"`);

/** All of them, or some, by chance. */
function chosen(edits: readonly Edit[], { quick, random }: ProofContext): readonly Edit[] {
  const rest = [...edits];
  return Array.from({ length: quick ? EDITS.quick : EDITS.full }, () => {
    const [one] = rest.splice(random.between(0, rest.length - 1), 1);
    if (one === undefined) throw new Error('there must be as many edits as are tried');
    return one;
  });
}

interface Scene {
  readonly context: ProofContext;
  readonly project: Project;
  readonly deals: readonly Deal[];
  readonly api: Asked;
}

async function tryEdit(
  { context: { log, folder }, project, deals, api }: Scene,
  edit: Edit,
  against: (typeof AGAINST)[number],
  isTriedOtherwise: boolean,
): Promise<readonly string[]> {
  const place = against === 'folder' ? 'beside' : 'in_place';
  const agents = project.edited(edit, place);
  const other = { record: [], revision: ['--against', 'HEAD'], folder: ['--against', project.agents] }[against];
  const expected = expectedOf(deals, { ...BASE, ...edit.policy }, against === 'record');
  const args = [agents, ...other, '--last', String(deals.length)];
  const begunMs = Date.now();
  const run = await runDiff(api, folder, [...args, '--json', '--fail-on', 'widen']);
  const seconds = secondsOf(Date.now() - begunMs);
  const found = differences(run, expected);
  const fails = isTriedOtherwise ? await failsOf(api, folder, args, expected) : [];
  const how = `${edit.name}, against ${against === 'record' ? 'the record' : `a ${against}`}`;
  const { flips, erased, notReplayed, approximate, widens } = expected;
  log(
    `${how}: ${flips.length} change${widens ? ', widening' : ''}; ${approximate} approximate, ${erased.length} erased, ` +
      `${notReplayed.length} not replayed; ${seconds} s`,
  );
  if (place === 'in_place') project.edited({ ...edit, texts: [] }, place);
  return [...found, ...fails].map((one) => `${how}: ${one}`);
}

/** The API over the store, without a Temporal, which nothing here asks. */
async function serve(store: Awaited<ReturnType<typeof openStore>>) {
  const { id, text: key, hash } = newApiKey();
  const principal = { id: 'audrey', name: 'Audrey', tenant: 'default' };
  await store.apiKeys.add({ id, hash, principal, scopes: ['ledger:read'], nowMs: Date.now() });
  const api = createApi({
    ...{ store, gateway: { giveUp: () => undefined } as unknown as Gateway, agents: new Map() },
    ledger: { verifierKey: '', disagreement: () => undefined },
    signer: createSigner('api', generateSigningKey()),
    directory: defineDirectory({ people: [{ id: principal.id, name: principal.name }], groups: {} }),
    ...{ nowMs: Date.now, log: pino({ level: 'silent' }), temporalUiUrl: 'http://127.0.0.1:1/namespaces/default' },
  });
  const { url, close } = await listen(api, { port: 0, host: '127.0.0.1' });
  return { url, key, stop: close };
}

/** All that is there but readings and the key's own traces, as one digest of the database. */
async function stateOf(sql: pg.Client): Promise<string> {
  const tables = [
    ...['actions', 'approvals', 'claims', 'limit_takes', 'conversations', 'items'],
    ...['deliveries', 'notes', 'switches'],
  ];
  const parts = [
    ...tables.map(
      (table) => `(select md5(coalesce(string_agg(t::text, '' order by t::text), '')) from countersign.${table} t)`,
    ),
    `(select md5(string_agg(seq || entry, '' order by seq)) from countersign.ledger where kind <> 'ledger_read')`,
  ];
  const { rows } = await sql.query(`select ${parts.map((part, at) => `${part} as p${at}`).join(', ')}`);
  return JSON.stringify(rows[0]);
}
