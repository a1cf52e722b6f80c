// The agent that every peer runs: one tool, one small client of the model, one turn. The same for all, so that what
// differs is the durability layer. Node built-ins only.
import http from 'node:http';

// A turn asks for one tool and then replies; a model that goes on asking is broken.
const MOST_MODEL_CALLS = 8;
// As many as callers at once, and some: no request waits for a connection.
const agent = new http.Agent({ keepAlive: true, maxSockets: 256 });

export const TOOL = {
  name: 'get_weather',
  description: 'The weather in a city, now.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

/** The tool: pure, so that its cost is its record. */
export const getWeather = ({ city }) => JSON.stringify({ city, temp_c: 21 });

/** Ask the model behind MODEL_URL. Resolves with its message; rejects when it does not answer 200. */
export async function callModel(messages) {
  const request = { model: 'bench', messages, tools: [{ type: 'function', function: TOOL }] };
  const { choices } = JSON.parse(await post(`${process.env.MODEL_URL}/chat/completions`, request));
  return choices[0].message;
}

/**
 * The turn of a text after the messages that `earlier` resolves with. `step(name, work)` runs the work once and records
 * what it gave; each call of the model and of the tool is one. Resolves with the turn's messages, the reply last.
 */
export async function runTurn(step, earlier, text) {
  const said = [{ role: 'user', content: text }];
  for (let call = 0; call < MOST_MODEL_CALLS; call += 1) {
    const message = await step('model', async () => callModel([...(await earlier()), ...said]));
    said.push(message);
    if (!message.tool_calls?.length) return said;
    for (const { id, function: asked } of message.tool_calls) {
      const content = await step('tool', async () => getWeather(JSON.parse(asked.arguments)));
      said.push({ role: 'tool', tool_call_id: id, content });
    }
  }
  throw new Error(`the model asked for tools ${MOST_MODEL_CALLS} times in one turn`);
}

export const replyOf = (said) => said.at(-1).content;

/** POST JSON over a kept connection. Resolves with the body; rejects when there is no answer, or one that is no 2xx. */
export function post(url, value) {
  const body = Buffer.from(JSON.stringify(value));
  const headers = { 'content-type': 'application/json', 'content-length': body.length };
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: 'POST', agent, headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode >= 200 && response.statusCode < 300) resolve(text);
        else reject(new Error(`${url} answered ${response.statusCode}: ${text}`));
      });
    });
    request.once('error', (error) => {
      // The far side closed an idle connection while we took it up again: it has not seen the request.
      if (request.reusedSocket && error.code === 'ECONNRESET') resolve(post(url, value));
      else reject(error);
    });
    request.end(body);
  });
}
