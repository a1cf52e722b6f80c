// Maintenance: the Schedule starts it every few minutes, an operator at will. What is due is done by the role; conversations
// end themselves, for only they know whether a message has come. May import domain and @temporalio/workflow.
import { getExternalWorkflowHandle } from '@temporalio/workflow';
import { conversationWorkflowId } from '../domain/ids.ts';
import type { DoneWork, MaintenanceInput } from '../domain/maintenance.ts';
import { CONVERSATION } from '../domain/protocol.ts';
import { maintain, noteAsked } from './effects.ts';

/** Resolves to what was done, and which conversations were asked whether they are idle. */
export async function maintenance(input?: MaintenanceInput): Promise<readonly DoneWork[]> {
  const works = await maintain(input);
  const ids = works.flatMap(({ ask }) => ask);
  const lost = await Promise.all(ids.map(askIfIdle));
  const unheard = lost.filter((id) => id !== undefined);
  const asked = ids.filter((id) => !unheard.includes(id));
  if (ids.length > 0) await noteAsked({ asked, unheard });
  return works;
}

/** Its id where it could not be asked: its Workflow has ended, though the record says otherwise. */
async function askIfIdle(id: string): Promise<string | undefined> {
  try {
    await getExternalWorkflowHandle(conversationWorkflowId(id)).signal(CONVERSATION.lookIfIdle);
    return undefined;
  } catch {
    return id;
  }
}
