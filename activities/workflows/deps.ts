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

export interface WorkflowsDeps {
  readonly store: Store;
  readonly agents: ReadonlyMap<string, LoadedAgent>;
  readonly directory: Directory;
  readonly rules: Rules;
  readonly signer: Signer;
  readonly verifier: Verifier;
  /** What the Workflow with this id is doing now, in whichever run; `gone` covers terminated, failed and unknown. */
  readonly workflowState: (workflowId: string) => Promise<'running' | 'completed' | 'gone'>;
  /** Models of agents that name none, as configured; by which calls are priced. */
  readonly defaultModels?: readonly string[];
  readonly nowMs: () => number;
}
