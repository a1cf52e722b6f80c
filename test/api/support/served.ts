// The HTTP side on a real socket, over the in-memory store and the fake gateway, with identities of each kind.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import pino from 'pino';
import { createApi } from '../../../api/app.ts';
import { newApiKey, type Scope } from '../../../api/keys.ts';
import type { ApiDeps } from '../../../api/deps.ts';
import type { ApiLimits } from '../../../api/limits.ts';
import { type Listening, listen } from '../../../api/server.ts';
import type { Approval } from '../../../domain/approval.ts';
import { defineDirectory } from '../../../domain/principal.ts';
import { createNoteSigner, type NoteSigner } from '../../../trust/note.ts';
import {
  createSigner,
  createVerifier,
  generateSigningKey,
  type Signer,
  type Verifier,
} from '../../../trust/signing.ts';
import { type Answered, type Body, checkerOf } from './answers.ts';
import { FakeGateway } from './fake-gateway.ts';
import { MEMORY_ORIGIN } from './memory-ledger.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

export const NOW_MS = 1_800_000_000_000;

/** The last ones named are of another tenant: the same people of the directory, under keys of their other house. */
export type Who =
  | 'customer'
  | 'stranger'
  | 'approver'
  | 'colleague'
  | 'operator'
  | 'auditor'
  | 'nobody'
  | 'approver@other'
  | 'operator@other'
  | 'auditor@other';

export interface Served {
  readonly store: MemoryStore;
  readonly gateway: FakeGateway;
  readonly server: Listening;
  readonly keys: Readonly<Record<Who, string>>;
  /** Of the roles whose signatures the API verifies. */
  readonly signers: { readonly api: Signer; readonly workflows: Signer };
  readonly logged: string[];
  /** Of the API, as its own. */
  readonly signer: Signer;
  /** Signs the checkpoints of the ledger. */
  readonly ledger: NoteSigner;
  /** Why the ledger is not the one that was published; undefined, as it begins, where it is. */
  disagree(sentence: string): void;
  call(who: Who, method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>;
  /** Open a conversation of the customer's with support-desk; returns its id. */
  open(id?: string): Promise<string>;
  /** Put an approval on record, as a waiting action would. */
  ask(change?: Partial<Approval>): Promise<Approval>;
}

const ALL: readonly Scope[] = ['conversations:write', 'conversations:read', 'approvals:decide'];
const PEOPLE: Readonly<Record<Who, readonly Scope[]>> = {
  customer: ALL,
  stranger: ALL,
  approver: ['approvals:decide', 'conversations:read'],
  colleague: ['approvals:decide'],
  operator: ['operate', 'conversations:read', 'approvals:decide'],
  auditor: ['ledger:read'],
  nobody: [],
  'approver@other': ALL,
  'operator@other': ['operate', ...ALL],
  'auditor@other': ['ledger:read'],
};

export async function serve(
  t: TestContext,
  limits: Partial<ApiLimits> = {},
  channels?: ApiDeps['channels'],
): Promise<Served> {
  const store = createMemoryStore();
  const keys = await makeKeys(store);
  const { signers, verifier } = makeSigners();
  const { api: signer } = signers;
  const nowMs = () => NOW_MS;
  const gateway = new FakeGateway(store, signer, nowMs);
  const logged: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void logged.push(line) });
  const temporalUiUrl = 'http://ui/namespaces/default';
  const ledger = createNoteSigner(MEMORY_ORIGIN, generateSigningKey());
  let disagreement: string | undefined;
  const keeper = { verifierKey: ledger.verifierKey, disagreement: () => disagreement };
  const parts = {
    ...{ store, gateway, signer, verifier, directory, agents },
    ...{ ledger: keeper, nowMs, log, limits, temporalUiUrl },
  };
  const api = createApi({ ...parts, ...(channels && { channels }) });
  const server = await listen(api, { port: 0, host: '127.0.0.1' });
  t.after(() => server.close());
  const check = await checkerOf(server.url);

  const call: Served['call'] = async (who, method, path, body, headers = {}) => {
    const response = await fetch(server.url + path, {
      method,
      headers: {
        ...(who === 'nobody' ? {} : { authorization: `Bearer ${keys[who]}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    const parsed = (isJson ? JSON.parse(text) : { text }) as Body;
    if (isJson) check(method, path, response, parsed);
    return { status: response.status, headers: response.headers, body: parsed };
  };
  const open: Served['open'] = async (id) => {
    const answer = await call('customer', 'POST', '/v1/conversations', { agent: 'support-desk', ...(id && { id }) });
    assert.equal(answer.status, 201);
    return answer.body.id;
  };
  const ask: Served['ask'] = async (change = {}) => {
    const conversationId = change.conversationId ?? (await open());
    const approval = anApproval(conversationId, change);
    const fact = { kind: 'approval_requested', approval } as const;
    await store.record([{ subject: approval.id, step: 'requested', conversationId, atMs: NOW_MS, fact }]);
    return approval;
  };
  const disagree = (sentence: string): void => void (disagreement = sentence);
  return {
    store,
    gateway,
    server,
    keys,
    signers,
    logged,
    signer: signers.api,
    ledger,
    disagree,
    call,
    open,
    ask,
  };
}

function makeSigners(): { readonly signers: Served['signers']; readonly verifier: Verifier } {
  const signers = {
    api: createSigner('api', generateSigningKey()),
    workflows: createSigner('workflows', generateSigningKey()),
  };
  const verifier = createVerifier({ api: [signers.api.publicKey], workflows: [signers.workflows.publicKey] });
  return { signers, verifier };
}

const directory = defineDirectory({
  people: ['approver', 'colleague', 'operator', 'customer'].map((id) => ({
    id,
    name: id,
    channels: { slack: `T024BE7LD/U0${id.toUpperCase()}` },
    ...(id === 'colleague' && { approvesUpTo: { EUR: 5_000 } }),
  })),
  groups: { finance: ['approver', 'colleague', 'customer'], desk: ['operator'], treasury: ['approver'] },
});
const supportDesk = {
  name: 'support-desk',
  owner: 'operator',
  team: 'desk',
  purpose: 'help',
  tools: ['refund', 'send_mail'],
};
const onCall = { ...supportDesk, name: 'on-call', tools: ['restart_service'] };
const agents = new Map([supportDesk, onCall].map((agent) => [agent.name, agent]));

/** One key per identity, known to the store. */
async function makeKeys(store: MemoryStore): Promise<Readonly<Record<Who, string>>> {
  const keys = {} as Record<Who, string>;
  for (const [who, scopes] of Object.entries(PEOPLE) as [Who, readonly Scope[]][]) {
    const { id, text, hash } = newApiKey();
    keys[who] = text;
    const [person = '', tenant = 'default'] = who.split('@');
    await store.apiKeys.add({ id, hash, principal: { id: person, name: person, tenant }, scopes, nowMs: NOW_MS });
  }
  return keys;
}

function anApproval(conversationId: string, change: Partial<Approval>): Approval {
  const batchId = `${conversationId}:1:0`;
  return {
    id: `${batchId}.0.0`,
    batchId,
    actionId: batchId,
    conversationId,
    agent: 'support-desk',
    digest: 'd'.repeat(64),
    summary: 'refund order 1042 · 72.00 EUR',
    tool: 'refund',
    args: '{"order":"1042"}',
    evidence: null,
    ruleId: 'refund.large',
    reason: 'above 50 EUR',
    requester: 'customer',
    group: 'finance',
    quorum: 1,
    askedMs: NOW_MS - 60_000,
    deadlineMs: NOW_MS + 60_000,
    decisions: [],
    end: 'open',
    ...change,
  };
}
