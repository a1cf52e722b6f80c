// What the proof is played on: the rig with both channels open, a key for each person, and a look into the store as its
// owner. Conversations are opened and wishes spoken as every client does.
import { createHash, randomBytes } from 'node:crypto';
import pg from 'pg';
import { openStore } from '../../../store/store.ts';
import type { Approval } from '../../../domain/approval.ts';
import { type RawCall, wordsForCalls } from '../rig/model.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import { createHttp, type Http, type ProofContext, waitFor } from '../support.ts';
import { PEOPLE, type PersonId } from '../agents/petitioner/people.ts';
import { handleIn, type Platform, type Shown, standingOn, versionsOn } from '../rig/channels/cards.ts';
import { createPatient } from '../crash/journey.ts';
import { type Emulators, startEmulators } from '../rig/channels/emulators.ts';
import { settingsOf } from '../rig/channels/platforms.ts';

export interface Stage {
  readonly rig: Rig;
  readonly emulators: Emulators;
  /** HTTP as a person; `other` is of another tenant, `reader` may read and not decide, `nobody` has no valid key. */
  readonly as: Readonly<Record<PersonId | 'ada' | 'watcher' | 'other' | 'reader' | 'nobody', Http>>;
  /** A number that nobody had before. */
  next(): number;
  /** Everything that was asked for so far. */
  readonly asked: Asked[];
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  stop(): Promise<void>;
}

/** A call that waits for people. */
export interface Asked {
  readonly conversationId: string;
  /** As it was asked for; as it is now says the store. */
  readonly approval: Approval;
  /** What the digest covers. */
  readonly args: Readonly<Record<string, unknown>>;
}

const DECIDES = ['conversations:read', 'approvals:decide'];
const KEYS = {
  ada: { scopes: ['conversations:write', 'conversations:read'] },
  watcher: { scopes: ['conversations:read', 'approvals:decide', 'operate', 'ledger:read', 'conversations:write'] },
  reader: { principal: 'dora', scopes: ['conversations:read'] },
  other: { principal: 'dora', scopes: ['conversations:write', 'operate', ...DECIDES], tenant: 'other' },
} as const;

export async function startStage(context: ProofContext): Promise<Stage> {
  const emulators = await startEmulators();
  const rig = await startRig(context, { more: (role) => settingsOf(role, emulators.urls, 'petitioner') }).catch(
    async (error) => {
      await emulators.stop();
      throw error;
    },
  );
  // A pool: it opens another connection where one was lost.
  const pool = new pg.Pool({ connectionString: rig.databaseUrl, max: 4 });
  pool.on('error', () => undefined);
  const store = await openStore({ pool: { connectionString: rig.databaseUrl }, migrate: false });
  const keyOf = async (principal: string, scopes: readonly string[], tenant = 'default'): Promise<Http> => {
    const id = randomBytes(6).toString('hex');
    const text = `cs_${id}_${randomBytes(32).toString('base64url')}`;
    const hash = createHash('sha256').update(text).digest('hex');
    const owner = { id: principal, name: principal, tenant };
    await store.apiKeys.add({ id, hash, principal: owner, scopes, nowMs: Date.now() });
    return createHttp(rig.apiUrl, text);
  };
  const named = Object.entries(KEYS).map(async ([name, { scopes, ...more }]) => {
    const { principal = name, tenant = 'default' }: { principal?: string; tenant?: string } = more;
    return [name, await keyOf(principal, scopes, tenant)] as const;
  });
  const people = Object.keys(PEOPLE).map(async (id) => [id, await keyOf(id, ['conversations:write', ...DECIDES])]);
  const nobody = createHttp(rig.apiUrl, `cs_${'0'.repeat(12)}_${'a'.repeat(43)}`);
  const as = Object.fromEntries([...(await Promise.all([...named, ...people])), ['nobody', nobody]]) as Stage['as'];
  await store.close();
  let last = 0;
  return {
    ...{ rig, emulators, as, asked: [] },
    next: () => (last += 1),
    query: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
      (await pool.query<Row>(text, [...values])).rows,
    async stop() {
      await pool.end();
      await rig.stop();
      await emulators.stop();
    },
  };
}

// 60 s: what takes one on a quiet machine, and ten under load.
const STEP_LIMIT_MS = 60_000;

/** What somebody wants. */
export interface Wish {
  readonly tool: string;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly agent?: string;
  readonly by?: PersonId | 'ada' | 'other';
  /** In a conversation that there is; else in one of its own. */
  readonly in?: string;
}

/** Arguments that nobody else has: whom money goes to tells the cards apart. */
export const argsOf = (stage: Pick<Stage, 'next'>, more: object = {}): Readonly<Record<string, unknown>> => {
  const nth = stage.next();
  return { to: `account-${nth}`, cents: 100 + nth, memo: 'rent', ...more };
};

export async function say(stage: Stage, wish: Pick<Wish, 'agent' | 'by' | 'in'>, text: (id: string) => string) {
  const { agent = 'petitioner', by = 'ada', in: there } = wish;
  const speaker = createPatient(stage.as[by]);
  const id = there ?? `c-${stage.next()}`;
  if (there === undefined) await speaker.post('/v1/conversations', { agent, id });
  const key = `m-${stage.next()}`;
  const sent = await speaker.post(`/v1/conversations/${id}/messages`, { text: text(id) }, { 'idempotency-key': key });
  return { id, messageId: (sent.body as { readonly messageId: string }).messageId };
}

/** Wait until the turn that took a message has replied. */
export async function untilReplied(stage: Stage, id: string, messageId: string, by: Wish['by'] = 'ada'): Promise<void> {
  const speaker = createPatient(stage.as[by]);
  await waitFor(`the reply to ${messageId} in ${id}`, STEP_LIMIT_MS, async () => {
    const { body } = await speaker.get(`/v1/conversations/${id}/messages/${messageId}`);
    return (body as { readonly status: string }).status === 'answered';
  });
}

/** Have the model call a tool, and wait until people are asked about it. */
export async function askFor(stage: Stage, wish: Wish): Promise<Asked> {
  const args = wish.args ?? argsOf(stage);
  const known = wish.in === undefined ? [] : await approvalsOf(stage, wish.in);
  const calls: readonly RawCall[] = [[wish.tool, JSON.stringify(args)]];
  const { id: conversationId } = await say(stage, wish, (id) => wordsForCalls(id, calls));
  return nextIn(stage, conversationId, known);
}

/** Wait until people are asked about something in the conversation that is none of these. */
export async function nextIn(
  stage: Stage,
  conversationId: string,
  known: readonly Pick<Approval, 'id'>[],
): Promise<Asked> {
  const isKnown = (id: string) => known.some((one) => one.id === id);
  const approval = await waitFor(`an approval in ${conversationId}`, STEP_LIMIT_MS, async () =>
    (await approvalsOf(stage, conversationId)).find(({ id }) => !isKnown(id)),
  );
  return noteAsked(stage, approval);
}

export function noteAsked(stage: Stage, approval: Approval): Asked {
  const args = JSON.parse(approval.args) as Asked['args'];
  const asked = { conversationId: approval.conversationId, approval, args };
  stage.asked.push(asked);
  return asked;
}

/** As the store has them, oldest first. */
export async function approvalsOf(stage: Stage, conversationId: string): Promise<readonly Approval[]> {
  const rows = await stage.query<{ approval: Approval }>(
    'select approval from countersign.approvals where conversation_id = $1 order by asked_ms, id',
    [conversationId],
  );
  return rows.map(({ approval }) => approval);
}

export async function approvalNow(stage: Stage, id: string): Promise<Approval> {
  const [row] = await stage.query<{ approval: Approval }>('select approval from countersign.approvals where id = $1', [
    id,
  ]);
  if (row === undefined) throw new Error(`there is no approval ${id}`);
  return row.approval;
}

/** The message that shows it in a channel, as it was first posted. */
export function cardOf(stage: Stage, asked: Pick<Asked, 'args'>, channel: Platform): Promise<Shown> {
  return waitFor(`the card of ${nameOf(asked)} on ${channel}`, STEP_LIMIT_MS, () =>
    versionsOn(stage.emulators, channel).find(({ code }) => isAbout(code, asked)),
  );
}

// Whom it goes to tells the cards apart: it stands on a line of its own.
const nameOf = ({ args }: Pick<Asked, 'args'>): string => String(args['to']);
const isAbout = (code: string, asked: Pick<Asked, 'args'>): boolean => code.split('\n').includes(nameOf(asked));

/** The same message as it stands now. */
export const cardNow = (stage: Stage, { place, channel }: Shown): Shown | undefined =>
  standingOn(stage.emulators, channel).find((one) => one.place === place);

/** What the buttons of its card carry, as the channel shows them; not `older`, where the same was asked before. */
export function handleOn(stage: Stage, asked: Pick<Asked, 'args'>, channel: Platform, older = ''): Promise<string> {
  return waitFor(`the button of ${nameOf(asked)} on ${channel}`, STEP_LIMIT_MS, () =>
    versionsOn(stage.emulators, channel)
      .flatMap(({ asks }) => asks.filter(({ code }) => isAbout(code, asked)))
      .map((own) => handleIn(own, 'view'))
      .find((handle) => handle !== undefined && handle !== older),
  );
}
