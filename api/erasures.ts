// Erasing a person: their open conversations are closed in good order, then the key under which their words lie is
// destroyed. Done again it goes on where it was cut off. May import domain, store and the gateway's error.
import { setTimeout as sleep } from 'node:timers/promises';
import { conversationOfWorkflow, waitsForPeople, waitingIdOf } from '../domain/ids.ts';
import { DEFAULT_TENANT } from '../domain/principal.ts';
import type { ErasureSurvey } from '../store/erasure-port.ts';
import { recordGone } from './approvals.ts';
import type { Caller } from './auth.ts';
import type { ApiDeps } from './deps.ts';
import { type Ending, startOf } from './ending.ts';
import { Erasure, NewErasure } from './erasures-schema.ts';
import { GatewayError } from './gateway-error.ts';
import { CLOSE_ALL_MS, CLOSES_AT_ONCE, REST_LOOK_MS, REST_MS, RETRY_AFTER_OUTAGE_S } from './limits.ts';
import { Problem } from './problem.ts';
import { type Route, route } from './route.ts';

type Deps = Pick<ApiDeps, 'store' | 'gateway' | 'nowMs' | 'log'>;
interface Subject {
  readonly tenant: string;
  readonly subject: string;
}

export function erasureRoutes(deps: Deps, ending: Ending): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/erasures',
      id: 'erasePerson',
      summary: 'Close what a person has open, and make all that they said unreadable, for good',
      scope: ['erase'],
      body: NewErasure,
      responses: { 200: Erasure },
      handler: async ({ body: { subject, tenant, dryRun }, caller }) => {
        const of = { subject, tenant: tenantOf(caller, tenant) };
        const survey = await deps.store.erasures.survey(of);
        assertEncrypted(survey.plain);
        if (dryRun) return { status: 200, body: view(of, survey, null) };
        const keyId = await erase(deps, ending, caller, of);
        return { status: 200, body: view(of, survey, keyId) };
      },
    }),
  ];
}

/** A tenant erases its own people; the house erases anybody. */
function tenantOf({ principal: { tenant: own } }: Caller, asked = own): string {
  if (asked === own || own === DEFAULT_TENANT) return asked;
  throw new Problem('erasure_refused', `Your key is of the tenant "${own}", so you may erase its people only.`);
}

const view = (of: Subject, { conversations, items, open }: ErasureSurvey, keyId: string | null) => {
  return { ...of, isDone: keyId !== null, conversations, items, open: open.length, keyId };
};

function assertEncrypted(plain: number): void {
  if (plain === 0) return;
  const detail = `${plain} conversations of theirs are not encrypted, so destroying a key would erase nothing. Run "countersign migrate" with COUNTERSIGN_MASTER_KEY, which encrypts them, and send this again.`;
  throw new Problem('not_erasable', detail);
}

/** The id of the key that was destroyed; null where none was in use. */
async function erase(deps: Deps, ending: Ending, { principal }: Caller, of: Subject): Promise<string | null> {
  const endMs = performance.now() + CLOSE_ALL_MS;
  await closeAll(deps, ending, { by: principal.id, endMs }, (await deps.store.erasures.survey(of)).open);
  await endRest(deps, of);
  for (;;) {
    const result = await deps.store.erasures.erase({ ...of, by: principal.id, nowMs: deps.nowMs() });
    switch (result.kind) {
      case 'erased':
        deps.log.warn({ ...of, by: principal.id, keyId: result.keyId }, 'a person was erased');
        return result.keyId;
      case 'nothing':
        return null;
      case 'plain':
        assertEncrypted(result.conversations);
        break;
      case 'open': {
        const left = await closeAll(deps, ending, { by: principal.id, endMs }, result.conversationIds);
        await endRest(deps, of);
        if (left === 0) break;
        const detail = `${left} open conversations of theirs could not be closed in time, so nothing is erased yet; send this again, and it goes on.`;
        throw new Problem('unavailable', detail, { retryAfterS: RETRY_AFTER_OUTAGE_S });
      }
      default:
        return result satisfies never;
    }
  }
}

/** How many could not be closed. */
async function closeAll(
  deps: Deps,
  ending: Ending,
  { by, endMs }: { readonly by: string; readonly endMs: number },
  ids: readonly string[],
): Promise<number> {
  const left = [...ids];
  let failed = 0;
  const closeOn = async (): Promise<void> => {
    for (let id = left.shift(); id !== undefined; id = left.shift()) {
      const isClosed = performance.now() < endMs && (await close(deps, ending, by, id));
      if (!isClosed) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: CLOSES_AT_ONCE }, closeOn));
  return failed;
}

/** What runs and what waits in it is cancelled with it. */
async function close({ store, gateway, log }: Deps, ending: Ending, by: string, id: string): Promise<boolean> {
  const row = await store.conversations.get(id);
  if (row === undefined) return true;
  try {
    await gateway.close(startOf(row));
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    if (error.fault.kind !== 'ended') {
      log.warn({ err: error, conversationId: id }, 'a conversation could not be closed for an erasure');
      return false;
    }
  }
  await ending.record(row, by, 'closed for an erasure');
  return true;
}

/**
 * What still runs for their conversations has its time to end; then it is ended. A Workflow that went on past the end of its
 * key could read nothing of itself any more.
 */
async function endRest(deps: Deps, of: Subject): Promise<void> {
  const { gateway, log } = deps;
  const endMs = performance.now() + REST_MS;
  for (;;) {
    // First a pause: the server lists what has begun or ended a moment ago a moment later.
    await sleep(REST_LOOK_MS);
    const theirs = isTheirs(deps, of);
    const left: string[] = [];
    for (const id of await gateway.rest()) if (await theirs(id)) left.push(id);
    const isOver = performance.now() >= endMs;
    // A question waits for people for days, and would ask them about nothing.
    for (const id of left.filter((one) => isOver || waitsForPeople(one))) {
      log.warn({ workflowId: id }, 'a Workflow was ended for an erasure');
      await gateway.terminate(id, 'the person whom it was about is erased');
      await recordGone(deps, { batchId: waitingIdOf(id) });
    }
    if (isOver || left.length === 0) return;
  }
}

/** Whether a Workflow belongs to a conversation that they opened. */
function isTheirs({ store }: Deps, { tenant, subject }: Subject) {
  const known = new Map<string, boolean>();
  return async (workflowId: string): Promise<boolean> => {
    const id = conversationOfWorkflow(workflowId) ?? '';
    const before = known.get(id);
    if (before !== undefined) return before;
    const row = id === '' ? undefined : await store.conversations.get(id);
    const is = row?.tenant === tenant && row.principal.id === subject;
    known.set(id, is);
    return is;
  };
}
