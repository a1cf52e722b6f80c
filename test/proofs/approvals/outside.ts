// The end of the proof: everything that happened, seen from outside. Each effect must stand on decisions of enough people
// who may decide, each signed by the API over the digest that was claimed; each approval has one end; the ledger's export
// verifies; and `why` tells every action as Temporal's histories do.
import { createPrivateKey, createPublicKey, verify } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Approval } from '../../../domain/approval.ts';
import { hasPython, inShort, ours, pythons } from '../../support/ledger-verifiers.ts';
import type { Histories } from '../crash/histories.ts';
import { waitFor } from '../support.ts';
import { headerOf, payloadOf } from '../warrants/forging.ts';
import { type Bench, sameJson } from './bench.ts';
import { entitledTo } from './entitled.ts';
import type { Stage } from './stage.ts';

const PART = 'from outside';

interface Entry {
  readonly subject: string;
  readonly kind: string;
  readonly fact: Readonly<Record<string, unknown>>;
  readonly sealed: Readonly<Record<string, unknown>> | null;
}

export async function fromOutside(
  bench: Bench,
  stage: Stage,
  histories: Histories,
  { quick, folder, log }: { readonly quick: boolean; readonly folder: string; readonly log: (line: string) => void },
): Promise<void> {
  const entries = await entriesOf(stage);
  const rows = await stage.query<{ approval: Approval }>('select approval from countersign.approvals');
  const all = rows.map(({ approval }) => approval);
  await bench.attempt(PART, 'each approval has one end', async () => all.flatMap((one) => ofEnd(entries, one)));
  const effects = stage.rig.far.effects;
  const keys = [...new Set(effects.map(({ key }) => key))];
  for (const key of keys) await bench.attempt(PART, `the effect of ${key}`, () => ofEffect(stage, entries, all, key));
  if (keys.length === 0) bench.violations.push('nothing happened at the far side');
  await bench.attempt(PART, 'what succeeded has happened', () => missingEffects(stage, keys));
  await bench.attempt(PART, 'no Workflow ended badly', () => histories.badEnds());
  const conversations = [...new Set(keys.map((key) => key.split(':')[0] ?? ''))];
  const told = await stage.query<{ id: string }>(`select id from countersign.conversations where tenant <> 'default'`);
  const own = conversations.filter((id) => !told.some((other) => other.id === id));
  for (const id of bench.some(own, 4))
    await bench.attempt(PART, `why, of ${id}, is what Temporal has`, () => histories.chains(stage.rig, id));
  await bench.attempt(PART, 'the export of the ledger verifies', () => ofExport(stage, { quick, folder, log }));
  if (!quick) await bench.attempt(PART, 'every history replays', () => histories.unreplayable());
}

async function entriesOf(stage: Stage): Promise<readonly Entry[]> {
  const rows = await stage.query<{ subject: string; kind: string; entry: string; body: string | null }>(
    `select subject, kind, entry, body from countersign.ledger left join countersign.ledger_seals using (seq)
     where kind in ('decided', 'approval_settled', 'proposed', 'claimed') order by seq`,
  );
  return rows.map(({ subject, kind, entry, body }) => ({
    ...{ subject, kind },
    fact: (JSON.parse(entry) as { readonly fact: Entry['fact'] }).fact,
    sealed: body === null ? null : (JSON.parse(body) as Entry['sealed']),
  }));
}

function ofEnd(entries: readonly Entry[], { id, end }: Approval): readonly string[] {
  const settled = entries.filter(({ subject, kind }) => subject === id && kind === 'approval_settled');
  const ends = settled.map(({ fact }) => (fact['approval'] as { readonly end: string }).end);
  const due = end === 'open' ? '' : end;
  return ends.join() === due ? [] : [`${id} is ${end}, and the ledger has the ends ${ends.join() || 'none'}`];
}

/** What happened was claimed once, under a digest that enough people had approved, with the arguments that were sent. */
async function ofEffect(stage: Stage, entries: readonly Entry[], all: readonly Approval[], key: string) {
  const sent = stage.rig.far.effects.filter((one) => one.key === key);
  const claims = await stage.query<{ digest: string }>('select digest from countersign.claims where action_id = $1', [
    key,
  ]);
  const digest = claims[0]?.digest ?? '';
  const own = all.filter(
    ({ actionId, end, question }) => actionId === key && end === 'approved' && question === undefined,
  );
  const [approval] = own;
  if (approval === undefined) return `it happened, and nobody has approved it (claims: ${claims.length})`;
  const proposed = entries.find(({ subject, kind }) => subject === key && kind === 'proposed');
  const args = String(proposed?.sealed?.['proposal.args']);
  return [
    ...(sent.length === 1 ? [] : [`it happened ${sent.length} times`]),
    ...(claims.length === 1 ? [] : [`it has ${claims.length} claims`]),
    ...(approval.digest === digest ? [] : ['it was claimed under another digest than was approved']),
    ...(args === approval.args ? [] : [`${args} was proposed, and ${approval.args} approved`]),
    ...sent.flatMap(({ body }) =>
      sameJson(JSON.parse(body), JSON.parse(args)) ? [] : [`${body} was sent, not ${args}`],
    ),
    ...ofPeople(stage, entries, approval),
  ];
}

/** The decisions of the ledger, their signatures verified here: how many entitled people's approvals stand in the end. */
function ofPeople(stage: Stage, entries: readonly Entry[], approval: Approval): readonly string[] {
  const { id, digest, quorum, deadlineMs } = approval;
  const decided = entries.filter(({ subject, kind }) => subject === id && kind === 'decided');
  const problems: string[] = [];
  const stand = new Set<string>();
  for (const { sealed } of decided) {
    const signed = String(sealed?.['signed']);
    const said = payloadOf(signed) as unknown as Said;
    const { person, answer, atMs } = said;
    if (!isOfApi(stage, signed)) problems.push(`a decision of ${person.id} is not signed by the API`);
    if (said.approvalId !== id || said.digest !== digest) problems.push(`${person.id} decided something else`);
    if (atMs >= deadlineMs) problems.push(`${person.id} decided after the deadline`);
    if (!entitledTo(approval, person, atMs)) problems.push(`${person.id} of ${person.tenant} may not decide it`);
    if (answer === 'approve') stand.add(person.id);
    if (answer === 'withdraw' || answer === 'deny' || answer === 'edit') stand.delete(person.id);
    if (answer === 'deny' || answer === 'edit') problems.push(`${person.id} said ${answer}`);
  }
  return [...problems, ...(stand.size >= quorum ? [] : [`${stand.size} of ${quorum} have approved it`])];
}

interface Said {
  readonly approvalId: string;
  readonly digest: string;
  readonly answer: string;
  readonly person: { readonly id: string; readonly tenant: string };
  readonly atMs: number;
}

function isOfApi({ rig }: Stage, signed: string): boolean {
  const key = createPrivateKey({ key: Buffer.from(rig.signingKeys.api, 'base64'), type: 'pkcs8', format: 'der' });
  const [head = '', payload = '', signature = ''] = signed.split('.');
  const holds = verify(
    null,
    Buffer.from(`${head}.${payload}`),
    createPublicKey(key),
    Buffer.from(signature, 'base64url'),
  );
  return holds && headerOf(signed).alg === 'EdDSA' && headerOf(signed).typ === 'decision';
}

async function missingEffects(stage: Stage, keys: readonly string[]): Promise<readonly string[]> {
  const rows = await stage.query<{ id: string }>(
    `select id from countersign.actions where outcome_kind = 'succeeded' and proposal->>'effect' not in ('read', 'start')`,
  );
  return rows.flatMap(({ id }) => (keys.includes(id) ? [] : [`${id} is said to have succeeded, and never happened`]));
}

// 75 s: the first checkpoint is made within a minute. A quick run takes what there is by then.
const CHECKPOINT_LIMIT_MS = { full: 75_000, quick: 2_000 } as const;

/** Offline, by the published checkpoints: by our verifier, and by the other one where there is Python. */
async function ofExport(
  stage: Stage,
  { quick, folder, log }: { readonly quick: boolean; readonly folder: string; readonly log: (line: string) => void },
): Promise<readonly string[]> {
  const limitMs = quick ? CHECKPOINT_LIMIT_MS.quick : CHECKPOINT_LIMIT_MS.full;
  const checkpoint = await waitFor('a checkpoint', limitMs, async () => {
    const answer = await stage.as.watcher.get('/v1/ledger/checkpoint');
    return answer.status === 200 && answer;
  }).catch(() => undefined);
  if (checkpoint === undefined) {
    log('the ledger: no checkpoint was made yet, so no export was verified; a full run has one');
    return quick ? [] : ['no checkpoint was made'];
  }
  const { body: note, headers } = checkpoint;
  const { body } = await stage.as.watcher.get('/v1/ledger/export');
  const file = stage.rig.ledger.checkpointFile;
  const published = existsSync(file) ? readFileSync(file, 'utf8') : String(note);
  const files = { export: Buffer.from(String(body)), published };
  const key = headers.get('countersign-verifier-key') ?? '';
  const says = [inShort(await ours(files, key))];
  mkdirSync(join(folder, 'ledger'), { recursive: true });
  if (await hasPython()) says.push(await pythons(files, key, join(folder, 'ledger')));
  log(`the ledger: ${says.join('; ')}`);
  return says.flatMap((said) => (said.startsWith('holds') ? [] : [said]));
}
