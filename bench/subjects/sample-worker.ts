// The one process of Temporal's own sample shape: a Worker with its Activities, and the HTTP before it. Environment:
// TEMPORAL_ADDRESS, MODEL_URL.
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { Client, Connection, WithStartWorkflowOperation } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import { z } from 'zod';
import { conversationWorkflowId } from '../../domain/ids.ts';
import { createSender } from '../http.ts';
import { CALL, WEATHER } from '../words.ts';

const Called = z.object({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string() }),
});
const Answer = z.object({
  role: z.literal('assistant'),
  content: z.string().nullable(),
  tool_calls: z.array(Called).optional(),
});
const Completion = z.object({ choices: z.tuple([z.object({ message: Answer })]) });

export type SampleMessage =
  | { readonly role: 'user'; readonly content: string }
  | { readonly role: 'tool'; readonly tool_call_id: string; readonly content: string }
  | z.output<typeof Answer>;

const TOOLS = [
  {
    type: 'function',
    function: {
      name: CALL.tool,
      description: 'The weather of a city',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
  },
];

export type SampleActivities = ReturnType<typeof createActivities>;

function createActivities(modelUrl: string) {
  const model = createSender(modelUrl);
  return {
    async callModel(messages: readonly SampleMessage[]): Promise<z.output<typeof Answer>> {
      const { status, body } = await model.post('/v1/chat/completions', { model: 'sample', messages, tools: TOOLS });
      if (status !== 200) throw new Error(`the model answered ${status}`);
      return Completion.parse(body).choices[0].message;
    },
    getWeather: async (args: string): Promise<string> => JSON.stringify({ ...WEATHER, asked: JSON.parse(args) }),
  };
}

const TASK_QUEUE = 'sample';
const Said = z.object({ conversation: z.string(), n: z.number(), text: z.string() });
const { TEMPORAL_ADDRESS: address = '', MODEL_URL: modelUrl = '' } = process.env;

const client = new Client({ connection: await Connection.connect({ address }) });
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue: TASK_QUEUE,
  workflowsPath: fileURLToPath(new URL('./sample-workflow.ts', import.meta.url)),
  activities: createActivities(modelUrl),
});
worker.run().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});

/** The reply, once the Update that brings it has completed, which is when the server has it in the history. */
function say({ conversation, n, text }: z.output<typeof Said>): Promise<string> {
  const workflowId = conversationWorkflowId(conversation);
  if (n > 0) return client.workflow.getHandle(workflowId).executeUpdate<string, [string]>('say', { args: [text] });
  const startWorkflowOperation = new WithStartWorkflowOperation('sampleConversation', {
    workflowId,
    taskQueue: TASK_QUEUE,
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [],
  });
  return client.workflow.executeUpdateWithStart<Workflow, string, [string]>('say', {
    args: [text],
    startWorkflowOperation,
  });
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const end = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const asked = Said.parse(JSON.parse(Buffer.concat(chunks).toString()));
    say(asked).then(
      (reply) => end(200, { reply }),
      (error: unknown) => end(500, { error: String(error) }),
    );
  });
});
// 10 min: as the model server, so that no connection is shut under a caller.
server.keepAliveTimeout = 10 * 60_000;
// Whoever started it has ended.
process.once('disconnect', () => process.exit(0));
server.listen(0, '127.0.0.1', () => {
  const at = server.address();
  if (at !== null && typeof at === 'object') process.send?.({ port: at.port });
});
