// What was found to be lost, as it is put together of many runs. Types only. May import domain and the store's types.
import type { Entry } from '../../domain/entry.ts';
import type { LostClaim, LostItem } from '../../store/rebuild.ts';

export interface Lost {
  /** By subject and step: what was recorded twice is there once. */
  readonly entries: Map<string, Found>;
  /** Of each action all that is known of its claim. */
  readonly claims: Map<string, readonly LostClaim[]>;
  /** What no transcript has, lost or erased. */
  readonly items: LostItem[];
  /** Of their bodies, as JSON. */
  itemChars: number;
  readonly conversations: Set<string>;
  runs: number;
  /** What could not be read, as sentences. */
  readonly problems: string[];
  /** Conversations of which nothing can be read, since their keys were lost with the store. */
  readonly keyless: Set<string>;
  /** Runs of conversations that had ended when their person was erased: of them nothing is lost. */
  erased: number;
  /** Workflows that were started, of which Temporal has no history any more, and the ledger no end. */
  gone: readonly string[];
}

export interface Found {
  readonly entry: Entry;
  readonly isGuess: boolean;
}
