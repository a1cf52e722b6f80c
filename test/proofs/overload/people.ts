// People who do something at the height of the load: one decides, and what they decided runs; one stops a conversation.
import { z } from 'zod';
import { createPatient } from '../crash/journey.ts';
import { wordsFor } from '../rig/model.ts';
import type { Rig } from '../rig/rig.ts';
import { ask } from '../rig/truth.ts';
import { createHttp, secondsOf, waitFor } from '../support.ts';

export interface Standing {
  readonly approvalId: string;
  readonly toStop: string;
}

interface Done {
  readonly text: string;
  readonly problems: readonly string[];
}

const CENTS = 7_200;
const STEP_LIMIT_MS = 60_000;
// 5 s: a person who decides or stops something looks at it; a machine that does other things besides needs some of it.
const ANSWER_LIMIT_MS = 5_000;
// 10 s: from the decision to the effect there are some ten steps of a Workflow, on a machine with nothing to spare.
const EFFECT_LIMIT_MS = 10_000;
const Phase = z.object({ phase: z.string() });

/** Before the load: one action that waits for people, and one conversation that goes on. */
export async function standBy(rig: Rig): Promise<Standing> {
  const customer = createPatient(createHttp(rig.apiUrl, rig.keys.customer));
  const [id, toStop] = ['waits', 'to-stop'];
  for (const one of [id, toStop]) await customer.post('/v1/conversations', { agent: 'prover', id: one });
  await customer.post(`/v1/conversations/${id}/messages`, { text: wordsFor(id, [['pay', CENTS]]) });
  const approvalId = `${id}:1:0.0.0`;
  await waitFor('what waits for people', STEP_LIMIT_MS, async () => {
    const rows = await ask(rig, 'select from countersign.approvals where id = $1', [approvalId]);
    return rows.length === 1;
  });
  return { approvalId, toStop };
}

export async function decideInTime(rig: Rig, { approvalId }: Standing): Promise<Done> {
  const http = createHttp(rig.apiUrl, rig.keys.approver);
  const begunMs = Date.now();
  const { status, body } = await http.post(`/v1/approvals/${approvalId}/decision`, { answer: 'approve' });
  const answeredMs = Date.now() - begunMs;
  await waitFor('the effect', STEP_LIMIT_MS, () => rig.far.effects.length > 0).catch(() => undefined);
  const happenedMs = Date.now() - begunMs;
  return {
    text: `a decision counted after ${secondsOf(answeredMs)} s, its effect happened after ${secondsOf(happenedMs)} s`,
    problems: [
      ...(status === 200 ? [] : [`the decision was answered ${status}: ${JSON.stringify(body)}`]),
      ...(answeredMs > ANSWER_LIMIT_MS ? ['the decision was answered too late'] : []),
      ...(happenedMs > EFFECT_LIMIT_MS ? ['what was decided ran too late'] : []),
      ...(rig.far.effects.length === 1 ? [] : [`there were ${rig.far.effects.length} effects`]),
    ],
  };
}

export async function commandInTime(rig: Rig, { toStop }: Standing): Promise<Done> {
  const http = createHttp(rig.apiUrl, rig.keys.approver);
  const begunMs = Date.now();
  const { status } = await http.post(`/v1/conversations/${toStop}/stop`, {});
  const answeredMs = Date.now() - begunMs;
  const { phase } = Phase.parse((await http.get(`/v1/conversations/${toStop}`)).body);
  return {
    text: `a stop held after ${secondsOf(answeredMs)} s`,
    problems: [
      ...(status >= 200 && status < 300 && phase === 'stopped' ? [] : [`the stop: ${status}, then ${phase}`]),
      ...(answeredMs > ANSWER_LIMIT_MS ? ['the stop was answered too late'] : []),
    ],
  };
}
