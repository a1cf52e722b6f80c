// Scenarios of procedures and of intakes, for record.ts: what a conversation, a procedure and the batch of a step do.
import { defineAgent } from 'countersign';
import { procedureId, waitingWorkflowId } from '../../domain/ids.ts';
import { CONVERSATION } from '../../domain/protocol.ts';
import { createErrandAgent, errandCode, errands } from '../support/errands.ts';
import { createTestAgent, directory, type FarSide } from '../support/far-side.ts';
import { answersFacts, shopIntake } from '../support/intake.ts';
import type { System, SystemOptions } from '../support/system.ts';
import { batch, conversation, type Scenario } from './scenario.ts';

export type Played = Pick<SystemOptions, 'agent' | 'directory' | 'script' | 'procedures' | 'senders'>;

export const errandPlayers = async (far: FarSide): Promise<Played> => {
  return { agent: createErrandAgent(far), directory, script: errands, procedures: await errandCode() };
};

export const intakePlayers = (far: FarSide): Played => {
  const agent = defineAgent({ ...createTestAgent(far), intake: shopIntake });
  return { agent, directory, script: answersFacts };
};

const procedure = (id: string): string => waitingWorkflowId(procedureId(`${id}:1:0`));
const ofStep = (id: string, step: string): string => waitingWorkflowId(`${id}:1:0/${step}`);

async function start(system: System, id: string, text: string): Promise<void> {
  await system.open(id);
  await system.submit(id, 'm1', text);
  await system.reply(id, 'm1');
}

const UNDOES = 'do a note 1; undo un-a note 11; do pay pay 72';

export const PROCEDURES: Readonly<Record<string, Scenario>> = {
  async 'procedure-asks-nobody'(system, id) {
    await start(system, id, 'errand 1: do find look 1; do write note 7');
    await system.outcome(`${id}:1:0`);
    return [procedure(id)];
  },
  async 'procedure-asks'(system, id) {
    await start(system, id, 'errand 1: do pay pay 72; do write note 7');
    await system.decide(await system.approval(`${id}:1:0/pay.0.0`), 'finn', 'approve');
    await system.reportReply(id);
    return [conversation(id), procedure(id), ofStep(id, 'pay')];
  },
  async 'procedure-denied-and-undone'(system, id) {
    await start(system, id, `errand 1: ${UNDOES}`);
    await system.decide(await system.approval(`${id}:1:0/pay.0.0`), 'finn', 'deny', { reason: 'no' });
    await system.reportReply(id);
    return [procedure(id), ofStep(id, 'pay')];
  },
  async 'procedure-stopped-while-it-waits'(system, id) {
    await start(system, id, `errand 1: ${UNDOES}`);
    const { id: approval } = await system.approval(`${id}:1:0/pay.0.0`);
    await system.handle(id).executeUpdate(CONVERSATION.stop);
    await system.approvalEnd(approval, 'cancelled');
    await system.outcome(`${id}:1:0`);
    return [procedure(id), ofStep(id, 'pay')];
  },
  async 'procedure-starts-with-leave'(system, id) {
    await start(system, id, 'errand 13: do write note 7');
    await system.decide(await system.approval(`${id}:1:0.0.0`), 'finn', 'approve');
    await system.reportReply(id);
    return [conversation(id), batch(id), procedure(id)];
  },
};

export const INTAKES: Readonly<Record<string, Scenario>> = {
  async 'intake-asks-and-goes-on'(system, id) {
    await start(system, id, 'it came damaged');
    for (const [message, text] of [
      ['m2', 'order 1042'],
      ['m3', 'pay 72'],
    ] as const) {
      await system.submit(id, message, text);
      await system.reply(id, message);
    }
    return [conversation(id)];
  },
  async 'intake-hands-over'(system, id) {
    await start(system, id, 'I was injured');
    return [conversation(id)];
  },
};
