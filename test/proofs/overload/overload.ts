// The proof `overload`: one principal says several times what the provider's rate lets through. What is taken is answered
// once, and soon; what is not is refused with a time, and taken once when it comes again. Meanwhile somebody quiet is
// answered as ever, a decision and a stop get through, and two assistants together ask no faster than they may.
import { setTimeout as sleep } from 'node:timers/promises';
import { ANSWERED_WITHIN_S } from '../../../api/limits.ts';
import { addKeysOf } from '../rig/desk.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import { createHttp, type Proof, type ProofContext, secondsOf, waitFor } from '../support.ts';
import { backlogOf } from './backlog.ts';
import { type Caller, keyOf, type Said, say, written } from './callers.ts';
import { commandInTime, decideInTime, type Standing, standBy } from './people.ts';
import { mostWithin, type Provider, startProvider } from './provider.ts';

export const overload: Proof = { name: 'overload', run: prove };

const SIZES = {
  // Some two cores can do without the limit, so that the rate is what is too little.
  quick: { callsPerSecond: 4, floodMs: 3_000, times: 4, conversations: 20 },
  full: { callsPerSecond: 5, floodMs: 15_000, times: 3.2, conversations: 40 },
} as const;
// Each may ask ten times a second; what is refused comes again, too.
const FLOOD_KEYS = 8;
const TURNS_AT_ONCE = 20;
const THINKS_MS = 300;
const TURNED_AWAY = { turnsAwayOneOf: 15, retryAfterS: 2 };
// 5 s beyond what the API promises itself: a call that the provider turned away waits, and a busy machine is late.
const ACCEPTED_LIMIT_MS = ANSWERED_WITHIN_S * 1_000 + 5_000;
// 8 s: its turn comes after at most one call of the flood; and it may be turned away once, for 2 s.
const QUIET_LIMIT_MS = 8_000;
const QUIET_PAUSE_MS = 1_000;
// As docs/operating.md has it: turns are taken within each partition of a Task Queue, so there is one.
const FAIR = [
  'matching.enableFairness=true',
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
];
// 4 calls beyond the second's worth that may go after a pause: what a busy assistant began late comes together.
const LATE_CALLS = 4;
const DRAIN_LIMIT_MS = 300_000;

async function prove(context: ProofContext) {
  const size = context.quick ? SIZES.quick : SIZES.full;
  let provider: Provider | undefined;
  const between: NonNullable<Parameters<typeof startRig>[1]>['between'] = async (_role, peer, address) => {
    if (peer !== 'model') return address;
    provider = await startProvider({ ...TURNED_AWAY, behind: address, thinksMs: THINKS_MS, random: context.random });
    return provider.address;
  };
  const more = () => ({
    COUNTERSIGN_TURNS_AT_ONCE: String(TURNS_AT_ONCE),
    COUNTERSIGN_MODEL_CALLS_PER_MINUTE: String(size.callsPerSecond * 60),
  });
  const rig = await startRig(context, { between, more, temporalSettings: FAIR });
  try {
    await rig.roles.replace('assistant');
    if (provider === undefined) throw new Error('nothing stands before the model');
    return await overloaded(context, rig, provider);
  } finally {
    await rig.stop();
    await provider?.stop();
  }
}

async function overloaded(context: ProofContext, rig: Rig, provider: Provider) {
  const { log, quick } = context;
  const size = quick ? SIZES.quick : SIZES.full;
  const violations: string[] = [];
  const flood = await aCaller(rig, 'ada', FLOOD_KEYS, size.conversations);
  const quiet = await aCaller(rig, 'grace', 1, 1);
  const standing = await standBy(rig);
  const backlog = backlogOf(rig);
  const all: Said[] = [];
  const speak = { isOpen: true };
  const quietly = speakQuietly(context, rig, quiet, speak);
  // Awaited later; what it throws is seen then.
  quietly.catch(() => undefined);
  const pushed = push(context, rig, flood, all);
  await waitFor('the height of the load', DRAIN_LIMIT_MS, () => all.some(({ refusals }) => refusals > 0));
  violations.push(...(await atTheHeight(context, rig, standing)));
  violations.push(...(await pushed));
  speak.isOpen = false;
  const softly = await quietly;
  all.push(...softly);
  await waitFor('the last replies', DRAIN_LIMIT_MS, async () => {
    await sleep(500);
    return (await written(rig, all)).replyMs.size === all.length;
  }).catch((error: unknown) => violations.push(String(error)));
  const deepest = await backlog.stop();
  const { replyMs, problems } = await written(rig, all);
  violations.push(...problems, ...rig.roles.surprises);
  const took = ({ messageId, acceptedMs }: Said) => (replyMs.get(keyOf(messageId)) ?? Infinity) - acceptedMs;
  const loud = all.filter(({ by }) => by === flood);
  violations.push(
    ...latencies(
      context,
      loud.map(took),
      softly.map((one) => took(one) + one.acceptedMs - one.firstMs),
    ),
  );
  violations.push(...rates(context, provider, size.callsPerSecond));
  const refusals = all.reduce((sum, one) => sum + one.refusals, 0);
  log(`${all.length} messages, refused ${refusals} times; at most ${deepest} calls waited in Temporal`);
  if (refusals === 0 || deepest === 0) violations.push('there was no overload');
  const quietRefusals = softly.reduce((sum, one) => sum + one.refusals, 0);
  if (quietRefusals > 0) violations.push(`who was quiet was refused ${quietRefusals} times`);
  return { cases: all.length, violations };
}

async function aCaller(rig: Rig, name: string, keyCount: number, count: number): Promise<Caller> {
  const keys: string[] = [];
  for (let made = 0; made < keyCount; made++) {
    const added = await addKeysOf(rig, [name], ['conversations:write', 'conversations:read']);
    keys.push(added.get(name) ?? '');
  }
  const conversations = Array.from({ length: count }, (_, at) => `of-${name}-${at + 1}`);
  for (const [at, id] of conversations.entries()) {
    const http = createHttp(rig.apiUrl, keys[at % keys.length] ?? '');
    const { status } = await http.post('/v1/conversations', { agent: 'prover', id });
    if (status !== 201) throw new Error(`${id} could not be opened: ${status}`);
  }
  return { name, keys, conversations };
}

const aSaid = (by: Caller, conversationId: string, key: string): Said => {
  return { by, conversationId, key, firstMs: 0, acceptedMs: 0, messageId: '', refusals: 0 };
};

/** Say several times what is answered, for a while; resolves once all of it was taken. */
async function push({ random, quick }: ProofContext, rig: Rig, by: Caller, all: Said[]): Promise<readonly string[]> {
  const { callsPerSecond, floodMs, times } = quick ? SIZES.quick : SIZES.full;
  const count = Math.ceil((floodMs / 1_000) * callsPerSecond * times);
  const problems: string[] = [];
  const sent = Array.from({ length: count }, async (_, at) => {
    await sleep((floodMs / count) * at);
    const said = aSaid(by, random.pick(by.conversations), `flood-${at + 1}`);
    all.push(said);
    await say(rig, said, random).catch((error: unknown) => problems.push(String(error)));
  });
  await Promise.all(sent);
  return problems;
}

/** One message after the other, each once the last one is answered. */
async function speakQuietly(
  { random }: ProofContext,
  rig: Rig,
  by: Caller,
  speak: { readonly isOpen: boolean },
): Promise<readonly Said[]> {
  const all: Said[] = [];
  while (speak.isOpen) {
    const said = aSaid(by, by.conversations[0] ?? '', `quiet-${all.length + 1}`);
    await say(rig, said, random);
    all.push(said);
    const http = createHttp(rig.apiUrl, by.keys[0] ?? '');
    await waitFor(`the reply to ${said.key}`, DRAIN_LIMIT_MS, async () => {
      await sleep(300);
      const { body } = await http.get(`/v1/conversations/${said.conversationId}/messages/${said.messageId}`);
      return (body as { readonly status?: string }).status === 'answered';
    });
    await sleep(QUIET_PAUSE_MS);
  }
  return all;
}

async function atTheHeight({ log }: ProofContext, rig: Rig, standing: Standing): Promise<readonly string[]> {
  const begunMs = Date.now();
  const [stopped, decided] = await Promise.all([commandInTime(rig, standing), decideInTime(rig, standing)]);
  log(`at the height: ${stopped.text}; ${decided.text} (looked at for ${secondsOf(Date.now() - begunMs)} s)`);
  return [...stopped.problems, ...decided.problems];
}

const at = (sorted: readonly number[], share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;

function latencies({ log }: ProofContext, loud: readonly number[], quiet: readonly number[]): readonly string[] {
  const [ofLoud, ofQuiet] = [loud, quiet].map((times) => times.toSorted((one, other) => one - other));
  if (ofLoud === undefined || ofQuiet === undefined) return ['nothing was measured'];
  const told = (sorted: readonly number[]) =>
    `p50 ${secondsOf(at(sorted, 0.5))} s, p99 ${secondsOf(at(sorted, 0.99))} s, longest ${secondsOf(at(sorted, 1))} s (${sorted.length})`;
  log(
    `what was taken of the flood was answered after ${told(ofLoud)}; p99 must be within ${secondsOf(ACCEPTED_LIMIT_MS)} s`,
  );
  log(`who was quiet was answered after ${told(ofQuiet)}; the longest must be within ${secondsOf(QUIET_LIMIT_MS)} s`);
  return [
    ...(at(ofLoud, 0.99) > ACCEPTED_LIMIT_MS ? ['what was taken was answered too late'] : []),
    ...(at(ofQuiet, 1) > QUIET_LIMIT_MS ? ['who was quiet waited for the flood'] : []),
    ...(at(ofQuiet, 0.5) * 2 > at(ofLoud, 0.5) ? ['who was quiet was not answered sooner than the flood'] : []),
    ...(ofQuiet.length < 2 ? ['who was quiet said next to nothing'] : []),
  ];
}

function rates({ log }: ProofContext, { askedMs, turnedAway }: Provider, perSecond: number): readonly string[] {
  const stretches = [1, 2, 5, 10].map((seconds) => [seconds, mostWithin(askedMs, seconds * 1_000)] as const);
  log(
    `model calls: ${stretches.map(([s, most]) => `${most} in ${s} s`).join(', ')}; ${perSecond} a second are allowed`,
  );
  log(`turned away by the provider: ${turnedAway.length}, each told to wait ${TURNED_AWAY.retryAfterS} s`);
  const early = turnedAway.filter(({ againMs = 0 }) => againMs < TURNED_AWAY.retryAfterS * 1_000);
  return [
    ...stretches.flatMap(([s, most]) =>
      most > perSecond * (s + 1) + LATE_CALLS ? [`${most} calls within ${s} s`] : [],
    ),
    ...early.map(({ call, againMs }) => `${call} came again after ${againMs?.toFixed(0)} ms`),
    ...(turnedAway.length === 0 ? ['the provider turned nobody away'] : []),
  ];
}
