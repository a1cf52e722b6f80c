// What the API is built from. May import domain, trust, store types.
import type { Logger } from 'pino';
import type { Approval } from '../domain/approval.ts';
import type { ChannelReceiver } from '../domain/channel.ts';
import type { Directory, Principal } from '../domain/principal.ts';
import type { Store } from '../store/ports.ts';
import type { Seal } from '../trust/sealing.ts';
import type { Signer, Verifier } from '../trust/signing.ts';
import type { AgentInfo } from './access.ts';
import type { Inspect } from './doctor.ts';
import type { Gateway } from './gateway.ts';
import type { ApiLimits } from './limits.ts';
import type { WirePayload } from './payloads-schema.ts';

/** What is known of the ledger beside the store: who signs its checkpoints, and whether they can be made. */
export interface LedgerKeeper {
  /** By this, what is published is verified. */
  readonly verifierKey: string;
  /** Why no checkpoint is made: the database holds another ledger than the one that was published. */
  disagreement(): string | undefined;
}

/** The channels that are listened to. */
export interface ListeningDeps {
  readonly receivers: readonly ChannelReceiver[];
  /** How a person is sent to all that there is to see; absent where no page can be reached, or no link be sealed. */
  readonly links?: {
    /** A short-lived link for this person. Whoever has it is taken for them, so it is written down nowhere. */
    readonly linkFor: (approval: Approval, person: Principal) => Promise<string>;
    /** For the actor's process alone, and this occasion. */
    readonly seal: Seal;
  };
}

export interface ApiDeps {
  readonly store: Store;
  readonly gateway: Gateway;
  /** Signs what principals say, decide and command: the role `api`. */
  readonly signer: Signer;
  /** For `why`: without it no signature is verified, and nothing that was signed is called enforced. */
  readonly verifier?: Verifier;
  readonly directory: Directory;
  readonly agents: ReadonlyMap<string, AgentInfo>;
  /** What `GET /v1/doctor` tells beyond the store and the workers. */
  readonly inspect?: Inspect;
  readonly ledger: LedgerKeeper;
  readonly channels?: ListeningDeps;
  readonly nowMs: () => number;
  readonly log: Logger;
  readonly limits?: Partial<ApiLimits>;
  /** Where the Temporal UI shows the namespace, such as http://127.0.0.1:8233/namespaces/default. */
  readonly temporalUiUrl?: string;
  /** How payloads are read that Temporal keeps encrypted; absent where they are not. */
  readonly payloads?: {
    decode(
      payloads: readonly WirePayload[],
    ): Promise<{ readonly payloads: readonly WirePayload[]; readonly keyIds: readonly string[] }>;
    /** Of the pages of the Temporal UI, such as http://127.0.0.1:8080. */
    readonly uiOrigin?: string;
  };
  /** What express calls "trust proxy": how many proxies stand in front. Without one, addresses are those of sockets. */
  readonly trustedProxies?: number;
}
