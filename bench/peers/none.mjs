// The floor: the same agent and front with nothing recorded. A conversation is an array in this process.
import { replyOf, runTurn } from './agent.mjs';
import { serve } from './front.mjs';

const conversations = new Map();

async function turn(conversation, _n, text) {
  const earlier = conversations.get(conversation) ?? [];
  const said = await runTurn(
    (_name, work) => work(),
    async () => earlier,
    text,
  );
  conversations.set(conversation, [...earlier, ...said]);
  return replyOf(said);
}

await serve({ turn, close: async () => undefined });
