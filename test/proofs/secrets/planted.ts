// Every secret that the system holds, planted as a canary, and who is told which.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PasswordOf } from '../rig/logins.ts';
import type { Role } from '../rig/roles.ts';
import { aCanary, aPlainCanary, type Canary } from './canaries.ts';

export interface Planted {
  readonly canaries: readonly Canary[];
  readonly passwordOf: PasswordOf;
  readonly more: (role: Role) => NodeJS.ProcessEnv;
  /** A password that is none. */
  readonly wrong: Canary;
  /** What only a message says: texts belong in a store and in histories, so it must be found there. */
  readonly control: Canary;
}

const LOGINS = ['api', 'workflows', 'assistant', 'actor'].map((role) => `countersign_${role}`);
const BOOKS_LOGINS = ['books_tools', 'books_mint'];

/** `hookAddress`: where checkpoints are sent. `folder`: for a secret that stands in a file; it is not searched. */
export function plant(folder: string, hookAddress: string): Planted {
  const canaries: Canary[] = [];
  const add = (canary: Canary): string => {
    canaries.push(canary);
    return canary.text;
  };
  const passwords = new Map(
    [...LOGINS, ...BOOKS_LOGINS].map((login) => [login, add(aCanary(`password of ${login}`))] as const),
  );
  const vaultKey = add(aCanary('key of the far side'));
  const passphraseFile = join(folder, 'passphrase');
  writeFileSync(passphraseFile, add(aCanary('passphrase of the far side, in a file')), { mode: 0o600 });
  const inUrl = (name: string) => encodeURIComponent(add(aCanary(name)));
  const vaultUrl = `http://vault:${inUrl('password in the URL of a system')}@127.0.0.1:9/`;
  const smtpUrl = `smtp://shop:${inUrl('password of the mail server')}@127.0.0.1:9`;
  const hook = `http://${hookAddress}/hook/${inUrl('token in the path of the webhook')}?token=${inUrl('token in the query of the webhook')}`;
  const openaiApiKey = add(aPlainCanary('key of the model provider'));
  const everybody = {
    // The SDK's own; the server of the rig asks for neither.
    TEMPORAL_API_KEY: add(aPlainCanary('API key of Temporal')),
    TEMPORAL_TLS: 'false',
    TEMPORAL_GRPC_META_X_CANARY: add(aPlainCanary('header of Temporal')),
    NOBODY_KNOWS_THIS: add(aCanary('variable that nobody knows')),
  };
  const own: Readonly<Record<Role, NodeJS.ProcessEnv>> = {
    api: { COUNTERSIGN_CHECKPOINT_URL: hook },
    workflows: {},
    assistant: { OPENAI_API_KEY: openaiApiKey },
    actor: {
      PROOF_VAULT_KEY: vaultKey,
      PROOF_VAULT_PASSPHRASE_FILE: passphraseFile,
      PROOF_VAULT_URL: vaultUrl,
      SMTP_URL: smtpUrl,
    },
  };
  return {
    canaries,
    passwordOf: (login) => passwords.get(login),
    more: (role) => ({ ...everybody, ...own[role] }),
    wrong: aCanary('wrong password'),
    control: aCanary('control'),
  };
}
