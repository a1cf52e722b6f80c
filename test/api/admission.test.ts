import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Admission, createAdmission, hasRoom, limitOf } from '../../api/admission.ts';
import { ANSWERED_WITHIN_S, MOST_TURNS, PACE_WINDOW_MS, SHARE_OF_FREE, TURN_MS, UNSURE_MS } from '../../api/limits.ts';
import { Problem } from '../../api/problem.ts';
import type { Item } from '../../domain/item.ts';
import { messageKey } from '../../domain/ids.ts';

const LEAST = 10;
const AN_ITEM: Item = {
  ...{ id: 'i1', conversationId: 'c1', turn: 1, seq: 1, createdMs: 0 },
  body: { kind: 'reply', text: 'done' },
} as unknown as Item;

/** An admission whose clock and store the test moves: what was answered, what waits for people, what is on record. */
function anAdmission() {
  const [over, held, taken] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const world = { nowMs: 0, over, held, taken, looks: 0, isDown: false };
  const overOf = async (messages: readonly { readonly messageId: string }[]) => {
    world.looks += 1;
    if (world.isDown) throw new Error('the store is away');
    return messages.flatMap(({ messageId }) => {
      if (world.over.has(messageId)) return [{ messageId, isAnswered: true }];
      return world.held.has(messageId) ? [{ messageId, isAnswered: false }] : [];
    });
  };
  const byKey = async (_conversationId: string, key: string) => (world.taken.has(key) ? AN_ITEM : undefined);
  const admission = createAdmission({ overOf, byKey }, { turnsAtOnce: LEAST }, () => world.nowMs);
  return { world, admission };
}

const say = (admission: Admission, person: string, id: string, goesOn = true): Promise<string> => {
  const place = { id, principal: { tenant: 'default', id: person }, conversationId: `of-${person}` };
  return admission.enter(
    place,
    async () => id,
    () => goesOn,
  );
};

/** How many get in, one after the other, before one is refused. */
async function fill(admission: Admission, person: string): Promise<number> {
  for (let said = 0; ; said++) {
    try {
      await say(admission, person, `${person}-${said}`);
    } catch (error) {
      assert.ok(error instanceof Problem && error.type === 'overloaded');
      return said;
    }
  }
}

test('a principal who comes alone gets four fifths, and the next one still gets in', async () => {
  const { admission } = anAdmission();
  assert.equal(await fill(admission, 'flood'), 8);
  assert.equal(await say(admission, 'quiet', 'q'), 'q');
  assert.deepEqual(await admission.counts(), { underWay: 9, limit: LEAST, refused: 1 });
});

test('whoever has nothing under way gets in as long as one place is free, however many there are', () => {
  for (let limit = 1; limit <= 200; limit++)
    for (let total = 0; total < limit; total++) {
      assert.ok(hasRoom(0, total, limit));
      assert.equal(hasRoom(SHARE_OF_FREE * (limit - total), total, limit), false);
    }
  assert.equal(hasRoom(0, 10, 10), false);
});

test('what is refused was not begun, and says when to come again', async () => {
  const { admission } = anAdmission();
  await fill(admission, 'flood');
  let isBegun = false;
  const place = { id: 'more', principal: { tenant: 'default', id: 'flood' } };
  const refused = admission.enter(
    place,
    async () => (isBegun = true),
    () => false,
  );
  await assert.rejects(refused, (error: Problem) => {
    const afterS = Number(error.headers['Retry-After']);
    return error.status === 429 && afterS >= 5 && afterS <= 10 && error.message.includes(`${afterS} seconds`);
  });
  assert.equal(isBegun, false);
});

test('what was taken keeps its place when it comes again', async () => {
  const { admission } = anAdmission();
  await fill(admission, 'flood');
  assert.equal(await say(admission, 'flood', 'flood-0'), 'flood-0');
});

test('a message that waits for people, or was not taken, has no place', async () => {
  const { admission } = anAdmission();
  for (let said = 0; said < 3 * LEAST; said++) await say(admission, 'held', `h${said}`, false);
  const place = { id: 'lost', principal: { tenant: 'default', id: 'held' } };
  const fail = () => Promise.reject(new Error('not taken'));
  for (let said = 0; said < 3 * LEAST; said++)
    await assert.rejects(
      admission.enter(place, fail, () => true),
      /not taken/,
    );
  assert.equal((await admission.counts()).underWay, 0);
});

test('what the store says is answered makes room, looked up a few times a second at most', async () => {
  const { world, admission } = anAdmission();
  await fill(admission, 'flood');
  for (let said = 0; said < 8; said++) world.over.add(`flood-${said}`);
  const { looks } = world;
  await assert.rejects(say(admission, 'flood', 'sooner'));
  assert.equal(world.looks, looks);
  world.nowMs += 250;
  await Promise.all(['a', 'b', 'c'].map((id) => say(admission, 'flood', id)));
  assert.equal(world.looks, looks + 1);
  assert.equal((await admission.counts()).underWay, 3);
});

test('while the store is away nothing is let go', async () => {
  const { world, admission } = anAdmission();
  await fill(admission, 'flood');
  world.isDown = true;
  world.nowMs += 1_000;
  await assert.rejects(say(admission, 'flood', 'more'));
  assert.equal((await admission.counts()).underWay, 8);
});

test('nobody asks the store while half of the places are free', async () => {
  const { world, admission } = anAdmission();
  for (let said = 0; said < LEAST / 2; said++) await say(admission, 'ada', `a${said}`);
  assert.equal(world.looks, 0);
});

test('a deployment that answers quickly may have more under way, up to a bound; one that stops falls back', async () => {
  const { world, admission } = anAdmission();
  for (let said = 0; said < 40; said++) {
    await say(admission, 'ada', `a${said}`);
    admission.answered(`a${said}`);
  }
  // 40 in 10 s are 4 a second.
  assert.equal((await admission.counts()).limit, 4 * ANSWERED_WITHIN_S);
  world.nowMs += PACE_WINDOW_MS + 1;
  assert.equal((await admission.counts()).limit, LEAST);
  assert.equal(limitOf(1_000_000, LEAST), MOST_TURNS);
});

test('an answer is counted once, and only of what is under way', async () => {
  const { admission } = anAdmission();
  for (let said = 0; said < 100; said++) admission.answered('nobody-asked');
  assert.equal((await admission.counts()).limit, LEAST);
});

test('what is not answered for longer than any turn works gives its place back', async () => {
  const { world, admission } = anAdmission();
  await fill(admission, 'flood');
  world.nowMs += TURN_MS + 1;
  assert.equal(await say(admission, 'flood', 'later'), 'later');
  assert.equal((await admission.counts()).underWay, 1);
});

test('what is on record is not refused, whichever process took it; nor what may have been taken', async () => {
  const { world, admission } = anAdmission();
  await fill(admission, 'flood');
  world.taken.add(messageKey('elsewhere'));
  assert.equal(await say(admission, 'flood', 'elsewhere'), 'elsewhere');
  const place = { id: 'late', principal: { tenant: 'default', id: 'ada' }, conversationId: 'of-ada' };
  const unsure = () => Promise.reject(new Problem('unavailable', 'not taken in time; it may still be'));
  await assert.rejects(admission.enter(place, unsure, () => true));
  const { underWay } = await admission.counts();
  for (let said = 0; said < LEAST; said++) await say(admission, `p${said}`, `p${said}`).catch(() => undefined);
  assert.equal(await say(admission, 'ada', 'late'), 'late', 'its place is kept');
  world.nowMs += UNSURE_MS + 1;
  assert.equal(underWay, 9);
});

test('what nobody works on any more gives its place back, and tells nothing of the pace', async () => {
  const { world, admission } = anAdmission();
  for (let said = 0; said < 8; said++) {
    await say(admission, 'ada', `a${said}`);
    world.held.add(`a${said}`);
  }
  world.nowMs += 250;
  assert.deepEqual(await admission.counts(), { underWay: 0, limit: LEAST, refused: 0 });
});
