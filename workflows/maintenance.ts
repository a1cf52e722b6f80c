// Maintenance: the Schedule starts it every few minutes, an operator at will. What is due is done by the role; conversations
// end themselves, for only they know whether a message has come. May import domain and @temporalio/workflow.
import { getExternalWorkflowHandle } from '@temporalio/workflow';
import { conversationWorkflowId } from '../domain/ids.ts';
import type { DoneWork } from '../domain/maintenance.ts';
import { CONVERSATION } from '../domain/protocol.ts';
import { closeLost, maintain } from './effects.ts';

/** Resolves to what was done, and which conversations were asked whether they are idle. */
export async function maintenance(): Promise<readonly DoneWork[]> {
  const works = await maintain();
  const asked = await Promise.all(works.flatMap(({ ask }) => ask).map(askIfIdle));
  const unheard = asked.filter((id) => id !== undefined);
  if (unheard.length > 0) await closeLost(unheard);
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
