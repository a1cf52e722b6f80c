// What the Activities of the workflows role are built from. May import domain, trust and store types.
import type { LoadedAgent } from '../../domain/agent.ts';
import type { Reading, RouteAnswers } from '../../domain/intake.ts';
import type { Directory } from '../../domain/principal.ts';
import type { RuleFacts } from '../../domain/rule.ts';
import type { Verdict } from '../../domain/verdict.ts';
import type { Store } from '../../store/ports.ts';
import type { Signer, Verifier } from '../../trust/signing.ts';

/** Whoever asks an agent's rules. A process of ours asks them in a process of their own, which may be lost at any time. */
export interface Rules {
  /** Rejects, to be asked again, where the rules cannot be asked just now; a rule that misbehaves is a verdict. */
  decide(agent: string, ruleCase: RuleFacts): Promise<Verdict>;
  /** Ask the route of the agent's intake for each reading. Rejects as above; a route that misbehaves is an answer. */
  route(agent: string, readings: readonly Reading[]): Promise<RouteAnswers>;
}

/** Conversations' Workflows, as Temporal lists them. */
export interface ConversationRuns {
  /** The ids of the conversations that run now and whose present run has begun since; bounded, the latest first. */
  begunSince(ms: number): Promise<readonly string[]>;
  /** Have it end in good order, whatever it does; false where it has ended. */
  end(conversationId: string): Promise<boolean>;
}

export interface WorkflowsDeps {
  readonly store: Store;
  readonly agents: ReadonlyMap<string, LoadedAgent>;
  readonly directory: Directory;
  readonly rules: Rules;
  readonly signer: Signer;
  readonly verifier: Verifier;
  /** What the Workflow with this id is doing now, in whichever run; `gone` covers terminated, failed and unknown. */
  readonly workflowState: (workflowId: string) => Promise<'running' | 'completed' | 'gone'>;
  readonly runs: ConversationRuns;
  /** By how much proofs have moved the clock of `nowMs`; absent: not at all. */
  readonly movedMs?: () => number;
  /** Models of agents that name none, as configured; by which calls are priced. */
  readonly defaultModels?: readonly string[];
  readonly nowMs: () => number;
}
