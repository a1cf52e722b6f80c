// What the tests of the terminal client share: a small HTTP server that speaks the API's schemas, the command as a child
// process, and a state folder as a running start leaves it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import type { z } from 'zod';
import { ApprovalLooked } from '../../api/approval-schemas.ts';
import { Conversation, ConversationDetail, Message } from '../../api/schemas.ts';
import { IDENTITIES } from '../../workers/dev-identities.ts';
import { atEnd, FROM_SOURCE, ROOT, runNode, type Seen, temporaryFolder } from '../start/support.ts';

export interface Asked {
  readonly route: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Answers one route; undefined when it writes the response itself, as a stream does. */
type Handler = (asked: Asked, response: ServerResponse) => Answer | undefined;

/** A server of these routes ("GET /v1/approvals"). `asked` holds every request, in order. */
export async function anApi(t: TestContext, routes: Readonly<Record<string, Handler>>) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://api.test');
      const body = await text(request);
      const route = `${request.method} ${decodeURIComponent(pathname)}`;
      const one = { route, query: searchParams, headers: request.headers, body: body === '' ? {} : JSON.parse(body) };
      asked.push(one);
      const answer = (routes[route] ?? (() => aProblem('not_found', 404, `There is no ${route}.`)))(one, response);
      if (answer === undefined) return;
      const type = (answer.status ?? 200) < 400 ? 'application/json' : 'application/problem+json';
      response.writeHead(answer.status ?? 200, { 'content-type': type, ...answer.headers });
      response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
    })();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  atEnd(t, () => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, asked, of: (route: string) => asked.filter((one) => one.route === route) };
}

export function aProblem(type: string, status: number, detail: string, headers: Record<string, string> = {}): Answer {
  return { status, headers, body: { type, title: type, status, detail, requestId: 'request-1' } };
}

/** Begins a stream of events; returns what sends more. */
export function streamTo(response: ServerResponse, events: readonly object[] = []) {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('retry: 50\n\n');
  let seq = 0;
  const send = (event: object): void =>
    void response.write(`id: ${++seq}\nevent: x\ndata: ${JSON.stringify(event)}\n\n`);
  for (const event of events) send(event);
  return send;
}

export function anApproval(over: Partial<z.input<typeof ApprovalLooked>> = {}): z.output<typeof ApprovalLooked> {
  const shown = (words: string) => ({ text: words, flags: [] });
  return ApprovalLooked.parse({
    id: 'c-1:1:0.0.0',
    actionId: 'c-1:1:0',
    question: null,
    summary: 'refund order 1042 · 72.00 EUR',
    group: 'finance',
    quorum: 1,
    approvals: 0,
    askedMs: Date.now(),
    deadlineMs: Date.now() + 4 * 3_600_000 + 30_000,
    end: 'open',
    conversationId: 'c-1',
    agent: 'support-desk',
    tool: 'refund',
    args: { orderId: '1042', amountCents: 7_200 },
    digest: 'd1',
    ruleId: 'refund.asks-finance',
    reason: 'money that leaves does not come back',
    requester: 'customer-ada',
    evidence: { asOfMs: Date.now(), version: '1', record: { refundableCents: 7_200 } },
    decisions: [],
    asides: [],
    editors: [],
    escalation: [],
    amount: null,
    headline: { what: shown('refund order 1042'), forWhom: shown('customer Ada'), howMuch: shown('72.00 EUR') },
    flagged: [],
    origins: [],
    isWhole: true,
    ...over,
  });
}

export function aConversation(over: Partial<z.input<typeof Conversation>> = {}): z.output<typeof Conversation> {
  const principal = { id: 'customer-ada', name: 'Ada' };
  const routed = { priority: null, queue: null, isArchived: false, textsDeletedMs: null };
  const base = {
    id: 'c-1',
    agent: 'support-desk',
    phase: 'open',
    principal,
    url: '/v1/conversations/c-1',
    ...routed,
  } as const;
  return Conversation.parse({ ...base, createdMs: 1_000, updatedMs: 2_000, ...over });
}

export function aDetail(over: Partial<z.input<typeof ConversationDetail>> = {}): z.output<typeof ConversationDetail> {
  const lists = { items: [], nextAfter: null, waiting: [], actions: [] };
  return ConversationDetail.parse({ ...aConversation(), live: null, ...lists, ...over });
}

/** What the API answers to a message; `reply` is of turn 1. */
export function aMessage(
  reply: string | undefined,
  over: Partial<z.input<typeof Message>> = {},
): z.output<typeof Message> {
  const item = {
    id: 'i',
    seq: 2,
    turn: 1,
    kind: 'reply',
    trust: 'model',
    text: reply ?? '',
    createdMs: 3_000,
  } as const;
  const about = { messageId: 'm-1', conversationId: 'c-1', url: '/v1/conversations/c-1/messages/m-1' };
  const status = reply === undefined ? ({ status: 'queued' } as const) : ({ status: 'answered', reply: item } as const);
  return Message.parse({ ...about, ...status, ...over });
}

// Whatever the machine that runs the tests has set, the command sees none of it. Empty counts as not set.
const NOTHING_SET = { COUNTERSIGN_URL: '', COUNTERSIGN_API_KEY: '', COUNTERSIGN_STATE_DIR: '', TEMPORAL_ADDRESS: '' };

/** `countersign ARGS`, with pipes at both ends. */
export function countersign(t: TestContext, args: readonly string[], env: Readonly<Record<string, string>> = {}): Seen {
  return runNode(t, [...FROM_SOURCE, join(ROOT, 'cli/main.ts'), ...args], {
    cwd: temporaryFolder(t),
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...NOTHING_SET, ...env },
  });
}

/** The command to its end, with nothing to read. */
export function run(
  t: TestContext,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Seen['ended'] {
  const seen = countersign(t, args, env);
  seen.process.stdin?.end();
  return seen.ended;
}

/** The environment of someone who talks to this API by a key of their own. */
export const at = (url: string) => ({ COUNTERSIGN_URL: url, COUNTERSIGN_API_KEY: 'cs_test' });

/** The environment of a folder in which a start runs; the key of an identity is `cs_` and its id. */
export function aRunningStart(t: TestContext, url: string): Readonly<Record<string, string>> {
  const state = join(temporaryFolder(t), '.countersign');
  mkdirSync(state);
  writeFileSync(join(state, 'api.json'), JSON.stringify({ url }));
  const kept = IDENTITIES.map(({ principal }) => ({
    principalId: principal.id,
    keyId: 'k',
    key: `cs_${principal.id}`,
  }));
  writeFileSync(join(state, 'identities.json'), JSON.stringify(kept));
  return { COUNTERSIGN_STATE_DIR: state };
}
