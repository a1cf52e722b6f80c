// Scenarios in which people and conversations are on a channel.
import { defineDirectory } from 'countersign';
import { CONVERSATION } from '../../domain/protocol.ts';
import { directory, type FarSide } from '../support/far-side.ts';
import { ask, batch, conversation, type Scenario, type Skipping } from './scenario.ts';

/** Of batches. */
export const shownOnCards = (far: FarSide): Readonly<Record<string, Scenario>> => ({
  async 'shown-on-cards'(system, id) {
    const approval = await ask(system, id, 'pay 60000');
    await system.decide(approval, 'finn', 'approve');
    await system.decide(approval, 'olga', 'approve');
    await system.reportReply(id);
    return [conversation(id), batch(id)];
  },
  async 'asked-back-on-a-card'(system, id) {
    const approval = await ask(system, id, 'pay 75');
    await system.decide(approval, 'finn', 'ask_back', { reason: 'for whom?' });
    await system.reportReply(id);
    await system.submit(id, 'm2', 'for Dana');
    await system.reply(id, 'm2');
    await system.decide(approval, 'finn', 'deny', { reason: 'no' });
    await system.reportReply(id, 1);
    return [conversation(id), batch(id)];
  },
  async 'question-on-a-card'(system, id) {
    await system.open(id);
    far.record.fail = 'throw';
    await system.submit(id, 'm1', 'note 7');
    await system.reply(id, 'm1');
    far.record.fail = '';
    await system.decide(await system.approval(`${id}:1:0.question.0.0`), 'olga', 'happened');
    await system.reportReply(id);
    return [`question/${id}:1:0`];
  },
});

export const DELIVERED: Readonly<Record<string, Scenario>> = {
  async 'delivered-and-renewed'(system, id) {
    await system.open(id, { name: 'pigeon', address: { to: 'C-TALK', thread: '' } });
    const { runId } = await system.handle(id).describe();
    for (let n = 1; (await system.handle(id).describe()).runId === runId; n++) {
      await system.submit(id, `m${n}`, `word ${n}`);
      await system.reply(id, `m${n}`);
    }
    await system.handle(id).executeUpdate(CONVERSATION.close);
    await system.handle(id).result();
    return [conversation(id), `${conversation(id)}#${runId}`];
  },
};

export const REMINDED: Skipping = {
  'reminded-on-cards': (temporal) => async (system, id) => {
    await ask(system, id, 'pay 77');
    await temporal.sleep('31 days');
    await system.reportReply(id);
    return [batch(id)];
  },
};

export const onPigeon = defineDirectory({
  ...directory,
  people: directory.people.map((one) => ({ ...one, channels: { pigeon: one.id.toUpperCase() } })),
  addresses: { finance: { pigeon: 'C-FINANCE' } },
});
