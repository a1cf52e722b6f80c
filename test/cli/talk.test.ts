import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { createClient } from '../../cli/client.ts';
import { talk } from '../../cli/commands/chat-talk.ts';
import { colorsFor } from '../../cli/terminal.ts';
import { aMessage, anApi, streamTo } from './support.ts';

const COLUMNS = 80;
const CTRL_C = '\u0003';

/** A person at a terminal of 80 columns: what they type, and all that was written to it. */
function aPerson() {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => input });
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: COLUMNS, rows: 24 });
  let written = '';
  output.on('data', (chunk) => (written += String(chunk)));
  const terminal = {
    input: input as unknown as NodeJS.ReadStream,
    output: output as unknown as NodeJS.WriteStream,
    isInteractive: true,
    colors: colorsFor(false, {}),
    print: (text: string) => void output.write(`${text}\n`),
    complain: assert.fail,
  };
  async function sees(words: string): Promise<string> {
    while (!written.includes(words)) await once(output, 'data');
    return written;
  }
  return { terminal, type: (text: string) => void input.write(text), sees };
}

async function aTalk(t: TestContext) {
  let send: (event: object) => void = () => undefined;
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const messages: string[] = [];
  const api = await anApi(t, {
    'GET /v1/conversations/c-1/events': (_asked, response) => {
      send = streamTo(response);
      begin();
      return undefined;
    },
    'POST /v1/conversations/c-1/messages': ({ body: { text } }) => {
      messages.push(String(text));
      const messageId = `m-${messages.length}`;
      // The stream is quicker than the answer.
      send({ kind: 'message', subject: 'c-1', atMs: 1, messageId, from: 'Ada', text });
      const phase = messages.length === 1 ? 'open' : 'paused';
      return { status: 202, body: aMessage(undefined, { messageId, phase }) };
    },
  });
  const person = aPerson();
  const context = { terminal: person.terminal, env: {}, nowMs: Date.now };
  const client = createClient({ url: api.url, key: 'cs_x', whenSilent: '' });
  const ended = talk(context, client, { id: 'c-1', agent: 'support-desk', isResumed: false });
  await begun;
  return { ...person, ended, messages, send: (event: object) => send({ subject: 'c-1', atMs: 1, ...event }) };
}

test('at a terminal an own message stands there once, and what happens goes above the line that is typed', async (t) => {
  const { type, sees, send, ended, messages } = await aTalk(t);
  type('hello\r');
  send({ kind: 'message', messageId: 'of-olga', from: 'Olga', text: 'hello from me' });
  await sees('Olga          hello from me');
  type('half a line ');
  send({ kind: 'replied', turn: 1, by: 'model', text: 'the answer' });
  const shown = await sees('support-desk  the answer\n');
  // Cleared, printed, and then the prompt again with what was typed so far.
  assert.ok((await sees('you> half a line')).length >= shown.length);
  type('and the rest\r');
  assert.match(await sees('The conversation is paused'), /taken/);
  assert.deepEqual(messages, ['hello', 'half a line and the rest']);
  send({ kind: 'replied', turn: 2, by: 'model', text: 'the last word' });
  assert.doesNotMatch(await sees('the last word'), /Ada {2}/);
  type(CTRL_C);
  assert.equal(await ended, 0);
  assert.match(await sees('Go on with'), /Go on with: npx countersign chat --conversation c-1\n$/);
});

test('/quit leaves, and is no message', async (t) => {
  const { type, ended, messages } = await aTalk(t);
  type('/quit\r');
  assert.equal(await ended, 0);
  assert.deepEqual(messages, []);
});
