// What an agent declares of its intake: which facts a model looks for in what people write, and the function that makes
// priority and queue of them. A model fills facts; it judges nothing. Pure. May import domain only.
import { OF_INTAKE } from './declared-agent.ts';
import { problemOfFields } from './declared.ts';
import type { FactKind, FactValue, KindOf } from './fact-kind.ts';
import type { Json } from './json.ts';

/** 1 is the most urgent, 3 is ordinary. */
export type Priority = 1 | 2 | 3 | 4 | 5;
export const PRIORITIES: readonly Priority[] = [1, 2, 3, 4, 5];

/** What the route function answers. */
export interface IntakeRoute<Name extends string = string> {
  readonly priority: Priority;
  readonly queue: string;
  /** A person of the team takes over; the agent keeps quiet until they answer. */
  readonly handover?: boolean;
  /** Facts that the queue cannot do without: they are asked back for, and then a person looks. */
  readonly needs?: readonly Name[];
}

type Kinds = Readonly<Record<string, FactKind>>;

/** A fact that nobody has said is undefined. */
export type FactsOf<Facts extends Kinds> = {
  readonly [Name in keyof Facts]: Facts[Name] extends KindOf<infer Value> ? Value | undefined : never;
};

/** What holds while a fact that the route depends on is not certain, and cannot be asked for any more. */
export interface Unclear {
  /** At least as urgent as this is a conversation in which something is not certain, or that goes to this queue. */
  readonly priority: Priority;
  readonly queue: string;
  readonly handover: boolean;
}

export interface IntakeDefinition<Facts extends Kinds> {
  readonly facts: Facts;
  /** What code asks where a needed fact is missing, in these very words; a fact without one is not asked for. */
  readonly questions?: { readonly [Name in keyof Facts]?: string };
  /** Pure: it is asked for every way in which the words can be read, and the most urgent answer holds. */
  readonly route: (facts: FactsOf<Facts>) => IntakeRoute<keyof Facts & string>;
  readonly unclear: Unclear;
}

export interface Intake {
  readonly facts: Kinds;
  readonly questions: Readonly<Record<string, string>>;
  /** As the owner wrote it: what it answers is looked at before it is believed. */
  readonly route: (facts: Reading) => IntakeRoute;
  readonly unclear: Unclear;
}

/** `verified`: quoted, and nothing else is said. `unsaid`: nobody said or claimed any. All else is `unverified`. */
export type FactState = 'verified' | 'unverified' | 'unsaid';

/** What was said of a fact. */
export interface ToldOfFact {
  /** The values that code found in what people wrote. */
  readonly said: readonly FactValue[];
  /** Those of them that a model quoted. */
  readonly quoted: readonly FactValue[];
  /** Something is said that code cannot read. */
  readonly isUnread: boolean;
}

/** What is known of a fact, over the whole conversation. */
export interface FactStanding extends ToldOfFact {
  readonly name: string;
  readonly state: FactState;
  /** Why it is not verified; '' where it is, or is unsaid. */
  readonly why: string;
}

export type IntakeNext = 'goes_on' | 'asks' | 'hands_over';

/** What comes of an intake, so that the next one goes on from it. */
export interface IntakeStanding {
  readonly turn: number;
  /** Of the agent: the hash of its sources. */
  readonly version: string;
  readonly facts: readonly FactStanding[];
  readonly priority: Priority;
  readonly queue: string;
  /** The facts that are not certain, and of which the route depends or which it needs. */
  readonly open: readonly string[];
  readonly next: IntakeNext;
  /** In which turns each fact was asked for; and for what reason a person was called. Each counts once. */
  readonly asked: Readonly<Record<string, readonly number[]>>;
  readonly called: readonly { readonly why: string; readonly turn: number }[];
  /** A model was to look through what was written, and none has: each turn asks for that, until one has. */
  readonly unlooked?: true;
}

/** What the route function answered, reading by reading: null where it threw, or where that is no route. */
export type RouteAnswers =
  | { readonly kind: 'routed'; readonly routes: readonly (Required<IntakeRoute> | null)[] }
  /** It could not be asked to the end: it loops, or its process was lost over it. */
  | { readonly kind: 'unrouted' };

/** Values of the facts, in one way in which the words can be read. */
export type Reading = Readonly<Record<string, FactValue | undefined>>;

const FACT_NAME = /^[a-z][A-Za-z0-9]{0,31}$/;
const QUEUE_NAME = /^[a-z][a-z0-9-]{0,47}$/;
// 12: a person reads no longer list of facts, and each one multiplies in how many ways words can be read.
const MAX_FACTS = 12;
// 500 characters: a question is a sentence or two.
const MAX_QUESTION_CHARS = 500;

/** Declare an intake. Throws with a sentence where it cannot be right. */
export function defineIntake<const Facts extends Kinds>(definition: IntakeDefinition<Facts>): Intake {
  const problem = problemOfFields(OF_INTAKE, definition);
  if (problem !== undefined) throw new Error(`intake: ${problem}`);
  const { facts, questions = {}, route, unclear } = definition;
  const names = Object.keys(facts);
  if (names.length === 0 || names.length > MAX_FACTS) throw new Error(`intake: name 1 to ${MAX_FACTS} facts`);
  for (const name of names) {
    if (!FACT_NAME.test(name)) throw new Error(`intake: "${name}" is no name of a fact; write it as "deliveredOn"`);
  }
  for (const [name, kind] of Object.entries(facts)) assertKind(name, kind);
  for (const [name, question] of Object.entries<unknown>(questions)) {
    if (!Object.hasOwn(facts, name)) throw new Error(`intake: a question is about "${name}", which is no fact of it`);
    const isText = typeof question === 'string' && question.trim() !== '' && question.length <= MAX_QUESTION_CHARS;
    if (!isText)
      throw new Error(`intake: the question about "${name}" must have 1 to ${MAX_QUESTION_CHARS} characters`);
  }
  if (!isPriority(unclear.priority) || !isQueue(unclear.queue)) {
    throw new Error('intake: unclear needs a priority of 1 to 5 and a queue such as "support"');
  }
  return Object.freeze({
    facts,
    questions,
    // Only values of each fact's own kind ever get there.
    route: route as Intake['route'],
    unclear,
  });
}

function assertKind(name: string, kind: FactKind): void {
  if (kind.kind === 'count' && kind.units.every((unit) => unit.trim() === '')) {
    throw new Error(`intake: the count "${name}" needs units: without one, every number would be it`);
  }
  if (kind.kind !== 'one_of' && kind.kind !== 'yes_no') return;
  for (const [value, phrases] of Object.entries(kind.words)) {
    if (phrases.length === 0 || phrases.some((phrase) => phrase.trim() === '')) {
      throw new Error(`intake: "${value}" of "${name}" needs the phrases that say it`);
    }
  }
}

const isPriority = (value: unknown): value is Priority => PRIORITIES.includes(value as Priority);
const isQueue = (value: unknown): value is string => typeof value === 'string' && QUEUE_NAME.test(value);

/** What the route function answered, or undefined where that is no answer: it need not have been type-checked. */
export function routeIn(intake: Pick<Intake, 'facts'>, answer: unknown): Required<IntakeRoute> | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const { priority, queue, handover = false, needs = [] } = answer as Partial<Record<keyof IntakeRoute, unknown>>;
  const isOfFacts = Array.isArray(needs) && needs.every((name) => Object.hasOwn(intake.facts, String(name)));
  if (!isPriority(priority) || !isQueue(queue) || typeof handover !== 'boolean' || !isOfFacts) return undefined;
  return { priority, queue, handover, needs: needs.map(String) };
}

/** Ask the route function for each reading. What it throws, or answers that is no route, is null. */
export const routesOf = (intake: Pick<Intake, 'facts' | 'route'>, readings: readonly Reading[]) =>
  readings.map((reading) => {
    try {
      return routeIn(intake, intake.route(reading)) ?? null;
    } catch {
      return null;
    }
  });

/** A model's word for one fact. */
export interface Claim {
  readonly name: string;
  readonly value: Json | undefined;
  readonly quote: string;
}
