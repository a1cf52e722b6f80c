// How a turn begins: who speaks, what goes on the transcript, and what is to be done before the agent speaks. May import
// domain types only.
import type { TurnLimits } from './budget.ts';
import type { IntakeNext, Priority } from './intake.ts';
import type { ItemRef } from './item.ts';
import type { Reserved } from './reserving.ts';
import type { MessageStatement, ReportStatement, Signed } from './signed.ts';

/** What the turn's messages ask of the intake: a model is to look for facts first, or code reads them alone. */
export type IntakeWork = 'fill' | 'read';

/** What came of an intake, without anybody's words but the owner's. */
export interface IntakeTaken {
  readonly priority: Priority;
  readonly queue: string;
  readonly next: IntakeNext;
  /** What the conversation is told where it asks or hands over; else ''. */
  readonly words: string;
}

/**
 * `speaks`: a turn of the agent begins. `noted`: it is on the transcript, and the agent keeps quiet. `refused`: it did
 * not verify, which is on record, and changes nothing. `behind`: the store knows later turns than the Workflow, which
 * was reset or started again; the turn is to be opened after the last of them.
 */
export type OpenedTurn =
  | {
      readonly kind: 'speaks';
      readonly principal: Signed<MessageStatement>;
      readonly items: readonly ItemRef[];
      readonly modelCallsPerTurn: number;
      /** Absent in a turn that was opened under 0.6.0. */
      readonly limits?: TurnLimits;
      /** Calls that code makes before the model speaks: what a person says did not happen is proposed anew. */
      readonly again?: ItemRef;
      /** Whose words the call made anew rests on, besides the principal's. */
      readonly againRestsOn?: readonly string[];
      /** The people whose words the report carries. */
      readonly quotes?: readonly string[];
      /** An action of the batch handed the conversation over to a person. */
      readonly handsOver?: boolean;
      readonly asked?: ReportStatement['asked'];
      /** An approver asks something: the batch goes on waiting. */
      readonly stillWaits?: boolean;
      /** And sees on a card what is said then. */
      readonly hasCards?: true;
      /** How many actions of the batch were denied. */
      readonly denials?: number;
      readonly intake?: IntakeWork;
      /** Of the first model call, where that was asked for. */
      readonly held?: Reserved;
    }
  /** `handedBack`: a person of the team has answered in the agent's place. `again` as above: no model need speak for it. */
  | {
      readonly kind: 'noted';
      readonly items: readonly ItemRef[];
      readonly handedBack: boolean;
      readonly again?: ItemRef;
      readonly againRestsOn?: readonly string[];
      readonly quotes?: readonly string[];
      readonly asked?: ReportStatement['asked'];
      readonly stillWaits?: boolean;
      readonly hasCards?: true;
      readonly denials?: number;
      readonly intake?: IntakeWork;
    }
  | { readonly kind: 'refused' }
  | { readonly kind: 'behind'; readonly lastTurn: number };
