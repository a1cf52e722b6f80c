// What an agent was made of, as it goes on record. May import domain types only.
import type { Effect } from './action.ts';

/** What an agent was made of, as a role was started with it. */
export interface AgentVersion {
  readonly name: string;
  readonly owner: string;
  readonly team: string;
  readonly ruleVersion: string;
  /** Those that it names; as the assistant records it, those that its calls go to. */
  readonly models: readonly string[];
  /** SHA-256, hex; of limits and prices over their canonical JSON. Absent until 0.4.0, as is that of the directory. */
  readonly instructionsSha256: string;
  readonly limitsSha256: string;
  readonly pricesSha256: string;
  readonly rules: readonly { readonly id: string; readonly owner: string }[];
  /** What it may call; procedures, too, by their effect. */
  readonly tools: readonly {
    readonly name: string;
    readonly owner: string;
    readonly version: string;
    readonly effect: Effect;
  }[];
}
