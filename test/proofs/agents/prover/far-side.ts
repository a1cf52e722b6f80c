// How tools of the proofs speak to their far side, whose address is a secret of the actor's environment. May import
// countersign.
import type { ToolContext } from 'countersign';

export function ask(path: string, { access, signal }: ToolContext, init: RequestInit = {}): Promise<Response> {
  const url = access.secret('PROOF_FAR_SIDE_URL');
  if (url === undefined) throw new Error('PROOF_FAR_SIDE_URL is not set; the rig sets it');
  return fetch(new URL(path, url), { ...init, signal });
}

/** Have something happen there, under the action's own key. */
export async function effect(path: string, args: unknown, context: ToolContext): Promise<{ done: boolean }> {
  const response = await ask(`/${path}`, context, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': context.idempotencyKey },
    body: JSON.stringify(args),
  });
  if (!response.ok) throw new Error(`the far side answers ${response.status}`);
  await response.arrayBuffer();
  return { done: true };
}
