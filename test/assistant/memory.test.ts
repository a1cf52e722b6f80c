// What is remembered of whoever speaks stands in a note of its own, is on record by digest, and is shown to nobody else.
import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { RememberedFact } from '../../domain/memory.ts';
import type { ModelRequest } from '../../domain/model.ts';
import { ANSWER, aDesk } from './desk.ts';
import { anAgent, memoryItems, NOW_MS, principal, says } from './support.ts';

const DAY_MS = 86_400_000;
const fact: RememberedFact = {
  ...{ id: 'fact-1', tenant: 'default', agent: 'desk', subject: principal.id, kind: 'contact', key: '' },
  ...{ value: 'by heron', digest: 'd1', trust: 'principal', owner: 'olga', historyMs: 0, ended: null },
  source: { conversationId: 'c', actionId: 'c:1:0', items: [] },
  ...{ fromMs: NOW_MS - DAY_MS, expiresMs: NOW_MS + DAY_MS, freshUntilMs: NOW_MS + DAY_MS },
};
const remembering = anAgent({ memory: { contact: { description: 'd', schema: z.string(), ttlDays: 2 } } });

/** A desk that remembers this, with what was said; and whose memory it asked for. */
function aKeeper(facts: readonly RememberedFact[], said = memoryItems(says('hi')), agent = remembering) {
  const asked: object[] = [];
  const shownOf = async (whose: object) => {
    asked.push(whose);
    return facts;
  };
  const store = { items: said.port, facts: { shownOf }, record: said.record };
  return { desk: aDesk({ m1: () => ANSWER }, { store }, agent), said, whose: asked };
}

const noteIn = (request: Pick<ModelRequest, 'transcript'> | undefined): string => {
  const [first] = request?.transcript ?? [];
  return first?.kind === 'note' ? first.text : '';
};

const withinOf = (entries: ReturnType<typeof memoryItems>['entries']) =>
  entries.flatMap(({ fact: one }) => (one.kind === 'model_call' ? [one.within] : []))[0];

test('what is in force stands in the note, and the entry names it by id and digest; its tokens are counted', async () => {
  const { desk, said, whose } = aKeeper([fact]);
  await desk.run({ show: said.ids });
  const [request] = desk.asked;
  match(noteIn(request), /- contact: "by heron" \(in their own words, 2026-11-21; until 2026-11-23\)/);
  deepEqual(whose, [{ tenant: 'default', subject: principal.id, agent: remembering.name }]);
  const within = withinOf(said.entries);
  deepEqual(within?.facts, { shown: [{ id: 'fact-1', digest: 'd1' }], leftOut: [] });
  const bare = aKeeper([]);
  await bare.desk.run({ show: bare.said.ids });
  equal((within?.countedTokens ?? 0) > (withinOf(bare.said.entries)?.countedTokens ?? 0), true);
  deepEqual([noteIn(bare.desk.asked[0]), withinOf(bare.said.entries)?.facts], ['', undefined]);
});

test('what is over is not shown, nor anything where another person speaks too, nor to an agent without a memory', async () => {
  const over = aKeeper([{ ...fact, expiresMs: NOW_MS }]);
  await over.desk.run({ show: over.said.ids });
  equal(noteIn(over.desk.asked[0]), '');
  const two = memoryItems(says('hi'), { kind: 'message', text: 'and me', from: { ...principal, id: 'u2' } });
  const shared = aKeeper([fact], two);
  await shared.desk.run({ show: two.ids });
  deepEqual([noteIn(shared.desk.asked[0]), shared.whose], ['', []]);
  const none = aKeeper([fact], undefined, anAgent());
  await none.desk.run({ show: none.said.ids });
  deepEqual([noteIn(none.desk.asked[0]), none.whose], ['', []]);
});
