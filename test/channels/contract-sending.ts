// The contract of what goes out, against an emulator of the platform.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { ChannelFault } from '../../channels/definition.ts';
import type { OutMessage } from '../../domain/channel.ts';
import { aCard, payloadOf, settled } from './cards.ts';
import type { ChannelFixture, Stage } from './fixture.ts';

type Rules = Readonly<Record<string, (t: TestContext) => Promise<void>>>;

const post = ({ sender }: Stage, to: string, message: OutMessage) =>
  sender.post(sender.place(to), sender.render(message));

export const sendingRules = (fixture: ChannelFixture): Rules => ({
  ...tellingRules(fixture),
  ...failingRules(fixture),
});

function tellingRules({ emulate }: ChannelFixture): Rules {
  return {
    'a card stands where it was posted, and is edited in place': async (t) => {
      const stage = await emulate(t);
      for (const to of [stage.group, stage.person]) {
        const ref = await post(stage, to, { kind: 'card', card: aCard() });
        const before = await stage.standing(ref.to);
        assert.equal(before.length, 1);
        assert.equal(before[0]?.buttons.length, 3);
        await stage.sender.edit(ref, stage.sender.render({ kind: 'card', card: aCard(settled()) }));
        const after = await stage.standing(ref.to);
        assert.deepEqual([after.length, after[0]?.buttons], [1, []]);
        assert.match(after[0]?.own ?? '', /Denied/);
      }
    },
    'a text is posted without previews': async (t) => {
      const stage = await emulate(t);
      const ref = await post(stage, stage.group, { kind: 'text', text: 'see https://evil.example/track' });
      const [standing] = await stage.standing(ref.to);
      assert.deepEqual(standing?.live, []);
      const sent = JSON.stringify(stage.calls.at(-1)?.params);
      assert.match(sent, /"unfurl_links":"false","unfurl_media":"false"|is_disabled\\":true/);
    },
    'one person is told alone, with a link of ours where there is one': async (t) => {
      const stage = await emulate(t);
      const { sender } = stage;
      await sender.tell(await stage.way(), { kind: 'text', text: 'counted; 1 of 2 have approved' });
      const link = { url: 'https://desk.example/v/abc?x=1&y=2', label: 'See everything' };
      await sender.tell(await stage.way(), { kind: 'text', text: 'For ten minutes:', link });
      const [first = '', second = ''] = stage.told();
      assert.match(first, /1 of 2 have approved/);
      assert.match(second, /https:\/\/desk\.example\/v\/abc\?x=1&amp;y=2/);
      for (const to of [stage.group]) assert.deepEqual(await stage.standing(sender.place(to).to), []);
    },
    'one person is asked for a reason, and what comes back says for which answer': async (t) => {
      const stage = await emulate(t);
      const about = 'refund order 1042 <!channel>';
      const handle = payloadOf('deny').slice('deny.'.length);
      await stage.sender.tell(await stage.way(), { kind: 'reason', answer: 'deny', handle, about });
      const asked = stage.told().at(-1) ?? '';
      assert.match(asked, new RegExp(`deny\\.${handle}`));
      assert.ok(asked.includes('1042') && !asked.includes('<!channel>'), asked);
    },
  };
}

function failingRules({ emulate, faults, settings, secrets, token }: ChannelFixture): Rules {
  return {
    'a call that comes too soon says how long to wait': async (t) => {
      const stage = await emulate(t);
      stage.failures.push(faults.tooSoon);
      const error = await faultOf(post(stage, stage.group, { kind: 'text', text: 'x' }));
      assert.deepEqual([error.kind, error.retryAfterMs], ['rate_limited', 7_000]);
    },
    'a place that is gone is told apart from a platform that is down': async (t) => {
      const stage = await emulate(t);
      for (const [failure, kind] of [
        [faults.gone, 'refused'],
        [faults.broken, 'unavailable'],
        [{ status: 502, body: '<html>' }, 'unavailable'],
        [{ status: 200, body: 'not JSON' }, 'unavailable'],
        [{ status: 200, body: 'null' }, 'unavailable'],
        [{ status: 302, headers: { location: 'http://127.0.0.1:1/' }, body: '' }, 'unavailable'],
      ] as const) {
        stage.failures.push(failure);
        const error = await faultOf(post(stage, stage.group, { kind: 'text', text: 'x' }));
        assert.equal(error.kind, kind, JSON.stringify(failure));
        for (const secret of secrets) assert.ok(!`${error.stack}`.includes(settings[secret] ?? '-'), 'no secret in it');
      }
    },
    'what a platform says again of the token is in no fault': async (t) => {
      const stage = await emulate(t);
      for (const said of [token, `no such path: /bot${token}/x`, Buffer.from(token).toString('hex')]) {
        stage.failures.push(faults.saying(said));
        const { message } = await faultOf(post(stage, stage.group, { kind: 'text', text: 'x' }));
        assert.match(message, /\[secret\]/);
        for (let at = 0; at + 12 <= said.length; at++)
          if (token.includes(said.slice(at, at + 12))) assert.ok(!message.includes(said.slice(at, at + 12)), message);
      }
    },
  };
}

async function faultOf(work: Promise<unknown>): Promise<ChannelFault> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ChannelFault, String(error));
  return error;
}
