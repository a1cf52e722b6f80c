// What an agent may remember of whom it speaks with: kinds of fact, each with its life, and what is in force of them at a
// time. Facts are of one principal, tenant and agent. zod is imported as a type only. Pure. May import domain only.
import type { ZodType } from 'zod';
import type { ItemMark } from './item.ts';
import type { Json, JsonObject } from './json.ts';
import type { Origin } from './sources.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

// 8 kinds: each is an argument of one tool, which every call of the model is told of.
const MAX_KINDS = 8;
// 365 days: what was true a year ago is asked again.
const MAX_TTL_DAYS = 365;
// 90 days: what was true longer ago explains nothing that is asked today.
const MAX_HISTORY_DAYS = 90;
// 32 facts in force of one principal with one agent: more are a record, and belong into a system of record.
export const MAX_FACTS_EACH = 32;
// 1,024 bytes of canonical JSON: an address or a handful of preferences; a text is no fact.
export const MAX_VALUE_BYTES = 1_024;

/** The tools that every agent with a memory has. */
export const REMEMBER = 'remember';
export const FORGET = 'forget';

export interface MemoryKind {
  /** For the model: what it is, and when it is worth remembering. */
  readonly description: string;
  /** Of the value; no transforms. Words, as they were said: what stands nowhere is not remembered. */
  readonly schema: ZodType<Json>;
  /** How long it is in force. */
  readonly ttlDays: number;
  /** How long it may be acted on before the record is read again; without it, as long as it is in force. */
  readonly freshForHours?: number;
  /** Never acted on without reading the record again, however fresh it is. */
  readonly critical?: true;
  /** The tool that reads the record again; without it the principal is asked. */
  readonly record?: string;
  /** A member of the value: facts that differ in it stand side by side. Without it a newer fact replaces the older. */
  readonly key?: string;
  /** How long it is still shown as what was true, once it has ended; without it not at all. */
  readonly historyDays?: number;
  /** Who is asked about what is not the principal's own word or a record's; without it that is denied. */
  readonly group?: string;
  /** A person of the directory who answers for it; by default the agent's owner. */
  readonly owner?: string;
}

/** The kinds, by name. */
export type MemoryKinds = Readonly<Record<string, MemoryKind>>;

/** Whether the agent declares a memory at all. */
export const remembers = ({ memory = {} }: { readonly memory?: MemoryKinds | undefined }): boolean =>
  Object.keys(memory).length > 0;

/** One thing that is, or was, remembered. */
export interface RememberedFact {
  readonly id: string;
  readonly tenant: string;
  readonly agent: string;
  /** The id of the principal whom it is about, and who alone it is shown to. */
  readonly subject: string;
  readonly kind: string;
  /** '' where its kind has none. */
  readonly key: string;
  /** null once its words are erased. */
  readonly value: Json;
  /** Of its words, under a salt of its own. */
  readonly digest: string;
  /** The worst origin of its values. */
  readonly trust: Origin;
  readonly owner: string;
  readonly source: { readonly conversationId: string; readonly actionId: string; readonly items: readonly ItemMark[] };
  readonly fromMs: number;
  /** It is in force before then. */
  readonly expiresMs: number;
  /** It may be acted on before then. */
  readonly freshUntilMs: number;
  readonly historyMs: number;
  readonly ended: { readonly as: 'replaced' | 'forgotten' | 'expired'; readonly atMs: number } | null;
}

/** How an entry names it. */
export const factMark = ({ id, digest }: Pick<RememberedFact, 'id' | 'digest'>): ItemMark => ({ id, digest });

type Lived = Pick<RememberedFact, 'fromMs' | 'expiresMs' | 'historyMs' | 'ended' | 'value'>;

/** `was`: it has ended, and its kind is shown for a while as what was true. `gone`: it is shown to nobody. */
export function standingOf(fact: Lived, nowMs: number): 'in_force' | 'was' | 'gone' {
  if (fact.value === null || fact.ended?.as === 'forgotten' || nowMs < fact.fromMs) return 'gone';
  if (fact.ended === null && nowMs < fact.expiresMs) return 'in_force';
  return nowMs < endOf(fact) + fact.historyMs ? 'was' : 'gone';
}

/** Until when it was true, or will be. */
export const endOf = ({ expiresMs, ended }: Pick<Lived, 'expiresMs' | 'ended'>): number =>
  Math.min(expiresMs, ended?.atMs ?? expiresMs);

/** Whether it may be acted on. */
export const isStale = ({ freshUntilMs }: Pick<RememberedFact, 'freshUntilMs'>, nowMs: number): boolean =>
  nowMs >= freshUntilMs;

/** The life of a fact of the kind that is remembered now. */
export function lifeOf(kind: MemoryKind, nowMs: number) {
  const { ttlDays, freshForHours, critical, historyDays = 0 } = kind;
  const expiresMs = nowMs + ttlDays * DAY_MS;
  const freshMs = freshForHours === undefined ? expiresMs : Math.min(expiresMs, nowMs + freshForHours * HOUR_MS);
  return {
    fromMs: nowMs,
    expiresMs,
    freshUntilMs: critical === true ? nowMs : freshMs,
    historyMs: historyDays * DAY_MS,
  };
}

/** The member by which facts of the kind differ, as text; '' where it has none. */
export function keyOf({ key }: Pick<MemoryKind, 'key'>, value: Json): string {
  if (key === undefined || typeof value !== 'object' || value === null || Array.isArray(value)) return '';
  const member = (value as JsonObject)[key] ?? '';
  return typeof member === 'string' ? member.toLowerCase() : JSON.stringify(member);
}

/** A fact on which the values of a proposal rest, as rules see it. Plain data, without words. */
export interface RestedOn {
  readonly id: string;
  readonly kind: string;
  readonly trust: Origin;
  readonly fromMs: number;
  readonly expiresMs: number;
  readonly isStale: boolean;
}

export const restedOn = (fact: RememberedFact, nowMs: number): RestedOn => {
  const { id, kind, trust, fromMs, expiresMs } = fact;
  return { id, kind, trust, fromMs, expiresMs, isStale: isStale(fact, nowMs) };
};

const KIND_NAME = /^[a-z][a-z0-9_]{0,47}$/;

/** Why an agent cannot remember such kinds, as a sentence; undefined when it can. */
export function whyNoMemory(memory: MemoryKinds = {}, tools: readonly string[] = []): string | undefined {
  const kinds = Object.entries(memory);
  if (kinds.length > MAX_KINDS) return `it remembers more than ${MAX_KINDS} kinds of fact`;
  for (const [name, kind] of kinds) {
    const why = KIND_NAME.test(name) ? whyNoKind(kind, tools) : 'a name is lower_snake_case, at most 48 characters';
    if (why !== undefined) return `memory.${name}: ${why}`;
  }
  return undefined;
}

function whyNoKind(kind: MemoryKind, tools: readonly string[]): string | undefined {
  const { description, schema, ttlDays, freshForHours, historyDays = 0, record } = kind;
  if (typeof description !== 'string' || description.trim() === '') return 'description is empty; say it';
  if (typeof schema?.safeParse !== 'function') return 'schema must be a schema of zod, of the value';
  if (!isWithin(ttlDays, MAX_TTL_DAYS)) return `ttlDays must be more than 0, and at most ${MAX_TTL_DAYS}`;
  if (freshForHours !== undefined && !isWithin(freshForHours, ttlDays * 24)) {
    return 'freshForHours must be more than 0, and no longer than ttlDays';
  }
  if (historyDays !== 0 && !isWithin(historyDays, MAX_HISTORY_DAYS)) {
    return `historyDays must be from 0 to ${MAX_HISTORY_DAYS}`;
  }
  if (record !== undefined && !tools.includes(record)) {
    return `record names the tool "${record}", which the agent does not have`;
  }
  return undefined;
}

const isWithin = (amount: number, most: number): boolean => Number.isFinite(amount) && amount > 0 && amount <= most;

/** What a tool of the memory may do: all of it concerns the principal, tenant and agent of its own action. */
export interface OwnMemory {
  /** Remember it, once for each action. `full`: as many facts as there may be are in force. */
  remember(fact: NewFact): Promise<'remembered' | 'full'>;
  /** Whether this action has remembered something. */
  hasRemembered(): Promise<boolean>;
  /** Forget what is remembered of the kind, or of that key of it; '' means of all keys. Resolves to how many there were. */
  forget(of: { readonly kind: string; readonly key: string }): Promise<number>;
}

export type NewFact = Pick<
  RememberedFact,
  'kind' | 'key' | 'value' | 'fromMs' | 'expiresMs' | 'freshUntilMs' | 'historyMs'
>;
