// Which conversations are had with the shop: every recorded task, and every generated call by its class; by chance some of
// each in a quick proof.
import type { ProofContext, Random } from '../support.ts';
import { markOf, type Script } from '../rig/obedient.ts';
import { CLASSES, type Class, type Generated, readRecorded, type Task } from './recorded.ts';

/** One conversation to be had. */
export interface Visit {
  readonly id: string;
  readonly mark: string;
  /** The customer who is logged in. */
  readonly customer: string;
  readonly script: Script;
  readonly of: { readonly kind: 'task'; readonly task: Task } | { readonly kind: Class; readonly generated: Generated };
}

// Quickly 8 tasks and 4 of each class.
const QUICK = { tasks: 8, ofClass: 4 };

export function visitsOf({ quick, random }: Pick<ProofContext, 'quick' | 'random'>): readonly Visit[] {
  const { benign, attacks } = readRecorded();
  const tasks = quick ? sample(benign, QUICK.tasks, random) : benign;
  const generated = CLASSES.flatMap((name) => {
    const all = attacks.filter((one) => one.class === name);
    return quick ? sample(all, QUICK.ofClass, random) : all;
  });
  const planned = [
    ...tasks.map((task): Omit<Visit, 'id' | 'mark'> => {
      const script = task.calls.map(({ tool, args }) => [[tool, JSON.stringify(args)] as const]);
      return { customer: task.session_user, script, of: { kind: 'task', task } };
    }),
    ...generated.map((one): Omit<Visit, 'id' | 'mark'> => {
      return { customer: one.session_user, script: scriptOf(one), of: { kind: one.class, generated: one } };
    }),
  ];
  return planned.map((one, nth) => ({ id: `visit-${nth}`, mark: markOf(nth), ...one }));
}

/** What is to be done once is called for three times: twice in one answer, and once more after the outcome is in. */
function scriptOf({ class: of, call: { tool, args } }: Generated): Script {
  const call = [tool, JSON.stringify(args)] as const;
  return of === 'duplicate' ? [[call, call], [call]] : [[call]];
}

function sample<T>(from: readonly T[], count: number, random: Random): readonly T[] {
  const left = [...from];
  const take = () => left.splice(random.between(0, left.length - 1), 1);
  return Array.from({ length: Math.min(count, from.length) }, take).flat();
}
