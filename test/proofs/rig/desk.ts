// People who are asked, as a proof plays them: each approval that opens is handed to them once. And keys for many people,
// made in the store itself, where a command for each would take a second.
import { setTimeout as sleep } from 'node:timers/promises';
import { newApiKey } from '../../../api/keys.ts';
import { openStore } from '../../../store/store.ts';
import type { Rig } from './rig.ts';
import { ask } from './truth.ts';

export interface Desk {
  /** What could not be answered, as sentences. */
  readonly problems: readonly string[];
  stop(): Promise<void>;
}

// 200 ms: how soon people look again at what they are asked; each look is a connection of its own.
const LOOK_MS = 200;
const OPEN = `select id, conversation_id as of from countersign.approvals where end_state = 'open'`;

/** `answer` is told the approval and its conversation; what it throws is a problem, and the desk goes on. */
export function startDesk(rig: Rig, answer: (id: string, conversationId: string) => Promise<void>): Desk {
  const problems: string[] = [];
  const seen = new Set<string>();
  const desk = { isOpen: true };
  const look = async (): Promise<void> => {
    const rows = await ask<{ id: string; of: string }>(rig, OPEN);
    const fresh = rows.filter(({ id }) => !seen.has(id));
    for (const { id } of fresh) seen.add(id);
    const answered = fresh.map(({ id, of }) =>
      answer(id, of).catch((error: unknown) => void problems.push(`${id} was not answered: ${String(error)}`)),
    );
    await Promise.all(answered);
  };
  const work = (async () => {
    while (desk.isOpen) {
      await look();
      await sleep(LOOK_MS);
    }
  })().catch((error: unknown) => void problems.push(`the desk has ended: ${String(error)}`));
  return {
    problems,
    async stop() {
      desk.isOpen = false;
      await work;
    },
  };
}

/** A key for each of these people, by their id. */
export async function addKeysOf(
  { databaseUrl }: Rig,
  people: readonly string[],
  scopes: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const store = await openStore({ pool: { connectionString: databaseUrl, max: 1 } });
  const keys = new Map<string, string>();
  try {
    for (const person of people) {
      const { id, text, hash } = newApiKey();
      const principal = { id: person, name: person, tenant: 'default' };
      await store.apiKeys.add({ id, hash, principal, scopes, nowMs: Date.now() });
      keys.set(person, text);
    }
    return keys;
  } finally {
    await store.close();
  }
}
