// The HTTP side on a real socket, over the in-memory store and the fake gateway, with three identities. Every JSON
// answer is checked against the served OpenAPI document, so the document cannot lie.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import pino from 'pino';
import { createApi } from '../../../api/app.ts';
import { newApiKey, type Scope } from '../../../api/keys.ts';
import type { ApiLimits } from '../../../api/limits.ts';
import { type Listening, listen } from '../../../api/server.ts';
import type { Approval } from '../../../domain/approval.ts';
import { defineDirectory } from '../../../domain/principal.ts';
import { createSigner, generateSigningKey } from '../../../trust/signing.ts';
import { createFakeGateway, type FakeGateway } from './fake-gateway.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

export const NOW_MS = 1_800_000_000_000;

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** What tests read out of bodies; the schema says what is really there. */
export interface Body {
  readonly [member: string]: unknown;
  readonly id: string;
  readonly url: string;
  readonly detail: string;
  readonly text: string;
  readonly next: string;
  readonly messageId: string;
  readonly idempotencyKey: string;
  readonly signed: string;
  readonly requestId: string;
  readonly nextAfter: number;
  readonly rows: readonly Body[];
  readonly items: readonly Body[];
  readonly waiting: readonly Body[];
  readonly actions: readonly Body[];
  readonly missing: readonly string[];
  readonly issues: readonly { readonly path: string; readonly message: string }[];
  readonly receipt: Body;
  readonly reply: Body;
}

export type Who = 'customer' | 'stranger' | 'approver' | 'colleague' | 'operator' | 'nobody';

export interface Served {
  readonly store: MemoryStore;
  readonly gateway: FakeGateway;
  readonly server: Listening;
  readonly keys: Readonly<Record<Who, string>>;
  readonly logged: string[];
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
  nobody: [],
};

export async function serve(t: TestContext, limits: Partial<ApiLimits> = {}): Promise<Served> {
  const store = createMemoryStore();
  const signer = createSigner('api', generateSigningKey());
  const nowMs = () => NOW_MS;
  const gateway = createFakeGateway(store, signer, nowMs);
  const keys = {} as Record<Who, string>;
  for (const [who, scopes] of Object.entries(PEOPLE) as [Who, readonly Scope[]][]) {
    const { id, text, hash } = newApiKey();
    keys[who] = text;
    await store.apiKeys.add({ id, hash, principal: { id: who, name: who, tenant: 'default' }, scopes, nowMs: NOW_MS });
  }
  const directory = defineDirectory({
    people: ['approver', 'colleague', 'operator', 'customer'].map((id) => ({ id, name: id })),
    groups: { finance: ['approver', 'colleague', 'customer'], desk: ['operator'], treasury: ['approver'] },
  });
  const agents = new Map([
    ['support-desk', { name: 'support-desk', owner: 'operator', team: 'desk', purpose: 'help' }],
  ]);
  const logged: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void logged.push(line) });
  const api = createApi({
    store,
    gateway,
    signer,
    directory,
    agents,
    nowMs,
    log,
    limits,
    temporalUiUrl: 'http://ui/namespaces/default',
  });
  const server = await listen(api, { port: 0, host: '127.0.0.1' });
  t.after(() => server.close());
  const check = await checkerOf(server.url);

  const served: Served = {
    store,
    gateway,
    server,
    keys,
    logged,
    async call(who, method, path, body, headers = {}) {
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
    },
    async open(id) {
      const { status, body } = await served.call('customer', 'POST', '/v1/conversations', {
        agent: 'support-desk',
        ...(id && { id }),
      });
      assert.equal(status, 201);
      return body.id;
    },
    async ask(change = {}) {
      const conversationId = change.conversationId ?? (await served.open());
      const batchId = `${conversationId}:1:0`;
      const approval: Approval = {
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
      const fact = { kind: 'approval_requested', approval } as const;
      await store.record([{ subject: approval.id, step: 'requested', conversationId, atMs: NOW_MS, fact }]);
      return approval;
    },
  };
  return served;
}

/** What went wrong, in short: "409 conversation_stopped". Checks that it is a problem with a sentence. */
export function problem({ status, headers, body }: Answered): string {
  assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/);
  assert.equal(body.status, status);
  assert.match(body.detail, /^[A-Z"`a-z].{15,}[.!?]$|: .+/, 'the detail is a sentence');
  assert.doesNotMatch(JSON.stringify(body), /node_modules|\.ts:\d|at async/, 'no stack leaks');
  return `${status} ${body.type}`;
}

interface OpenApi {
  readonly paths: Record<
    string,
    Record<string, { readonly responses: Record<string, { readonly content?: Record<string, object> }> }>
  >;
}

type Check = (method: string, path: string, response: Response, body: unknown) => void;

async function checkerOf(url: string): Promise<Check> {
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as OpenApi;
  const ajv = new Ajv2020({ strict: false });
  ajv.addSchema(document, 'api');
  const compiled = new Map<string, ValidateFunction>();
  return (method, path, response, body) => {
    const [bare = ''] = path.split('?');
    const declared = Object.keys(document.paths).find((one) =>
      new RegExp(`^${one.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(bare),
    );
    const operation = declared === undefined ? undefined : document.paths[declared]?.[method.toLowerCase()];
    if (operation === undefined) return;
    const { status } = response;
    const code = [String(status), `${Math.floor(status / 100)}XX`].find(
      (one) => operation.responses[one] !== undefined,
    );
    assert.ok(code, `${method} ${declared} does not declare ${status}`);
    const type = response.headers.get('content-type')?.split(';')[0] ?? '';
    assert.ok(operation.responses[code]?.content?.[type], `${method} ${declared} ${code} does not declare ${type}`);
    const at = ['paths', declared, method.toLowerCase(), 'responses', code, 'content', type, 'schema'];
    const pointer = `api#/${at.map((part) => encodeURIComponent(String(part).replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
    const validate = compiled.get(pointer) ?? ajv.compile({ $ref: pointer });
    compiled.set(pointer, validate);
    assert.ok(validate(body), `${method} ${declared} ${code}: ${ajv.errorsText(validate.errors)}`);
  };
}
