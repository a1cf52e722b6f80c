// LangGraph JS: a graph of a model node and its own tool node, a thread per conversation, its checkpoints in PostgreSQL.
// Durability `sync`: what a node gave is recorded before the next one starts.
import { AIMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { MessagesAnnotation, START, StateGraph } from '@langchain/langgraph';
import { PostgresSaver } from '@langchain/langgraph-checkpoint-postgres';
import { ToolNode, toolsCondition } from '@langchain/langgraph/prebuilt';
import pg from 'pg';
import { callModel, getWeather, TOOL } from './agent.mjs';
import { serve } from './front.mjs';

// Two cores of PostgreSQL are busy with fewer.
const CONNECTIONS = 20;
const ROLES = { human: 'user', ai: 'assistant', tool: 'tool' };

function toWire({ type, content, tool_calls: calls = [], tool_call_id: callId }) {
  return {
    role: ROLES[type],
    content,
    ...(callId !== undefined && { tool_call_id: callId }),
    ...(calls.length > 0 && {
      tool_calls: calls.map(({ id, name, args }) => ({
        id,
        type: 'function',
        function: { name, arguments: JSON.stringify(args) },
      })),
    }),
  };
}

function fromWire({ content, tool_calls: calls = [] }) {
  const toolCalls = calls.map(({ id, function: asked }) => ({
    id,
    name: asked.name,
    args: JSON.parse(asked.arguments),
    type: 'tool_call',
  }));
  return new AIMessage({ content: content ?? '', tool_calls: toolCalls });
}

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: CONNECTIONS });
const checkpointer = new PostgresSaver(pool);
await checkpointer.setup();
const { name, description, parameters: schema } = TOOL;
const graph = new StateGraph(MessagesAnnotation)
  .addNode('model', async ({ messages }) => ({ messages: [fromWire(await callModel(messages.map(toWire)))] }))
  .addNode('tools', new ToolNode([tool(getWeather, { name, description, schema })]))
  .addEdge(START, 'model')
  .addConditionalEdges('model', toolsCondition)
  .addEdge('tools', 'model')
  .compile({ checkpointer });

async function turn(conversation, _n, text) {
  const config = { configurable: { thread_id: conversation }, durability: 'sync' };
  const { messages } = await graph.invoke({ messages: [{ role: 'user', content: text }] }, config);
  return messages.at(-1).content;
}

await serve({ turn, close: () => pool.end() });
