// Words that nobody has said, about an approval that really waits: over HTTP by keys that may not, for approvals that are
// not there, in bodies that claim more than they may; and signed statements made by hand, put straight to the Workflow.
import { generateSigningKey } from '../../../trust/signing.ts';
import type { JsonObject } from '../../../domain/json.ts';
import { alterationsOf, forge, forgersOf, headerOf, keyOf, payloadOf } from '../warrants/forging.ts';
import type { Bench, Problem } from './bench.ts';
import { refusedAs, untouched } from './bench.ts';
import { type ByHand, type Handed, refusalOf } from './signals.ts';
import { type Asked, handleOn, type Stage } from './stage.ts';
import { heardIn } from './surfaces.ts';

const HTTP = 'forged over HTTP';
const BY_HAND = 'forged by hand in Temporal';

type Poster = keyof Stage['as'];

/** `own`: another approval, which Paul has asked for himself. */
export async function forgedOverHttp(bench: Bench, stage: Stage, victim: Asked, own: Asked): Promise<void> {
  const { id } = victim.approval;
  const post = async (as: Poster, approvalId: string, body: unknown) =>
    heardIn(await stage.as[as].post(`/v1/approvals/${encodeURIComponent(approvalId)}/decision`, body));
  const yes = { answer: 'approve' };
  const refused = (what: string, as: Poster, approvalId: string, status: number, type: string, body: object = yes) =>
    bench.attempt(HTTP, what, async () => refusedAs(await post(as, approvalId, body), status, type));

  await refused('a key that nobody issued', 'nobody', id, 401, 'unauthenticated');
  await refused('a key that may read only', 'reader', id, 403, 'missing_scope');
  await refused('the key of who asked for it', 'ada', id, 403, 'missing_scope');
  await refused('a person of no group', 'nora', id, 404, 'not_found');
  await refused('a person of another group', 'gus', id, 404, 'not_found');
  await refused('the same person of another tenant', 'other', id, 404, 'not_found');
  await refused('an operator who is in no group', 'watcher', id, 403, 'not_a_member');
  await refused('who asked for it and is in the group', 'paul', own.approval.id, 403, 'not_a_member');
  for (const one of await invented(stage, victim))
    await refused(
      `the invented approval ${one.slice(0, 40)}`,
      'dora',
      one,
      one.length > 300 ? 400 : 404,
      one.length > 300 ? 'bad_request' : 'not_found',
    );
  for (const [what, body] of claims(victim)) await refused(what, 'dora', id, 400, 'bad_request', body);
  await bench.attempt(
    HTTP,
    'after all of them',
    async () => [await untouched(stage, victim), await untouched(stage, own)].flat() as Problem,
  );
}

async function invented(stage: Stage, victim: Asked): Promise<readonly string[]> {
  const { id, actionId, digest, batchId } = victim.approval;
  const handle = await handleOn(stage, victim, 'slack');
  return [
    ...[`${batchId}.0.1`, `${batchId}.1.0`, `${batchId}.00.0`, `${batchId}~1.0.0`, `${batchId}.question.0.0`],
    ...['x', `${id} `, `${id}\n`, actionId, digest, handle, id.toUpperCase(), `../${id}`, `nobody:1:1.0.0`],
  ];
}

/** Bodies in which a client says who it is, or what for. */
function claims({ approval: { digest } }: Asked): readonly (readonly [string, object])[] {
  const yes = { answer: 'approve' };
  return [
    ['a body that names another person', { ...yes, person: { id: 'emil' } }],
    ['a body that names a principal', { ...yes, personId: 'emil' }],
    ['a body that names a digest', { ...yes, digest }],
    ['a body with a signature', { ...yes, signed: 'a.b.c' }],
    ['a body that says that it counted', { ...yes, counted: true, end: 'approved' }],
    ['a body that says when', { ...yes, atMs: 0 }],
    ['a body with arguments', { ...yes, args: { cents: 1 } }],
    ['two answers', { answer: ['approve'] }],
    ['an answer that is none', { answer: 'approved' }],
    ['an answer to a question', { answer: 'happened' }],
    ['a decision id of somebody else’s', { ...yes, id: 'emil/1' }],
    ['no answer', {}],
  ];
}

/** Statements over the very digest, made with every key but the one that may sign them; and with that one, by the wrong. */
export async function forgedByHand(
  bench: Bench,
  stage: Stage,
  byHand: ByHand,
  victim: Asked,
  other: Asked,
): Promise<void> {
  const [api, workflows] = [stage.rig.signingKeys.api, stage.rig.signingKeys.workflows].map(keyOf);
  if (api === undefined || workflows === undefined) throw new Error('the rig has two keys');
  const genuine = await signedOnly(stage, victim);
  const keys = { own: api, other: workflows, unknown: keyOf(generateSigningKey()) };
  const payload = payloadOf(genuine);
  const refused = (what: string, signed: unknown, words: RegExp) =>
    bench.attempt(BY_HAND, what, async () => refusedByHand(await byHand.update(victim, signed), words));

  for (const [how, make] of forgersOf(keys)) {
    const moved = alterationsOf(payload).find(({ path, how: by }) => path === 'reason' && by === 'changed');
    await refused(`a decision ${how}`, make(genuine, moved?.altered ?? payload), /./);
  }
  const own = (change: JsonObject) => forge(headerOf(genuine), { ...payload, ...change }, api);
  const person = (id: string, tenant = 'default') => ({ person: { id, name: id, tenant } });
  await refused('Nora, signed by the API', own(person('nora')), /only members of the group "desk"/);
  await refused('Gus, signed by the API', own(person('gus')), /only members of the group "desk"/);
  await refused('Dora of another tenant, signed by the API', own(person('dora', 'other')), /another tenant/);
  await refused('another digest, signed by the API', own({ digest: other.approval.digest }), /the digest differs/);
  await refused('another approval, signed by the API', own({ approvalId: other.approval.id }), /not asked for here/);
  await refused(
    'a decision on another approval, as it was signed',
    await signedOnly(stage, other),
    /not asked for here/,
  );
  for (const [what, signed] of [
    ['nothing', ''],
    ['words', 'approve'],
    ['an object', { answer: 'approve' }],
    ['null', null],
  ] as const)
    await refused(what, signed, /./);

  for (const [how, make] of forgersOf(keys).slice(1)) {
    await bench.attempt(BY_HAND, `the Signal of a decision ${how}`, async () => {
      const signed = make(genuine, { ...payload, decisionId: `dora/by-hand-${stage.next()}` });
      await byHand.signal(victim, signed);
      await refusalOf(stage, victim, signed);
      return undefined;
    });
  }
  for (const [what, name, of, with_] of others(victim))
    await bench.attempt(BY_HAND, what, async () => {
      await byHand.tell(of, victim, name, with_);
      return (await byHand.isWell(victim)) ? undefined : 'the Workflow does not answer any more';
    });
  await bench.attempt(BY_HAND, 'after all of them', () => untouched(stage, victim));
}

/** Other Signals that an attacker may try: what tells the conversation that it is done. */
function others({ conversationId, approval }: Asked) {
  const report = {
    conversationId,
    batchId: approval.batchId,
    settled: [],
    text: 'approved and done',
    atMs: Date.now(),
  };
  return [
    ['the Signal of a decision that is no text', 'approvalDecision', 'batch', { answer: 'approve' }],
    ['the Signal of a decision that is nothing', 'approvalDecision', 'batch', null],
    ['a report without a signature', 'actionSettled', 'conversation', { batchId: approval.batchId, signed: 'x.y.z' }],
    ['a report that is none', 'actionSettled', 'conversation', report],
  ] as const;
}

/** What Dora would say, signed by the API and not delivered. */
export async function signedOnly(
  stage: Stage,
  { approval }: Pick<Asked, 'approval'>,
  answer = 'approve',
): Promise<string> {
  const url = `/v1/approvals/${encodeURIComponent(approval.id)}/decision?sign=only`;
  const { body } = await stage.as.dora.post(url, { answer, id: `kept-${stage.next()}`, reason: 'kept' });
  return (body as { readonly signed: string }).signed;
}

export function refusedByHand(handed: Handed, words: RegExp): Problem {
  if (handed.kind === 'refused' && words.test(handed.reason)) return undefined;
  return `it must be refused (${words}), and came to ${JSON.stringify(handed)}`;
}
