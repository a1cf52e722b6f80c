// What an earlier action of the same conversation gave back, for a tool that reads it on. May import domain and store types.
import { actionAt, resultKey } from '../../domain/ids.ts';
import { type EarlierResult, resultText } from '../../domain/parts.ts';
import type { AnyTool, Call } from '../../domain/tool.ts';
import type { Store } from '../../store/ports.ts';

/**
 * The result that this call reads on; undefined where the tool reads none on, and where there is none. The conversation is
 * the call's own, as it was verified: a place names no other one.
 */
export async function earlierFor(
  store: { readonly actions: Pick<Store['actions'], 'get'>; readonly items: Pick<Store['items'], 'byKey'> },
  { continues }: Pick<AnyTool, 'continues'>,
  { conversationId, input }: Pick<Call<never>, 'conversationId' | 'input'>,
): Promise<EarlierResult | undefined> {
  const place = continues?.(input) ?? '';
  const id = actionAt(conversationId, place);
  const row = id === undefined ? undefined : await store.actions.get(id);
  if (id === undefined || row?.conversationId !== conversationId) return undefined;
  const { outcome, tool, principal } = row;
  if (outcome?.kind !== 'succeeded' || outcome.isLost === true) return undefined;
  const shown = await store.items.byKey(conversationId, resultKey(id));
  // What was told in a report, or not at all, is shown under no label of its own.
  const trust = shown?.trust === 'record' ? 'record' : 'untrusted';
  return { place, tool, text: resultText(outcome.result), trust, principalId: principal.id };
}
