// What the writers append: entries of the kinds that each role may append, with seals, and with read models to bring up
// to date. A batch of a number is always the same, so that whoever takes over writes it again where nobody knows.
import type { Entry } from '../../../domain/entry.ts';
import { aProposal, anAsk, anEntry, evidence, opened, proposed, ruled } from '../../store/builders.ts';

export type WriterRole = 'workflows' | 'assistant' | 'actor' | 'api';

export const conversationOf = (role: WriterRole, number: number): string => `${role}-${number}`;

export function batchOf(role: WriterRole, number: number): readonly Entry[] {
  const id = conversationOf(role, number);
  const { actionId } = aProposal(id);
  switch (role) {
    case 'workflows':
      return [proposed(id), ruled(id, anAsk, 'ruled:ask:c2ln')];
    case 'assistant':
      return [
        anEntry(id, id, 'model:1:1:failed:1', {
          kind: 'model_call_failed',
          turn: 1,
          shown: [],
          models: ['m'],
          reason: 'away',
        }),
        anEntry(id, id, 'replied:1', { kind: 'replied', turn: 1, itemId: 'i', itemDigest: 'd', by: 'model' }),
      ];
    case 'actor':
      return [
        anEntry(id, actionId, 'inspected:5', { kind: 'inspected', tool: 'refund', scopes: ['shop:read'], evidence }),
        anEntry(id, actionId, 'attempted:1', {
          ...{ kind: 'attempted', epoch: 1, tool: 'refund', scopes: ['shop:write'], credential: 'minted' },
        }),
        anEntry(id, actionId, 'settled', { kind: 'settled', outcome: { kind: 'succeeded', result: { done: true } } }),
      ];
    case 'api':
      return [opened(id)];
    default:
      return role satisfies never;
  }
}
