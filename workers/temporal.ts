// How this process reaches Temporal, and how its namespace must be. Owns connecting and preparing; runs no Workflow.
// Guarantees: every wait is bounded, and what cannot be reached or changed is said in a sentence with what to do.
import { Connection, isGrpcServiceError } from '@temporalio/client';
import { encodeSearchAttributeIndexedValueType } from '@temporalio/common/lib/search-attributes.js';
import { msToTs } from '@temporalio/common/lib/time.js';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection, type NativeConnectionOptions } from '@temporalio/worker';
import { sentenceOf } from '../domain/sentence-of.ts';
import { SEARCH_ATTRIBUTES } from '../domain/protocol.ts';
import { temporalNamespace } from './config.ts';
import { retriesOfCalls } from './retries.ts';

export interface TemporalConnections {
  /** For clients. */
  readonly connection: Connection;
  /** For workers. */
  readonly nativeConnection: NativeConnection;
  readonly namespace: string;
  readonly address: string;
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** Where the TEMPORAL_* variables are. */
  readonly env: NodeJS.ProcessEnv;
  /** A server that we started ourselves; the TEMPORAL_* variables then give the namespace only. */
  readonly address?: string;
  readonly limitMs?: number;
}

/** Temporal cannot be reached, or answers what it must not; the message says what to do. */
export class TemporalUnusable extends Error {
  override readonly name = 'TemporalUnusable';
}

// 15 s: a server across an ocean answers in one; a started one behind a slow proxy in ten.
const CONNECT_LIMIT_MS = 15_000;
const CALL_LIMIT_MS = 10_000;
// 250 ms at first, 2 s at most between two tries to connect anew. The client's own pause grows to 2 minutes: after an
// outage as long as that, the API would go on refusing for as long again.
const RECONNECT = { 'grpc.initial_reconnect_backoff_ms': 250, 'grpc.max_reconnect_backoff_ms': 2_000 } as const;
// 60 s: a cluster's front ends read new search attributes again within that time.
const ATTRIBUTES_LIMIT_MS = 60_000;
const ATTRIBUTES_POLL_MS = 200;
type AttributeType = 'Keyword' | 'Int' | 'KeywordList';
const TYPED: Readonly<Record<string, AttributeType>> = {
  [SEARCH_ATTRIBUTES.priority]: 'Int',
  [SEARCH_ATTRIBUTES.waitsFor]: 'KeywordList',
};
/** As the SDK spells them. */
const SDK_TYPES = { Keyword: 'KEYWORD', Int: 'INT', KeywordList: 'KEYWORD_LIST' } as const;
// 30 days: closed conversations are evidence; the server's default of one day would lose it over a weekend.
export const RETENTION_DAYS = 30;
const DAY_SECONDS = 86_400;
const GRPC_ALREADY_EXISTS = 6;
/** Names and types of our search attributes, the types as the server's command line spells them. */
export const SEARCH_ATTRIBUTE_TYPES: readonly (readonly [name: string, type: AttributeType])[] = Object.values(
  SEARCH_ATTRIBUTES,
).map((name) => [name, TYPED[name] ?? 'Keyword']);

/** Connect for clients and for workers. Rejects with TemporalUnusable. */
export async function connectTemporal({
  env,
  address,
  limitMs = CONNECT_LIMIT_MS,
}: ConnectOptions): Promise<TemporalConnections> {
  const { connectionOptions, namespace } = connectConfig(env, address);
  const at = connectionOptions.address ?? 'localhost:7233';
  let connection: Connection | undefined;
  try {
    const { address: target, tls, apiKey, metadata } = connectionOptions;
    connection = await Connection.connect({
      connectTimeout: limitMs,
      channelArgs: RECONNECT,
      interceptors: [retriesOfCalls()],
      ...(target === undefined ? {} : { address: target }),
      ...(tls === undefined ? {} : { tls }),
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(metadata === undefined ? {} : { metadata }),
    });
    const nativeConnection = await within(limitMs, NativeConnection.connect(connectionOptions));
    const client = connection;
    return {
      connection: client,
      nativeConnection,
      namespace,
      address: at,
      close: async () => {
        await nativeConnection.close();
        await client.close();
      },
    };
  } catch (error) {
    await connection?.close();
    throw new TemporalUnusable(
      `Temporal at ${at} cannot be reached: ${sentenceOf(error)}. Check that it runs and that TEMPORAL_ADDRESS and the ` +
        'other TEMPORAL_* variables are right; without TEMPORAL_ADDRESS a development start brings its own server.',
    );
  }
}

function connectConfig(env: NodeJS.ProcessEnv, address: string | undefined) {
  const namespace = temporalNamespace(env);
  if (address !== undefined) return { connectionOptions: { address } satisfies NativeConnectionOptions, namespace };
  const overrideEnvVars = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value ? [[name, value]] : [])),
  );
  try {
    const loaded = loadClientConnectConfig({ overrideEnvVars });
    return { connectionOptions: loaded.connectionOptions, namespace: loaded.namespace ?? namespace };
  } catch (error) {
    throw new TemporalUnusable(`the TEMPORAL_* variables or the file they name cannot be read: ${sentenceOf(error)}`);
  }
}

/**
 * Bring the namespace to what the system needs: retention of 30 days or more, and the search attributes. Idempotent.
 * Resolves to warnings, one sentence each, about what it was not allowed to change. Rejects with TemporalUnusable.
 */
export async function prepareNamespace(connection: Connection, namespace: string): Promise<readonly string[]> {
  return [...(await ensureRetention(connection, namespace)), ...(await ensureAttributes(connection, namespace))];
}

/** How long the namespace keeps closed Workflows, in days. */
export async function retentionDays(connection: Connection, namespace: string): Promise<number> {
  const answer = await bounded(connection, () => connection.workflowService.describeNamespace({ namespace })).catch(
    (error: unknown) => {
      throw new TemporalUnusable(
        `the Temporal namespace "${namespace}" cannot be read: ${sentenceOf(error)}. Make it with: ` +
          `temporal operator namespace create --retention ${RETENTION_DAYS * 24}h --namespace ${namespace}`,
      );
    },
  );
  return Number(answer.config?.workflowExecutionRetentionTtl?.seconds ?? 0) / DAY_SECONDS;
}

/** Search attributes of ours that the namespace lacks, by name. Rejects when one has the wrong type. */
export async function missingAttributes(connection: Connection, namespace: string): Promise<readonly string[]> {
  const { customAttributes } = await bounded(connection, () =>
    connection.operatorService.listSearchAttributes({ namespace }),
  );
  return SEARCH_ATTRIBUTE_TYPES.flatMap(([name, type]) => {
    const found = customAttributes[name];
    if (found !== undefined && found !== indexedType(type)) {
      throw new TemporalUnusable(
        `the search attribute ${name} of the namespace "${namespace}" has another type than ours; remove it with: ` +
          `temporal operator search-attribute remove --name ${name} --namespace ${namespace}`,
      );
    }
    return found === undefined ? [name] : [];
  });
}

async function ensureRetention(connection: Connection, namespace: string): Promise<readonly string[]> {
  const days = await retentionDays(connection, namespace);
  if (days >= RETENTION_DAYS) return [];
  try {
    const config = { workflowExecutionRetentionTtl: msToTs(RETENTION_DAYS * DAY_SECONDS * 1_000) };
    await bounded(connection, () => connection.workflowService.updateNamespace({ namespace, config }));
    return [];
  } catch (error) {
    return [
      `the namespace "${namespace}" keeps closed Workflows for ${days} days, less than ${RETENTION_DAYS}, and that could not ` +
        `be changed (${sentenceOf(error)}); change it with: temporal operator namespace update ` +
        `--retention ${RETENTION_DAYS * 24}h --namespace ${namespace}`,
    ];
  }
}

async function ensureAttributes(connection: Connection, namespace: string): Promise<readonly string[]> {
  try {
    const missing = await missingAttributes(connection, namespace);
    if (missing.length === 0) return [];
    const searchAttributes = Object.fromEntries(
      SEARCH_ATTRIBUTE_TYPES.flatMap(([name, type]) => (missing.includes(name) ? [[name, indexedType(type)]] : [])),
    );
    const add = () => connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
    await bounded(connection, add).catch((error: unknown) => {
      // Another process of ours was quicker.
      if (!isGrpcServiceError(error) || error.code !== GRPC_ALREADY_EXISTS) throw error;
    });
    await untilAttributesThere(connection, namespace);
    return [];
  } catch (error) {
    if (error instanceof TemporalUnusable) throw error;
    const attributeFlags = SEARCH_ATTRIBUTE_TYPES.map(([name, type]) => `--name ${name} --type ${type}`).join(' ');
    return [
      `the search attributes of the namespace "${namespace}" could not be registered (${sentenceOf(error)}); without them no ` +
        'conversation starts. Register them with: temporal operator search-attribute create ' +
        `--namespace ${namespace} ${attributeFlags}`,
    ];
  }
}

async function untilAttributesThere(connection: Connection, namespace: string): Promise<void> {
  const giveUpMs = Date.now() + ATTRIBUTES_LIMIT_MS;
  while ((await missingAttributes(connection, namespace)).length > 0) {
    if (Date.now() > giveUpMs) throw new Error(`they did not appear within ${ATTRIBUTES_LIMIT_MS / 1000} s`);
    await new Promise((resume) => setTimeout(resume, ATTRIBUTES_POLL_MS));
  }
}

/** The number of the type in the server's own protocol. */
export function indexedType(type: AttributeType): number {
  const value = encodeSearchAttributeIndexedValueType(SDK_TYPES[type]);
  if (value === undefined) throw new TypeError(`the SDK knows no search attribute type ${type}`);
  return value;
}

function bounded<T>(connection: Connection, call: () => Promise<T>): Promise<T> {
  return connection.withDeadline(Date.now() + CALL_LIMIT_MS, call);
}

async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limitMs / 1_000} s`)), limitMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
