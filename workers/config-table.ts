// The one table of the environment's variables: what each means, its default, who may have it, whether it is a secret.
// docs/configuration.md is made of it. May import the list of channels, each of which says what it needs.
import type { z } from 'zod';
import type { ChannelSetting } from '../channels/definition.ts';
import { CHANNELS } from '../channels/index.ts';
import { key, keyList, list, oneOf, optional, sealingKey, text, url, wholeNumber } from './config-forms.ts';

/** Who reads a variable. `start` is the development start, which runs all roles in one process; `cli` the client. */
export type Role = 'api' | 'workflows' | 'assistant' | 'actor' | 'start' | 'cli';
/** The roles that run as processes of their own in production. */
export type ServingRole = Exclude<Role, 'start' | 'cli'>;

export interface Variable<Schema extends z.ZodType> {
  readonly name: string;
  /** Text in, value out. Its messages end the sentence "NAME …". */
  readonly schema: Schema;
  /** As it would stand in the environment; undefined when the variable has no default. */
  readonly fallback?: string;
  readonly meaning: string;
  readonly roles: readonly Role[];
  /** May also be given as NAME_FILE, the path of a file that holds it. */
  readonly secret?: boolean;
  /** The file of NAME_FILE may be empty: then it is not set. */
  readonly mayBeEmpty?: boolean;
  /** Roles that cannot do without it in production. */
  readonly required?: readonly ServingRole[];
}

export const SERVING_ROLES: readonly ServingRole[] = ['api', 'workflows', 'assistant', 'actor'];
const EVERYBODY: readonly Role[] = [...SERVING_ROLES, 'start', 'cli'];

const variable = <Schema extends z.ZodType>(definition: Variable<Schema>) => definition;

const MUST_BE_MASTER_KEY =
  'must be 32 bytes in base64, and behind a comma another such key while it is changed; make one with: openssl rand -base64 32';

export const VARIABLES = {
  mode: variable({
    name: 'COUNTERSIGN_MODE',
    schema: oneOf('development', 'production'),
    fallback: 'development',
    meaning: 'production refuses development keys, a moved clock, and a role with another role’s secrets',
    roles: EVERYBODY,
  }),
  databaseUrl: variable({
    name: 'DATABASE_URL',
    schema: url('postgres', 'postgresql'),
    meaning: 'the store; each role has its own PostgreSQL role. Without it a development start embeds one',
    roles: [...SERVING_ROLES, 'start'],
    secret: true,
    required: SERVING_ROLES,
  }),
  port: variable({
    name: 'PORT',
    schema: wholeNumber(0, 65_535),
    fallback: '3000',
    meaning: 'where the API listens; 0 takes any free port',
    roles: ['api', 'start'],
  }),
  turnsAtOnce: variable({
    name: 'COUNTERSIGN_TURNS_AT_ONCE',
    // As MOST_TURNS of the API: past it nothing is counted any more.
    schema: wholeNumber(1, 2_000),
    fallback: '100',
    meaning:
      'how many messages may be without an answer, of those that this process took in, before more are taken only as they are answered within 20 s; others are told to come again (429)',
    roles: ['api', 'start'],
  }),
  host: variable({
    name: 'HOST',
    schema: text,
    fallback: '127.0.0.1',
    meaning: 'the address on which the API listens',
    roles: ['api', 'start'],
  }),
  stateDir: variable({
    name: 'COUNTERSIGN_STATE_DIR',
    schema: text,
    fallback: '.countersign',
    meaning: 'the folder of a development start: Temporal’s and the store’s data, keys, sent mail',
    roles: ['start'],
  }),
  cacheDir: variable({
    name: 'COUNTERSIGN_CACHE_DIR',
    schema: optional,
    meaning:
      'where is kept what a start need not fetch or make again: programs, Workflow bundles, an empty embedded store; by ' +
      'default ~/.cache/countersign, and /tmp for a role by itself',
    roles: ['workflows', 'start'],
  }),
  openaiApiKey: variable({
    name: 'OPENAI_API_KEY',
    schema: optional,
    meaning: 'the key of the model provider; a local server may need none',
    roles: ['assistant', 'start'],
    secret: true,
  }),
  openaiBaseUrl: variable({
    name: 'OPENAI_BASE_URL',
    schema: url('http', 'https'),
    meaning: 'any OpenAI-compatible server; by default OpenAI itself',
    roles: ['assistant', 'start'],
  }),
  models: variable({
    name: 'OPENAI_MODEL',
    schema: list,
    fallback: '',
    meaning:
      'models of agents that name none: the first is used, the others stand in for it, comma-separated; calls are priced by them',
    roles: ['workflows', 'assistant', 'start'],
  }),
  modelProtocol: variable({
    name: 'COUNTERSIGN_MODEL_PROTOCOL',
    schema: oneOf('auto', 'responses', 'chat', 'scripted'),
    fallback: 'auto',
    meaning: 'auto: responses for OpenAI itself, chat for other servers, scripted with neither key nor server',
    roles: ['assistant', 'start'],
  }),
  modelCallsPerMinute: variable({
    name: 'COUNTERSIGN_MODEL_CALLS_PER_MINUTE',
    // A hundred thousand a second is more than any Task Queue does.
    schema: wholeNumber(1, 6_000_000).optional(),
    meaning:
      'how many model calls all assistants together begin in a minute, evenly; more wait their turn. The same for each assistant; by default as many as there are',
    roles: ['assistant', 'start'],
  }),
  workflowsSigningKey: variable({
    name: 'COUNTERSIGN_WORKFLOWS_SIGNING_KEY',
    schema: key.optional(),
    meaning: 'private key that signs verdicts',
    roles: ['workflows', 'start'],
    secret: true,
    required: ['workflows'],
  }),
  apiSigningKey: variable({
    name: 'COUNTERSIGN_API_SIGNING_KEY',
    schema: key.optional(),
    meaning: 'private key that signs messages and decisions with their principal',
    roles: ['api', 'start'],
    secret: true,
    required: ['api'],
  }),
  ledgerSigningKey: variable({
    name: 'COUNTERSIGN_LEDGER_SIGNING_KEY',
    schema: key.optional(),
    meaning: 'private key that signs the checkpoints of the ledger',
    roles: ['api', 'start'],
    secret: true,
    required: ['api'],
  }),
  masterKey: variable({
    name: 'COUNTERSIGN_MASTER_KEY',
    // 32 bytes each.
    schema: text.regex(/^[A-Za-z0-9+/]{43}=(,[A-Za-z0-9+/]{43}=)?$/, { error: MUST_BE_MASTER_KEY }).optional(),
    meaning:
      'the key under which the keys of people lie in the store, and so all that is said; lost, nothing can be read any more. While it is changed both, comma-separated: the first is used for what is new, both open',
    roles: [...SERVING_ROLES, 'start'],
    secret: true,
    required: SERVING_ROLES,
  }),
  encryption: variable({
    name: 'COUNTERSIGN_ENCRYPTION',
    schema: oneOf('on', 'off').optional(),
    meaning:
      'off: what is said lies readable in the store and in Temporal, and nobody can be erased. By default on in production; in development the store is encrypted, and Temporal with on only',
    roles: [...SERVING_ROLES, 'start'],
  }),
  checkpointFile: variable({
    name: 'COUNTERSIGN_CHECKPOINT_FILE',
    schema: optional,
    meaning:
      'a file outside of the database that each checkpoint is added to; by default checkpoints.txt of a development start',
    roles: ['api', 'start'],
  }),
  checkpointUrl: variable({
    name: 'COUNTERSIGN_CHECKPOINT_URL',
    schema: url('http', 'https'),
    meaning: 'a webhook that each checkpoint is sent to, instead of the file or besides; may hold a token',
    roles: ['api', 'start'],
    secret: true,
  }),
  workflowsPublicKeys: variable({
    name: 'COUNTERSIGN_WORKFLOWS_PUBLIC_KEYS',
    schema: keyList,
    fallback: '',
    meaning: 'public keys by which verdicts are verified, comma-separated; several while keys rotate',
    roles: ['api', 'workflows', 'actor', 'start'],
    required: ['workflows', 'actor'],
  }),
  apiPublicKeys: variable({
    name: 'COUNTERSIGN_API_PUBLIC_KEYS',
    schema: keyList,
    fallback: '',
    meaning: 'public keys by which messages and decisions are verified, comma-separated',
    roles: ['api', 'workflows', 'actor', 'start'],
    required: ['workflows', 'actor'],
  }),
  linkKey: variable({
    name: 'COUNTERSIGN_LINK_KEY',
    schema: sealingKey(/^MC4CAQAwBQYDK2Vu[A-Za-z0-9+/]{48}$/, 'private'),
    meaning: 'private key that opens the links which the API wants one person told in a channel',
    roles: ['actor', 'start'],
    secret: true,
    mayBeEmpty: true,
  }),
  linkPublicKey: variable({
    name: 'COUNTERSIGN_LINK_PUBLIC_KEY',
    schema: sealingKey(/^MCowBQYDK2Vu[A-Za-z0-9+/]{47}=$/, 'public'),
    meaning: 'its public key, which links are sealed to; without it the button of a card sends none',
    roles: ['api', 'start'],
  }),
  smtpUrl: variable({
    name: 'SMTP_URL',
    schema: url('smtp', 'smtps'),
    meaning: 'the mail server; without it mail is written to files in the state folder',
    roles: ['actor', 'start'],
    secret: true,
  }),
  logLevel: variable({
    name: 'LOG_LEVEL',
    schema: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    fallback: 'info',
    meaning: 'how much is logged',
    roles: [...SERVING_ROLES, 'start'],
  }),
  url: variable({
    name: 'COUNTERSIGN_URL',
    schema: url('http', 'https'),
    meaning: 'the API that the command line talks to; by default the development start of this folder',
    roles: ['cli'],
  }),
  apiKey: variable({
    name: 'COUNTERSIGN_API_KEY',
    schema: text.regex(/^cs_/, { error: 'must be an API key, which starts with cs_' }).optional(),
    meaning: 'the API key that the command line presents; by default a development identity’s',
    roles: ['cli'],
    secret: true,
  }),
  publicUrl: variable({
    name: 'COUNTERSIGN_PUBLIC_URL',
    schema: text
      .regex(/^https?:\/\/[^\s/?#@]+$/, {
        error: 'must be like https://countersign.example.com, with nothing behind it',
      })
      .optional(),
    meaning:
      'where browsers of people reach the API; without it the button of a card says where to look, and sends no link',
    roles: ['api', 'start'],
  }),
  temporalUiOrigin: variable({
    name: 'COUNTERSIGN_TEMPORAL_UI_ORIGIN',
    schema: text
      .regex(/^https?:\/\/[^\s/?#@]+$/, { error: 'must be like https://temporal.example.com, with nothing behind it' })
      .optional(),
    meaning:
      'whose pages may ask the API for what is encrypted in Temporal; by default those of the UI of a development start',
    roles: ['api', 'start'],
  }),
  maintenanceEveryS: variable({
    name: 'COUNTERSIGN_MAINTENANCE_EVERY_S',
    schema: wholeNumber(10, 86_400),
    fallback: '600',
    meaning:
      'how often what is past its time is closed and deleted, in seconds: a Schedule in Temporal, which can be paused there',
    roles: ['workflows', 'start'],
  }),
  clockOffsetMs: variable({
    name: 'COUNTERSIGN_CLOCK_OFFSET_MS',
    // A hundred years either way: a proof needs days.
    schema: wholeNumber(-3_155_760_000_000, 3_155_760_000_000),
    fallback: '0',
    meaning: 'moves the clock of this process, for proofs; refused in production',
    roles: [...SERVING_ROLES, 'start'],
  }),
};

/** What the channels need; a channel of which nothing is set is not there. */
export const CHANNEL_VARIABLES: readonly Variable<z.ZodOptional<z.ZodString>>[] = CHANNELS.flatMap(({ settings }) =>
  settings.map(variableOf),
);

function variableOf({ name, role, form, must, meaning, secret }: ChannelSetting): Variable<z.ZodOptional<z.ZodString>> {
  const schema = text.regex(form, { error: `must ${must}` }).optional();
  return { name, schema, meaning, roles: [role, 'start'], ...(secret && { secret, mayBeEmpty: true }) };
}

/** One row per variable, for documentation and checks. */
export const CONFIG_TABLE: readonly Variable<z.ZodType>[] = Object.freeze([
  ...Object.values(VARIABLES),
  ...CHANNEL_VARIABLES,
]);
