// What the scenarios of kept histories have in common.
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { conversationWorkflowId, waitingWorkflowId } from '../../domain/ids.ts';
import type { System } from '../support/system.ts';

/** A scenario's name is its conversation's id; it says which Workflows to keep, `#<run id>` for an earlier run. */
export type Scenario = (system: System, id: string) => Promise<readonly string[]>;

export const conversation = conversationWorkflowId;
export const batch = (id: string): string => waitingWorkflowId(`${id}:1:0`);

export async function ask(system: System, id: string, text: string) {
  await system.open(id);
  await system.submit(id, 'm1', text);
  await system.reply(id, 'm1');
  return system.approval(`${id}:1:0.0.0`);
}

/** Those that skip time. */
export type Skipping = Readonly<Record<string, (temporal: TestWorkflowEnvironment) => Scenario>>;
