// What became of a conversation under a wrong clock, by the true one: its actions and effects, and when what allowed them
// was ruled.
import { z } from 'zod';
import type { Rig } from '../rig/rig.ts';
import type { Role } from '../rig/roles.ts';
import { ask, createTruth } from '../rig/truth.ts';

export interface Looked {
  /** Oldest first. */
  readonly actions: readonly {
    readonly id: string;
    readonly tool: string;
    readonly cents: number;
    readonly outcome: string | null;
    /** How often its effect happened. */
    readonly times: number;
  }[];
  /** Approvals that are open. */
  readonly open: readonly { readonly id: string }[];
  /** How every approval stands, oldest first. */
  readonly ends: readonly string[];
  /** How far behind the true clock, ms, each role's own was when it wrote; null where it wrote nothing that shows it. */
  readonly behindMs: Readonly<Record<Role, number | null>>;
}

export async function look(rig: Rig, id: string): Promise<Looked> {
  const effects = await createTruth(rig).effectsOf(id);
  const actions = await ask<{ id: string; tool: string; cents: string; outcome: string | null }>(
    rig,
    `select id, proposal->>'tool' as tool, (proposal->>'args')::json->>'cents' as cents, outcome_kind as outcome
     from countersign.actions where conversation_id = $1 order by id`,
    [id],
  );
  const approvals = await ask<{ id: string; end: string }>(
    rig,
    'select id, end_state as "end" from countersign.approvals where conversation_id = $1 order by id',
    [id],
  );
  return {
    actions: actions.map(({ cents, ...one }) => ({ ...one, cents: Number(cents), times: effects.get(one.id) ?? 0 })),
    open: approvals.filter(({ end }) => end === 'open'),
    ends: approvals.map(({ end }) => end),
    behindMs: await clocksOf(rig, id),
  };
}

/** Times that each role wrote of itself, beside the time that Temporal's server gave the asking for the same approval. */
async function clocksOf(rig: Rig, id: string): Promise<Looked['behindMs']> {
  const [row] = await ask<{ api: string | null; workflows: string | null; actor: string | null }>(
    rig,
    `select (select created_ms from countersign.conversations where id = $1) as api,
       (select max(created_ms) from countersign.items where conversation_id = $1 and kind = 'message') as workflows,
       (select max((evidence->>'asOfMs')::bigint) from countersign.actions where conversation_id = $1) as actor`,
    [id],
  );
  const behind = (text: string | null = null) => (text === null ? null : Date.now() - Number(text));
  const { api, workflows, actor } = row ?? {};
  return { api: behind(api), workflows: behind(workflows), actor: behind(actor), assistant: null };
}

// 5 minutes: far longer than a case takes, far shorter than any clock is moved.
const ABOUT_MS = 5 * 60_000;

export function isMoved({ behindMs }: Looked, role: Role, byMs: number): boolean {
  const seen = behindMs[role];
  return seen !== null && Math.abs(seen + byMs) < ABOUT_MS;
}

// 60 s: how old a verdict may be when it is acted on, and 5 s from the act to the effect at the far side.
const FRESH_MS = 65_000;

const Verdict = z.object({ actionId: z.string(), atMs: z.number(), verdict: z.object({ kind: z.string() }) });

/** Effects without a verdict that bears about the time at which they happened, as sentences. */
export async function staleEffects(rig: Rig, id: string): Promise<readonly string[]> {
  const rows = await ask<{ signed: string }>(
    rig,
    `select body::json->>'signed' as signed from countersign.ledger join countersign.ledger_seals using (seq)
      where conversation_id = $1 and kind = 'ruled'`,
    [id],
  );
  const verdicts = rows.map(({ signed }) => {
    const [, payload = ''] = signed.split('.');
    return Verdict.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
  });
  const own = rig.far.effects.filter(({ key }) => key.startsWith(`${id}:`));
  return own.flatMap(({ key, tool, atMs }) => {
    const isFresh = verdicts.some(
      ({ actionId, verdict, atMs: ruledMs }) =>
        actionId === key && verdict.kind !== 'deny' && Math.abs(atMs - ruledMs) <= FRESH_MS,
    );
    return isFresh ? [] : [`${key} (${tool}) happened without a fresh verdict`];
  });
}
