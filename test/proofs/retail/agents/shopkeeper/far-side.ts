// How the tools speak to the shop. May import countersign, zod.
import { type Call, DidNotHappen, type Evidence, type ToolContext } from 'countersign';
import { z } from 'zod';

const REFUSED = 422;
const Refusal = z.object({ error: z.string() });
const Record = z.object({ subject: z.string(), record: z.record(z.string(), z.json()) });

/** Have a tool of the shop do its work. What it refuses did not happen, and is told in its words. */
export async function act(tool: string, { conversationId, input }: Call<object>, context: ToolContext) {
  const response = await post(`/act/${tool}`, { conversationId, input }, context);
  if (response.status === REFUSED) throw new DidNotHappen(Refusal.parse(await response.json()).error);
  if (!response.ok) throw new Error(`the shop answers ${response.status}`);
  return z.json().parse(await response.json());
}

/** What the shop has on record of an order, of a customer, or of whom these words name. */
export async function look(
  what: 'order' | 'customer' | 'named',
  { conversationId, input }: Call<object>,
  context: ToolContext,
): Promise<Evidence> {
  const response = await post(`/look/${what}`, { conversationId, input }, context);
  if (!response.ok) throw new Error(`the shop answers ${response.status}`);
  return { asOfMs: context.nowMs, version: '', ...Record.parse(await response.json()) };
}

function post(path: string, body: object, { access, idempotencyKey, signal }: ToolContext): Promise<Response> {
  return fetch(new URL(path, access.secret('PROOF_FAR_SIDE_URL')), {
    method: 'POST',
    signal,
    headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
    body: JSON.stringify(body),
  });
}
