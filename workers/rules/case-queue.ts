// What waits to be asked, cases to be ruled on and readings to be routed, in the order in which it came. May import domain
// types. Guarantees: it is bounded, and whoever asked is answered: with an answer, or to ask again.
import { createHash } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import type { LoadedAgent } from '../../domain/agent.ts';
import type { FailureType } from '../../domain/failure.ts';
import type { Ask, Told } from './protocol.ts';

// 1,000 cases: at a few tenths of a millisecond each less than a second; a longer queue is of those who wait no longer.
export const MAX_WAITING_CASES = 1_000;
// 5 s: the time of one try of a local Activity. Whoever waited longer has asked again since.
const WAIT_LIMIT_MS = 5_000;
// 1,000 verdicts of half a kilobyte: where one call of a model has many cases that misbehave, its Activity is tried again
// before the last of them is denied, and goes on after those that are.
const MAX_REMEMBERED = 1_000;

export interface WaitingCase {
  readonly loaded: LoadedAgent;
  readonly ask: Ask;
  /** How often the process was lost over it. */
  losses: number;
  settle(told: Told): void;
  refuse(why: string): void;
}

export interface CaseQueue {
  add(loaded: LoadedAgent, ask: Ask): Promise<Told>;
  /** The next case, waited for; undefined once `hasGone` says so, looked at whenever `wake` is called. */
  next(hasGone: () => boolean): Promise<WaitingCase | undefined>;
  wake(): void;
  /** Before all others, and however long it has waited: its process was lost. */
  again(one: WaitingCase): void;
  /** Answer in the place of the process; and whoever asks again about the very same, of the same action, hears the same. */
  answer(one: WaitingCase, told: Told): void;
  /** Refuse what waits and what comes. */
  close(): void;
}

export function createCaseQueue(): CaseQueue {
  const waiting: (WaitingCase & { readonly sinceMs: number })[] = [];
  const remembered = new Map<string, Told>();
  let isClosed = false;
  let wake: () => void = () => undefined;

  /** The next one that somebody still waits for and that has to be asked. */
  function taken(): WaitingCase | undefined {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      const known = remembered.size > 0 ? remembered.get(keyOf(one)) : undefined;
      if (known !== undefined) one.settle(known);
      else if (one.losses === 0 && Date.now() - one.sinceMs > WAIT_LIMIT_MS) one.refuse('it took too long');
      else return one;
    }
    return undefined;
  }

  return {
    add(loaded, ask) {
      if (isClosed) return Promise.reject(notReady('their process has ended'));
      if (waiting.length >= MAX_WAITING_CASES)
        return Promise.reject(notReady(`${MAX_WAITING_CASES} cases wait for them`));
      return new Promise((settle, reject) => {
        const refuse = (why: string) => reject(notReady(why));
        waiting.push({ loaded, ask, losses: 0, sinceMs: Date.now(), settle, refuse });
        wake();
      });
    },
    async next(hasGone) {
      while (!hasGone()) {
        const one = taken();
        if (one !== undefined) return one;
        await new Promise<void>((resolve) => (wake = resolve));
      }
      return undefined;
    },
    wake: () => wake(),
    again: (one) => void waiting.unshift({ ...one, sinceMs: Date.now() }),
    answer(one, told) {
      remembered.set(keyOf(one), told);
      const [oldest] = remembered.keys();
      if (remembered.size > MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
      one.settle(told);
    },
    close() {
      isClosed = true;
      for (const one of waiting.splice(0)) one.refuse('their process has ended');
    },
  };
}

/** The same action over the same evidence, at whatever time; or the same readings. */
function keyOf({ ask }: WaitingCase): string {
  const asked = ask.kind === 'rule' ? { ...ask, ruleCase: { ...ask.ruleCase, nowMs: 0 } } : ask;
  return createHash('sha256').update(JSON.stringify(asked)).digest('hex');
}

function notReady(why: string): ApplicationFailure {
  const type: FailureType = 'RulesNotReady';
  return ApplicationFailure.create({ type, message: `the rules could not be asked: ${why}` });
}
