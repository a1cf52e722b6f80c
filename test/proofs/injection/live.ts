// The real system under the obedient model: one conversation for each scenario, several at a time, and people at the desk
// who answer what they are asked. What ran is what the far side was asked for, and nothing else.
import { z } from 'zod';
import { canonicalJson } from '../../../trust/digest.ts';
import { createPatient } from '../crash/journey.ts';
import { addKeysOf, startDesk } from '../rig/desk.ts';
import { markOf, type Obedient, startObedient, wordsWith } from '../rig/obedient.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import { serve } from '../rig/serve.ts';
import { createHttp, type ProofContext, waitFor } from '../support.ts';
import type { Declared } from './agent/agent.ts';
import { DESK } from './project.ts';
import type { Scenario, Step } from './scenarios.ts';

/** `perfect` knows what was planted, `rubber_stamp` approves everything, `absent` never answers. */
export type Approver = 'perfect' | 'rubber_stamp' | 'absent';

/** One conversation to be had. */
export interface Run {
  readonly id: string;
  readonly mark: string;
  readonly agent: string;
  /** What the agent declares. */
  readonly tools: readonly Declared[];
  /** In which line of the table it is counted. */
  readonly line: string;
  readonly approver: Approver;
  readonly scenario: Scenario;
}

/** What the far side was asked for. */
export interface Executed {
  readonly actionId: string;
  readonly conversationId: string;
  readonly tool: string;
  /** Canonical JSON. */
  readonly args: string;
  /** The place of the step that the model was at; -1 where it is no step of the scenario. */
  readonly place: number;
}

export interface Live {
  readonly rig: Rig;
  readonly obedient: Obedient;
  readonly executed: readonly Executed[];
  /** Conversations that a person has taken over, since too much of them was denied. */
  readonly handedOver: ReadonlySet<string>;
  /** What people at the desk were shown that is not what the model called for, and what they could not answer. */
  problemsOfDesk(): readonly string[];
  /** Have them all; resolves to what did not come to its end. */
  have(runs: readonly Run[]): Promise<readonly string[]>;
  stop(): Promise<void>;
}

// 8 at once keep two cores busy; more only wait for each other.
const AT_ONCE = 8;
// 180 s: the longest has 23 steps, and other conversations wait beside it.
const END_LIMIT_MS = 180_000;
// 3 s: how often it is looked whether a person has taken a conversation over; most have ended before.
const LOOK_MS = 3_000;

export const runOf = (nth: number, run: Omit<Run, 'id' | 'mark'>): Run => ({
  id: `had-${nth}`,
  mark: markOf(nth),
  ...run,
});

export async function startLive(context: ProofContext, agentsFolder: string, runs: readonly Run[]): Promise<Live> {
  const byMark = new Map(runs.map((run) => [run.mark, run]));
  const byId = new Map(runs.map((run) => [run.id, run]));
  const obedient = await startObedient((mark) =>
    byMark.get(mark)?.scenario.steps.map(({ tool, args }) => [[tool, JSON.stringify(args)] as const]),
  );
  const executed: Executed[] = [];
  const far = await startRecorded(byId, obedient, executed);
  const rig = await startRig(context, {
    agentsFolder,
    more: (role) => ({
      ...(role === 'assistant' ? { OPENAI_BASE_URL: obedient.url } : {}),
      ...(role === 'actor' ? { PROOF_FAR_SIDE_URL: far.url } : {}),
    }),
  });
  const lanes = Array.from({ length: AT_ONCE }, (_, lane) => `customer-${lane + 1}`);
  const customers = await addKeysOf(rig, lanes, ['conversations:write', 'conversations:read']);
  const people = await addKeysOf(rig, DESK, ['conversations:read', 'approvals:decide']);
  const shownWrong: string[] = [];
  const handedOver = new Set<string>();
  const desk = startDesk(rig, answering({ rig, keys: [...people.values()], obedient }, byId, shownWrong));
  return {
    rig,
    obedient,
    executed,
    handedOver,
    problemsOfDesk: () => [...shownWrong, ...desk.problems],
    async have(some) {
      const queue = [...some];
      const problems: string[] = [];
      const lane = async (key: string): Promise<void> => {
        for (let run = queue.shift(); run !== undefined; run = queue.shift()) {
          const { id, agent, scenario } = run;
          try {
            if ((await converse(rig, key, run, obedient)) === 'handed_over') handedOver.add(id);
          } catch (error) {
            problems.push(`${agent}, ${scenario.id} (${id}) did not come to its end: ${String(error)}`);
          }
        }
      };
      await Promise.all([...customers.values()].map(lane));
      return problems;
    },
    async stop() {
      await desk.stop();
      await rig.stop();
      await Promise.all([far.stop(), obedient.stop()]);
    },
  };
}

/** Resolves to how it ended: with all that the model had to call for, or in the hands of a person. */
async function converse(
  rig: Rig,
  key: string,
  { id, agent, mark, scenario }: Run,
  obedient: Obedient,
): Promise<'done' | 'handed_over'> {
  const http = createPatient(createHttp(rig.apiUrl, key));
  await http.post('/v1/conversations', { agent, id });
  const text = wordsWith(mark, scenario.prompt);
  await http.post(`/v1/conversations/${id}/messages`, { text }, { 'idempotency-key': `message-of-${id}` });
  let nextLookMs = Date.now() + LOOK_MS;
  return waitFor(`the end of ${id}`, END_LIMIT_MS, async () => {
    if (obedient.isDone(mark)) return 'done';
    if (Date.now() < nextLookMs) return false;
    nextLookMs = Date.now() + LOOK_MS;
    const { phase } = Conversation.parse((await http.get(`/v1/conversations/${id}?limit=1`)).body);
    return phase === 'handed_over' && phase;
  });
}

const Conversation = z.object({ phase: z.string().optional() });
const Asked = z.object({ conversationId: z.string(), tool: z.string(), input: z.record(z.string(), z.json()) });

/** The far side: it answers as was recorded for the step that the model is at, and keeps what it was asked. */
async function startRecorded(runs: ReadonlyMap<string, Run>, obedient: Obedient, executed: Executed[]) {
  const places = new Map<string, number>();
  return serve(({ body, headers }) => {
    const { conversationId, tool, input } = Asked.parse(body);
    const actionId = String(headers['idempotency-key']);
    const args = canonicalJson(input);
    const run = runs.get(conversationId);
    const at = run === undefined ? -1 : obedient.given(run.mark) - 1;
    const before = places.get(actionId);
    const step = run?.scenario.steps[before ?? at];
    const isIt = step !== undefined && step.tool === tool && canonicalJson(step.args) === args;
    const place = isIt ? (before ?? at) : -1;
    if (before === undefined) {
      places.set(actionId, place);
      executed.push({ actionId, conversationId, tool, args, place });
    }
    return isIt ? { status: 200, body: step.result } : { status: 404, body: {} };
  });
}

const Shown = z.object({ tool: z.string(), args: z.json() });

/** What people at the desk do: each is shown what waits, and answers over HTTP. */
function answering(
  { rig, keys, obedient }: { readonly rig: Rig; readonly keys: readonly string[]; readonly obedient: Obedient },
  runs: ReadonlyMap<string, Run>,
  shownWrong: string[],
) {
  const clients = keys.map((key) => createPatient(createHttp(rig.apiUrl, key)));
  const turns = new Map<string, number>();
  return async (id: string, conversationId: string): Promise<void> => {
    const run = runs.get(conversationId);
    // Another person each time, beginning with anybody.
    const turn = turns.get(conversationId) ?? turns.size;
    turns.set(conversationId, turn + 1);
    const http = clients[turn % clients.length];
    if (run === undefined || run.approver === 'absent' || http === undefined) return;
    const url = `/v1/approvals/${encodeURIComponent(id)}`;
    const shown = Shown.parse((await http.get(url)).body);
    const given = obedient.given(run.mark);
    const step = run.scenario.steps[given - 1];
    if (step === undefined || !isThat(shown, step)) shownWrong.push(`${run.scenario.id}: ${id} shows another call`);
    const isDenied = run.approver === 'perfect' && step?.isPlanted !== false;
    const word = isDenied ? { answer: 'deny', reason: 'nobody asked for it' } : { answer: 'approve' };
    await http.post(`${url}/decision`, { ...word, id: `of-${run.id}-${given}` });
  };
}

const isThat = ({ tool, args }: z.infer<typeof Shown>, step: Step): boolean =>
  tool === step.tool && canonicalJson(args) === canonicalJson(step.args);
