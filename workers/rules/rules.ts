// The rules, asked in a process of their own: one for each role process, one case at a time. Owns that process, and what
// becomes of a case over which it is lost. May import domain, Node and its own folder.
// Guarantees: what is asked is decided by the very rules that this process has loaded, or denied by the id of the rule over
// which the process was lost twice, or not decided; nothing is allowed because the rules could not be asked.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rules } from '../../activities/workflows/deps.ts';
import type { LoadedAgents } from '../load-agents.ts';
import { type CaseQueue, createCaseQueue, type WaitingCase } from './case-queue.ts';
import { type Asked, type RulesProcess, startRulesProcess } from './rules-process.ts';

export interface RunningRules extends Rules {
  /** Resolves when they can be asked for the first time. Rejects with a sentence where they cannot. */
  readonly ready: Promise<void>;
  /** Rejects with a sentence when they cannot be asked any more; resolves once they were stopped. */
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

// 2: anybody may kill a process, and a machine may stand still; a rule over which it is lost twice is at fault.
export const MOST_LOSSES = 2;
// 5 in a row, 1 s apart: what the machine was short of is there again by then, or the role is better started anew.
const MAX_FAILED_STARTS = 5;
const START_PAUSE_MS = 1_000;

/** What a log must take: fields, and a sentence. */
export interface RulesLog {
  warn(of: Readonly<Record<string, unknown>> & { readonly how: string }, sentence: string): void;
  error(of: object, sentence: string): void;
}

/** Start the process over the agents that this one has loaded, and keep one up. */
export function startRules(loaded: LoadedAgents, log: RulesLog): RunningRules {
  const queue = createCaseQueue();
  const ending = new AbortController();
  let present: RulesProcess | undefined;
  let onUp: () => void = () => undefined;
  const up = new Promise<void>((resolve) => (onUp = resolve));
  const start = () => (present = startRulesProcess(loaded.folder));

  async function keepUp(): Promise<void> {
    for (let mayFail = 0; ; mayFail = MAX_FAILED_STARTS) {
      const one = await startedAnew({ start, loaded, mayFail, signal: ending.signal, log });
      if (one === undefined) return;
      onUp();
      await serve(one, queue, (lost, how) => afterLoss(lost, how, queue, ending.signal, log));
    }
  }

  const loadedOf = (agent: string) => {
    const one = loaded.agents.get(agent);
    if (one === undefined) throw new Error(`there is no agent "${agent}"`);
    return one;
  };
  const done = keepUp().finally(() => {
    present?.kill();
    queue.close();
  });
  const ready = Promise.race([up, done]);
  // Seen by whoever waits for them; until then they are no unhandled rejections.
  for (const one of [done, ready]) one.catch(() => undefined);
  return {
    ready,
    done,
    async decide(agent, ruleCase) {
      const told = await queue.add(loadedOf(agent), { kind: 'rule', agent, ruleCase });
      if (told.kind !== 'decided') throw new Error('a case must be answered with a verdict'); // only a bug breaks this
      return told.verdict;
    },
    async route(agent, readings) {
      const told = await queue.add(loadedOf(agent), { kind: 'route', agent, readings });
      if (told.kind === 'decided') throw new Error('readings must be answered with routes'); // only a bug breaks this
      return told;
    },
    async stop() {
      ending.abort();
      present?.kill();
      await done.catch(() => undefined);
    },
  };
}

interface Starting {
  readonly start: () => RulesProcess;
  readonly loaded: LoadedAgents;
  /** How often it may fail before there is none any more. */
  readonly mayFail: number;
  readonly signal: AbortSignal;
  readonly log: RulesLog;
}

/** A process that has loaded what we have. Undefined when we are to stop; throws where there can be none. */
async function startedAnew({ start, loaded, mayFail, signal, log }: Starting): Promise<RulesProcess | undefined> {
  for (let failures = 1; !signal.aborted; failures += 1) {
    const one = start();
    const versions = await one.loaded.catch((error: unknown) =>
      error instanceof Error ? error.message : String(error),
    );
    if (signal.aborted) break;
    if (typeof versions !== 'string') {
      assertSame(loaded, versions);
      return one;
    }
    one.kill();
    if (failures > mayFail) throw new Error(versions);
    log.error({ reason: versions }, 'the rules do not start again; what they are asked waits');
    await sleep(START_PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

/** What a file says now counts for nobody before the role has loaded it too: a verdict names the version that spoke. */
function assertSame({ agents }: LoadedAgents, versions: Readonly<Record<string, string>>): void {
  for (const [name, { ruleVersion }] of agents) {
    if (versions[name] === ruleVersion) continue;
    throw new Error(`the files of the agent "${name}" have changed since this process was started; start it again`);
  }
}

type Lost = Extract<Asked, { kind: 'lost' }>;

/** Ask it case after case, until it has gone. */
async function serve(one: RulesProcess, queue: CaseQueue, onLoss: (of: WaitingCase, how: Lost) => void): Promise<void> {
  let isGone = false;
  one.onGone(() => {
    isGone = true;
    queue.wake();
  });
  for (;;) {
    const next = await queue.next(() => isGone);
    if (next === undefined) return;
    const asked = await one.ask(next.ask);
    if (asked.kind === 'lost') onLoss(next, asked);
    else next.settle(asked);
  }
}

function afterLoss(
  one: WaitingCase,
  { entered, how, isCertain }: Lost,
  queue: CaseQueue,
  signal: AbortSignal,
  log: RulesLog,
): void {
  const { loaded, ask } = one;
  if (signal.aborted) return one.refuse('they are being stopped');
  if (ask.kind === 'route') return afterLossOfRoute(one, { how, isCertain }, queue, log);
  const ruleId = entered === undefined ? undefined : loaded.agent.rules[entered]?.id;
  const about = { agent: ask.agent, actionId: ask.ruleCase.actionId, ruleId, how };
  log.warn(about, 'the process of the rules is lost; it starts anew');
  one.losses += 1;
  const isAtFault = one.losses >= MOST_LOSSES || (isCertain && ruleId !== undefined);
  if (!isAtFault) return queue.again(one);
  if (ruleId === undefined) return one.refuse(`their process ${how}`);
  const verdict = { kind: 'deny', ruleId, ruleVersion: loaded.ruleVersion, reason: denialOf(how) } as const;
  queue.answer(one, { kind: 'decided', verdict });
}

/** Whoever asked hears that there is no route, and hands the conversation to a person. */
function afterLossOfRoute(
  one: WaitingCase,
  { how, isCertain }: Pick<Lost, 'how' | 'isCertain'>,
  queue: CaseQueue,
  log: RulesLog,
): void {
  log.warn(
    { agent: one.ask.agent, how },
    'the process of the rules is lost over the route of an intake; it starts anew',
  );
  one.losses += 1;
  if (isCertain || one.losses >= MOST_LOSSES) queue.answer(one, { kind: 'unrouted' });
  else queue.again(one);
}

/** The reason of a verdict on a rule over which its process was lost. */
export const denialOf = (how: string): string => `the rule ${how}`;
