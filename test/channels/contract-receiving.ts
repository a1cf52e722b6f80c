// The contract of what comes in.
import assert from 'node:assert/strict';
import { WebhookRefused } from '../../channels/definition.ts';
import type { Received } from '../../domain/channel.ts';
import type { Webhook } from '../support/webhooks.ts';
import { HANDLE, payloadOf } from './cards.ts';
import { type ChannelFixture, NOW_MS, type Said } from './fixture.ts';

type Rules = Readonly<Record<string, () => Promise<void> | void>>;

const APPROVE = payloadOf('approve');
const DENY = payloadOf('deny');
const UNKNOWN = APPROVE.replace('approve', 'kill');
const NO_BUTTONS = ['', 'approve', `approve.${HANDLE}`, `${APPROVE}x`, UNKNOWN, `${APPROVE}\n`, '{"a":1}'];
// Where a platform has something else: what JSON can say instead.
const HOSTILE = [null, true, -1, 1e300, '', '__proto__', 'x'.repeat(20_000), [], [[]], {}, { id: {} }, '\0', '\ud800'];

export function receivingRules(fixture: ChannelFixture): Rules {
  return { ...proofRules(fixture), ...hearingRules(fixture), ...nonsenseRules(fixture) };
}

/** How a body is handed in, properly signed. */
function hearing(fixture: ChannelFixture) {
  const receiver = fixture.definition.receiver(fixture.settings);
  const receive = (webhook: Webhook): Promise<Received> => receiver.receive({ ...webhook, nowMs: NOW_MS });
  return { receive, hear: (body: string): Promise<Received> => receive(fixture.sign(body)) };
}

function proofRules(fixture: ChannelFixture): Rules {
  const { definition, settings } = fixture;
  const { receive, hear } = hearing(fixture);
  return {
    'what is forged, altered or old is refused before it is read': async () => {
      for (const body of [fixture.message({}), fixture.click({ payload: APPROVE }), 'this is no JSON', '']) {
        for (const [what, webhook] of Object.entries(fixture.forgeries(body))) {
          await assert.rejects(receive(webhook), WebhookRefused, `${what}: ${body.slice(0, 40)}`);
        }
      }
    },
    'what is meant for somebody else is refused': async () => {
      for (const [what, body] of Object.entries(fixture.elsewhere))
        await assert.rejects(hear(body), WebhookRefused, what);
    },
    'a blank or missing secret makes no channel': () => {
      for (const name of fixture.secrets) {
        for (const blank of ['', '  ', undefined]) {
          const make = () => {
            const without = { ...settings, [name]: blank };
            return [definition.receiver(without), definition.sender(without)];
          };
          assert.throws(make, new RegExp(`^Error: ${name} is blank`));
        }
      }
    },
  };
}

function hearingRules(fixture: ChannelFixture): Rules {
  const { hear } = hearing(fixture);
  const [one, other] = fixture.people;
  return {
    'a person is known by an id that cannot change, never by a name': async () => {
      const heard = await Promise.all(
        [
          { from: one, displayName: 'finn' },
          { from: one, displayName: other },
          { from: other, displayName: 'finn' },
        ].map(async (said) => [
          await hear(fixture.message(said)),
          await hear(fixture.click({ ...said, payload: DENY })),
        ]),
      );
      const ids = heard.map((both) => both.map((received) => ('sender' in received ? received.sender.id : 'nobody')));
      assert.deepEqual(ids, [
        [one, one],
        [one, one],
        [other, other],
      ]);
    },
    'an event has one id, however often it is delivered, and no other event has it': async () => {
      const idOf = async (said: Said) => {
        const all = [fixture.message(said), fixture.click({ ...said, payload: DENY })];
        const heard = await Promise.all(all.map(hear));
        return heard.map((received) => ('eventId' in received ? received.eventId : ''));
      };
      const [first, again, next] = [await idOf({ event: 1 }), await idOf({ event: 1 }), await idOf({ event: 2 })];
      assert.deepEqual(first, again);
      assert.equal(new Set([...first, ...next, '']).size, 5);
    },
    'a message to us is heard with its words and its place': async () => {
      const heard = await hear(fixture.message({ text: 'where is order 1042?', from: one }));
      assert.equal(heard.kind, 'message');
      assert.equal(heard.kind === 'message' && heard.text, 'where is order 1042?');
      assert.notEqual(heard.kind === 'message' && heard.address.to, '');
    },
    'our own messages, other bots’, edits and the like are ignored': async () => {
      for (const [what, body] of Object.entries(fixture.ignored))
        assert.equal((await hear(body)).kind, 'ignored', what);
    },
    'a click says which answer to which ask, and nothing else': async () => {
      for (const answer of ['approve', 'deny', 'happened', 'did_not_happen', 'view'] as const) {
        const payload = payloadOf(answer);
        const heard = await hear(fixture.click({ payload }));
        assert.equal(heard.kind === 'click' && `${heard.answer}.${heard.handle}`, payload);
        assert.match(
          heard.kind === 'click' ? `${heard.at.to} ${heard.at.id}` : '',
          /^-?\w+ \S*99\S*$/,
          'which message',
        );
      }
      for (const payload of NO_BUTTONS) assert.equal((await hear(fixture.click({ payload }))).kind, 'ignored', payload);
    },
    'a reason is heard from the one who was asked for it': async () => {
      const clicked = await hear(fixture.click({ payload: DENY, from: one }));
      assert.equal(clicked.kind, 'click');
      const way = clicked.kind === 'click' ? clicked.way : {};
      const heard = await hear(fixture.reason({ payload: DENY, way, from: one, text: 'not in March' }));
      const [kind, sender] = heard.kind === 'reason' ? [heard.answer, heard.sender.id] : [heard.kind, ''];
      assert.deepEqual([kind, sender, heard.kind === 'reason' && heard.text], ['deny', one, 'not in March']);
      const view = await hear(fixture.reason({ payload: payloadOf('view'), way, from: one, text: 'x' }));
      assert.notEqual(view.kind, 'reason');
    },
  };
}

function nonsenseRules(fixture: ChannelFixture): Rules {
  const { hear } = hearing(fixture);
  return {
    'signed nonsense is ignored, whatever it looks like': async () => {
      for (const body of [
        '',
        'null',
        '[]',
        '{}',
        '"x"',
        '{',
        'payload=',
        'payload=%',
        'payload={',
        '\ufeff{}',
        '['.repeat(50_000),
      ])
        assert.equal((await hear(body)).kind, 'ignored', body.slice(0, 20));
    },
    'no part of a webhook that is something else than usual breaks anything': async () => {
      const reason = fixture.reason({ payload: DENY, way: {} });
      for (const body of [fixture.message({}), fixture.click({ payload: DENY }), reason]) {
        for (const spoiled of spoiledOf(body)) {
          await hear(spoiled).catch((error: unknown) =>
            assert.ok(error instanceof WebhookRefused, `${error}: ${spoiled}`),
          );
        }
      }
    },
  };
}

/** The body with each of its parts replaced by something else, one at a time. */
function* spoiledOf(body: string): Generator<string> {
  const isForm = body.startsWith('payload=');
  const text = isForm ? (new URLSearchParams(body).get('payload') ?? '') : body;
  const write = (value: unknown) => {
    const json = JSON.stringify(value);
    return isForm ? `payload=${encodeURIComponent(json.toWellFormed())}` : json.toWellFormed();
  };
  for (const path of pathsOf(JSON.parse(text), [])) {
    for (const hostile of HOSTILE) {
      const root = JSON.parse(text) as Record<string, unknown>;
      const last = path.at(-1) ?? '';
      const holder = path
        .slice(0, -1)
        .reduce<Record<string, unknown>>((at, name) => at[name] as Record<string, unknown>, root);
      holder[last] = hostile;
      yield write(root);
    }
  }
}

function* pathsOf(value: unknown, path: readonly string[]): Generator<readonly string[]> {
  if (path.length > 0) yield path;
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) yield* pathsOf(inner, [...path, name]);
}
