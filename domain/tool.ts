// What a tool declares. A tool is what an agent may do; its definition is all that the system knows about it, and
// nothing anywhere branches on its name. zod is imported as a type only. May import domain only.
import type { ZodType } from 'zod';
import type { Effect, Evidence, Proposal } from './action.ts';
import { problemOfDeclaration } from './declared-tool.ts';
import type { Json } from './json.ts';
import type { OwnMemory } from './memory.ts';
import type { EarlierResult } from './parts.ts';
import type { Principal } from './principal.ts';

// 32 KB in UTF-8: a long mail with its headers; larger content belongs into a file that the call names.
export const MAX_ARGUMENTS_BYTES = 32_768;

declare const authorized: unique symbol;

/** Only the actor's verifier makes one, so a call of `execute` without a verified warrant does not compile. */
export type Authorized<T> = T & { readonly [authorized]: true };

/** SQL over one system of record. `transaction` hands its own port on: use that one inside, never the outer. */
export interface Sql {
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
}

/** What the credential broker opened for one action, within the tool's scopes. Never leaves the actor. */
export interface Access {
  /** The database of a system of record that the agent declared, by the system's name. */
  database(system: string): Sql;
  /** A secret of a system that the tool has a scope for, by name; undefined when it is not configured. */
  secret(name: string): string | undefined;
  /** A folder for files that stand in for a system in development ("outbox"); made if missing. */
  folder(name: string): string;
}

/** One call, with arguments that the tool's schema has parsed. */
export interface Call<Input> {
  readonly actionId: string;
  readonly conversationId: string;
  readonly input: Input;
  readonly principal: Principal;
}

export interface ToolContext {
  readonly access: Access;
  /** Stable over retries, restarts and Continue-As-New; hand it to the far side. */
  readonly idempotencyKey: string;
  /** Aborted at the tool's timeout. */
  readonly signal: AbortSignal;
  /** Of a tool with `continues`: what that action gave back; absent where there is no such result any more. */
  readonly earlier?: EarlierResult;
  /** Of a tool that declares it. */
  readonly memory?: OwnMemory;
  readonly nowMs: number;
  /**
   * Throws when another attempt has taken this action over, or its time is up. It is called just before `execute`; call it
   * again right before a call to a far side that is not a database of ours, where work lies between.
   */
  assertHeld(): Promise<void>;
}

/** Throw it from a write's `execute` when the effect certainly did not happen. Any other throw is `unknown`. */
export class DidNotHappen extends Error {
  override readonly name = 'DidNotHappen';
}

/** By name: agents of another folder may bring a copy of this package of their own, and with it another class. */
export function isDidNotHappen(error: unknown): error is DidNotHappen {
  return error instanceof Error && error.name === 'DidNotHappen';
}

export interface ToolDefinition<Input, Output extends Json> {
  readonly name: string;
  /** To be changed where the code does something else, which nothing can compare; what is declared is compared by itself. */
  readonly version: string;
  /** A person of the directory who answers for it; by default the owner of each agent that has it. */
  readonly owner?: string;
  /** For the model. */
  readonly description: string;
  /** Must read what it has read as the same again: the actor parses once more what was approved. No transforms. */
  readonly input: ZodType<Input>;
  readonly output?: ZodType<Output>;
  readonly effect: Exclude<Effect, 'start'>;
  /** True when the far side honours the idempotency key, so that a repeated call has one effect. */
  readonly idempotent: boolean;
  /** True when the call carries data out of the house; a GET with data in its URL does. */
  readonly egress: boolean;
  /** The arguments that decide who, where and how much. */
  readonly critical: readonly (keyof Input & string)[];
  /** The least privilege that the credential needs, such as "shop:read". */
  readonly scopes: readonly string[];
  /** Label of what it returns; `untrusted` unless the house itself wrote it. */
  readonly trust?: 'untrusted' | 'record';
  /** Fields of the evidence's record that must not change between the approval and the act. */
  readonly preconditions?: readonly string[];
  /** How long `execute` may take, ms. */
  readonly timeoutMs?: number;
  /** What the conversation does after success; `handover` makes the agent quiet until a person answers. */
  readonly then?: Proposal['then'];
  /** One line for people about this very call. No markup; shown escaped. */
  readonly summarize?: (input: Input) => string;
  /** Whom it is about ("customer Ada"), one line for people; by default who asked. No markup; shown escaped. */
  readonly forWhom?: (input: Input, principal: Principal) => string;
  /** How much it is ("72.00 EUR"), one line for people; left out where there is no amount. */
  readonly howMuch?: (input: Input) => string;
  /**
   * Whose result it reads on: the place of an earlier action, as a result that is shown in part names it. The actor finds it
   * in the same conversation alone, and what the tool returns has the label of that result.
   */
  readonly continues?: (input: Input) => string;
  /** Its calls reach what is remembered of whoever asks, and of nobody else: see `ToolContext.memory`. */
  readonly memory?: true;
  /** Read the tool's own system of record by key. Never takes a host, URL or path from the arguments. */
  readonly inspect?: (call: Call<Input>, context: ToolContext) => Promise<Evidence>;
  readonly execute: (call: Authorized<Call<Input>>, context: ToolContext) => Promise<Output>;
  /** After a claim without a receipt: did it happen? Reads only. */
  readonly reconcile?: (call: Authorized<Call<Input>>, context: ToolContext) => Promise<Reconciled<Output>>;
}

export type Reconciled<Output extends Json> =
  | { readonly kind: 'happened'; readonly result: Output }
  | { readonly kind: 'did_not_happen' }
  | { readonly kind: 'unknown' };

/** A tool with its defaults filled in. Erased over its input, so that agents can list tools of all shapes. */
export interface Tool<Input = never, Output extends Json = Json>
  extends Required<
    Omit<
      ToolDefinition<Input, Output>,
      'owner' | 'output' | 'forWhom' | 'howMuch' | 'continues' | 'memory' | 'inspect' | 'reconcile'
    >
  > {
  readonly owner?: string;
  readonly output?: ZodType<Output>;
  readonly forWhom?: ToolDefinition<Input, Output>['forWhom'];
  readonly howMuch?: ToolDefinition<Input, Output>['howMuch'];
  readonly continues?: ToolDefinition<Input, Output>['continues'];
  readonly memory?: true;
  readonly inspect?: ToolDefinition<Input, Output>['inspect'];
  readonly reconcile?: ToolDefinition<Input, Output>['reconcile'];
}

// 10 s: the slowest of the common business APIs answers within it; a tool that needs longer says so.
export const DEFAULT_TOOL_TIMEOUT_MS = 10_000;
// 60 s: a longer call belongs into a procedure or a job of the far side, not into an open turn.
export const MAX_TOOL_TIMEOUT_MS = 60_000;

export const TOOL_NAME = /^[a-z][a-z0-9_]{0,63}$/;

/** Declare a tool. Throws with a sentence where something is missing or nonsense, or the declaration contradicts itself. */
export function defineTool<Input, Output extends Json>(definition: ToolDefinition<Input, Output>): Tool<Input, Output> {
  const { name, timeoutMs = DEFAULT_TOOL_TIMEOUT_MS } = definition;
  if (typeof name !== 'string' || !TOOL_NAME.test(name)) {
    throw new Error(`tool "${name}": a name is lower_snake_case, at most 64 characters`);
  }
  const problem = problemOfDeclaration(definition);
  if (problem !== undefined) throw new Error(`tool "${name}": ${problem}`);
  // Put so that what is no number at all is refused too.
  if (!(Number.isFinite(timeoutMs) && timeoutMs > 0 && timeoutMs <= MAX_TOOL_TIMEOUT_MS)) {
    throw new Error(`tool "${name}": timeoutMs must be between 1 and ${MAX_TOOL_TIMEOUT_MS}`);
  }
  if (definition.preconditions?.length && !definition.inspect) {
    throw new Error(`tool "${name}": preconditions name fields of the evidence, so it needs an inspect`);
  }
  return Object.freeze({
    ...definition,
    timeoutMs,
    trust: definition.trust ?? 'untrusted',
    preconditions: definition.preconditions ?? [],
    // A default that shows nothing of the arguments is the safe one.
    summarize: definition.summarize ?? (() => name.replaceAll('_', ' ')),
    then: definition.then ?? 'nothing',
  });
}

/**
 * True when the proposal was made under this very declaration, of which `declarationSha256` is the digest. What may
 * change meanwhile, and why, stands where that is made. The proposal's own fields are compared all the same: what goes on
 * goes by them, and a proposal of 0.6.0 carries no digest.
 */
export function isDeclared(
  tool: Pick<Callable, 'version' | 'effect' | 'inspect' | 'preconditions' | 'then'>,
  declarationSha256: string | undefined,
  proposal: Pick<Proposal, 'toolVersion' | 'declarationSha256' | 'effect' | 'inspects' | 'preconditions' | 'then'>,
): boolean {
  return (
    (proposal.declarationSha256 === undefined || proposal.declarationSha256 === declarationSha256) &&
    tool.version === proposal.toolVersion &&
    tool.effect === proposal.effect &&
    (tool.inspect !== undefined) === proposal.inspects &&
    JSON.stringify(tool.preconditions) === JSON.stringify(proposal.preconditions) &&
    tool.then === proposal.then
  );
}

/** Any tool, for lists. `never` as input: it can be listed and read, but only the one action path can call it. */
export type AnyTool = Omit<Tool<never, Json>, 'input' | 'output'> & {
  readonly input: ZodType<unknown>;
  readonly output?: ZodType<Json>;
};

/** What a call can name, a tool or a procedure: all that proposing and ruling look at. */
export type Callable = Omit<
  AnyTool,
  'effect' | 'execute' | 'reconcile' | 'output' | 'idempotent' | 'scopes' | 'trust'
> & {
  readonly effect: Effect;
};
