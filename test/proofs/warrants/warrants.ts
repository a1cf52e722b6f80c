// The proof `warrants`: tasks are put by hand on the queue of a real actor, with warrants that are forged, altered in each
// field, crossed, incomplete, stale, unreadable or signed by keys that are not valid any more. None may have an effect, take
// a claim or go unrecorded; each genuine one beside them must run once, so that the proof can fail.
import { createSigner, generateSigningKey } from '../../../trust/signing.ts';
import { openStore } from '../../../store/store.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import { createHttp, type Proof, type ProofContext } from '../support.ts';
import { ofInspect, ofProposal, ofStatement, underItsOwnKey } from './altered.ts';
import { act, type Bench, openBench } from './bench.ts';
import { crossed, unapproved, unreadable, untimely } from './crossed.ts';
import { keyOf } from './forging.ts';
import { unusedTask, usedTasks } from './genuine.ts';
import { createIssuer, type Issuer } from './leave.ts';
import { bundleByHand, openQueue, type Queue } from './queue.ts';

export const warrants: Proof = { name: 'warrants', run: prove };

async function prove(context: ProofContext) {
  const steps: (() => Promise<void>)[] = [];
  const owned = async <T>(start: Promise<T>, stop: (part: T) => Promise<void>): Promise<T> => {
    const part = await start;
    steps.push(() => stop(part));
    return part;
  };
  try {
    const [rig, bundle] = await Promise.all([owned(startRig(context), (one) => one.stop()), bundleByHand()]);
    const queue = await owned(openQueue(rig.temporal.address, bundle), (one) => one.stop());
    const pool = { connectionString: rig.databaseUrl };
    const store = await owned(openStore({ pool, migrate: false }), (one) => one.close());
    const bench = await owned(openBench(rig, queue), (one) => one.close());
    await tryEverything(context, rig, queue, bench, createIssuer(rig.signingKeys, store));
    bench.violations.push(...rig.roles.surprises);
    bench.summarize(context.log);
    return { cases: bench.cases(), violations: bench.violations };
  } finally {
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) await step();
  }
}

async function tryEverything(
  { quick }: ProofContext,
  rig: Rig,
  queue: Queue,
  bench: Bench,
  issue: Issuer,
): Promise<void> {
  const used = await usedTasks(rig, queue);
  const unused = await unusedTask(rig, queue);
  // From here on the actor knows two keys of each role, as while keys rotate.
  const successors = { api: generateSigningKey(), workflows: generateSigningKey() };
  await restartActor(rig, [rig.signingKeys, successors]);

  await ofProposal(bench, 'a real task, each field of its proposal', unused);
  await bench.tryAll('real tasks that have run, again', [
    ...used.map((one) => act(`${one.proposal.tool} again`, one, 'receipt')),
    act('the one from before, again', unused, 'receipt'),
  ]);
  if (used.length === 0) bench.violations.push('no real task that has run was found');

  const [api, workflows, unknown] = [rig.signingKeys.api, rig.signingKeys.workflows, generateSigningKey()].map(keyOf);
  const ofApi = { own: api!, other: workflows!, unknown: unknown! };
  const ofWorkflows = { own: workflows!, other: api!, unknown: unknown! };
  await ofStatement(bench, issue, 'verdict', ofWorkflows, !quick);
  await ofStatement(bench, issue, 'principal', ofApi, !quick);
  await ofStatement(bench, issue, 'decisions', ofApi, !quick);
  await underItsOwnKey(bench, issue, 'verdict', ofWorkflows.own);
  await underItsOwnKey(bench, issue, 'principal', ofApi.own);
  await underItsOwnKey(bench, issue, 'decisions', ofApi.own);
  await ofInspect(bench, issue, ofApi);

  await bench.tryAll('crossed', await crossed(issue));
  await bench.tryAll('not approved', await unapproved(issue));
  await bench.tryAll('at the wrong time', await untimely(issue));
  await bench.tryAll('unreadable', await unreadable(issue));
  await bench.tryAll('fresh and whole', await wholeOnes(issue));
  await switchedOff(rig, bench, issue);
  await rotated(rig, bench, issue, successors);
}

/** Of each tool one that runs; in a batch or in a turn. */
async function wholeOnes(issue: Issuer) {
  const tools = ['look', 'note', 'book', 'pay', 'send', 'shout'];
  const each = await Promise.all(tools.map(async (tool) => act(tool, await issue({ tool }), 'runs')));
  return [...each, act('with its result noted', { ...(await issue()), notesResult: true }, 'runs')];
}

/** A thrown switch cancels for good what has leave, and nothing else. */
async function switchedOff(rig: Rig, bench: Bench, issue: Issuer): Promise<void> {
  const operator = createHttp(rig.apiUrl, rig.keys.approver);
  const turn = async (action: 'kill' | 'revive', where: object): Promise<void> => {
    const { status } = await operator.post('/v1/switches', { ...where, action, reason: 'the proof' });
    if (status !== 200) bench.violations.push(`a switch could not be set: ${status}`);
  };
  const group = 'switched off';
  const [sent, noted, looked] = [await issue(), await issue({ tool: 'note' }), await issue({ tool: 'look' })];
  await turn('kill', { scope: 'tool', name: 'send' });
  await bench.tryAll(group, [act('the tool', sent, 'cancelled')]);
  await bench.tryAll(group, [act('another tool', await issue({ tool: 'shout' }), 'runs')]);
  await turn('kill', { scope: 'all' });
  await bench.tryAll(group, [act('a write', noted, 'cancelled'), act('a read', looked, 'cancelled')]);
  await turn('revive', { scope: 'all' });
  await turn('revive', { scope: 'tool', name: 'send' });
  const fresh = act('a fresh one, once the switch is back', await issue(), 'runs');
  await bench.tryAll(group, [fresh]);
  const end = (await bench.ending(sent.proposal.actionId)) ?? 'open';
  if (end !== 'cancelled') bench.violations.push(`what was switched off is ${end}`);
}

/** While keys rotate either signs; afterwards the old ones sign nothing any more. */
async function rotated(rig: Rig, bench: Bench, issue: Issuer, successors: Rig['signingKeys']): Promise<void> {
  const withOld = () => issue();
  const withNew = () => issue({ keys: successors });
  const mixed = () => issue({ keys: { ...rig.signingKeys, workflows: successors.workflows } });
  await bench.tryAll('both keys are valid', [
    act('signed by the old ones', await withOld(), 'runs'),
    act('signed by the new ones', await withNew(), 'runs'),
    act('signed by one of each', await mixed(), 'runs'),
  ]);
  await restartActor(rig, [successors]);
  await bench.tryAll('the old keys are not valid any more', [
    act('signed by the old ones', await withOld()),
    act('signed by one of each', await mixed()),
    act('a read signed by the old ones', await issue({ tool: 'look' })),
    act('signed by the new ones', await withNew(), 'runs'),
  ]);
}

async function restartActor(rig: Rig, keys: readonly Rig['signingKeys'][]): Promise<void> {
  rig.configure('actor', {
    COUNTERSIGN_API_PUBLIC_KEYS: keys.map(({ api }) => createSigner('api', api).publicKey).join(','),
    COUNTERSIGN_WORKFLOWS_PUBLIC_KEYS: keys
      .map(({ workflows }) => createSigner('workflows', workflows).publicKey)
      .join(','),
  });
  await rig.roles.kill('actor');
  await rig.roles.untilUp();
}
