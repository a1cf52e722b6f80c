// Many conversations, each with one action that waits for people: bringing them there, speaking to some of them meanwhile,
// and deciding some in the end. Asked of the store and of Temporal, not of what the API believes.
import { Client, Connection } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ACTION } from '../../../domain/protocol.ts';
import { createPatient } from '../crash/journey.ts';
import { claimProblems } from '../rig/claims.ts';
import { wordsFor } from '../rig/model.ts';
import type { Rig } from '../rig/rig.ts';
import { ask } from '../rig/truth.ts';
import { createHttp, waitFor } from '../support.ts';

/** A conversation, and the key of its customer. */
export interface Parked {
  readonly id: string;
  readonly key: string;
}

const CENTS = 7_200;
// 8 at once keep two cores busy; more only wait for each other.
const AT_ONCE = 8;
// 120 s: far above the slowest reply of a busy machine.
const STEP_LIMIT_MS = 120_000;
const LOOK_MS = 200;

const approvalOf = ({ id }: Parked): string => `${id}:1:0.0.0`;
const actionOf = ({ id }: Parked): string => `${id}:1:0`;
const Sent = z.object({ messageId: z.string(), status: z.enum(['queued', 'taken', 'answered']) });

/** Start as many, each by one of the customers, until the reply says that it waits. */
export async function park(rig: Rig, customers: readonly string[], count: number): Promise<readonly Parked[]> {
  const all = Array.from({ length: count }, (_, at): Parked => {
    return { id: `parked-${at + 1}`, key: customers[at % customers.length] ?? '' };
  });
  const queue = [...all];
  const one = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { id, key } = next;
      await createPatient(createHttp(rig.apiUrl, key)).post('/v1/conversations', { agent: 'prover', id });
      await answered(rig, next, wordsFor(id, [['pay', CENTS]]), 'first');
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return all;
}

/** Say something, and wait for the reply. Resolves to how long it took, ms. */
async function answered(rig: Rig, { id, key }: Parked, text: string, mark: string): Promise<number> {
  const http = createPatient(createHttp(rig.apiUrl, key));
  const url = `/v1/conversations/${id}/messages`;
  const begunMs = performance.now();
  const sent = await http.post(`${url}?wait=reply`, { text }, { 'idempotency-key': `${id}-${mark}` });
  const { messageId, status } = Sent.parse(sent.body);
  if (status !== 'answered') {
    await waitFor(`a reply in ${id}`, STEP_LIMIT_MS, async () => {
      await sleep(LOOK_MS);
      return Sent.parse((await http.get(`${url}/${messageId}`)).body).status === 'answered';
    });
  }
  return performance.now() - begunMs;
}

/** Speak to these, one after the other. Resolves to the times of the replies, ms, and what was not answered. */
export async function speakTo(rig: Rig, some: readonly Parked[], mark: string) {
  const timesMs: number[] = [];
  const problems: string[] = [];
  for (const one of some) {
    try {
      timesMs.push(await answered(rig, one, `Is there anything new? [${one.id}]`, mark));
    } catch (error) {
      problems.push(`${one.id} did not answer while it waited: ${String(error)}`);
    }
  }
  return { timesMs, problems };
}

/** What does not wait of these, or waits besides; by the store, and by Temporal. */
export async function notWaiting(rig: Rig, all: readonly Parked[]): Promise<readonly string[]> {
  const rows = await ask<{ id: string }>(rig, `select id from countersign.approvals where end_state = 'open'`);
  const open = new Set(rows.map(({ id }) => id));
  const lost = all.filter((one) => !open.has(approvalOf(one)));
  const others = open.size - (all.length - lost.length);
  const running = await countRunning(rig.temporal.address, all.length);
  return [
    ...lost.map((one) => `${approvalOf(one)} does not wait`),
    ...(others === 0 ? [] : [`${others} approvals wait that nobody asked for`]),
    ...(running === all.length ? [] : [`${running} Workflows wait, not ${all.length}`]),
  ];
}

// 15 s: Temporal's lists lag by seconds.
const LIST_LIMIT_MS = 15_000;

async function countRunning(address: string, expected: number): Promise<number> {
  const connection = await Connection.connect({ address });
  const query = `ExecutionStatus = 'Running' AND WorkflowType = '${ACTION.type}'`;
  let count = -1;
  try {
    const { workflow } = new Client({ connection });
    await waitFor('the list', LIST_LIMIT_MS, async () => {
      ({ count } = await workflow.count(query));
      return count === expected;
    }).catch(() => undefined);
    return count;
  } finally {
    await connection.close();
  }
}

const Standing = z.object({ items: z.array(z.object({ kind: z.string(), turn: z.number() })) });

/** Approve these, and wait until each conversation has been told. What did not happen exactly once, as sentences. */
export async function approve(rig: Rig, some: readonly Parked[]): Promise<readonly string[]> {
  const approver = createPatient(createHttp(rig.apiUrl, rig.keys.approver));
  for (const one of some) {
    await approver.post(`/v1/approvals/${approvalOf(one)}/decision`, { answer: 'approve', id: `of-${one.id}` });
  }
  const problems: string[] = [];
  for (const one of some) {
    const customer = createPatient(createHttp(rig.apiUrl, one.key));
    await waitFor(`the outcome in ${one.id}`, STEP_LIMIT_MS, async () => {
      const { items } = Standing.parse((await customer.get(`/v1/conversations/${one.id}?limit=100`)).body);
      const report = items.find(({ kind }) => kind === 'report');
      const isTold = items.some(({ kind, turn }) => kind === 'reply' && turn === report?.turn);
      if (!isTold) await sleep(LOOK_MS);
      return isTold;
    }).catch((error: unknown) => problems.push(String(error)));
    problems.push(...(await claimProblems(rig, one.id)));
    const times = rig.far.requests.filter(({ key }) => key === actionOf(one)).length;
    if (times !== 1) problems.push(`${actionOf(one)} was asked of the far side ${times} times`);
  }
  return problems;
}
