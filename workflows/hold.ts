// What is passed on to whatever waits or goes on beside its conversation: pause, resume, cancel. May import domain and
// @temporalio/workflow.
import { CancellationScope, defineSignal, getExternalWorkflowHandle, log, setHandler } from '@temporalio/workflow';
import { ACTION } from '../domain/protocol.ts';
import { condition } from './in-turn.ts';

/** Whether what is to be done is held, as part of a state. */
export interface Held {
  hold: 'none' | 'paused' | 'cancelled';
  /** The number of the conversation's last word on that. */
  told: number;
  /** How often something was said there since. */
  said: number;
}

export const NOT_HELD = { hold: 'none', told: 0, said: 0 } as const satisfies Held;

// 1 h: how long what is paused may wait for a conversation that is gone; somebody who has terminated it knows why.
export const LOOK_FOR_CONVERSATION_MS = 3_600_000;

/** Listen for what the conversation passes on. `onSaid`: somebody spoke there. Signal handlers never throw. */
export function listenForHold(held: Held, onSaid: () => void = () => undefined): void {
  setHandler(defineSignal<[unknown?]>(ACTION.pause), (told) => hold(held, 'paused', told), {
    description: 'Decide, but do not act, until resume',
  });
  setHandler(defineSignal<[unknown?]>(ACTION.resume), (told) => hold(held, 'none', told), {
    description: 'Go on after a pause',
  });
  setHandler(defineSignal(ACTION.cancel), () => hold(held, 'cancelled'), {
    description: 'Cancel all that has not begun',
  });
  const heard = () => {
    held.said++;
    onSaid();
  };
  setHandler(defineSignal(ACTION.said), heard, {
    description: 'Something was said in the conversation, which cards show to whoever asked back',
  });
}

// 60 s: the number of a word is the time of its conversation, and some more where many come at once; what is far beyond it
// was sent by hand, and must not drown what the conversation says later.
const LATEST_TOLD_MS = 60_000;

/** What the conversation said earlier changes nothing any more; an operator, whose word has no number, is always heard. */
function hold(held: Held, how: Held['hold'], told?: unknown): void {
  if (typeof told === 'number' && told <= Date.now() + LATEST_TOLD_MS) {
    if (told < held.told) return;
    held.told = told;
  }
  if (held.hold !== 'cancelled') held.hold = how;
}

/** A stop reaches an act that has not begun yet; one that has begun is waited for. */
export async function untilCancelled<T>(held: Held, work: () => Promise<T>): Promise<T> {
  const scope = new CancellationScope();
  const watching = new CancellationScope();
  const watched = watching.run(() => condition(() => held.hold === 'cancelled').then(() => scope.cancel()));
  watched.catch(() => undefined); // ended below
  try {
    return await scope.run(work);
  } finally {
    watching.cancel();
  }
}

const WORDS = { none: ACTION.resume, paused: ACTION.pause, cancelled: ACTION.cancel } as const;

/**
 * Wait for work of another Workflow, and pass on to it meanwhile what is passed on here. `cancels`: a cancel too, which what
 * undoes something does not hear of.
 */
export async function whilePassingOn<T>(
  held: Held,
  to: { readonly workflowId: string; readonly cancels: boolean },
  work: () => Promise<T>,
): Promise<T> {
  const passing = new CancellationScope();
  passing.run(() => passOn(held, to)).catch(() => undefined); // ended below
  try {
    return await work();
  } finally {
    passing.cancel();
  }
}

async function passOn(
  held: Held,
  { workflowId, cancels }: { readonly workflowId: string; readonly cancels: boolean },
): Promise<never> {
  const other = getExternalWorkflowHandle(workflowId);
  const pass = (name: string, ...told: readonly number[]) =>
    other.signal(name, ...told).catch((error: unknown) => log.info('it had already ended', { error: String(error) }));
  let passed: Held['hold'] = NOT_HELD.hold;
  let { said } = held;
  for (;;) {
    await condition(() => held.hold !== passed || held.said !== said);
    if (held.said !== said) await pass(ACTION.said);
    ({ said } = held);
    if (held.hold === passed) continue;
    passed = held.hold;
    if (passed !== 'cancelled' || cancels) await pass(WORDS[passed], ...(held.told > 0 ? [held.told] : []));
  }
}
