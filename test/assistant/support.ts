// Builders for the tests of the assistant: items, an agent, an items port in memory, and a provider over HTTP.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { LLMock } from '@copilotkit/aimock';
import { z } from 'zod';
import { type Agent, defineAgent } from '../../domain/agent.ts';
import type { Entry } from '../../domain/entry.ts';
import type { Item, ItemBody, NewItem } from '../../domain/item.ts';
import type { ModelRequest } from '../../domain/model.ts';
import { defineTool } from '../../domain/tool.ts';
import type { CallModelDeps } from '../../activities/assistant/call-model.ts';

export const NOW_MS = Date.parse('2026-11-22T12:00:00Z');

export const principal = { id: 'u1', name: 'Ada', tenant: 'default' } as const;
export const says = (text: string): ItemBody => ({ kind: 'message', text, from: principal });
export const calls = (...ids: string[]): Extract<ItemBody, { kind: 'calls' }> => ({
  kind: 'calls',
  text: '',
  calls: ids.map((callId) => ({ callId, tool: 'lookup', argumentsText: '{}' })),
  opaque: '',
});
export const result = (callId: string, text = `result of ${callId}`): ItemBody => ({
  kind: 'tool_result',
  callId,
  tool: 'lookup',
  text,
});

export function anItem(id: string, body: ItemBody): Item {
  return { id, conversationId: 'c1', turn: 1, seq: 1, trust: 'principal', body, salt: 's', createdMs: NOW_MS };
}

const lookup = defineTool({
  name: 'lookup',
  version: '1',
  description: 'Look up an order',
  input: z.object({ order: z.int(), note: z.string().optional() }),
  effect: 'read',
  idempotent: true,
  egress: false,
  critical: ['order'],
  scopes: ['shop:read'],
  execute: async () => 'shipped',
});

export function anAgent(more: Partial<Parameters<typeof defineAgent>[0]> = {}): Agent {
  return defineAgent({
    name: 'desk',
    owner: 'ada',
    team: 'support',
    purpose: 'answers',
    instructions: 'Be brief.',
    models: ['m1'],
    tools: [lookup],
    rules: [],
    ...more,
  });
}

export function aRequest(more: Partial<ModelRequest> = {}): ModelRequest {
  return {
    model: 'gpt-5-mini',
    instructions: 'Be brief.',
    transcript: [says('hello')],
    tools: [{ name: 'lookup', description: 'Look up an order', parameters: { type: 'object', properties: {} } }],
    toolChoice: 'auto',
    maxOutputTokens: 100,
    ...more,
  };
}

/** The items port in memory, by the contract: idempotent by key, entries skipped by (subject, step). */
export function memoryItems(...bodies: ItemBody[]) {
  const items: Item[] = bodies.map((body, at) => ({ ...anItem(`i${at + 1}`, body), seq: at + 1 }));
  const keys = new Map<string, Item>();
  const entries: Entry[] = [];
  const write = ({ key, ...rest }: NewItem): Item => {
    const known = keys.get(key);
    if (known !== undefined) return known;
    const item = { ...rest, id: `i${items.length + 1}`, seq: items.length + 1, salt: 's', createdMs: NOW_MS };
    items.push(item);
    keys.set(key, item);
    return item;
  };
  const record = async (news: readonly Entry[]): Promise<void> => {
    for (const entry of news) {
      if (!entries.some((one) => one.subject === entry.subject && one.step === entry.step)) entries.push(entry);
    }
  };
  const port: CallModelDeps['store']['items'] = {
    async append(news, entriesOf) {
      const written = news.map(write);
      await record(entriesOf?.(written) ?? []);
      return written;
    },
    load: async (conversationId, ids) =>
      ids.flatMap((id) => items.find((item) => item.id === id && item.conversationId === conversationId) ?? []),
    byKey: async (_conversationId, key) => keys.get(key),
  };
  return { port, record, items, entries, ids: items.map((item) => item.id) };
}

/** An agent without a memory asks for nothing. */
export const noFacts = { shownOf: async () => [] };

export type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** aimock on 127.0.0.1: an OpenAI-compatible server that follows fixtures. Stops with the test. */
export async function provider(t: TestContext) {
  const mock = new LLMock({ host: '127.0.0.1', port: 0, chunkSize: 4 });
  const url = await mock.start();
  t.after(() => mock.stop());
  return { mock, baseUrl: `${url}/v1` };
}

/** A provider that answers with these bytes: for what aimock does not play. Returns its base URL. */
export async function rawProvider(t: TestContext, handler: Handler): Promise<string> {
  const server = createServer((request, response) => {
    void textOf(request).then((body) => handler(request, response, body));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

export const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) =>
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

/** Server-sent events; without `end` the connection stays open. */
export function stream(response: ServerResponse, events: readonly unknown[], end = true): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': 'req_1' });
  for (const event of events) response.write(`data: ${JSON.stringify(event)}\n\n`);
  if (end) response.end('data: [DONE]\n\n');
}
