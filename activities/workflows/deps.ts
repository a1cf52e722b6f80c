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
  /** What the Workflow with this id is doing now, in whichever run; `gone` covers terminated, failed and unknown. */
  readonly workflowState: (workflowId: string) => Promise<'running' | 'completed' | 'gone'>;
  readonly nowMs: () => number;
}
