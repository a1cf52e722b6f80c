// What a soak does, chosen by its seed before anything runs: the lives of the conversations, and the faults. Pure but for
// its Random. In a conversation no two wishes have the same cents, so that every action is known by them.
import type { Wish } from '../rig/model.ts';
import { type Role, ROLES } from '../rig/roles.ts';
import type { Random } from '../support.ts';

export type Deed =
  /** Say it, twice at once or once, and wait for the reply or go on at once. */
  | { readonly kind: 'say'; readonly wishes: readonly Wish[]; readonly isTwice: boolean; readonly waits: boolean }
  /** Decide what waits, as planned, and wait until nothing else is under way. */
  | { readonly kind: 'settle' }
  /** Pause the conversation, and resume it a moment later. */
  | { readonly kind: 'pause' }
  /** Stop the conversation, and resume it. What had not begun is not done. */
  | { readonly kind: 'stop' };

export interface Life {
  readonly id: string;
  readonly deeds: readonly Deed[];
  /** What people answer to the action with these cents. `leave`: nobody answers. */
  readonly answers: ReadonlyMap<number, Answer>;
}

export type Answer = 'approve' | 'deny' | 'leave';

export type Fault =
  | { readonly kind: 'kill'; readonly role: Role }
  | { readonly kind: 'freeze'; readonly role: Role; readonly forMs: number }
  | { readonly kind: 'temporal' | 'postgres' | 'both'; readonly forMs: number }
  | { readonly kind: 'slow far side'; readonly forMs: number };

export interface Timed {
  readonly afterMs: number;
  readonly fault: Fault;
}

const TOOLS = ['look', 'note', 'book', 'pay', 'send', 'shout'] as const;
/** Those that people are asked about. */
export const ASKING: ReadonlySet<string> = new Set(['pay', 'send', 'shout']);
// 3 wishes a message and 3 messages a conversation: a batch with something before and behind what asks.
const MOST_WISHES = 3;
const MOST_SAID = 3;
// Of ten: 7 approve, 2 deny, 1 does nothing.
const ANSWERS: readonly Answer[] = [...Array<Answer>(7).fill('approve'), 'deny', 'deny', 'leave'];

export function planLife(id: string, random: Random): Life {
  const answers = new Map<number, Answer>();
  const wish = (): Wish => {
    const cents = answers.size + 1;
    answers.set(cents, random.pick(ANSWERS));
    return [random.pick(TOOLS), cents];
  };
  const deeds: Deed[] = [];
  for (let said = random.between(1, MOST_SAID); said > 0; said--) {
    const wishes = Array.from({ length: random.between(1, MOST_WISHES) }, wish);
    deeds.push({ kind: 'say', wishes, isTwice: random.next() < 0.3, waits: random.next() < 0.6 });
    if (random.next() < 0.2) deeds.push({ kind: 'pause' });
    if (random.next() < 0.1) deeds.push({ kind: 'stop' });
    if (random.next() < 0.5) deeds.push({ kind: 'settle' });
  }
  return { id, deeds: [...deeds, { kind: 'settle' }], answers };
}

export const stops = ({ deeds }: Life): boolean => deeds.some(({ kind }) => kind === 'stop');

/**
 * What a stop can do to what was said in the deed at this place: nothing; end what people have left undecided, as all else
 * had been settled before; or cancel whatever had not begun.
 */
export function reachOfStop({ deeds }: Life, at: number): 'nothing' | 'what is left' | 'all' {
  const later = deeds.slice(at + 1).map(({ kind }) => kind);
  const stop = later.indexOf('stop');
  if (stop === -1) return 'nothing';
  const settled = later.indexOf('settle');
  return settled !== -1 && settled < stop ? 'what is left' : 'all';
}

// 4 s: longer than a heartbeat time-out, so that what is frozen is taken over, and shorter than the time after which "it
// did not happen" is believed; the proof `freeze` has the longer ones.
const LONGEST_FREEZE_MS = 4_000;
const LONGEST_OUTAGE_MS = 3_000;

/** The faults in order. Half of them are kills; whatever else there is comes in turn. */
export function planFaults(
  count: number,
  gapMs: readonly [least: number, most: number],
  random: Random,
): readonly Timed[] {
  return Array.from({ length: count }, (_, at) => ({
    afterMs: random.between(...gapMs),
    fault: at % 2 === 0 ? { kind: 'kill', role: random.pick(ROLES) } : otherFault((at - 1) / 2, random),
  }));
}

function otherFault(turn: number, random: Random): Fault {
  const outageMs = random.between(500, LONGEST_OUTAGE_MS);
  const others: readonly Fault[] = [
    { kind: 'freeze', role: random.pick(ROLES), forMs: random.between(500, LONGEST_FREEZE_MS) },
    { kind: 'temporal', forMs: outageMs },
    { kind: 'slow far side', forMs: outageMs },
    { kind: 'postgres', forMs: outageMs },
    { kind: 'freeze', role: 'actor', forMs: random.between(2_500, LONGEST_FREEZE_MS) },
    { kind: 'both', forMs: outageMs },
  ];
  return others[turn % others.length]!;
}

/** Whether a fault can break off an act: whoever acts was struck, or what that needs. A slow far side answers in time. */
export function breaksActs(fault: Fault): boolean {
  switch (fault.kind) {
    case 'kill':
    case 'freeze':
      return fault.role === 'actor';
    case 'temporal':
    case 'postgres':
    case 'both':
      return true;
    case 'slow far side':
      return false;
    default:
      return fault satisfies never;
  }
}

/** Whether a role may end by itself meanwhile: it was started while what it needs was away. */
export const isOutage = ({ kind }: Fault): boolean => kind === 'temporal' || kind === 'postgres' || kind === 'both';

export function wordsOf(fault: Fault): string {
  switch (fault.kind) {
    case 'kill':
      return `kill ${fault.role}`;
    case 'freeze':
      return `freeze ${fault.role} for ${fault.forMs} ms`;
    case 'temporal':
    case 'postgres':
    case 'both':
    case 'slow far side':
      return `${fault.kind} for ${fault.forMs} ms`;
    default:
      return fault satisfies never;
  }
}
