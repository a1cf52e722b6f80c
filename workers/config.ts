// The environment, parsed once, as typed and frozen values. Guarantees: a wrong value stops the start with a sentence that
// names the variable and says what to do, and never shows a secret; in production a role refuses to start with another
// role's secrets, or without its own. Light enough for the command line: it loads no Temporal and no store.
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import type { ChannelSettings } from '../channels/definition.ts';
import { CHANNELS } from '../channels/index.ts';
import { isOpenAi } from '../activities/assistant/models/openai-hosts.ts';
import {
  CHANNEL_VARIABLES,
  CONFIG_TABLE,
  type Role,
  type ServingRole,
  type Variable,
  VARIABLES,
} from './config-table.ts';

type Variables = typeof VARIABLES;
export type Config = { readonly [Name in keyof Variables]: z.output<Variables[Name]['schema']> } & {
  /** By the names of the variables; what is not set is not there. */
  readonly channelSettings: ChannelSettings;
};

/** Variables that say that somebody else's Temporal server is meant, in the SDK's own words. */
const NAMING_A_SERVER = ['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE', 'TEMPORAL_CONFIG_FILE'];

/** The environment is wrong; one sentence per problem. */
export class ConfigInvalid extends Error {
  override readonly name = 'ConfigInvalid';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** The environment as typed, frozen values. An empty variable counts as not set. Throws ConfigInvalid. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const problems: string[] = [];
  const read = <T>(row: Variable<z.ZodType<T>>): T | undefined => {
    const given = givenValue(row, env, problems);
    const result = row.schema.safeParse(given ?? row.fallback);
    if (!result.success) problems.push(sentenceFor(row, given, result.error.issues[0]?.message ?? 'is wrong'));
    return result.data;
  };
  const values: Record<string, unknown> = {};
  for (const [field, row] of Object.entries<Variable<z.ZodType>>(VARIABLES)) values[field] = read(row);
  const channelSettings = Object.fromEntries(
    CHANNEL_VARIABLES.map((row) => [row.name, read(row)] as const).filter(([, value]) => value !== undefined),
  );
  const config = { ...values, channelSettings } as unknown as Config;
  if (problems.length === 0) problems.push(...contradictions(config));
  if (problems.length > 0) throw new ConfigInvalid(problems);
  return Object.freeze(config);
}

/**
 * What keeps a role from starting as a process of its own, as sentences; empty when nothing does. Looks at the
 * environment itself, since a secret of another role is refused whether or not it is used.
 */
export function roleProblems(role: ServingRole, config: Config, env: NodeJS.ProcessEnv): readonly string[] {
  const problems: string[] = [];
  if (config.databaseUrl === undefined) {
    problems.push(`the ${role} role needs DATABASE_URL: the embedded store serves a development start only`);
  }
  if (config.encryption === 'on' && config.masterKey === undefined) {
    problems.push(
      'COUNTERSIGN_ENCRYPTION is on, so set COUNTERSIGN_MASTER_KEY; make one with: openssl rand -base64 32',
    );
  }
  if (config.mode === 'development') return problems;
  const own = secretsOf(role);
  for (const row of CONFIG_TABLE) {
    const set = isSet(env, row.name) || (row.secret === true && isSet(env, `${row.name}_FILE`));
    if (row.secret === true && set && !own.includes(row.name)) {
      problems.push(`${row.name} is not for the ${role} role; take it out of this process’s environment`);
    }
    const isNeeded =
      row.required?.includes(role) === true && !(row === VARIABLES.masterKey && config.encryption === 'off');
    if (isNeeded && row.name !== 'DATABASE_URL' && !set) {
      problems.push(`the ${role} role needs ${row.name}: ${row.meaning}`);
    }
  }
  if (!namesTemporalServer(env)) problems.push(`the ${role} role needs TEMPORAL_ADDRESS: where the Temporal server is`);
  if (role === 'api' && config.checkpointFile === undefined && config.checkpointUrl === undefined) {
    problems.push(
      'the api role needs COUNTERSIGN_CHECKPOINT_FILE, or COUNTERSIGN_CHECKPOINT_URL, or both: where checkpoints of the ' +
        'ledger are published, outside of the database',
    );
  }
  if (role === 'api' && channelsOf('api', config).length > 0 && config.publicUrl !== undefined) {
    if (config.linkPublicKey === undefined) {
      problems.push(
        'COUNTERSIGN_PUBLIC_URL is set, so the api role needs COUNTERSIGN_LINK_PUBLIC_KEY, and the actor COUNTERSIGN_LINK_KEY: ' +
          'sh deploy/make-secrets.sh makes both',
      );
    }
  }
  if (role === 'assistant' && modelProtocolOf(config) === 'scripted' && config.modelProtocol !== 'scripted') {
    problems.push('the assistant role needs OPENAI_API_KEY, or OPENAI_BASE_URL of a server that wants none');
  }
  return problems;
}

/** The channels whose side of this role is set. */
export function channelsOf(role: 'api' | 'actor', { channelSettings }: Pick<Config, 'channelSettings'>) {
  return CHANNELS.filter(({ settings }) =>
    settings.some((one) => one.role === role && one.optional !== true && channelSettings[one.name] !== undefined),
  );
}

/** Of a process of all roles: the channels that hear and cannot answer, or the other way around, as sentences. */
export function oneSidedChannels(config: Pick<Config, 'channelSettings'>): readonly string[] {
  const [heard, answered] = [channelsOf('api', config), channelsOf('actor', config)];
  const needed = (role: 'api' | 'actor', { settings }: (typeof CHANNELS)[number]) =>
    settings.flatMap((one) => (one.role === role && one.optional !== true ? [one.name] : [])).join(', ');
  return [
    ...heard
      .filter((one) => !answered.includes(one))
      .map((one) => `the channel ${one.name} would hear and never answer; set ${needed('actor', one)} too`),
    ...answered
      .filter((one) => !heard.includes(one))
      .map((one) => `the channel ${one.name} would ask and hear no answer; set ${needed('api', one)} too`),
  ];
}

/** Names of the secrets that a role may hold. */
export function secretsOf(role: Role): readonly string[] {
  return CONFIG_TABLE.flatMap((row) => (row.secret === true && row.roles.includes(role) ? [row.name] : []));
}

/** The key under which words are encrypted; undefined where they are not. */
export const masterKeyIn = ({ encryption, masterKey }: Pick<Config, 'encryption' | 'masterKey'>): string | undefined =>
  encryption === 'off' ? undefined : masterKey;

/** Whether what Temporal keeps is encrypted too. */
export const encryptsPayloads = ({ mode, encryption }: Pick<Config, 'mode' | 'encryption'>): boolean =>
  encryption === 'on' || (mode === 'production' && encryption !== 'off');

/** How to talk to the model: what the configuration says, or what fits the server that it names. */
export function modelProtocolOf(config: Config): 'responses' | 'chat' | 'scripted' {
  if (config.modelProtocol !== 'auto') return config.modelProtocol;
  if (config.openaiBaseUrl !== undefined) {
    return isOpenAi(config.openaiBaseUrl) ? 'responses' : 'chat';
  }
  return config.openaiApiKey === undefined ? 'scripted' : 'responses';
}

/** True when the environment names a Temporal server, so that none of ours is started. */
export function namesTemporalServer(env: NodeJS.ProcessEnv): boolean {
  return NAMING_A_SERVER.some((name) => isSet(env, name));
}

export function temporalNamespace(env: NodeJS.ProcessEnv): string {
  return env['TEMPORAL_NAMESPACE'] || 'default';
}

/** A secret that the table does not know, such as where a system is: from NAME, or the file that NAME_FILE names. */
export function namedSecret(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const problems: string[] = [];
  const value = givenValue({ name, secret: true }, env, problems);
  if (problems.length > 0) throw new ConfigInvalid(problems);
  return value;
}

function givenValue(
  row: Pick<Variable<z.ZodType>, 'name' | 'secret' | 'mayBeEmpty'>,
  env: NodeJS.ProcessEnv,
  problems: string[],
): string | undefined {
  const value = isSet(env, row.name) ? env[row.name] : undefined;
  const fileVariable = `${row.name}_FILE`;
  if (row.secret !== true || !isSet(env, fileVariable)) return value;
  if (value !== undefined) {
    problems.push(`${row.name} and ${fileVariable} are both set; keep one of them`);
    return value;
  }
  try {
    const content = readFileSync(env[fileVariable] ?? '', 'utf8').trim();
    if (content === '' && row.mayBeEmpty !== true)
      problems.push(`${fileVariable} names an empty file; write the value into it`);
    return content === '' ? undefined : content;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    problems.push(`${fileVariable} names a file that cannot be read (${code}); correct the path or its permissions`);
    return undefined;
  }
}

function isSet(env: NodeJS.ProcessEnv, name: string): boolean {
  return (env[name] ?? '') !== '';
}

function sentenceFor(row: Variable<z.ZodType>, given: string | undefined, problem: string): string {
  // 60 characters: enough to recognize a mistake. A secret is never shown.
  const shown = row.secret === true ? '' : `, not ${JSON.stringify((given ?? '').slice(0, 60))}`;
  return `${row.name} ${problem}${shown}`;
}

function contradictions(config: Config): readonly string[] {
  const problems: string[] = [];
  if (config.mode === 'production' && config.clockOffsetMs !== 0) {
    problems.push(
      'COUNTERSIGN_CLOCK_OFFSET_MS moves the clock, which production refuses; take it out of the environment',
    );
  }
  problems.push(...halfSetChannels(config));
  const { modelProtocol, openaiApiKey, openaiBaseUrl } = config;
  const real = modelProtocol === 'responses' || modelProtocol === 'chat';
  if (real && openaiApiKey === undefined && openaiBaseUrl === undefined) {
    problems.push(
      `COUNTERSIGN_MODEL_PROTOCOL is ${modelProtocol}, so set OPENAI_API_KEY, or OPENAI_BASE_URL of your server`,
    );
  }
  return problems;
}

/** A channel without its secret would verify nothing, and one without its agent would answer nobody. */
function halfSetChannels({ channelSettings }: Config): readonly string[] {
  return CHANNELS.flatMap(({ settings }) =>
    (['api', 'actor'] as const).flatMap((role) => {
      const needed = settings.filter((one) => one.role === role && one.optional !== true).map(({ name }) => name);
      const given = needed.filter((name) => channelSettings[name] !== undefined);
      const missing = needed.filter((name) => !given.includes(name));
      if (given.length === 0 || missing.length === 0) return [];
      return [`${given.join(', ')} is set, and ${missing.join(', ')} is not or blank; set all of them, or none`];
    }),
  );
}
