// The conversations that live through an outage, one in each phase when it begins: new, the model is being asked, an
// approval waits, an act is under way, an approval is about to fall due. Each goes on by itself, or by its people.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type Ordeal, problemsOf } from '../crash/checks.ts';
import type { Histories } from '../crash/histories.ts';
import { createPatient, type Hooks, liveOn } from '../crash/journey.ts';
import { wordsFor } from '../rig/model.ts';
import type { Rig } from '../rig/rig.ts';
import { createHttp, waitFor } from '../support.ts';
import type { Span } from './probes.ts';

/** The phases in which an outage must have found a conversation, one run in all. */
export const PHASES = ['new', 'asked', 'waiting', 'acting', 'due'] as const;
type Phase = (typeof PHASES)[number];

/** How one came through. */
export interface Fate {
  /** `missed` where the outage began too late for it. */
  readonly phase: Phase | `${Phase} (missed)`;
  readonly problems: readonly string[];
  /** When replies were seen, and when the approval ended that fell due. */
  readonly repliesMs: readonly number[];
}

export interface Cast {
  /** Resolves once each conversation is in its phase; the outage must begin now. */
  readonly placed: Promise<void>;
  /** Tell that it has begun. */
  begun(atMs: number): void;
  /** Resolves once all have come to their end. */
  ended(span: Span, ordeal: Ordeal): Promise<readonly Fate[]>;
}

// 60 s: a machine that is busy with other proofs.
const PLACE_LIMIT_MS = 60_000;
// 4 s and 2 s: the model and the far side hold their answers until the outage has begun. The far side's time is 3 s.
const MODEL_HOLDS_MS = 4_000;
const FAR_SIDE_HOLDS_MS = 2_000;

/** Bring a conversation into each phase. `name` begins their ids. */
export function startCast(rig: Rig, histories: Histories, name: string): Cast {
  const begin = gate();
  const act = gate();
  const places = { waiting: gate(), acting: gate(), due: gate() };
  const idOf = (phase: Phase) => `${name}-${phase}`;
  const live = (phase: Phase, hooks: Hooks = {}) => liveOn(rig, histories, idOf(phase), hooks);
  const decidesAfter = (place: Gate, then: Promise<void>): Hooks => ({
    beforeDecision: () => {
      place.open();
      return then;
    },
  });
  const seen = { askedMs: 0, actingMs: 0, dueMs: 0 };
  let begunMs = 0;
  const wasIn = (phase: Phase): boolean => {
    if (phase === 'asked') return begunMs - seen.askedMs < MODEL_HOLDS_MS;
    return phase !== 'acting' || begunMs - seen.actingMs < FAR_SIDE_HOLDS_MS;
  };
  const lives = new Map<Phase, ReturnType<typeof live>>([
    ['waiting', live('waiting', decidesAfter(places.waiting, begin.opened))],
    ['acting', live('acting', decidesAfter(places.acting, act.opened))],
  ]);
  const due = fallDue(rig, histories, idOf('due'), (deadlineMs) => {
    seen.dueMs = deadlineMs;
    places.due.open();
  });

  async function placeAll(): Promise<void> {
    await inTime('an approval in every phase', Promise.all(Object.values(places).map(({ opened }) => opened)));
    rig.model.answersAfterMs = MODEL_HOLDS_MS;
    lives.set('asked', live('asked'));
    const isAsked = () => rig.model.asked(idOf('asked')).size > 0;
    seen.askedMs = await waitFor('the model to be asked', PLACE_LIMIT_MS, () => isAsked() && Date.now());
    rig.far.answersAfterMs = FAR_SIDE_HOLDS_MS;
    act.open();
    const isPaying = (one: { readonly tool: string; readonly key: string }) =>
      one.tool === 'pay' && one.key.startsWith(`${idOf('acting')}:`);
    seen.actingMs = await waitFor('the act to begin', PLACE_LIMIT_MS, () => rig.far.requests.find(isPaying)?.atMs);
  }

  return {
    placed: placeAll(),
    begun(atMs) {
      begin.open();
      rig.model.answersAfterMs = 0;
      rig.far.answersAfterMs = 0;
      begunMs = atMs;
      lives.set('new', live('new'));
    },
    async ended({ awayMs, backMs }, ordeal) {
      const fates: Fate[] = [];
      for (const [phase, life] of lives) {
        const fate = await fateOf(rig, histories, idOf(phase), await life, ordeal);
        fates.push({ ...fate, phase: wasIn(phase) ? phase : `${phase} (missed)` });
      }
      const { problems, endedMs } = await due;
      const early = endedMs > 0 && endedMs < seen.dueMs ? ['the approval expired before it was due'] : [];
      const phase = seen.dueMs > awayMs && seen.dueMs < backMs ? 'due' : 'due (missed)';
      return [...fates, { phase, problems: [...problems, ...early], repliesMs: [endedMs] }];
    },
  };
}

async function fateOf(
  rig: Rig,
  histories: Histories,
  id: string,
  { journey, problems }: Awaited<ReturnType<typeof liveOn>>,
  ordeal: Ordeal,
): Promise<Omit<Fate, 'phase'>> {
  if (journey === undefined) return { problems, repliesMs: [] };
  const { approvalId, repliesMs } = journey;
  const found = [...(await problemsOf(rig, id, journey, ordeal)), ...(await histories.problems(id, approvalId))];
  return { problems: [...problems, ...found], repliesMs };
}

/** As the prover's rule has it: people are given 6 s for this. */
const SOON_CENTS = 9_999;

const Detail = z.object({
  items: z.array(z.object({ kind: z.string(), turn: z.number() })),
  waiting: z.array(z.object({ id: z.string(), deadlineMs: z.number() })),
});
const Approvals = z.object({ rows: z.array(z.object({ id: z.string(), end: z.string() })) });
const DUE_TRANSCRIPT = 'message calls tool_result reply report reply';
// 2 minutes: a minute's outage, and what comes after.
const DUE_LIMIT_MS = 120_000;
const LOOK_MS = 300;

/** A conversation whose approval nobody decides: it must end as expired, once, and say so. */
async function fallDue(
  rig: Rig,
  histories: Histories,
  id: string,
  onAsked: (deadlineMs: number) => void,
): Promise<{ readonly problems: readonly string[]; readonly endedMs: number }> {
  const customer = createPatient(createHttp(rig.apiUrl, rig.keys.customer));
  const approver = createPatient(createHttp(rig.apiUrl, rig.keys.approver));
  const url = `/v1/conversations/${id}`;
  try {
    await customer.post('/v1/conversations', { agent: 'prover', id });
    const text = wordsFor(id, [['shout', SOON_CENTS]]);
    await customer.post(`${url}/messages`, { text }, { 'idempotency-key': `message-of-${id}` });
    const detail = async () => Detail.parse((await approver.get(`${url}?limit=100`)).body);
    const looked = <T>(what: string, ask: () => Promise<T | undefined>) =>
      waitFor(what, DUE_LIMIT_MS, async () => {
        const found = await ask();
        if (found === undefined) await sleep(LOOK_MS);
        return found;
      });
    const approval = await looked('the approval that falls due', async () => (await detail()).waiting[0]);
    onAsked(approval.deadlineMs);
    const items = await looked('the reply after it fell due', async () => {
      const found = (await detail()).items;
      return found.some(({ kind, turn }) => kind === 'reply' && turn === 2) ? found : undefined;
    });
    const endedMs = Date.now();
    await histories.quiet(id, approval.id);
    const { rows } = Approvals.parse((await approver.get(`/v1/approvals?end=all&conversationId=${id}`)).body);
    const ends = rows.map(({ end }) => end).join();
    const kinds = items.map(({ kind }) => kind).join(' ');
    const effects = rig.far.effects.filter(({ key }) => key.startsWith(`${id}:`)).length;
    return {
      endedMs,
      problems: [
        ...(ends === 'expired' ? [] : [`the approvals that fell due ended as: ${ends}`]),
        ...(kinds === DUE_TRANSCRIPT ? [] : [`the transcript is: ${kinds}`]),
        ...(effects === 0 ? [] : ['what expired was done']),
      ],
    };
  } catch (error) {
    return { endedMs: 0, problems: [`it did not come to its end: ${String(error)}`] };
  }
}

interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

function gate(): Gate {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

/** A promise with a limit. */
async function inTime<T>(what: string, work: Promise<T>): Promise<T> {
  let done: { readonly value: T } | undefined;
  void work.then((value) => (done = { value }));
  return (await waitFor(what, PLACE_LIMIT_MS, () => done)).value;
}
