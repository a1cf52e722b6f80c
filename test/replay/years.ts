// Scenarios of kept histories of conversations that live for years: one that is summed up, and what maintenance asks of one
// that is idle.
import type { DoneWork } from '../../domain/maintenance.ts';
import { TASK_QUEUES } from '../../domain/ids.ts';
import { CONVERSATION, MAINTENANCE } from '../../domain/protocol.ts';
import { createTestAgent, type FarSide } from '../support/far-side.ts';
import { eventually, type System } from '../support/system.ts';
import type { Played } from './processes.ts';
import { conversation, type Scenario } from './scenario.ts';

const DAY_MS = 86_400_000;
let aheadMs = 0;

/** Everybody's clock can be moved. */
export const yearPlayers = (far: FarSide): Partial<Played> & { readonly nowMs: () => number } => ({
  agent: { ...createTestAgent(far), retention: { closeIdleAfterDays: 30 } },
  nowMs: () => Date.now() + aheadMs,
});

async function talk(system: System, id: string, messages: number): Promise<void> {
  await system.open(id);
  for (let n = 1; n <= messages; n++) {
    await system.submit(id, `m${n}`, `This is sentence ${n} of what was said for so long.`);
    await system.reply(id, `m${n}`);
  }
}

export const YEARS: Readonly<Record<string, Scenario>> = {
  async 'summed-up'(system, id) {
    // Some more than a call is shown whole.
    await talk(system, id, 30);
    await eventually(async () => {
      const items = await system.store.items.page(id, 0, 1_000);
      return items.some(({ body }) => body.kind === 'summary') ? true : undefined;
    }, 'a summary');
    await system.submit(id, 'last', 'hello');
    await system.reply(id, 'last');
    return [conversation(id)];
  },
  async 'asked-though-not-idle'(system, id) {
    await talk(system, id, 1);
    await system.handle(id).signal(CONVERSATION.lookIfIdle);
    await system.submit(id, 'm2', 'hello');
    await system.reply(id, 'm2');
    return [conversation(id)];
  },
  async 'idle-and-ended'(system, id) {
    await talk(system, id, 1);
    aheadMs += 31 * DAY_MS;
    await system.client.workflow.execute<() => Promise<readonly DoneWork[]>>(MAINTENANCE.type, {
      ...{ workflowId: MAINTENANCE.byHandId, taskQueue: TASK_QUEUES.workflows, args: [] },
    });
    await system.handle(id).result();
    return [conversation(id), MAINTENANCE.byHandId];
  },
};
