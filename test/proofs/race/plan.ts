// What is thrown at a conversation at once, by a seed: one burst is one interleaving. Each act begins at a moment of its
// own, within the time that a turn and the renewal behind it take. Pure.
import type { Random } from '../support.ts';

/** What becomes of an approval. `expires`: nobody decides. `after_a_word`: not before a message was answered. */
export type Leave = 'approve' | 'deny' | 'both_at_once' | 'after_a_word' | 'expires';

/** What is said: words alone, or words upon which the model asks for an action about which people are asked. */
export interface Word {
  readonly ask?: { readonly tool: 'pay' | 'shout'; readonly cents: number };
}

/** Messages of which each is sent once the one before it was answered 2xx. */
export interface Chain {
  readonly kind: 'chain';
  readonly atMs: number;
  readonly words: readonly Word[];
}

/** An operator holds or halts the conversation, and has it go on. */
export interface Hold {
  readonly kind: 'pause' | 'stop';
  readonly atMs: number;
  readonly forMs: number;
}

export type Act = Chain | Hold;
export type Burst = readonly Act[];

export interface Planned {
  readonly id: string;
  readonly bursts: readonly Burst[];
  /** By the cents that are asked for, which are different each time. */
  readonly leaves: ReadonlyMap<number, Leave>;
}

// 120 ms: about a turn of the proof's model, at whose end the run is renewed.
const WITHIN_MS = 120;
// 60 ms: a pause that is over before it was told to everybody, and one that is not.
const HELD_MS = 60;
const FIRST_CENTS = 1_000;
/** Cents for which the agent of the proofs lets an approval fall due within seconds; see its rules. */
export const SOON_CENTS = 9_999;
// 12 bursts: what falls due has ended by then, or is asked for again and denied, which is no violation.
const BURSTS_BETWEEN_EXPIRIES = 12;
const LEAVES: readonly Leave[] = ['approve', 'approve', 'deny', 'both_at_once', 'after_a_word'];

export function planConversation(id: string, count: number, random: Random): Planned {
  const leaves = new Map<number, Leave>([[SOON_CENTS, 'expires']]);
  const offset = random.between(0, BURSTS_BETWEEN_EXPIRIES - 1);
  const atMs = () => random.between(0, WITHIN_MS);
  const bursts = Array.from({ length: count }, (_, nth): Burst => {
    const plain = (): Word[] => Array.from({ length: random.between(1, 2) }, () => ({}));
    const asks: Word[] = [];
    if (nth % BURSTS_BETWEEN_EXPIRIES === offset) asks.push({ ask: { tool: 'shout', cents: SOON_CENTS } });
    else if (random.next() < 0.35) {
      const cents = FIRST_CENTS + nth;
      leaves.set(cents, random.pick(LEAVES));
      asks.push({ ask: { tool: 'pay', cents } });
    }
    const acts: Act[] = [{ kind: 'chain', atMs: atMs(), words: [...asks, ...plain()] }];
    if (random.next() < 0.4) acts.push({ kind: 'chain', atMs: atMs(), words: plain() });
    const dice = random.next();
    if (dice < 0.2)
      acts.push({ kind: dice < 0.06 ? 'stop' : 'pause', atMs: atMs(), forMs: random.between(0, HELD_MS) });
    return acts;
  });
  return { id, bursts, leaves };
}
