// What the rest of the system may ask of the store about remembered facts. May import domain types only.
import type { NewFact, RememberedFact } from '../domain/memory.ts';
import type { Page } from './ports.ts';

/** Whose memory it is. */
export type Whose = Pick<RememberedFact, 'tenant' | 'agent' | 'subject'>;

/** Which facts: '' means every one. */
export interface WhichFacts {
  readonly tenant: string;
  readonly subject: string;
  readonly agent: string;
  readonly kind: string;
  readonly key: string;
  readonly id: string;
}

export interface Facts {
  /**
   * Remember it, once for each action; what was in force of the same kind and key then has ended. `full`: as many facts as
   * there may be of this principal with this agent are in force, and nothing was written.
   */
  remember(fact: NewFact & Whose & Pick<RememberedFact, 'trust' | 'owner' | 'source'>): Promise<'remembered' | 'full'>;
  get(id: string): Promise<RememberedFact | undefined>;
  byAction(actionId: string): Promise<RememberedFact | undefined>;
  /** Those of them that there are of this memory. */
  some(whose: Whose, ids: readonly string[]): Promise<readonly RememberedFact[]>;
  /** What of this memory may still be shown, the newest first; bounded. */
  shownOf(whose: Whose, nowMs: number): Promise<readonly RememberedFact[]>;
  /** What may still be shown of a tenant, the newest first; `subject` '' means of everybody. */
  list(filter: {
    readonly tenant: string;
    readonly subject: string;
    readonly nowMs: number;
    readonly cursor: string;
    readonly limit: number;
  }): Promise<Page<RememberedFact>>;
  /** End them and erase their words, with an entry that names them. Resolves to how many there were. */
  forget(which: WhichFacts, by: string, nowMs: number): Promise<number>;
}
