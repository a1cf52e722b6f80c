// Which API a command talks to, and as whom: what the environment names, else the running development start of this
// folder with the identity that fits the command. Guarantees: a development key goes to the development start only.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { z } from 'zod';
import type { Scope } from '../api/keys.ts';
import { type Config, readConfig } from '../workers/config.ts';
import { IDENTITIES_FILE, IdentitiesFile, identitiesIn, type Identity } from '../workers/dev-identities.ts';
import { CommandFailed } from './failure.ts';
import { API_FILE, ApiFile } from './start/api-file.ts';

export interface Target {
  readonly url: string;
  readonly key: string;
  /** What to do when nothing answers there, as a sentence. */
  readonly whenSilent: string;
}

export interface Wanted {
  /** What the command needs to be allowed. */
  readonly scope: Scope;
  /** The identity that the person names by --as. */
  readonly as?: string | undefined;
}

/** Where to and as whom. Throws a sentence that says what to set or to start. */
export function findTarget(env: NodeJS.ProcessEnv, wanted: Wanted): Target {
  const config = readConfig(env);
  if (wanted.as !== undefined && config.apiKey !== undefined) {
    throw new CommandFailed(
      '--as names a development identity, and COUNTERSIGN_API_KEY is set; leave out one of them.',
    );
  }
  if (config.url !== undefined) {
    if (config.apiKey === undefined) {
      throw new CommandFailed(
        'COUNTERSIGN_URL is set, so set COUNTERSIGN_API_KEY too; development keys stay in this folder.',
      );
    }
    return { url: config.url, key: config.apiKey, whenSilent: 'Check that it runs and that COUNTERSIGN_URL is right.' };
  }
  const url = urlOfStart(config);
  const whenSilent = 'It was not stopped in good order, or is just starting; start it with: npm start';
  return { url, key: config.apiKey ?? developmentKey(config, wanted), whenSilent };
}

function urlOfStart({ stateDir }: Config): string {
  const file = join(stateDir, API_FILE);
  if (!existsSync(file)) {
    throw new CommandFailed(
      `No countersign runs here (there is no ${resolve(file)}). Start one with: npm start, or in a project of your own ` +
        'npx countersign start AGENTS — or set COUNTERSIGN_URL and COUNTERSIGN_API_KEY to talk to another.',
    );
  }
  return readKept(file, ApiFile).url;
}

function developmentKey({ stateDir }: Config, wanted: Wanted): string {
  return chooseIdentity(identitiesIn(readKept(join(stateDir, IDENTITIES_FILE), IdentitiesFile)), wanted).key;
}

/** The identity that the person names; else the first that may do it. */
function chooseIdentity<T extends Identity>(identities: readonly T[], { scope, as }: Wanted): T {
  const named = ({ principal, role }: Identity): boolean =>
    [principal.id, principal.name, role].some((name) => name.toLowerCase() === as?.toLowerCase());
  const found = identities.find((one) => (as === undefined ? one.scopes.includes(scope) : named(one)));
  if (found !== undefined) return found;
  const names = identities.map(({ principal, role }) => `${principal.id} (${role})`).join(', ');
  throw new CommandFailed(`There is no development identity "${as ?? ''}"; name one of: ${names}.`);
}

function readKept<T>(file: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw damaged(file);
  }
}

function damaged(file: string): CommandFailed {
  return new CommandFailed(`${resolve(file)} cannot be read; stop countersign and start it again with: npm start`);
}
