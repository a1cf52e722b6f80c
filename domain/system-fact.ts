// What gets recorded of the system itself: its roles, its keys and what operators did. May import domain types only.
import type { AgentVersion } from './agent-version.ts';
import type { Principal } from './principal.ts';

export type SystemFact =
  /** A role began with another configuration than the last on record. */
  | {
      readonly kind: 'configured';
      readonly role: string;
      /** Of this software. */
      readonly version: string;
      /** Over its ids, groups and channels; names of people are not part of it. */
      readonly directorySha256: string;
      readonly agents: readonly AgentVersion[];
    }
  /** What an operator did past the API, as Temporal shows it. `more`: more than are listed at once, of no one Workflow. */
  | {
      readonly kind: 'operator_act';
      readonly act: 'terminated' | 'reset' | 'more';
      readonly workflowId: string;
      readonly runId: string;
      readonly by: string;
      readonly reason: string;
    }
  /** `keyId` is the part of a key that is no secret; `by` is who ran the command, as far as the machine knows. */
  | {
      readonly kind: 'api_key_added';
      readonly keyId: string;
      readonly principal: Principal;
      readonly scopes: readonly string[];
      readonly by: string;
    }
  | { readonly kind: 'api_key_revoked'; readonly keyId: string; readonly by: string }
  /** Keys of people were wrapped anew under the master key of that name; `left`: those that were not. */
  | {
      readonly kind: 'master_key_changed';
      readonly master: string;
      readonly keys: number;
      readonly left: number;
      readonly by: string;
    }
  /** The key under which words of a person lay was destroyed. `conversations`: how many that they opened went with it. */
  | {
      readonly kind: 'erased';
      readonly tenant: string;
      readonly personId: string;
      readonly by: string;
      readonly keyId: string;
      readonly conversations: number;
    }
  /** A task of maintenance has done so much; the words of these conversations, if any, are no longer kept. */
  | {
      readonly kind: 'maintained';
      readonly task: string;
      readonly done: number;
      readonly conversationIds: readonly string[];
      /** Who had it run; '' for the Schedule. Absent in what was written before that was kept. */
      readonly by?: string;
    };
