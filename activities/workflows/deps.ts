// What the Activities of the workflows role are built from. May import domain, trust and store types.
import type { LoadedAgent } from '../../domain/agent.ts';
import type { Directory } from '../../domain/principal.ts';
import type { Store } from '../../store/ports.ts';
import type { Signer, Verifier } from '../../trust/signing.ts';

export interface WorkflowsDeps {
  readonly store: Store;
  readonly agents: ReadonlyMap<string, LoadedAgent>;
  readonly directory: Directory;
  readonly signer: Signer;
  readonly verifier: Verifier;
  /** Does the Workflow with this id run now, in whichever run? */
  readonly workflowRuns: (workflowId: string) => Promise<boolean>;
  readonly nowMs: () => number;
}
