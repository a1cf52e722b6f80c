// Looking at one conversation of a soak from outside: as its staff sees it over the API, as the store and the far sides
// have it.
import { z } from 'zod';
import { createPatient } from '../crash/journey.ts';
import type { Rig } from '../rig/rig.ts';
import { ask, type Truth } from '../rig/truth.ts';
import { createHttp } from '../support.ts';
import type { Found } from './expect.ts';

const Detail = z.object({
  phase: z.string(),
  live: z.object({ queued: z.number() }).nullable(),
  items: z.array(z.object({ kind: z.string(), turn: z.number(), text: z.string() })),
  actions: z.array(
    z.object({
      id: z.string(),
      tool: z.string(),
      args: z.object({ cents: z.number() }),
      outcome: z.object({ kind: z.string() }).nullable(),
      createdMs: z.number(),
      updatedMs: z.number(),
    }),
  ),
});
const Approval = z.object({
  id: z.string(),
  actionId: z.string(),
  question: z.string().nullable(),
  end: z.string(),
  askedMs: z.number(),
  args: z.object({ cents: z.number() }),
});
const Approvals = z.object({ rows: z.array(Approval) });

export interface Seen extends Found {
  readonly approvals: readonly z.output<typeof Approval>[];
  /** Messages that wait in the Workflow; undefined where it does not say. */
  readonly queued: number | undefined;
}

const REPORT = 'report:';

export async function lookAt(rig: Rig, truth: Truth, id: string): Promise<Seen> {
  const approver = createPatient(createHttp(rig.apiUrl, rig.keys.approver));
  const asked = await approver.get(`/v1/approvals?end=all&limit=100&conversationId=${id}`);
  const detail = Detail.parse((await approver.get(`/v1/conversations/${id}?limit=100`)).body);
  const { rows } = Approvals.parse(asked.body);
  const reports = await ask<{ key: string }>(
    rig,
    `select key from countersign.items where conversation_id = $1 and kind = 'report'`,
    [id],
  );
  const questions = new Set(rows.flatMap(({ question, actionId }) => (question === null ? [] : [actionId])));
  return {
    phase: detail.phase,
    queued: detail.live?.queued,
    items: detail.items,
    reports: reports.map(({ key }) => key.slice(REPORT.length)),
    actions: detail.actions.map(({ args, outcome, ...action }) => ({
      ...action,
      cents: args.cents,
      outcome: outcome?.kind ?? null,
      wasUnknown: questions.has(action.id),
    })),
    approvals: rows,
    effects: await truth.effectsOf(id),
  };
}
