import { deepEqual, equal, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { atOnce } from '../../activities/actor/at-once.ts';
import { createPigeon } from '../support/pigeon.ts';

test('a channel that hangs is called by so many at once, and told to others to come again', async () => {
  const pigeon = createPigeon();
  const open: (() => void)[] = [];
  const hanging = {
    ...pigeon,
    post: () => new Promise<{ to: string; id: string }>((done) => open.push(() => done({ to: 'C1', id: '1' }))),
  };
  const sender = atOnce(hanging, 2);
  const address = { to: 'C1', thread: '' };
  const posts = [sender.post(address, 'a'), sender.post(address, 'b')];
  await rejects(sender.post(address, 'c'), { kind: 'later', retryAfterMs: 0 });
  await rejects(sender.edit({ to: 'C1', id: '1' }, 'c'), { kind: 'later' });
  for (const done of open) done();
  equal((await Promise.all(posts)).length, 2);
  const again = sender.post(address, 'd');
  open.at(-1)?.();
  deepEqual(await again, { to: 'C1', id: '1' });
});
