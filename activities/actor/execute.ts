// Running one tool within its time, with what the broker opened for it. May import domain, trust and store types.
import type { Proposal } from '../../domain/action.ts';
import type { Entry, Fact, FactOf } from '../../domain/entry.ts';
import type { Json } from '../../domain/json.ts';
import { resultText } from '../../domain/parts.ts';
import { cutText, cutToBytes } from '../../domain/text.ts';
import { type AnyTool, type Call, DidNotHappen, type ToolContext } from '../../domain/tool.ts';
import { FencedOff } from '../../store/claim-port.ts';
import type { Store } from '../../store/ports.ts';
import { deadline } from '../deadline.ts';
import type { Redactor } from '../redaction.ts';
import type { CredentialBroker } from './broker.ts';
import { earlierFor } from './earlier.ts';
import { memoryFor } from './own-memory.ts';
import type { Authority, VerifierDeps } from './warrant.ts';

export interface ActorDeps extends VerifierDeps {
  readonly store: Store;
  readonly broker: CredentialBroker;
  readonly nowMs: () => number;
}

/** One action on its way through the actor. */
export interface Acting {
  readonly deps: ActorDeps;
  readonly proposal: Proposal;
  readonly authority: Authority;
}

/** What a tool runs with. `sealed`: no earlier attempt can change anything at the far side any more. */
export interface OpenedFor {
  readonly context: ToolContext;
  readonly sealed: boolean;
  readonly credential: FactOf<'attempted'>['credential'];
  readonly redactor: Redactor;
  close(): Promise<void>;
}

// 5 s beyond the tool's own time: its last statement and our receipt.
const CREDENTIAL_GRACE_MS = 5_000;

interface Opening {
  readonly tool: AnyTool;
  readonly call: Pick<Call<never>, 'conversationId' | 'input'>;
  readonly proposal: Proposal;
  readonly epoch: number;
}

/** Open what the tool needs. `epoch` 0 is that of reads, which claim nothing. */
export async function openFor(
  { broker, store, agents, nowMs }: ActorDeps,
  { tool, call, proposal, epoch }: Opening,
): Promise<OpenedFor> {
  const { actionId, principal, tenant, agent } = proposal;
  const earlier = await earlierFor(store, tool, call);
  const ownerOf = (name: string, kind: string): string => {
    const { owner = '', memory } = agents.get(name)?.agent ?? {};
    return memory?.[kind]?.owner ?? owner;
  };
  const memory = memoryFor({ store, ownerOf, nowMs }, tool, proposal);
  const validForMs = tool.timeoutMs + CREDENTIAL_GRACE_MS;
  const { scopes } = tool;
  const opened = await broker.open({ agent, tool: tool.name, scopes, principal, tenant, actionId, epoch, validForMs });
  const openedMs = performance.now();
  const time = deadline(tool.timeoutMs);
  const context: ToolContext = {
    access: opened.access,
    idempotencyKey: actionId,
    signal: time.signal,
    ...(earlier === undefined ? {} : { earlier }),
    ...(memory === undefined ? {} : { memory }),
    nowMs: nowMs(),
    async assertHeld() {
      if (epoch === 0) return;
      await store.claims.assertHeld(actionId, epoch);
      // Whoever was frozen, or had a slow store, must not begin; nothing was called yet, so this much is certain.
      const late = time.signal.aborted || performance.now() - openedMs >= tool.timeoutMs;
      if (late) throw new DidNotHappen('its time was over before the far side was called');
    },
  };
  const close = async (): Promise<void> => {
    time.end();
    await opened.close();
  };
  const credential = opened.sealed ? 'minted' : scopes.length > 0 ? 'standing' : 'none';
  return { context, sealed: opened.sealed, credential, redactor: opened.redactor, close };
}

/** What goes on record of setting out to do it. */
export function attemptedBy(
  { authority: { tool } }: Acting,
  { credential }: Pick<OpenedFor, 'credential'>,
  epoch: number,
): FactOf<'attempted'> {
  return { kind: 'attempted', epoch, tool: tool.name, scopes: tool.scopes, credential };
}

export function entryOf({ deps, proposal }: Pick<Acting, 'deps' | 'proposal'>, step: string, fact: Fact): Entry {
  const { actionId, conversationId } = proposal;
  return { subject: actionId, step, conversationId, atMs: deps.nowMs(), fact };
}

/**
 * Run the tool; rejects at its time limit. What it answers later than that goes to `onLate`: an answer is worth having
 * whenever it comes.
 */
export async function execute(
  { tool, call }: Authority,
  opened: Running,
  onLate: (result: Json) => void = () => undefined,
): Promise<Json> {
  // Without its secrets first: what the declaration accepts is what is kept.
  const result = async () => opened.redactor.json(await tool.execute(call, opened.context));
  const work = async () =>
    bounded(tool, tool.output === undefined ? await result() : tool.output.parse(await result()));
  return runTool(tool, opened, work, onLate);
}

// 1 MiB in UTF-8: a page of logs or a thousand records. More is no result but a file, which a tool reads by parts itself.
export const MAX_RESULT_BYTES = 1_048_576;

/** What can be kept of a result. Who only reads can ask for less; what a change gave back is cut, for it has happened. */
function bounded({ effect }: Pick<AnyTool, 'effect'>, result: Json): Json {
  const text = resultText(result);
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_RESULT_BYTES) return result;
  if (effect !== 'read') return cutToBytes(text, MAX_RESULT_BYTES);
  throw new Error(`it gave back ${bytes} bytes, and ${MAX_RESULT_BYTES} can be kept; ask for less at once`);
}

export type Running = Pick<OpenedFor, 'context' | 'redactor'>;

/**
 * What the tool's own work comes to, result or error, without the secrets that it was given. Rejects at its time limit,
 * whether the tool looks at its signal or not.
 */
export async function runTool<T>(
  tool: Pick<AnyTool, 'timeoutMs'>,
  { context, redactor }: Running,
  work: () => Promise<T>,
  onLate: (result: T) => void = () => undefined,
): Promise<T> {
  const clean = async () => redactor.json(await work());
  return inTime(tool, context, clean(), onLate).catch((error: unknown) => {
    throw error instanceof FencedOff ? error : redactor.error(error);
  });
}

async function inTime<T>(
  { timeoutMs }: Pick<AnyTool, 'timeoutMs'>,
  { signal }: Pick<ToolContext, 'signal'>,
  running: Promise<T>,
  onLate: (result: T) => void,
): Promise<T> {
  const late = new Promise<never>((_, reject) => {
    const slow = () => {
      running.then(onLate, () => undefined);
      reject(new Error(`the tool did not answer within ${timeoutMs} ms`));
    };
    if (signal.aborted) slow();
    else signal.addEventListener('abort', slow, { once: true });
  });
  return Promise.race([running, late]);
}

// 300 characters: one or two sentences of a far side's error; longer ones are dumps.
export const MAX_REASON_CHARS = 300;

export function reasonOf(error: unknown): string {
  return cutText(error instanceof Error ? error.message : 'it failed without saying why', MAX_REASON_CHARS);
}
