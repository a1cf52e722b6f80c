// Keys of a development start, made once and kept in the state folder, readable by its owner only: signing keys
// (keys.json) and identities with their API keys (identities.json). Guarantees: a second start finds the same keys;
// production recognizes development keys and refuses them.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { idOfApiKey, newApiKey } from '../api/keys.ts';
import type { Store } from '../store/ports.ts';
import { sha256Hex } from '../trust/digest.ts';
import { newKey } from '../trust/encrypting.ts';
import { generateSealingKey, sealingPublicKey } from '../trust/sealing.ts';
import { createSigner, generateSigningKey } from '../trust/signing.ts';
import type { Config } from './config.ts';
import type { Directory } from '../domain/principal.ts';
import { IDENTITIES_FILE, IdentitiesFile, identitiesWith, type Identity } from './dev-identities.ts';
import { writePrivateFile } from './state-folder.ts';

export interface SigningKeys {
  readonly workflowsSigningKey: string;
  readonly apiSigningKey: string;
  /** Signs the checkpoints of the ledger. */
  readonly ledgerSigningKey: string;
  /** Opens the links that lie in the store, and seals them there. */
  readonly linkKey: string;
  readonly linkPublicKey: string;
  /** Encrypts the keys of people, which lie in the store. */
  readonly masterKey: string;
  readonly workflowsPublicKeys: readonly string[];
  readonly apiPublicKeys: readonly string[];
}

export interface DevelopmentIdentity extends Identity {
  readonly key: string;
}

const KEYS_FILE = 'keys.json';

// A folder of an earlier version lacks some of them: it gets them.
const KeysFile = z.object({
  ...{ workflows: z.string(), api: z.string() },
  ...{ ledger: z.string().optional(), link: z.string().optional(), master: z.string().optional() },
});

/** The configured signing keys where there are any, else those of the state folder, made now if need be. */
export function developmentKeys(folder: string, config: Config): SigningKeys {
  const file = join(folder, KEYS_FILE);
  const known = readKept(file, KeysFile) ?? { workflows: generateSigningKey(), api: generateSigningKey() };
  const kept = {
    ...known,
    ledger: known.ledger ?? generateSigningKey(),
    link: known.link ?? generateSealingKey(),
    master: known.master ?? newKey().toString('base64'),
  };
  const isWhole = known.ledger !== undefined && known.link !== undefined && known.master !== undefined;
  if (!existsSync(file) || !isWhole) writePrivateFile(file, `${JSON.stringify(kept, null, 2)}\n`);
  const workflowsSigningKey = config.workflowsSigningKey ?? kept.workflows;
  const apiSigningKey = config.apiSigningKey ?? kept.api;
  const linkKey = config.linkKey ?? kept.link;
  return {
    workflowsSigningKey,
    apiSigningKey,
    ledgerSigningKey: config.ledgerSigningKey ?? kept.ledger,
    ...{ linkKey, linkPublicKey: sealingPublicKey(linkKey), masterKey: config.masterKey ?? kept.master },
    workflowsPublicKeys: [createSigner('workflows', workflowsSigningKey).publicKey, ...config.workflowsPublicKeys],
    apiPublicKeys: [createSigner('api', apiSigningKey).publicKey, ...config.apiPublicKeys],
  };
}

/** The identities, each made once; their keys are registered with the store that is open now, which may be a new one. */
export async function developmentIdentities(
  folder: string,
  apiKeys: Pick<Store['apiKeys'], 'add'>,
  { directory, nowMs }: { readonly directory: Pick<Directory, 'people'>; readonly nowMs: number },
): Promise<readonly DevelopmentIdentity[]> {
  const file = join(folder, IDENTITIES_FILE);
  const known = readKept(file, IdentitiesFile) ?? [];
  const present = identitiesWith(directory).map((identity) => {
    const { principal, role, scopes } = identity;
    const own = known.find(({ principalId }) => principalId === principal.id) ?? newIdentityKey(principal.id);
    return { identity, entry: { ...own, now: { name: principal.name, role, scopes: [...scopes] } } };
  });
  const isHere = (id: string) => present.some(({ entry }) => entry.principalId === id);
  const gone = known
    .filter(({ principalId }) => !isHere(principalId))
    .map(({ principalId, keyId, key }) => ({ principalId, keyId, key }));
  const text = `${JSON.stringify([...present.map(({ entry }) => entry), ...gone], null, 2)}\n`;
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writePrivateFile(file, text);
  for (const { identity, entry } of present) {
    const { principal, scopes } = identity;
    const by = 'a development start';
    // The text of a key says its id; a file in which somebody wrote one by hand may have another beside it.
    const id = idOfApiKey(entry.key) ?? entry.keyId;
    await apiKeys.add({ id, hash: sha256Hex(entry.key), principal, scopes, nowMs, by });
  }
  return present.map(({ identity, entry }) => ({ ...identity, key: entry.key }));
}

function newIdentityKey(principalId: string) {
  const { id: keyId, text: key } = newApiKey();
  return { principalId, keyId, key };
}

/** Development keys that the configuration uses, as sentences; production refuses them. */
export function developmentKeyProblems(config: Config): readonly string[] {
  const kept = readKept(join(config.stateDir, KEYS_FILE), KeysFile);
  if (kept === undefined) return [];
  const used = [
    ['COUNTERSIGN_WORKFLOWS_SIGNING_KEY', config.workflowsSigningKey, kept.workflows],
    ['COUNTERSIGN_API_SIGNING_KEY', config.apiSigningKey, kept.api],
    ['COUNTERSIGN_LEDGER_SIGNING_KEY', config.ledgerSigningKey, kept.ledger],
    ['COUNTERSIGN_LINK_KEY', config.linkKey, kept.link],
    ['COUNTERSIGN_MASTER_KEY', config.masterKey, kept.master],
  ] as const;
  return used.flatMap(([name, value, development]) =>
    development !== undefined && value?.split(',').includes(development) === true
      ? [`${name} is a development key, which production refuses; make another with: countersign keys`]
      : [],
  );
}

function readKept<T>(file: string, schema: z.ZodType<T>): T | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw damaged(file);
  }
}

function damaged(file: string): Error {
  return new Error(`${file} is damaged; restore it, or remove it and new keys are made`);
}
